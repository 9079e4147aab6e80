"""importcli in a terminal: name -> function(program, directory, environment) that gives its part of the transcript."""
import os
import signal

from agent_cases import configure_agent
from fixtures import *
from mock_agent import MockAgent
from screen import Screen, Terminal  # noqa: F401

COPYING = on_destination(session={"state": "copy_in_progress", "percent": 42})
COMMITTED = on_destination(state="committed", session={"state": "completed", "percent": 100})
SWITCHING = job("switch", "running", step="hold", percent=60)


def in_terminal(words, answers, act=lambda terminal, agent: None, columns=80, rows=24, **more_environment):
    def case(program, directory, environment):
        path = os.path.join(directory, "agent.sock")
        with MockAgent(path, answers) as agent:
            configure_agent({"import-cert": os.path.join(os.path.dirname(program), "import-cert")}, directory)
            common = ["--socket", path, "--config", os.path.join(directory, "agent.conf")]
            terminal = Terminal([program] + common + words.split(), {**environment, **more_environment}, columns, rows)
            act(terminal, agent)
            status = terminal.finish()
        assert status == 0, f"exit status {status}:\n{terminal.screen.text()}"
        return (f"$ importcli {words}   ({columns} columns, {rows} rows{', colours' if terminal.screen.coloured else ''})\n"
                + terminal.screen.text())
    return case


def commit_after_look(terminal, agent):
    """Everything on the way is seen, then the import ends."""
    terminal.wait_for("switch: hold, 60 %")
    assert terminal.takes_keys(), "the terminal echoes keys into the screen"
    agent.answers["GET /imports/db1"] = [COPYING]
    agent.answers["GET /jobs/7"] = [job("switch")]
    terminal.wait_for(" 42 %  copy_in_progress")
    terminal.wait_for("14.2 ms")
    assert "hold" not in terminal.screen.text(), "the old screen is still there:\n" + terminal.screen.text()
    agent.answers["GET /imports/db1"] = [COMMITTED]


def quit_by_key(terminal, agent):
    terminal.wait_for("q quits")
    terminal.key("x")
    terminal.key("q")
    terminal.wait_for("q quits")


def quit_by_interrupt(terminal, agent):
    terminal.wait_for("q quits")
    terminal.key("\x03")


def quit_by_termination(terminal, agent):
    terminal.wait_for("q quits")
    os.kill(terminal.pid, signal.SIGTERM)


def agent_restarts(terminal, agent):
    terminal.wait_for("q quits; the import goes on.")
    agent.answers["GET /imports/db1"] = [None]
    terminal.wait_for("The agent does not answer; still trying.")
    agent.answers["GET /imports/db1"] = [COMMITTED]


def resized(terminal, agent):
    terminal.wait_for("q quits")
    terminal.resize(50, 24)
    agent.answers["GET /imports/db1"] = [on_destination(session={"state": "paused", "percent": 43})]
    terminal.wait_for("paused")
    terminal.key("q")


def keys_as_before(case):
    """The terminal must be left as it was found."""
    def checked(program, directory, environment):
        seen = []
        finish = Terminal.finish

        def look_and_finish(terminal, timeout_s=LIMIT_S):
            import time
            end = time.monotonic() + timeout_s
            while terminal.takes_keys() and time.monotonic() < end:
                terminal.read()
            seen.append(terminal.takes_keys())
            return finish(terminal, timeout_s)

        Terminal.finish = look_and_finish
        try:
            text = case(program, directory, environment)
        finally:
            Terminal.finish = finish
        assert seen == [False], "the terminal was left in raw mode"
        return text
    return checked


WATCH = "import watch db1"
MANY = [member(n % 2, name=f"mpath{n:02d}", active_path="Destination", pause_us=1000 * n,
               destination_paths=["sdx", "sdy"]) for n in range(16)]

CASES = {
    "terminal-watch": keys_as_before(in_terminal(WATCH, {"GET /imports/db1": imported("prepared", job=7), "GET /jobs/7": SWITCHING},
                                  commit_after_look)),
    "terminal-watch-no-color": in_terminal(WATCH, {"GET /imports/db1": COMMITTED, "GET /jobs/7": job("switch")}, NO_COLOR="1"),
    "terminal-watch-dumb": in_terminal(WATCH, {"GET /imports/db1": COMMITTED, "GET /jobs/7": job("switch")}, TERM="dumb"),
    "terminal-watch-ascii": in_terminal(WATCH, {"GET /imports/db1": COPYING, "GET /jobs/7": job("switch")}, quit_by_key, LANG="C"),
    "terminal-watch-key": keys_as_before(in_terminal(WATCH, {"GET /imports/db1": imported()}, quit_by_key)),
    "terminal-watch-interrupt": keys_as_before(in_terminal(WATCH, {"GET /imports/db1": imported()}, quit_by_interrupt)),
    "terminal-watch-terminated": keys_as_before(in_terminal(WATCH, {"GET /imports/db1": imported()}, quit_by_termination)),
    "terminal-watch-narrow": in_terminal(WATCH, {"GET /imports/db1": COMMITTED, "GET /jobs/7": job("switch")}, columns=40),
    "terminal-watch-tiny": in_terminal(WATCH, {"GET /imports/db1": COMMITTED, "GET /jobs/7": job("switch")}, columns=10, rows=5),
    "terminal-watch-wide": in_terminal(WATCH, {"GET /imports/db1": COMMITTED, "GET /jobs/7": job("switch")}, columns=200),
    "terminal-watch-many": in_terminal(WATCH, {"GET /imports/db1": on_destination(members=MANY), "GET /jobs/7": job("switch")},
                                       quit_by_key, rows=14),
    "terminal-watch-attention": in_terminal(WATCH, {"GET /imports/db1": imported("needs_attention", attention={
        "code": "verify_failed", "text": "Kernel, udev and multipathd do not agree after a step.",
        "remedy": "Send the verb again, or cancel the import."})}, quit_by_key),
    "terminal-watch-job-failed": in_terminal(WATCH, {
        "GET /imports/db1": imported("prepared", job=7),
        "GET /jobs/7": job("switch", "failed", error={"title": "The map could not be suspended before the deadline."})}, quit_by_key),
    "terminal-watch-agent-restarts": in_terminal(WATCH, {"GET /imports/db1": COPYING, "GET /jobs/7": job("switch")},
                                                 agent_restarts),
    "terminal-watch-resized": in_terminal(WATCH, {"GET /imports/db1": COPYING, "GET /jobs/7": job("switch")}, resized),
    "terminal-diagnostic": in_terminal("status", {"GET /volumes": {"volumes": []}}),
    "terminal-diagnostic-not": in_terminal("import list", {"GET /imports": {"imports": []}}),
    "terminal-switch": in_terminal("import switch db1 --to destination", {
        "POST /imports/db1/switch": accepted("switch"), "GET /jobs/7": SWITCHING}, lambda terminal, agent: (
            terminal.wait_for("switch: hold, 60 %"),
            agent.answers.update({"GET /jobs/7": [job("switch", result={"pauses_us": {"mpatha": 14211}})]}))),
}
