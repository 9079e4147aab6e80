"""What a lint is: a name, a function from {path: text} to complaints, and a sample that it must complain about."""
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import Callable


@dataclass
class Lint:
    name: str
    check: Callable  # ({path: text}) -> ["path:line: complaint"]
    bad: dict        # {path: text} with exactly what the lint is for
    good: dict       # the same made right
    tool: str = ""   # a program that it needs
    objects: bool = False  # it looks at what `nm` says of the C files' objects, too: {path.o: listing} among the files
    more: list = field(default_factory=list)  # more bad samples, for a lint that has several things to catch


PRODUCT = ("base/", "api/", "dm-import/", "agent/", "cli/", "certs/", "init/")


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


def listings(directory, files):
    """{path.o: what `nm` says of it}, for those of the C files whose objects lie in a directory."""
    objects = [path[:-1] + "o" for path in files if path.endswith(".c") and os.path.isfile(os.path.join(directory, path[:-1] + "o"))]
    if not objects:
        return {}
    listed = subprocess.run(["nm", "-A", "-g", *objects], cwd=directory, capture_output=True, text=True, check=True).stdout
    found = dict.fromkeys(objects, "")
    for line in listed.splitlines():
        path, entry = line.split(":", 1)
        found[path] += entry + "\n"
    return found
