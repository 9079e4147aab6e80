"""
Where a mutant of the old tree is in another one: the function of the same name (renamed, moved to another file), and in it the same
words (renamed). What cannot be found for certain is left to a person, who writes it into overrides.json.
"""
import os
import re
import subprocess
from dataclasses import dataclass

from source import FOLDERS, TOKEN, TOP, Region, lines_of, places, product_files, read, region_at, regions

OLD = "724d394"  # the commit that mutants.json was drawn from


@dataclass
class Ported:
    """Where a mutant is: text[begin:end] of a file becomes `new`."""
    file: str
    function: str
    begin: int
    end: int
    new: str
    how: str

    def applied(self, text):
        return text[:self.begin] + self.new + text[self.end:]

    def lines(self, text):
        return lines_of(text, self.begin, self.end)


class Renames:
    """Lines `old new`: files (dm-import/pr.c dm-import/formats/pr.c), words of all files, and words of one old file (dm-import/pr.c:look inspect)."""

    def __init__(self, lines=()):
        self.files, self.words, self.scoped = {}, {}, {}
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            old, new = line.split()
            if ":" in old:
                self.scoped[tuple(old.split(":"))] = new
            elif old.endswith(".c"):
                self.files[old] = new
            else:
                self.words[old] = new

    def word(self, path, word):
        return self.scoped.get((path, word), self.words.get(word, word))

    def text(self, path, text):
        return TOKEN.sub(lambda found: self.word(path, found.group(0)), text)

    def learn_files(self, tree):
        """What git sees as moved since the old tree; a line of the file that was read counts more."""
        listed = subprocess.run(["git", "diff", "-M40%", "-l9999", "--diff-filter=R", "--name-status", OLD, "--", "*.c"], cwd=tree,
                                capture_output=True, text=True, check=False)
        for line in listed.stdout.splitlines():
            _, old, new = line.split("\t")
            self.files.setdefault(old, new)


def is_old(tree):
    return subprocess.run(["git", "diff", "--quiet", OLD, "--", *FOLDERS], cwd=tree, check=False).returncode == 0


class Tree:
    """The functions of a tree, by name."""

    def __init__(self, files):
        self.files = files
        self.named = {}
        for path, text in files.items():
            for region in regions(text):
                self.named.setdefault(region.name, []).append((path, region))

    @classmethod
    def at(cls, tree):
        return cls({path: read(tree, path) for path in product_files(tree)})

    def candidates(self, path, name):
        """[(file, region)] in which a function's text may be now: the best first, all that are as good together."""
        if name == TOP:
            return [[(path, Region(TOP, 0, len(self.files[path])))] if path in self.files else []]
        here = self.named.get(name, [])
        base = os.path.basename(path).removeprefix("sys_")
        return [[place for place in here if place[0] == path],
                [place for place in here if os.path.basename(place[0]).removeprefix("sys_") == base], here]


def find(tree, places_in, wanted, nth, of):
    """The place of `wanted` in the only region that has it as often as it was (or once)."""
    found = []
    for path, region in places_in:
        there = places(tree.files[path], region, wanted)
        if len(there) == of or len(there) == 1:
            found.append((path, region.name, *there[nth if len(there) == of else 0]))
    return found[0] if len(found) == 1 else None


def find_row(tree, places_in, kind, old):
    """The row of a plan with named fields, by its step's name: all of it, or its undo."""
    name = re.search(r'"\w+"', old).group(0)
    found = []
    for path, region in places_in:
        for row in re.finditer(r"\{ \.name = " + name + r",.*?\},", tree.files[path][region.begin:region.end], flags=re.S):
            part = re.search(r",\s*\.undo = \w+", row.group(0)) if kind == "undo" else re.search(r".*", row.group(0), flags=re.S)
            if part:
                found.append((path, region.name, region.begin + row.start() + part.start(), region.begin + row.start() + part.end()))
    return found[0] if len(found) == 1 else None


def port(mutant, tree, renames, override=None):
    """Ported, or what a person has to look at."""
    if override:
        if "gone" in override:
            return "gone: " + override["gone"]
        mutant = {"nth": 0, "of": 1, **override}
        renames, how = Renames(), "by hand"
    else:
        how = ""
    path = renames.files.get(mutant["file"], mutant["file"])
    function = renames.word(mutant["file"], mutant["function"])
    old, new = (renames.text(mutant["file"], mutant[key]) for key in ("old", "new"))
    for near in tree.candidates(path, function):
        place = find(tree, near, old, mutant["nth"], mutant["of"])
        if place:
            return Ported(*place, new, how or "as it was" if (place[0], function, old) == (mutant["file"], mutant["function"], mutant["old"])
                          else how or "renamed")
        row = mutant["kind"] in ("step", "undo") and not override and find_row(tree, near, mutant["kind"], mutant["old"])
        if row:
            return Ported(*row, "", "as a row with named fields")
    if not override and len(re.findall(TOKEN, old)) >= 8:  # a function that was cut in two: the text, if it is nowhere else
        everywhere = [(name, Region(TOP, 0, len(text))) for name, text in tree.files.items()]
        place = find(tree, everywhere, old, 0, 1)
        if place:
            return Ported(place[0], region_at(tree.files[place[0]], place[2]).name, *place[2:], new, "by its text")
    homes = ", ".join(sorted({name for name, _ in tree.named.get(function, [])})) or "no file"
    return f"{mutant['file']} {mutant['function']}: not found; {function}() is in {homes}\n    - {old}\n    + {new}"
