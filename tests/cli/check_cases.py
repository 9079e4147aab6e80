"""importcli check: the plug-in's exit statuses and lines. Against the mock agent: name -> (words, answers); and without an
agent, over a journal and files of its own: name -> function, as in journal_cases.py.
"""
import os
import struct
import subprocess
import threading
import time

from fixtures import *
from host_cases import HOST
from journal_cases import DAMAGED, HEADER, WHOLE, line, show, NOBODY
from mock_agent import MockAgent

DAY = 24 * 3600
FAR = 4102444800  # 2100


def certificate(expiry):
    until = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(expiry))
    return expiry and {"fingerprint_sha256": "7f1e3e9f" * 8, "not_after": until, "days_left": int(expiry - time.time()) // DAY} or None


def answers(imports=(), volumes=(), agent=None, host=None, expiry=FAR):
    open_ones = [one for one in imports if one["state"] not in ("committed", "cancelled")]
    return {"GET /agent": {**AGENT, "imports_in_progress": len(open_ones), "certificate": certificate(expiry), **(agent or {})},
            "GET /imports": {"imports": list(imports)}, "GET /volumes": {"volumes": list(volumes)},
            "GET /host": {**HOST, **(host or {})}}


def in_import(checkers=("ready", "ready"), **more):
    paths = [path("sd" + "abcdefgh"[n], f"{n}:0:0:0", checker) for n, checker in enumerate(checkers)]
    return volume(**{"import_id": "db1", "import_state": "prepared", "importable": False, "import_status": "prepared", "active_path": "Source",
                     "paths": paths, **more})


def in_progress(state="prepared", destination_paths=("sdc", "sdd"), **more):
    return imported(state, members=[member(destination_paths=list(destination_paths), **more.pop("member", {}))], **more)


def held(seconds_ago, lease_ms):
    since = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - seconds_ago))
    return in_progress("held", hold={"to": "destination", "lease_ms": lease_ms, "since": since})


def finding(code):
    return {"code": code, "text": f"It is so: {code}", "remedy": "Mend it."}


FENCED = reservations(reserved_side(), reserved_side(), fenced=True)
ATTENTION = {"code": "verify_failed", "text": "Kernel, udev and multipathd do not agree after a step.",
             "remedy": "Send the verb again, or cancel the import."}
NEW = in_progress("new", destination_paths=())
BUSY = problem(503, "busy", "Too many requests are waiting.", "", "Try again in a few seconds.")

