"""What a lint is: a name, a function from {path: text} to complaints, and a sample that it must complain about."""
import re
from dataclasses import dataclass
from typing import Callable


@dataclass
class Lint:
    name: str
    check: Callable  # ({path: text}) -> ["path:line: complaint"]
    bad: dict        # {path: text} with exactly what the lint is for
    good: dict       # the same made right
    tool: str = ""   # a program that it needs


PRODUCT = ("base/", "dm-import/", "agent/", "cli/", "certs/", "init/")


def c_files(files, folders=PRODUCT + ("tests/",)):
    return {path: text for path, text in files.items() if path.endswith((".c", ".h")) and path.startswith(folders)}


def blank_comments_and_strings(text):
    """The C text with comments and the insides of strings blanked; lines stay where they are."""
    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)
