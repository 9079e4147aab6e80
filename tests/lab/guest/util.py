"""Small things that every part of the lab uses: commands, waiting for a condition, time, log."""
import os
import shlex
import subprocess
import time


class Failure(Exception):
    """What the scenario expected did not happen. `check` is the short name of what was checked."""

    def __init__(self, check, text):
        super().__init__(text)
        self.check = check
        self.text = text


def log(text):
    with open("/proc/uptime") as uptime:
        print("[%7s] %s" % (uptime.read().split()[0], text), flush=True)


def sh(command, check=True, timeout=180):
    """Runs a command line (no shell) and gives its output; a failure carries what it said. The time is for a machine that is
    many times slower than ours: what ends a command that hangs, not what says how long it may take."""
    words = shlex.split(command) if isinstance(command, str) else command
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failure("command", "%s: has not ended after %d s" % (" ".join(words), timeout)) from None
    if check and done.returncode != 0:
        raise Failure("command", "%s: status %d: %s" % (
            " ".join(words), done.returncode, (done.stderr or done.stdout).strip()))
    return done.stdout


def wait_for(what, condition, timeout_s=60, interval_s=0.1):
    """Polls until condition() gives something true, and gives that; `what` is for the failure. It checks once more when the
    time is over: a VM that stood still meanwhile has not checked."""
    end = time.monotonic() + timeout_s
    while True:
        late = time.monotonic() > end
        value = condition()
        if value:
            return value
        if late:
            raise Failure("wait", "not within %g s: %s" % (timeout_s, what))
        time.sleep(interval_s)


def read(path, default=None):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        if default is None:
            raise
        return default


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def write_durably(path, text):
    """For what must outlive a power cut."""
    with open(path + ".new", "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".new", path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def settle():
    sh("udevadm settle --timeout=150")
