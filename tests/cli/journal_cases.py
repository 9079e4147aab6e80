"""importcli journal show, and idle without an agent, over journals that are whole, torn, damaged or not there. Written here by the manual's words
(dm-import-journal(5)), not by the engine's code.

name -> function(program, directory, environment) that gives its part of the transcript.
"""
import json
import os
import shutil
import subprocess

from fixtures import LIMIT_S

HEADER = b"dm-import-journal 1\n"
START_MS = 1769854272123  # 2026-01-31T10:11:12.123Z
NOBODY = 65534
# a /var/lib and a /run of its own, with the file $1 as the journal when there is one, and what lies in $2
APART = """mount -t tmpfs none /var/lib && mkdir /var/lib/dm-import && if [ -e "$1" ]; then
cp "$1" /var/lib/dm-import/journal; fi; mount -t tmpfs none /run && cp -r "$2/." /run && shift 2; exec "$@"
"""


def checksum(data):
    """FNV-1a, 64 bits."""
    total = 0xcbf29ce484222325
    for byte in data:
        total = (total ^ byte) * 0x100000001b3 & (1 << 64) - 1
    return b"%016x" % total


def line(sequence, name, event, state, doing="nothing", exchanged=(0,)):
    members = [{"source_wwid": f"3600140500000000000000000000000a{i}", "destination_wwid": f"3600140500000000000000000000000b{i}",
                "name": f"mpath{i}", "exchanged": side} for i, side in enumerate(exchanged)]
    record = {"format": 1, "id": name, "state": state, "doing": doing, "members": members}
    text = json.dumps({"import": name, "event": event, "record": record}, separators=(",", ":")).encode() + b"\n"
    numbers = b"%d %d " % (sequence, START_MS + 1000 * sequence)
    return numbers + checksum(numbers + text) + b" " + text


WHOLE = [
    line(1, "db1", "created", "new"),
    line(2, "db1", "intent", "new", "prepare"),
    line(3, "db1", "done", "prepared"),
    line(4, "group", "created", "new", exchanged=(0, 0)),
    line(5, "db1", "intent", "prepared", "to_destination"),
    line(6, "db1", "done", "on_destination", exchanged=(1,)),
    line(7, "group", "stuck", "recovering", "to_destination", exchanged=(1, 0)),
    line(8, "group", "forgotten", "cancelled", exchanged=(0, 0))]
DAMAGED = WHOLE[:3] + [WHOLE[3].replace(b"group", b"Group", 1)] + WHOLE[4:]


# and db1 to its end
OVER = WHOLE + [line(9, "db1", "intent", "on_destination", "commit", exchanged=(1,)), line(10, "db1", "done", "committed", exchanged=(1,))]


def show(*commands, journal=HEADER + b"".join(WHOLE), user=None, files=None):
    """The commands over this journal; `files`: what else is there, below /run."""
    def case(program, directory, environment):
        path, below_run = os.path.join(directory, "journal"), os.path.join(directory, "run")
        os.mkdir(below_run)
        for name, content in (files or {}).items():
            name = os.path.join(below_run, os.path.relpath(name, "/run"))
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "w", encoding="ascii") as file:
                file.write(content)
        text = ""
        how = {}
        if user:
            how = {"user": user, "group": user}
            program = shutil.copy(program, directory)
            os.chmod(directory, 0o755)
        if journal is not None:
            with open(path, "wb") as file:
                file.write(journal)
        for words in commands:
            apart = [] if user else ["unshare", "-m", "sh", "-c", APART, "sh", path, below_run]
            done = subprocess.run(apart + [program, "--socket", directory + "/agent.sock"] + words.split(),
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, env=environment, check=False, **how)
            text += (f"$ importcli {words}\nexit status {done.returncode}\n--- standard output\n{done.stdout.decode()}"
                     f"--- standard error\n{done.stderr.decode()}")
        return text.replace(directory, "<directory>")
    return case


CASES = {
    "journal": show("journal show", "journal show --import db1", "journal show --import nope"),
    "journal-json": show("journal show --import group --output json"),
    "journal-none": show("journal show", "journal show --output json", journal=None),
    "journal-empty": show("journal show", journal=HEADER),
    "journal-torn": show("journal show", "journal show --import db1 --output json",
                         journal=HEADER + b"".join(WHOLE[:2]) + WHOLE[2][:-20]),
    "journal-damaged": show("journal show", "journal show --import group", "journal show --output json --import group",
                            journal=HEADER + b"".join(DAMAGED)),
    "journal-damaged-by-zeros": show("journal show", journal=HEADER + b"".join(WHOLE[:2]) + b"\0" * 80 + b"\n" + WHOLE[3]),
    "journal-newer": show("journal show", journal=b"dm-import-journal 2\n" + b"".join(WHOLE)),
    "journal-no-journal": show("journal show", journal=b"\x7fELF\n\n"),
    "idle-journal-none": show("idle", journal=None),
    "idle-journal-busy": show("idle", "idle --output json"),
    "idle-journal-intent": show("idle", journal=HEADER + b"".join(OVER[:9])),
    "idle-journal-over": show("idle", "idle --output json", journal=HEADER + b"".join(OVER)),
    "idle-journal-again": show("idle", journal=HEADER + b"".join(OVER + [line(11, "db1", "created", "new")])),
    "idle-journal-torn": show("idle", journal=HEADER + b"".join(OVER) + line(11, "db2", "created", "new")[:-9]),
    "idle-journal-damaged": show("idle", "idle --output json", journal=HEADER + b"".join(DAMAGED)),
    "idle-journal-not-root": show("idle", user=NOBODY),
    "journal-not-root": show("journal show", "journal show --output json", user=NOBODY),
}
