"""Small faults, drawn with a seed: where one can be in a C file, and which of them a sample takes."""
import random
import re

from source import blank, places, product_files, read, region_at, regions, tokens

# kind -> how many of 60; those of `EVERYWHERE` are spread over all files by their length, the others are drawn from all places there are
QUOTA = {"step": 4, "undo": 3, "sync": 3, "condition": 14, "off-by-one": 10, "constant": 8, "statement": 10, "return": 8}
EVERYWHERE = ("condition", "off-by-one", "constant", "statement", "return")
SYNC = r"\b(?:fsync|fdatasync|sync_directory_of)\([^()]*\)"
SWAP = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&", "==": "!=", "!=": "=="}
WORDS = {"return", "if", "for", "while", "do", "switch", "case", "default", "break", "continue", "goto", "else", "sizeof"}


def closing(text, opening):
    """The offset of the parenthesis that closes the one at `opening`."""
    depth = 0
    for offset in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[offset], 0)
        if depth == 0:
            return offset
    raise ValueError("a parenthesis that nobody closes")


def conditions(bare, begin, end):
    """Those of if and while, turned round; and of the logic and comparisons in them, each."""
    for found in re.finditer(r"\b(?:if|while) \(", bare[begin:end]):
        opening = begin + found.end() - 1
        close = closing(bare, opening)
        yield opening, close + 1, lambda text: f"(!{text})"
        for part in re.finditer(r"&&|\|\||==|!=", bare[opening:close]):
            yield opening + part.start(), opening + part.end(), lambda text: SWAP[text]


def off_by_one(bare, begin, end):
    """A limit that is one more or one less. A comparison with 0 is a question for failure, which `conditions` turns round."""
    for found in re.finditer(r"(?<=[\w)\]] )(<=?|>=?)(?= [\w(&*-])(?! 0\b)", bare[begin:end]):
        yield begin + found.start(), begin + found.end(), lambda text: SWAP[text]
    for found in re.finditer(r" [+-] 1\b(?!\.)", bare[begin:end]):
        yield begin + found.start(), begin + found.end(), lambda text: ""


