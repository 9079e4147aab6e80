"""C source as far as mutants need it: the functions and tables of a file, and where a text stands in one of them, whatever its white space."""
import glob
import os
import re
import sys
from dataclasses import dataclass

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lint"))

from lint import blank_comments_and_strings as blank  # noqa: E402

FOLDERS = ("api", "base", "dm-import", "agent", "cli", "certs")
TOP = ""  # the name of what is in no function and no table
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|[A-Za-z_]\w*|\d\w*|<<=|>>=|->|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|[^\s\w]')
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
TABLE = re.compile(r"^(?:static )?const struct \w+ (\w+)\[\w*\] = \{$")


@dataclass
class Region:
    """A function's body or a table's rows: the offsets of its text."""
    name: str
    begin: int
    end: int


def product_files(tree):
    found = (path for folder in FOLDERS for path in glob.glob(os.path.join(tree, folder, "**", "*.c"), recursive=True))
    return sorted(os.path.relpath(path, tree) for path in found)


def read(tree, path):
    with open(os.path.join(tree, path), encoding="utf-8") as file:
        return file.read()


def regions(text):
    """A function is from a line `{` to a line `}`, both in the first column; its name is the first word before a parenthesis above."""
    found, blanked, offset, head, start = [], blank(text), 0, "", None
    for line in blanked.splitlines(keepends=True):
        bare = line.rstrip("\n")
        table = TABLE.match(bare)
        if start is None and bare == "{":
            name = re.search(r"(\w+)\s*\(", re.sub(r"__attribute__\(\(.*?\)\)+\s", "", head))
            start = (name.group(1) if name else TOP, offset + len(line))
        elif start is None and table:
            start = (table.group(1), offset + len(line))
        elif start and bare.startswith("}"):
            found.append(Region(start[0], start[1], offset))
            start, head = None, ""
        elif start is None:
            head = "" if not bare or bare.startswith("#") or bare.rstrip().endswith((";", "}")) else head + " " + bare
        offset += len(line)
    return found


def region_at(text, offset):
    return next((region for region in regions(text) if region.begin <= offset < region.end), Region(TOP, 0, len(text)))


def tokens(text):
    """[(token, begin, end)] without comments."""
    plain = COMMENT.sub(lambda found: found.group(0) if found.group(0)[0] == '"' else re.sub(r"[^\n]", " ", found.group(0)), text)
    return [(found.group(0), found.start(), found.end()) for found in TOKEN.finditer(plain)]


def places(text, region, wanted):
    """[(begin, end)] of the wanted tokens in a region."""
    words = [word for word, _, _ in tokens(wanted)]
    there = [(word, begin + region.begin, end + region.begin) for word, begin, end in tokens(text[region.begin:region.end])]
    return [(there[i][1], there[i + len(words) - 1][2]) for i in range(len(there) - len(words) + 1)
            if words and [word for word, _, _ in there[i:i + len(words)]] == words]


def lines_of(text, begin, end):
    first = text.count("\n", 0, begin) + 1
    return range(first, first + text.count("\n", begin, max(begin, end - 1)) + 1)
