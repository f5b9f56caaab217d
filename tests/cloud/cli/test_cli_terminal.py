"""The commands on a terminal: the live view, questions and Ctrl-C; and their output without a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass, field

import pytest

from tests.cloud.project import ENDPOINTS, NETWORK, Project, project  # noqa: F401  (a fixture)
from tests.cloud.warm import ROOT

pytestmark = pytest.mark.slow

SECONDS = 120
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

DURING_ENDPOINTS = 15.0
"""Seconds until endpoints wait for their turn at EC2's rate, wherever in the first seconds a run begins."""
TOOK = r"[\d. mins]+ on AWS's clock \([\d. mins]+ here\)"


def _at_a_terminal() -> None:
    """Give a starting process its terminal and its signals, as a shell does for a command that a user types."""
    # Ctrl-C reaches the process only through a terminal that it controls
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # the tests may run under nohup, which lets all that they start ignore a hang-up
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@dataclass
class Screen:
    """A command on a terminal of 30 lines; `text` is all that it wrote there."""

    project: Project
    words: tuple[str, ...]
    columns: int = 100
    settings: dict[str, str] = field(default_factory=dict)
    text: str = ""
    code: int | None = None
    _parts: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, self.columns, 0, 0))
        settings = termios.tcgetattr(theirs)
        # what a picture is erased with must not be dropped when Ctrl-C is typed
        settings[3] |= termios.NOFLSH
        termios.tcsetattr(theirs, termios.TCSANOW, settings)
        # a worker of pytest has columns and lines of its own
        others = {"NO_COLOR", "COLUMNS", "LINES"}
        environment = {name: value for name, value in os.environ.items() if name not in others}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "provisioner.cli.main", *self.words],
            cwd=self.project.directory,
            env=environment | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)} | self.settings,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_at_a_terminal,  # noqa: PLW1509  (no thread runs here yet)
        )
        os.close(theirs)
        self.project.running.append(self._process)

    def until(self, words: str) -> None:
        """Read until the words have been written."""
        deadline = time.monotonic() + SECONDS
        while words not in self.text and self._read() and time.monotonic() < deadline:
            pass
        assert words in self.text, self.text[-3000:]

    def until_more(self, letters: int, words: str = "") -> None:
        """Read until something was written beyond so many letters, the words among it, or the command has ended."""
        while (len(self.text) <= letters or words not in self.text) and self._read():
            pass

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def resize(self, lines: int, columns: int) -> None:
        """Let the terminal have another size from now on, as the command is told."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.send(signal.SIGWINCH)

    def end(self) -> Screen:
        """Read until the command ends; return itself."""
        while self._read():
            pass
        self.code = self._process.wait(SECONDS)
        os.close(self._ours)
        return self

    def hang_up(self) -> Screen:
        """Close the terminal, and wait until the command has ended; return itself."""
        os.close(self._ours)
        self.code = self._process.wait(SECONDS)
        return self

    def send(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        self._process.send_signal(number)

    def _read(self) -> bool:
        ready = select.select([self._ours], [], [], SECONDS)[0]
        try:
            some = os.read(self._ours, 65536) if ready else b""
        except OSError:  # Linux says so of a terminal that nobody has open any more
            some = b""
        self._parts.append(some)
        self.text = b"".join(self._parts).decode(errors="ignore").replace("\r\n", "\n")
        return bool(some)

    @property
    def frames(self) -> list[list[str]]:
        """The live view's pictures one after the other, without control codes."""
        # with the last one the cursor comes back; what follows is no picture
        view = self.text.partition("\x1b[?25h")[0]
        pictures = re.split(r"(?:\x1b\[1A\x1b\[2K)+", view)
        return [CONTROL.sub("", picture).replace("\r", "").strip("\n").split("\n") for picture in pictures]