def constants(bare, begin, end):
    for found in re.finditer(r"(?<![\w.\[])(?:[2-9]|[1-9]\d+)(?=[^\w.])|\b(?:true|false)\b", bare[begin:end]):
        if bare[:begin + found.start()].endswith("return "):
            continue  # `returns` has them
        yield begin + found.start(), begin + found.end(), lambda text: {"true": "false", "false": "true"}.get(text) or \
            str(int(text) + 1 if int(text) < 16 else int(text) // 2)


def statements(bare, begin, end):
    """Calls and assignments that stand alone, not declarations."""
    for found in re.finditer(r"^\t+(\*?\w+)(?=[\w.\[\]>(-]*(?:\(| [-+|&*]?= |\+\+|--))", bare[begin:end], flags=re.M):
        first = begin + found.start(1)
        before = bare[:first].rstrip()
        if found.group(1) in WORDS or not before.endswith((";", "{", "}", ")", ":", "else")):
            continue
        last = bare.index(";", first)
        text = bare[first:last]
        if last < end and text.count("(") == text.count(")") and "{" not in text:
            yield first, last, lambda text: ""


def returns(bare, begin, end):
    swap = {"-1": "0", "0": "-1", "true": "false", "false": "true", "NULL": "NULL"}
    for found in re.finditer(r"(?<=\breturn )(-1|0|true|false)(?=;)", bare[begin:end]):
        yield begin + found.start(), begin + found.end(), lambda text: swap[text]


def syncs(bare, begin, end):
    for found in re.finditer(SYNC, bare[begin:end]):
        yield begin + found.start(), begin + found.end(), lambda text: "0"


def plan_rows(text):
    """(offset, end, undo's name, its offset) of each row of each plan."""
    for table in re.finditer(r"struct plan_step \w+\[\] = \{\n(.*?)\n\};", text, flags=re.S):
        for row in re.finditer(r'\{ "\w+", \w+, (\w+), \w+ \},', table.group(1)):
            yield table.start(1) + row.start(), table.start(1) + row.end(), row.group(1), table.start(1) + row.start(1)


FINDERS = {"condition": conditions, "off-by-one": off_by_one, "constant": constants, "statement": statements,
           "return": returns, "sync": syncs}


def sites(text, kind):
    """[(begin, end, new text)] in the order of the file."""
    if kind == "step":
        return [(begin, end, "") for begin, end, _, _ in plan_rows(text)]
    if kind == "undo":
        return [(begin, begin + len(undo), "NULL") for _, _, undo, begin in plan_rows(text) if undo != "NULL"]
    bare = blank(text)
    found = [(begin, end, change(text[begin:end])) for region in regions(text)
             for begin, end, change in FINDERS[kind](bare, region.begin, region.end)]
    if kind == "constant":  # those of the file's head, too
        for line in re.finditer(r"^(?:enum \{|#define|\t[A-Z_]+ =|static const \w+ \w+ =).*$", bare, flags=re.M):
            if not any(region.begin <= line.start() < region.end for region in regions(text)):
                found += [(begin, end, change(text[begin:end])) for begin, end, change in constants(bare, line.start(), line.end() + 1)]
    return sorted(set(found))


def context(text, begin, end):
    """The whole lines around a place, but for comments and white space at their ends: what a reader, and porting, know it by."""
    first, last = text.rfind("\n", 0, begin) + 1, text.find("\n", end)
    there = [(at, to) for _, at, to in tokens(text) if first <= at < last]
    return there[0][0], there[-1][1]


def record(text, path, kind, site):
    """A mutant: `old` is text of the function, `nth` of `of` there, in which it is replaced by `new`."""
    begin, end, new = site
    region = region_at(text, begin)
    first, last = next(((row[0], row[1]) for row in plan_rows(text) if row[0] <= begin < row[1]), None) or context(text, begin, end)
    old = text[first:last]
    there = places(text, region, old)
    return {"file": path, "function": region.name, "kind": kind, "old": old,
            "new": text[first:begin] + new + text[end:last], "nth": [place[0] for place in there].index(first), "of": len(there)}


def wanted(files, rng):
    """[(file, kind)], None for a file that any may be: the kinds of EVERYWHERE at even distances through all lines."""
    kinds = [kind for kind in EVERYWHERE for _ in range(QUOTA[kind])]
    rng.shuffle(kinds)
    total = sum(text.count("\n") for text in files.values())
    pace = total / len(kinds)
    position, passed, result = rng.random() * pace, 0, []
    for path, text in files.items():
        passed += text.count("\n")
        while kinds and position < passed:
            result.append((path, kinds.pop()))
            position += pace
    return result + [(None, kind) for kind, count in QUOTA.items() if kind not in EVERYWHERE for _ in range(count)]


def draw(tree, seed, compiles):
    """60 records. compiles(path, text): whether it does, and to something else than before; if not, another place is drawn."""
    rng = random.Random(seed)
    files = {path: read(tree, path) for path in product_files(tree)}
    order, drawn, taken = list(files), [], set()
    for path, kind in wanted(files, rng):
        at = order.index(path) if path else 0
        around = order[at:] + order[:at]
        pools = [[(name, site) for name in around for site in sites(files[name], kind)]] if path is None else \
            ([(name, site) for site in sites(files[name], kind)] for name in around)  # the next file where it has none
        for pool in pools:
            candidates = [(name, site) for name, site in pool if (name, site[0]) not in taken]
            rng.shuffle(candidates)
            good = next((mutant for mutant in candidates if compiles(mutant[0], changed(files[mutant[0]], mutant[1]))), None)
            if good:
                taken.add((good[0], good[1][0]))
                drawn.append(record(files[good[0]], good[0], kind, good[1]))
                break
    return [{"id": f"M{number:02}", **mutant} for number, mutant in enumerate(drawn, 1)]


def changed(text, site):
    return text[:site[0]] + site[2] + text[site[1]:]
