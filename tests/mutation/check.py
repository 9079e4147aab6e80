"""The script on made-up trees: each kind of fault is found where it can be, a draw can be repeated, porting finds what moved and says what it cannot
find, a result that is worse is noticed."""
import contextlib
import io
import os
import tempfile
import unittest

import coverage
import draw
import trial
from port import Ported, Renames, Tree, port
from suites import first_failure

SAMPLE = '''/* One of each: if (comment) return 0; */
enum { LIMIT = 64 };

static int save(int fd, const char *text)
{
	int count = 0;

	for (int i = 0; i < LIMIT; i++)
		count += 1;
	if (!text || write(fd, text, count - 1) < 0)
		return -1;
	note("saved; done", count);
	return fsync(fd);
}

static const struct plan_step steps[] = {
	{ "intent", intend, unintend, false },
	{ "save", save_it, NULL, true },
};

static __attribute__((format(printf, 1, 2))) bool ready(void)
{
	return true;
}
'''
EXPECTED = {
    "step": ['{ "intent", intend, unintend, false },>', '{ "save", save_it, NULL, true },>'],
    "undo": ["unintend>NULL"],
    "sync": ["fsync(fd)>0"],
    "condition": ["(!text || write(fd, text, count - 1) < 0)>(!(!text || write(fd, text, count - 1) < 0))", "||>&&"],
    "off-by-one": ["<><=", " - 1>"],
    "constant": ["64>32", "false>true", "true>false"],
    "statement": ["count += 1>", 'note("saved; done", count)>'],
    "return": ["-1>0", "true>false"],
}
NEW = '''/* The same, moved. */
static int store(int fd, const char *words)
{
	if (!words ||
	    write(fd, words, 1) < 0) /* on one line before */
		return -1;
	tell("stored");
	return fsync(fd);
}

static void other(int fd)
{
	first(fd);
	tell("stored");
}
'''
RECORD = {"id": "M", "file": "base/x.c", "function": "save", "kind": "condition", "old": "if (!text || write(fd, text, 1) < 0)",
          "new": "if (!(!text || write(fd, text, 1) < 0))", "nth": 0, "of": 1}
RENAMES = ("base/x.c base/room/y.c", "# words", "save store", "base/x.c:text words")