def test_up_draws_a_live_tree_and_ctrl_c_ends_it_in_good_order(project: Project) -> None:  # noqa: F811
    project.cloud.hold(DURING_ENDPOINTS)
    screen = Screen(project, ("up", *ENDPOINTS))
    project.cloud.await_held()
    screen.until(" created")
    screen.type("\x03")
    screen.until("stopping")
    project.cloud.release()
    screen.end()
    assert screen.code == 130
    drawn = [frame for frame in screen.frames if frame[0].startswith("up ecs-sample-dev  account 123456789012")]
    assert drawn
    assert max(len(frame) for frame in drawn) <= 24
    assert max(len(line) for frame in drawn for line in frame) <= 98, "there is room for ^C in the last line"
    assert any("  network" in frame for frame in drawn), "steps at work are named"
    assert "stopping: waiting for the calls in progress" in screen.text
    end = CONTROL.sub("", screen.text[screen.text.rindex("\x1b[?25h") :])
    assert "error: interrupted: the state is saved" in end
    assert len(end.strip().splitlines()) <= 8, "what stands afterwards is short"
    assert "To resume: `provision up --target-step endpoints`." in end
    phases = {resource["phase"] for resource in project.run("state", "list", "--json").document}
    assert phases
    assert "creating" not in phases

    screen = Screen(project, ("down",))
    screen.until("[y/N]")
    assert "account 123456789012 of the embedded cloud, Region ap-northeast-1" in screen.text
    screen.type("n\n")
    assert screen.end().code == 1
    assert screen.text.endswith("n\ncancelled: nothing was changed\n"), "no error, and no interruption"
    assert project.run("state", "list").out

    screen = Screen(project, ("down",))
    screen.until("[y/N]")
    project.cloud.hold(30)
    screen.type("y\n")
    project.cloud.await_held()
    screen.until("deleting")
    for lines, columns in ((5, 20), (1, 1), (0, 0), (50, 200)):
        seen = len(screen.text)
        screen.resize(lines, columns)
        screen.until_more(seen)
    project.cloud.release()
    assert screen.end().code == 0
    assert "Traceback" not in screen.text
    assert "No leftover resources of ecs-sample-dev found" in screen.text
    assert project.run("state", "list").out == ""


def test_a_terminal_that_is_closed_ends_the_run_in_good_order(project: Project) -> None:  # noqa: F811
    project.cloud.hold(DURING_ENDPOINTS)
    screen = Screen(project, ("up", *ENDPOINTS))
    project.cloud.await_held()
    screen.until(" created")
    project.cloud.release()
    assert screen.hang_up().code == 130
    closed(project)
    document = json.loads((project.state / "local" / "ecs-sample-dev" / "state.json").read_bytes())
    assert document["history"][-1]["result"] == "interrupted"
    assert {record["phase"] for record in document["records"].values()} <= {"created", "ready"}

    screen = Screen(project, ("down",))
    screen.until("[y/N]")
    assert screen.hang_up().code == 130
    closed(project)
    assert project.run("state", "list").out

    screen = Screen(project, ("down", "--yes", "--json"))
    screen.until('"result": "deleted"')
    assert screen.hang_up().code == 130
    closed(project)
    assert project.run("down", "--yes").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_a_question_ends_the_command(project: Project, number: signal.Signals) -> None:  # noqa: F811
    project.run("up", *NETWORK)
    screen = Screen(project, ("down",))
    screen.until("[y/N]")
    screen.send(number)
    assert screen.end().code == 130
    assert "error: interrupted" in screen.text
    assert "Traceback" not in screen.text
    closed(project)


@pytest.mark.parametrize("channel", ["stdout", "stderr"])
def test_readers_that_go_leave_the_run_alone(project: Project, channel: str) -> None:  # noqa: F811
    """As with `provision up | tee log`, of which Ctrl-C ends the other part first."""
    project.cloud.hold(1)
    with project.start("up", *ENDPOINTS, *(["--json"] if channel == "stdout" else [])) as process:
        gone, other = (process.stdout, process.stderr) if channel == "stdout" else (process.stderr, process.stdout)
        assert gone
        assert other
        gone.readline()
        gone.close()
        project.cloud.await_held()
        since = project.last_call()
        project.cloud.hold(30)
        project.cloud.await_held()
        assert len(project.writes(since)) > 5, "it goes on"
        process.send_signal(signal.SIGINT)
        project.cloud.release()
        assert "Traceback" not in other.read()
        assert process.wait(SECONDS) == 130
    closed(project)
    assert {resource["phase"] for resource in project.run("state", "list", "--json").document} <= {"created", "ready"}


def closed(project: Project) -> None:  # noqa: F811
    """The lock was given back, and all that is recorded is in the document."""
    directory = project.state / "local" / "ecs-sample-dev"
    assert (directory / "state.lock").read_bytes() == b""
    assert len((directory / "state.journal").read_bytes().splitlines()) == 1