# what each rule is for, and the same made right
CASES = {
    "check-ok": ("check", answers()),
    "check-ok-json": ("check --output json", answers()),
    "check-ok-import": ("check", answers([in_progress(), NEW, imported("committed"), imported("cancelled")],
                                         [in_import(), volume(paths=[path("sdz", "9:0:0:0", "faulty")])])),
    "check-ok-other-states": ("check", answers([in_progress()], [in_import(["ready", "ghost", "", "undef", "i/o pending"])])),
    "check-certificate-30-days": ("check", answers(expiry=int(time.time()) + 30 * DAY + 3600)),
    "check-certificate-29-days": ("check", answers(expiry=int(time.time()) + 30 * DAY - 3600)),
    "check-certificate-expired": ("check", answers(expiry=int(time.time()) - 3600)),
    "check-certificate-unknown": ("check", answers(expiry=0)),
    "check-web-server": ("check", answers(agent={"web_server": "INACTIVE"}, expiry=0)),
    "check-web-server-import": ("check", answers([in_progress()], [in_import()], agent={"web_server": "INACTIVE"})),
    "check-attention": ("check", answers([in_progress("needs_attention", attention=ATTENTION)])),
    "check-attention-json": ("check --output json", answers([in_progress("needs_attention", attention=ATTENTION)])),
    "check-recovering": ("check", answers([in_progress("recovering", attention=ATTENTION)])),
    "check-held": ("check", answers([held(1, 600000)], [in_import(import_state="held", status="offline")])),
    "check-hold-overdue": ("check", answers([held(40, 30000)])),
    "check-path-lost": ("check", answers([in_progress()], [in_import(["ready", "faulty"])])),
    "check-other-path-lost": ("check", answers([in_progress()], [in_import(other_side_paths=[path("sdc", "1:0:0:1"), path("sdd", "2:0:0:1", "faulty")])])),
    "check-other-paths-lost": ("check", answers([in_progress("on_destination", member={"active_path": "Destination"})], [in_import(
        import_state="on_destination", active_path="Destination", other_side_paths=[path("sdc", "1:0:0:1", "faulty")])])),
    "check-paths-lost": ("check", answers([in_progress()], [in_import(["shaky", "faulty", "timeout", "removed"])])),
    "check-suspended": ("check", answers([in_progress()], [in_import(status="offline")])),
    "check-volume-down": ("check", answers([in_progress(member={"active_path": "None"})], [in_import([], status="offline")])),
    "check-destination-absent": ("check", answers([in_progress(destination_paths=())], [in_import()])),
    "check-source-absent": ("check", answers([in_progress("on_destination", member={
        "active_path": "Destination", "source_paths": []})], [in_import()])),
    "check-paths-too-few": ("check", answers([in_progress(min_paths=3)], [in_import()])),
    "check-fenced": ("check", answers([in_progress(member={"reservations": FENCED})])),
    "check-session": ("check", answers([in_progress(session={"state": "cancel_failed", "percent": 7})])),
    "check-multipathd": ("check", answers(host={"findings": [finding("multipathd_not_running")]})),
    "check-multipathd-import": ("check", answers([NEW], host={"findings": [finding("multipathd_not_running")]})),
    "check-initramfs": ("check", answers([NEW], host={"findings": [finding("initramfs_old")]})),
    "check-boot-rules": ("check", answers(host={"findings": [finding("boot_rules")]})),
    "check-several": ("check", answers([in_progress("recovering", attention=ATTENTION)], [in_import(["faulty"])],
                                       host={"findings": [finding("initramfs_old")]})),
    "check-hostile": ("check", answers([in_progress("needs_attention", attention={
        "code": "x", "text": "a|imports=0\nOK - all well\u001b[2J", "remedy": "b\n| c"})])),
    "check-part-fails": ("check", {**answers([NEW]), "GET /volumes": BUSY}),
    "check-part-fails-no-import": ("check", {**answers(), "GET /volumes": BUSY}),
    "check-agent-fails": ("check", {"GET /agent": BUSY}),
    "check-fields-missing": ("check", {"GET /agent": {}, "GET /imports": {"imports": [{}, 7]},
                                       "GET /volumes": {"volumes": [{"import_id": "x"}]}, "GET /host": {"findings": [{}]}}),
    "usage-check-surplus": ("check db1", {}),
    "usage-check-option": ("check --warning 5", {}),
    "usage-check-timeout": ("check --timeout 0", {}),
    "usage-check-timeout-word": ("check --timeout soon", {}),
    "usage-check-timeout-long": ("check --timeout 601", {}),
    "usage-check-output": ("check --output nagios", {}),
    "usage-check-json": ("check db1 --output json", {}),
    "help-check": ("check help", {}),
}



def hangs(tools, directory, environment):
    """The third answer does not come. The tool's clock (tests/daemon/own_clock.c) stands until it is asked for, so it is never
    another one that is late."""
    clock, path = os.path.join(directory, "clock"), os.path.join(directory, "agent.sock")
    now_us, ended = time.monotonic_ns() // 1000, threading.Event()

    def set_clock(at_us):
        with open(clock, "r+b" if os.path.exists(clock) else "wb", buffering=0) as file:
            file.write(struct.pack("=Q", at_us))

    def time_is_over():
        set_clock(now_us + 1_000_000)
        ended.wait(LIMIT_S)

    set_clock(now_us)
    words = "check --timeout 1"
    with MockAgent(path, {**answers([NEW]), "GET /imports": Reply(200, {"imports": []}, before=time_is_over)}) as agent:
        done = subprocess.run([tools["importcli-fake"], "--socket", path] + words.split(), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT_S, env={**environment, "FAKE_CLOCK": clock}, check=False)
        ended.set()
        asked = "".join(f"> {request}\n" for request in agent.requests)
    return (f"$ importcli {words}\n{asked}exit status {done.returncode}\n--- standard output\n{done.stdout}"
            f"--- standard error\n{done.stderr}").replace(path, "<socket>")


TOOLS_CASES = {"check-hangs": hangs}

NO_AGENT_CASES = {
    "no-agent-check": show("check", "check --output json", journal=None),
    "no-agent-check-import": show("check", journal=HEADER + b"".join(WHOLE)),
    "no-agent-check-over": show("check", journal=HEADER + b"".join(WHOLE + [
        line(9, "db1", "done", "committed", exchanged=(1,)), line(10, "db2", "created", "new"), line(11, "db2", "done", "cancelled")])),
    "no-agent-check-damaged": show("check", journal=HEADER + b"".join(DAMAGED)),
    "no-agent-check-files": show("check", journal=None, files={
        "/run/udev/rules.d/61-dm-import_boot.rules": "", "/run/dm-import/initramfs-failed": "no space\n"}),
    "no-agent-check-not-root": show("check", "check --output json", user=NOBODY),
}
