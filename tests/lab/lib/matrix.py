"""What the commands crash-matrix and fault-matrix have in common: their options, VMs that take many cells one after the other, what
these say while they run, the results, kept from run to run. A list of cells is a module of guest/: crash_cells, fault_cells."""
import argparse
import concurrent.futures
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import matrix_report as report

LAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPO = os.path.dirname(os.path.dirname(LAB))
SAYING = threading.Lock()


def say(text):
    with SAYING:
        print(text, flush=True)


def arguments(doc, cells):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verb", action="append", choices=list(cells.VERBS))
    parser.add_argument("--step", action="append")
    parser.add_argument("--kind", action="append", choices=list(cells.KINDS), metavar="KIND")
    parser.add_argument("--where", action="append", help="before, after, or a call as --list shows it")
    parser.add_argument("--cell", action="append", choices=[cells.name(cell) for cell in cells.all_cells()], metavar="CELL")
    parser.add_argument("--sample", type=int, metavar="N")
    parser.add_argument("--missing", action="store_true", help="only what has no result, or a failed one")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="VMs at a time")
    parser.add_argument("--minutes", type=int, default=12, help="about as much is given to one VM")
    parser.add_argument("--report", metavar="FILE")
    parser.add_argument("--sabotage", metavar="CELL")
    parser.add_argument("--read", action="append", metavar="FOLDER", help="with the output.log of a VM")
    parser.add_argument("--kept", action="store_true", help="no VM: what earlier runs have shown")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


class Vm:
    """One VM and what it says while it runs."""

    def __init__(self, matrix, name, todo, sabotaged):
        self.matrix, self.cells = matrix, matrix.cells
        self.directory, self.todo, self.sabotaged = "%s/%s" % (matrix.out, name), todo, sabotaged
        self.left = self.directory + "/" + matrix.scenario
        self.results, self.begun = {}, None     # begun: the cell that is under way
        self.pauses = {}                        # of cells that have not ended: a cutover ends the load before the cell
        self.build = None                       # of the agent in it; the tree may be at another when the VM ends

    def run(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory + "/add")
        with open(self.directory + "/add/cells.json", "w") as file:
            json.dump({"cells": [self.cells.name(cell) for cell in self.todo], "sabotaged": self.sabotaged}, file)
        limit = 600 + 8 * sum(self.cells.cost_s(cell) for cell in self.todo)   # only for what hangs
        environment = dict(os.environ, LAB_OUT=self.directory, LAB_ADD=self.directory + "/add", LAB_TIMEOUT=str(limit))
        with open(self.directory + "/run.log", "w") as log:
            process = subprocess.Popen([LAB + "/run", "--no-skip", self.matrix.scenario], env=environment, stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL)
            self.follow(process)
        self.conclude()

    def follow(self, process):
        """Reads what the VM says as it comes."""
        path, at = self.left + "/output.log", 0
        while True:
            ended = not process or process.poll() is not None
            if os.path.exists(path):
                with open(path, errors="replace") as file:
                    file.seek(at)
                    text = file.read()
                whole = text.rfind("\n") + 1
                at += len(text[:whole].encode(errors="replace"))
                for line in text[:whole].splitlines():
                    self.hear(line.strip())
            if ended:
                return
            time.sleep(1)

    def hear(self, line):
        word, _, rest = line.partition(" ")
        if word not in ("matrix-begin", "matrix-cell", "matrix-pause"):
            return
        said = json.loads(rest)
        name = said.pop("cell")
        if word == "matrix-begin":
            self.begun, self.build = name, self.build or build()
        elif word == "matrix-cell":
            self.begun = None
            self.results[name] = said
            if name in self.pauses:
                self.hear_pause(name, self.pauses.pop(name))
            say("  %s %s: %s" % ("ok  " if said["passed"] else "FAIL", name, report.told(said)))
        else:
            self.hear_pause(name, said)
        if self.todo and not self.sabotaged:
            self.matrix.keep(self.results, self.build or build())     # as far as it has come, should we be ended

    def hear_pause(self, name, said):
        if name not in self.results:
            self.pauses[name] = said
            return
        self.results[name].update(said)
        if said["pause_ms"] > self.cells.pause_limit_ms(self.cells.by_name(name)):
            self.results[name].update(passed=False, text="an I/O waited for %.0f ms" % said["pause_ms"])
            say("  FAIL %s: %s" % (name, self.results[name]["text"]))

    def conclude(self):
        """A cell that began and did not end has failed; what failed without a cell counts as one."""
        try:
            with open(self.left + "/result.json") as file:
                self.result = json.load(file)
        except (OSError, ValueError):
            self.result = {"passed": False, "failures": [{"check": "vm", "text": "it left no result; see run.log"}]}
        why = "; ".join(failure["text"] for failure in self.result["failures"])[:400]
        failed = [name for name, said in self.results.items() if not said["passed"]]
        if self.begun or (not self.results and not self.result["passed"]):
            failed = self.fail(self.begun or self.cells.name(self.todo[0]), "the VM ended: " + why)
        elif any(failure["check"] != "cell" for failure in self.result["failures"]) and not failed:
            failed = self.fail(self.cells.name(self.todo[-1]), "at the VM's end: " + why)
        for name in failed[-1:]:    # whichever it was, it was in this VM
            self.results[name].update({key: self.result.get(key, 0) for key in report.WRONG})

    def worth_it(self):
        return any(said["passed"] for said in self.results.values())

    def fail(self, name, text):
        self.results[name] = {"passed": False, "text": text}
        say("  FAIL %s: %s" % (name, text))
        return [name]