def test_results_go_to_stdout_and_the_show_to_stderr(project: Project) -> None:  # noqa: F811
    up = project.run("up")
    assert re.fullmatch(rf"up done: .*\d+ created.*, in {TOOK}\.", up.out.splitlines()[0])
    assert "https://app.example.com" in up.out
    assert re.search(r"^\+ vpc/main created \(vpc-\w+\) [\d.]+ s$", up.err, re.MULTILINE)
    assert "\x1b" not in up.out + up.err

    again = project.run("up")
    assert re.fullmatch(rf"up done: \d+ unchanged, in {TOOK}\.", again.out.splitlines()[0])
    shown = [line for line in again.err.splitlines() if not line.startswith("note: ")]
    assert shown == [f"up ecs-sample-dev: account 123456789012, ap-northeast-1, {again.out.split()[2]} resources"]

    first = project.run("status").out.splitlines()
    assert len(first) <= 20
    assert first[1] == "url  none here, without Docker: on AWS https://app.example.com"
    serving = [line.split()[1] for line in first if re.search(r"^= .* 1/1 .* simulated$", line)]
    assert serving == ["backend", "frontend"]
    status = project.run("status", "--all").out
    assert re.search(r"^service +tasks +revision +deployment +capacity$", status, re.MULTILINE)
    assert re.search(r"^backend +1/1 +\S+ +COMPLETED +FARGATE_SPOT +simulated$", status, re.MULTILINE)
    live = project.run("status", "--json").document["live"]
    assert [service["name"] for service in live["services"]] == ["backend", "frontend"]
    assert {i["status"] for i in live["instances"]} == {"ACTIVE"}
    assert sum(i["tasks"] for i in live["instances"]) == 1
    assert [database["status"] for database in live["databases"]] == ["available"]

    values = project.run("output", "--json").document
    assert values["url"] == "https://app.example.com"
    assert {"cluster", "database", "load_balancer", "vpc"} < values.keys()
    assert project.run("output", "cluster").out == "ecs-sample-dev\n"

    since = project.last_call()
    plan = project.run("plan")
    assert plan.out.startswith("No changes: ")
    project.change(r"\A", "\nlogs = { retention_days = 14 }\n")
    project.change(r"^database = true$", "database = true\ncount = 2")
    changed = project.run("plan", code=2)
    assert "      retention_in_days: 7 -> 14" in changed.out.splitlines()
    assert "Plan: 3 to change, " in changed.out
    said = (
        "note: services.backend.count = 2 has no effect on an existing service: scaling sets the number of tasks, now 1"
    )
    assert said in changed.out
    assert project.writes(since) == [], "plan, status and output only read"

    refused = project.run("down", code=4)
    assert "add --yes" in refused.err
    assert re.search(r"^  - network: \d+ resources$", refused.err, re.MULTILINE)
    assert project.writes(since) == []
    down = project.run("down", "--yes")
    assert re.fullmatch(rf"down done: \d+ deleted, \d+ retained, in {TOOK}\.", down.out.splitlines()[0])
    assert "No leftover resources of ecs-sample-dev found" in down.out
    assert "Retained: service_linked_role/" in down.out
    assert "it is shared by the account and free of charge." in down.out
    assert re.search(
        r"^= service_linked_role/ecs retained \(\S+\) [\d.]+ s: it is shared by the account", down.err, re.MULTILINE
    )


@pytest.mark.parametrize("command", ["up", "down"])
def test_json_is_all_that_stands_on_stdout(project: Project, command: str) -> None:  # noqa: F811
    ended = project.run(command, "--yes", "--json", *NETWORK)
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert [event["command"] for event in events if event["event"] in {"run_started", "run_finished"}] == [
        command,
        command,
    ]
    assert events[-1]["event"] == "run_finished"
    assert events[-1]["ok"] is True


@pytest.mark.parametrize("step", [18, 21])
def test_what_could_not_be_recorded_is_not_reported_as_finished(project: Project, step: int) -> None:  # noqa: F811
    """The disk is full from one of the steps on by which the state is closed."""
    ended = project.end(project.fork("down", "--yes", "--json", how=("full", "fold", str(step))))
    assert ended.code == 1
    assert "cannot be written" in ended.err
    assert [event["event"] for event in ended.events] == ["run_started"]
