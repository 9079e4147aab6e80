"""Sizes, header comments, READMEs, Markdown and banned functions."""
import fnmatch
import os
import posixpath
import re

from layers import is_laid_out
from lint import Lint, PRODUCT, blank_comments_and_strings, c_files

FILE_LINES = 600
FUNCTION_LINES = 60
MARKDOWN_COLUMNS = 100
ROOM_FILES = 20  # .c and .h that lie in one folder of the product
BANNED = {
    "sprintf": "snprintf or struct buf",
    "vsprintf": "vsnprintf",
    "strcpy": "snprintf",
    "strcat": "struct buf",
    "gets": "getline",
    "atoi": "num_parse",
    "atol": "num_parse",
    "system": "posix_spawn",
    "popen": "posix_spawn",
    "strtok": "strtok_r",
    "alloca": "malloc",
    "tmpnam": "mkstemp",
    "mktemp": "mkstemp",
}


def code_files(files):
    return {path: text for path, text in files.items()
            if path.endswith((".c", ".h", ".py", ".sh")) or text.startswith("#!")}


def check_file_size(files):
    for path, text in code_files(files).items():
        if text.count("\n") > FILE_LINES:
            yield f"{path}:{text.count(chr(10))}: the file has more than {FILE_LINES} lines"


def check_function_size(files):
    """A function's body is from a line that is `{` to the next line that is `}`, both in the first column."""
    for path, text in c_files(files).items():
        start = None
        for number, line in enumerate(text.splitlines(), 1):
            if line == "{":
                start = number
            elif line.startswith("}") and start:
                if number - start - 1 > FUNCTION_LINES:
                    yield f"{path}:{start}: the function has {number - start - 1} lines, more than {FUNCTION_LINES}"
                start = None


def check_room_size(files):
    rooms = [os.path.dirname(path) for path in c_files(files, PRODUCT) if is_laid_out(path)]
    for room in sorted(set(rooms)):
        if rooms.count(room) > ROOM_FILES:
            yield f"{room}:1: the room has {rooms.count(room)} files, more than {ROOM_FILES}"


def check_header_comment(files):
    for path, text in code_files(files).items():
        lines = text.splitlines() or [""]
        if path.endswith((".c", ".h")):
            good = lines[0].startswith("/*")
        else:
            first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
            good = first.startswith('"""') or (first.startswith("# ") and len(first) > 8)
        if not good and text.strip():
            yield f"{path}:1: the file does not begin with a comment that says what it is for"


def names_file(readme, path):
    """Whether a README has a file's name, with or without its ending (`gate.c`, `gate`), or a pattern for it (`handlers_*.c`)."""
    name = os.path.basename(path)
    words = {word.rstrip(".") for word in re.findall(r"[\w.*-]+", readme)}
    return any(fnmatch.fnmatch(name, word) or fnmatch.fnmatch(name.split(".")[0], word.split(".")[0]) for word in words if word.strip("*."))


def check_readmes(files):
    """Each folder has one, each room of the product and each layer of the tests; a room's names all its C files."""
    folders = {}
    for path in code_files(files):
        parts = path.split("/")
        for depth in range(1, min(len(parts), 3 if parts[0] == "tests" else 2)):
            folders.setdefault("/".join(parts[:depth]), [])
    for path in c_files(files, PRODUCT):
        folders.setdefault(os.path.dirname(path), []).append(path)
    for folder, paths in sorted(folders.items()):
        readme = files.get(folder + "/README.md")
        if readme is None and not folder.startswith("."):
            yield f"{folder}:1: the folder has no README.md"
        for path in paths:
            if readme is not None and is_laid_out(path) and not names_file(readme, path):
                yield f"{folder}/README.md:1: does not say what {os.path.basename(path)} is for"


def markdown(files):
    """(path, number, line) of all lines of all documents but those of code, which is indented by four blanks or fenced."""
    for path, text in files.items():
        fenced = False
        for number, line in enumerate(text.splitlines() if path.endswith(".md") else [], 1):
            fence = line.lstrip().startswith("```")
            fenced ^= fence
            if not fence and not fenced and not line.startswith(("    ", "\t")):
                yield path, number, line


def check_markdown_width(files):
    """A line of a table cannot be wrapped."""
    for path, number, line in markdown(files):
        if len(line) > MARKDOWN_COLUMNS and not line.lstrip().startswith("|"):
            yield f"{path}:{number}: the line has more than {MARKDOWN_COLUMNS} columns"


def anchors(files, path):
    """What a link may name behind #: a document's headings, as GitHub makes anchors of them."""
    return {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for where, _, line in markdown(files) if where == path and line.startswith("#")}


def check_links(files):
    known = set(files) | {path[:end] for path in files for end in range(len(path)) if path[end] == "/"}
    for path, number, line in markdown(files):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if re.match(r"[a-z]+:", target):
                continue
            there, _, anchor = target.partition("#")
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), there)) if there else path
            if there not in known:
                yield f"{path}:{number}: there is no {there}"
            elif anchor and anchor not in anchors(files, there):
                yield f"{path}:{number}: {there} has no heading for #{anchor}"


def check_banned(files):
    for path, text in c_files(files, PRODUCT).items():
        for number, line in enumerate(blank_comments_and_strings(text).splitlines(), 1):
            for name in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
                if name in BANNED:
                    yield f"{path}:{number}: {name} is banned; use {BANNED[name]}"


LONG = "/* x */\nvoid f(void)\n{\n" + "\tg();\n" * (FUNCTION_LINES + 1) + "}\n"
LINTS = [
    Lint("file size", check_file_size,
         {"base/x.c": "/* x */\n" * (FILE_LINES + 1)}, {"base/x.c": "/* x */\n" * FILE_LINES}),
    Lint("function size", check_function_size, {"base/x.c": LONG}, {"base/x.c": LONG.replace("\tg();\n", "", 1)}),
    Lint("room size", check_room_size,
         {f"base/x{i}.{end}": "/* x */\n" for i in range(7) for end in ("c", "h", "c.h")},
         {f"base/x{i}.{end}": "/* x */\n" for i in range(10) for end in ("c", "h")}),
    Lint("header comment", check_header_comment,
         {"base/x.c": "#include <stdio.h>\n"}, {"base/x.c": "/* Numbers. */\n", "tests/run": "#!/bin/sh\n# Runs it.\n"}),
    Lint("readmes", check_readmes, {"base/x.c": "/* x */\n"},
         {"base/x.c": "/* x */\n", "base/xs_1.h": "/* x */\n", "base/README.md": "| x, xs_*.h | role |\n"},
         more=[{"base/x.c": "/* x */\n", "base/README.md": "| y.c | role |\n"}, {"base/a/x.c": "/* x */\n", "base/README.md": "x.c\n"}]),
    Lint("markdown width", check_markdown_width,
         {"x.md": "word " * 21 + "\n"}, {"x.md": "word " * 20 + "\n\n| " + "word " * 21 + "|\n\n    " + "word " * 21 + "\n"}),
    Lint("links", check_links,
         {"docs/x.md": "[there](../y.md#one)\n", "y.md": "# Two\n"},
         {"docs/x.md": "[there](../y.md#one-two) [docs](../docs) [web](https://example.com/z.md)\n", "y.md": "# One: *two*\n"}),
    Lint("banned functions", check_banned,
         {"cli/x.c": "/* x */\nint n = atoi(text);\n"},
         {"cli/x.c": '/* atoi(x) */\nconst char *s = "atoi(1)"; /* strcpy(a, b) */\nint n = err->system(1);\n'}),
]
