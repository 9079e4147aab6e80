"""Every command and every option of importcli's help, used wrongly in every way that the help allows to think of: exit status
2 (3 of a monitoring plug-in), one sentence, nothing on standard output, nothing asked of the agent.
"""
import json
import os
import re
import subprocess

from fixtures import DESTINATION, LIMIT_S, SOURCE
from mock_agent import MockAgent

OPERANDS = {"<import>": "db1", "<job>": "7", "<WWID>": SOURCE, "<source>": SOURCE, "<destination>": DESTINATION,
            "<fingerprint>": "0123456789abcdef", "<port>": "8443", "<0..3>": "2", "<state>": "paused"}
NUMBERS = ("n", "ms", "seconds")
WRONG_NUMBERS = ("", "x", "-1", "1x", " 1", "0x10", "1.5", "18446744073709551616", "99999999999999999999999")
# what is checked by the agent, or may be any text
FREE_VALUES = ("directory",)


def operands_of(usage):
    """The words after the command in the longest form of its usage, without options."""
    forms = []
    for form in usage.split("\n"):
        form = re.sub(r"\[[^]]*\]", "", form)
        form = re.sub(r"--\S+ \S+", "", form)
        forms.append([OPERANDS.get(word.removesuffix("..."), word.split("|")[0]) for word in form.split()])
    return max(forms, key=len)


def wrong_uses(command):
    """Command lines, as lists of words, each with exactly one thing wrong."""
    words = operands_of(command["usage"])
    needed = [word for match in re.findall(r"(?<!\[)(--\S+ \S+)(?!.*\])", command["usage"].split("\n")[0])
              for word in (match.split()[0], match.split()[1].split("|")[0])]
    whole = words + needed
    yield whole + ["--no-such-option"]
    yield whole + ["-Z"]
    yield whole + ["surplus"] * 200
    for option in command["options"]:
        name, value = "--" + option["name"], option["value"]
        rest = [word for n, word in enumerate(whole) if word != name and (n == 0 or whole[n - 1] != name)]
        if value is None:
            yield rest + [name + "=x"]
            yield rest + [name, name]
            continue
        yield rest + [name]
        yield rest + [name, ""]
        yield rest + [name, "1", name, "1"]
        if "|" in value:
            yield rest + [name, "neither"]
        elif value in NUMBERS:
            yield from (rest + [name, wrong] for wrong in WRONG_NUMBERS)
        elif value == "name":
            yield from (rest + [name, wrong] for wrong in ("..", "a/b", "a b", "x" * 65, "\u00e4"))
        elif value not in FREE_VALUES:
            raise AssertionError(f"importcli {command['name']}: what is wrong for {name} {value} has to be said here")


def judge(words, status, done, requests):
    if done.returncode != status:
        return f"exit status {done.returncode}, not {status}"
    if requests:
        return f"asked the agent: {requests}"
    said = done.stdout if status == 3 else done.stderr
    silent = done.stderr if status == 3 else done.stdout
    if silent:
        return f"wrote to the other output: {silent}"
    if not re.fullmatch(r"(importcli: |UNKNOWN - )[^\n]{8,300}\n(Usage: .*)?", said, flags=re.S):
        return f"said: {said}"
    return None


def sweep(program, directory, environment):
    """The transcript: how many command lines were refused."""
    commands = json.loads(subprocess.run([program, "help", "--output", "json"], capture_output=True, check=True, timeout=LIMIT_S,
                                         env=environment).stdout)["commands"]
    count, complaints = 0, []
    with MockAgent(os.path.join(directory, "agent.sock"), {}) as agent:
        for command in commands:
            status = 3 if command["name"] == "check" else 2
            for words in wrong_uses(command):
                done = subprocess.run([program, "--socket", os.path.join(directory, "agent.sock")] + words, capture_output=True,
                                      text=True, timeout=LIMIT_S, env=environment, stdin=subprocess.DEVNULL, check=False)
                wrong = judge(words, status, done, agent.requests)
                count += 1
                if wrong:
                    complaints.append(f"importcli {words[:8]}: {wrong}")
                agent.requests.clear()
    assert not complaints, "\n".join(complaints)
    assert count > 10 * len(commands), count
    return "all were refused\n"


def notices():
    """A program that takes a wrong use is noticed, and so are one that is silent and one that asks first."""
    def done(status, out="", err=""):
        return subprocess.CompletedProcess([], status, out, err)

    good = done(2, err="importcli: an argument is missing\nUsage: importcli x\n")
    assert judge([], 2, good, []) is None and judge([], 3, done(3, "UNKNOWN - an argument is missing\n"), []) is None
    for wrong in (judge([], 2, done(0), []), judge([], 2, done(2), []), judge([], 2, good, ["GET /agent"]),
                  judge([], 2, done(2, "x", good.stderr), []), judge([], 2, done(2, err="importcli: a\nb\n"), [])):
        assert wrong
