"""Lints by other programs. They read files on disk, so the runner puts samples into a directory of their own."""
import os
import re
import subprocess

from lint import Lint, PRODUCT, c_files

CFLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-I.", '-DDM_IMPORT_VERSION="0"', '-DDM_IMPORT_BUILD="0"']
TIDY = ",".join([
    "-*", "bugprone-*", "misc-redundant-expression", "misc-misplaced-const",
    "-bugprone-easily-swappable-parameters", "-bugprone-reserved-identifier", "-bugprone-narrowing-conversions",
    "-bugprone-assignment-in-if-condition", "-bugprone-implicit-widening-of-multiplication-result",
    "-bugprone-macro-parentheses", "-bugprone-sizeof-expression", "-bugprone-branch-clone",
])


def run(command, paths, pattern):
    """Complaints: the lines of the tool's output that match the pattern."""
    if not paths:
        return []
    done = subprocess.run(command + sorted(paths), capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if re.search(pattern, line)]
    if done.returncode and not lines:
        lines = [f"{command[0]}: ended with {done.returncode}: {(done.stdout + done.stderr)[-300:]}"]
    return lines


def check_shell(files):
    scripts = [path for path, text in files.items() if re.match(r"#!\s*/(usr/)?bin/(env )?(ba|da)?sh\b", text)]
    return run(["shellcheck", "-S", "warning", "-f", "gcc", "-e", "SC1090,SC1091,SC2034"], scripts, r"^[^:]+:\d+:\d+: (warning|error)")


def check_format(files):
    return run(["clang-format", "--dry-run", "-Werror", "--style=file"], c_files(files), r"^[^:]+:\d+:\d+: (error|warning)")


def check_cppcheck(files):
    # cppcheck does not know cleanup attributes, which free most of what it takes for leaks
    return run(["cppcheck", "-q", "-j2", "--enable=warning,performance,portability", "--inline-suppr", "--std=c11",
                "--suppress=memleak", "--suppress=resourceLeak", "--suppress=missingInclude", "--suppress=unknownMacro", "--suppress=normalCheckLevelMaxBranches",
                "--error-exitcode=0", "-D__x86_64__", "-I.", "--template=gcc"],
               [path for path in c_files(files) if path.endswith(".c")], r"^[^:]+:\d+:\d+: (warning|error|performance|portability)")


def check_tidy(files):
    # without clang's analyzer: it does not follow cleanup attributes, and cppcheck checks the same
    sources = sorted(path for path in c_files(files, PRODUCT) if path.endswith(".c"))
    workers = [subprocess.Popen(["clang-tidy", "--quiet", f"--checks={TIDY}"] + part + ["--"] + CFLAGS,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
               for part in (sources[i::os.cpu_count() or 1] for i in range(os.cpu_count() or 1)) if part]
    output = "".join(worker.communicate()[0] for worker in workers)
    root = os.getcwd() + "/"
    return sorted({line.replace(root, "") for line in output.splitlines() if re.search(r":\d+:\d+: (warning|error):", line)})


BAD = """int f(void);
int f(void)
{
	int numbers[2] = { 1, 2 };
	int *none = 0;

	if (none);
		return numbers[2] + *none;
}
"""
GOOD = """int f(int number);
int f(int number)
{
	return number + 1;
}
"""
LINTS = [
    Lint("shellcheck", check_shell, {"x": "#!/bin/sh\ncd /tmp\nls\n"}, {"x": '#!/bin/sh\nls "$1"\n'}, tool="shellcheck"),
    Lint("clang-format", check_format, {"base/x.c": GOOD.replace("\treturn", "  return")}, {"base/x.c": GOOD},
         tool="clang-format"),
    Lint("cppcheck", check_cppcheck, {"base/x.c": BAD}, {"base/x.c": GOOD}, tool="cppcheck"),
    Lint("clang-tidy", check_tidy, {"base/x.c": BAD}, {"base/x.c": GOOD}, tool="clang-tidy"),
]