class Drawing(unittest.TestCase):
    def tree(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for name in ("base/a.c", "dm-import/room/b.c", "cli/c.c"):
            path = os.path.join(directory.name, name)
            os.makedirs(os.path.dirname(path))
            with open(path, "w", encoding="utf-8") as file:
                file.write(SAMPLE)
        return directory.name

    def test_places(self):
        for kind, expected in EXPECTED.items():
            found = [f"{SAMPLE[begin:end]}>{new}" for begin, end, new in draw.sites(SAMPLE, kind)]
            self.assertEqual(sorted(found), sorted(expected), kind)

    def test_functions(self):
        self.assertEqual([region.name for region in draw.regions(SAMPLE)], ["save", "steps", "ready"])

    def test_again(self):
        tree = self.tree()
        self.assertEqual(draw.draw(tree, 1, lambda *_: True), draw.draw(tree, 1, lambda *_: True))
        self.assertNotEqual(draw.draw(tree, 1, lambda *_: True), draw.draw(tree, 2, lambda *_: True))

    def test_what_does_not_compile_is_drawn_again(self):
        drawn = draw.draw(self.tree(), 1, lambda path, text: "fsync" in text)
        self.assertTrue(drawn)
        self.assertNotIn("sync", {mutant["kind"] for mutant in drawn})

    def test_a_record_is_the_fault(self):
        tree = self.tree()
        for mutant in draw.draw(tree, 1, lambda *_: True):
            place = port(mutant, Tree.at(tree), Renames())
            self.assertEqual(place.how, "as it was")
            self.assertIn(place.applied(SAMPLE), [draw.changed(SAMPLE, site) for site in draw.sites(SAMPLE, mutant["kind"])])


class Porting(unittest.TestCase):
    def port(self, record, text=NEW, renames=RENAMES, override=None):
        return port(record, Tree({"base/room/y.c": text}), Renames(renames), override)

    def test_moved_and_renamed(self):
        place = self.port(RECORD)
        self.assertIsInstance(place, Ported, place)
        self.assertEqual((place.file, place.function, place.how), ("base/room/y.c", "store", "renamed"))
        self.assertIn("\tif (!(!words || write(fd, words, 1) < 0)) /* on", place.applied(NEW))
        self.assertEqual(list(place.lines(NEW)), [4, 5])

    def test_not_found(self):
        self.assertIn("not found; save() is in no file", self.port(RECORD, renames=()))
        self.assertIn("not found", self.port(RECORD, text=NEW.replace("< 0)", "<= 0)")))

    def test_more_often_than_before(self):
        twice = NEW.replace("\ttell(\"stored\");\n\treturn", "\ttell(\"stored\");\n\ttell(\"stored\");\n\treturn")
        record = {**RECORD, "old": 'tell("stored");', "new": ";"}
        self.assertIsInstance(self.port(record), Ported)
        self.assertIsInstance(self.port(record, text=twice), str)
        self.assertIsInstance(self.port({**record, "nth": 1, "of": 2}, text=twice), Ported)

    def test_cut_in_two(self):
        place = self.port(RECORD, renames=("base/x.c:text words",))
        self.assertEqual((place.how, place.function), ("by its text", "store"))

    def test_rows(self):
        text = """static const struct plan_step rows[] = {
	{ .name = "intent",
	  .act = intend,
	  .undo = unintend, .doing = 1 },
	{ .name = "save", .act = save_it },
};
"""
        row = {**RECORD, "function": "steps", "old": '{ "intent", intend, unintend, false },'}
        places = [self.port({**row, "kind": kind, "new": ""}, text, ("base/x.c base/room/y.c", "steps rows")) for kind in ("step", "undo")]
        self.assertNotIn("intent", places[0].applied(text))
        self.assertIn('.act = intend, .doing = 1 },', places[1].applied(text))
        saved = {**row, "kind": "undo", "new": "", "old": '{ "save", save_it, NULL, true },'}
        self.assertIn("not found", self.port(saved, text, ("steps rows",)))

    def test_by_hand(self):
        place = self.port(RECORD, override={"file": "base/room/y.c", "function": "other", "old": "first(fd);", "new": ";"})
        self.assertEqual((place.how, place.function), ("by hand", "other"))
        self.assertEqual(self.port(RECORD, override={"gone": "twice"}), "gone: twice")


class Judging(unittest.TestCase):
    def test_first_failure(self):
        self.assertEqual(first_failure("ok 1 - a\nnot ok 2 - b\n"), "b")
        self.assertEqual(first_failure("FAILED status\n---\n"), "status")
        self.assertEqual(first_failure("======\nFAIL: test_x (test_y.Class.test_x)\n"), "test_y.Class.test_x")
        self.assertEqual(first_failure("FAIL: test_x (test_y.Class.test_x) (body='')\n"), "test_y.Class.test_x")
        self.assertEqual(first_failure("ERROR: setUpClass (test_y.Class)\n"), "test_y.Class")
        self.assertEqual(first_failure("Segmentation fault\n"), "")

    def test_which_suites(self):
        with tempfile.TemporaryDirectory() as tree:
            for name in ("unit/test_a.c", "unit/test_b.c", "daemon/test_concurrent.py"):
                os.makedirs(os.path.join(tree, "tests", os.path.dirname(name)), exist_ok=True)
                with open(os.path.join(tree, "tests", name), "w", encoding="utf-8"):
                    pass
            coverage.save(tree, {"": {"lines": {"base/a.c": [1, 2, 3]}}, "unit/test_a": {"seconds": 9, "lines": {"base/a.c": [1]}},
                                 "unit/test_b": {"seconds": 1, "lines": {"base/a.c": [1, 2]}},
                                 "daemon/test_concurrent": {"seconds": 2, "lines": {"base/a.c": [2]}}})
            trying = trial.Trial(tree, print)
        names = [[suite.name for suite in trying.order("base/a.c", [line])] for line in (1, 2, 3, 9)]
        self.assertEqual(names[0], ["unit/test_b", "unit/test_a", "asan:unit/test_b", "asan:unit/test_a"])
        self.assertEqual(names[1], ["unit/test_b", "daemon/test_concurrent", "asan:unit/test_b", "tsan:daemon/test_concurrent"])
        self.assertEqual(names[2], [])
        self.assertEqual(len(names[3]), 6)  # a line without code: whatever executes the file

    def test_worse_is_noticed(self):
        with tempfile.TemporaryDirectory() as directory:
            before, after, said = os.path.join(directory, "before"), os.path.join(directory, "after"), []
            for path, verdicts in ((before, ("caught", "survived")), (after, ("caught", "caught"))):
                with open(path, "w", encoding="utf-8") as file:
                    for number, verdict in enumerate(verdicts):
                        file.write(f"M{number}\tf\tf\tk\t{verdict}\tby\t1\n")
            self.assertEqual(trial.compare(before, after, said.append), 0)
            self.assertEqual(trial.compare(after, before, said.append), 1)
        self.assertIn("M1 was caught by by; now: survived", said)

    def test_table(self):
        data = {"": {"lines": {"base/a.c": [1, 2], "base/room/b.c": [1]}, "branches": {}},
                "s": {"lines": {"base/a.c": [2]}, "branches": {}}}
        self.assertIn("| base | 2 | 1 | 50.0 % |", coverage.table(data))
        self.assertIn("| all | 3 | 1 | 33.3 % |", coverage.table(data))
        self.assertTrue(coverage.unexecuted(data).startswith("  0.0 % of    1 lines  base/room/b.c"))


def main():
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        result = unittest.TextTestRunner(stream=output).run(unittest.defaultTestLoader.loadTestsFromModule(__import__("check")))
    bad = len(result.failures) + len(result.errors)
    print((output.getvalue() if bad else "") + f"{result.testsRun - bad} passed, {bad} failed")
    return 1 if bad else 0
