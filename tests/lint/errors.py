"""The table of error codes: every code is used by the program, and the documents spell the codes as the table does."""
import difflib
import re

from lint import Lint, PRODUCT, c_files

TABLE = "base/error_codes.def"


def codes(files):
    return dict(re.findall(r'^ERROR_CODE\((\w+), "(\w+)"', files.get(TABLE, ""), flags=re.M))


def check_used(files):
    code = "\n".join(text for path, text in c_files(files, PRODUCT).items())
    for identifier, name in codes(files).items():
        if not re.search(rf"\bERR_{identifier}\b", code):
            yield f"{TABLE}:1: nothing uses {identifier} ({name})"


def check_spelling(files):
    """A word in backticks or quotes that nearly is a code, and nothing else that the program says, is meant to be one."""
    names = set(codes(files).values())
    said = set(re.findall(r'"(\w+)"', "".join(c_files(files, PRODUCT).values())))
    for path, text in files.items():
        if not path.endswith((".md", ".yaml", ".8", ".5", ".7", ".py")) or path.startswith("tests/lint/"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for word in re.findall(r'[`"]([a-z]+(?:_[a-z0-9]+)+)[`"]', line):
                close = difflib.get_close_matches(word, names, n=1, cutoff=0.9)
                if word not in names | said and close:
                    yield f"{path}:{number}: {word} is no error code; {close[0]} is"


SAMPLE = 'ERROR_CODE(SAME_LUN, "same_lun", 409, "Same.", "Other.")\n'
LINTS = [
    Lint("error codes are used", check_used,
         {TABLE: SAMPLE, "cli/x.c": "int SAME_LUN;\n"}, {TABLE: SAMPLE, "cli/x.c": "return ERR_SAME_LUN;\n"}),
    Lint("error codes are spelt right", check_spelling,
         {TABLE: SAMPLE, "docs/x.md": "answers `same_luns`\n"}, {TABLE: SAMPLE, "docs/x.md": "answers `same_lun`\n"}),
]