class Matrix:
    def __init__(self, cells):
        self.cells, self.scenario = cells, cells.NAME + "-matrix"
        self.out = "%s/build/%s" % (REPO, self.scenario)

    def selected(self, args):
        """The cells of the options; also those that are none."""
        chosen = [cell for cell in self.cells.all_cells() if all(not wanted or value in wanted for wanted, value in (
            (args.verb, cell.verb), (args.step, cell.step), (args.kind, cell.kind), (args.where, cell.where),
            (args.cell, self.cells.name(cell))))]
        if args.missing:
            kept = report.kept_results(self.cells)
            chosen = [cell for cell in chosen if not kept.get(self.cells.name(cell), {"passed": False})["passed"]]
        if args.sample:
            chosen = self.cells.sample([cell for cell in chosen if not self.cells.why_not(cell)], args.sample)
        return chosen

    def check(self):
        wrong, count = self.cells.differences(REPO + "/dm-import/verbs")
        for text in wrong:
            print("FAIL " + text)
        print("%d passed, %d failed" % (count - len(wrong), len(wrong)))
        return 1 if wrong else 0

    def batches(self, todo, minutes):
        """What one VM each is given: all verbs in each of them, so that their imports go to and fro."""
        found = []
        for kind in sorted({self.cells.apart(cell) for cell in todo}):
            part = [cell for cell in todo if self.cells.apart(cell) == kind]
            count = -(-sum(map(self.cells.cost_s, part)) // (60 * minutes))
            found += [part[number::count] for number in range(count)]
        return found

    def read_vm(self, folder):
        """The results of a VM that ran before. A cell that was under way when somebody ended it has none."""
        vm = Vm(self, "", [], None)
        vm.left = folder
        vm.follow(None)
        vm.todo = [self.cells.by_name(name) for name in vm.results]
        if os.path.exists(folder + "/result.json"):
            vm.conclude()
        self.keep(vm.results, report.build_of(folder))
        return vm.results

    def run_batch(self, number, todo, sabotaged):
        """As many VMs as it takes; gives the results of all cells."""
        vms, results, rest = [], {}, list(todo)
        while rest:
            vm = Vm(self, "vm-%d-%d" % (number, len(vms) + 1), rest, sabotaged)
            say("VM %d-%d: %d cells" % (number, len(vms) + 1, len(rest)))
            vm.run()
            if not sabotaged:
                self.keep(vm.results, vm.build or build())
            vms.append(vm)
            results.update(vm.results)
            if len(vms) > 1 and not any(vm.worth_it() for vm in vms[-2:]):
                results.update({self.cells.name(cell): {"passed": False, "text": "VMs came to nothing before it"} for cell in rest
                                if self.cells.name(cell) not in results})
            rest = [cell for cell in rest if self.cells.name(cell) not in results]
        return results

    def keep(self, results, from_build):
        """Into the results of earlier runs."""
        day = time.strftime("%Y-%m-%d", time.gmtime())
        with SAYING, open(self.out + "/lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)    # another run may have other cells under way
            kept = report.kept_results(self.cells)
            for name, said in results.items():
                kept[name] = dict(said, build=from_build, date=day)
            report.keep_results(self.cells, kept)

    def conclude(self, chosen, results, report_file):
        print(report.table(self.cells, chosen, results))
        if report_file:
            report.write_document(report_file)
        failed = sum(not said["passed"] for said in results.values())
        print("%d passed, %d failed" % (len(results) - failed, failed))
        return 1 if failed else 0

    def main(self, doc):
        args = arguments(doc, self.cells)
        if args.check:
            return self.check()
        chosen = self.selected(args)
        if args.list:
            for cell in chosen:
                why_not = self.cells.why_not(cell)
                print(self.cells.name(cell) + ("  (%s)" % why_not if why_not else ""))
            return 0
        os.makedirs(self.out, exist_ok=True)
        if args.kept:
            names, kept = {self.cells.name(cell) for cell in chosen}, report.kept_results(self.cells)
            return self.conclude(chosen, {name: said for name, said in kept.items() if name in names}, args.report)
        if args.read:
            return self.conclude(chosen, {name: said for folder in args.read for name, said in self.read_vm(folder).items()},
                                 args.report)
        todo = [cell for cell in chosen if not self.cells.why_not(cell)]
        if not todo:
            sys.exit("%s: no cell is like that; see --list" % self.scenario)
        results = {}
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for found in pool.map(lambda batch: self.run_batch(*batch, args.sabotage), enumerate(self.batches(todo, args.minutes), 1)):
                results.update(found)
        return self.conclude(chosen, results, args.report)


def build():
    try:
        with open(REPO + "/build/release-gcc/build-version") as file:
            return file.read().strip()
    except OSError:
        return "-"
