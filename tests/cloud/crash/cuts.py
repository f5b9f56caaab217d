"""Ways to cut a command short: each runs it on a project, and returns the place of the cut, or nothing if none came."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from dataclasses import dataclass
from typing import Any, Protocol

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.project import SECONDS, Ended, Project
from tests.cloud.warm import PROGRAM

MOMENTS = ("before", "after")
_STOP = {"when": "after", "signal": "STOP"}
"""Arguments by which the cloud stops a process for a while."""


class Cut(Protocol):
    """One way to cut `up` or `down` short."""

    def __call__(self, project: Project, command: str) -> str:
        """Run the command, and return the place of the cut; empty if the command ended by itself before that."""


@dataclass(frozen=True)
class AtCall:
    """SIGKILL for the whole process group at its n-th write, before the effect, or after it and before the reply.

    With an `operation` (`service:Operation`) only its calls are counted.
    """

    call: int
    when: str
    operation: str = ""

    def __call__(self, project: Project, command: str) -> str:
        since = project.last_call()
        process = _start(project, command)
        aim(project, process, since, call=self.call, when=self.when, operation=self.operation)
        ended = project.end(process)
        hit: str = kill(project.cloud)["hit"]
        _check(ended, -signal.SIGKILL if hit else 0)
        return hit

    def __str__(self) -> str:
        return f"{self.operation or 'call'} {self.call} {self.when}"


@dataclass(frozen=True)
class AtStateStep:
    """SIGKILL around the n-th step of a sort on the state's files: before it, after it, or half-way.

    The sorts are those of `tests.cloud.crash.disturbed`.
    """

    sort: str
    step: int
    when: str

    def __call__(self, project: Project, command: str) -> str:
        ended = project.end(_start(project, command, "die", self.sort, str(self.step), self.when))
        died = ended.code == -signal.SIGKILL
        _check(ended, -signal.SIGKILL if died else 0)
        return f"{self.sort} {self.step}" if died else ""

    def __str__(self) -> str:
        return f"state {self.sort} {self.step} {self.when}"


@dataclass(frozen=True)
class CtrlC:
    """Ctrl-C after so many writes, and once more after some more writes if that many follow.

    Attributes:
        again: that many more; 0 for a Ctrl-C that stays the only one.
    """

    writes: int
    again: int = 0

    def __call__(self, project: Project, command: str) -> str:
        since = project.last_call()
        process = _start(project, command)
        aim(project, process, since, call=self.writes, **_STOP)
        times = int(_interrupt(project, process, self.again))
        if times and self.again:
            times += _interrupt(project, process)
        ended = project.end(process)
        # at its very end it has nothing left to stop
        _check(ended, *((130, 0) if times else (0,)))
        return f"{times} times" if ended.code else ""

    def __str__(self) -> str:
        return f"Ctrl-C {self.writes}" + (f" and {self.again} writes later" if self.again else "")


@dataclass(frozen=True)
class DiskFull:
    """No file can grow beyond so many bytes: a write beyond is cut off, and the next one refused."""

    size: int

    def __call__(self, project: Project, command: str) -> str:
        ended = project.end(_start(project, command, "limit", str(self.size)))
        _check(ended, 1)
        assert "cannot be written" in ended.err, ended.err
        return f"{self.size} bytes"

    def __str__(self) -> str:
        return f"disk full at {self.size}"


@dataclass(frozen=True)
class NoRoom:
    """The disk has no more room from the n-th step of a sort on the state's files."""

    sort: str
    step: int

    def __call__(self, project: Project, command: str) -> str:
        ended = project.end(_start(project, command, "full", self.sort, str(self.step)))
        _check(ended, 0, 1)
        assert ended.code == 0 or "cannot be written: No space left" in ended.err, ended.err
        return f"{self.sort} {self.step}" if ended.code else ""

    def __str__(self) -> str:
        return f"disk full from {self.sort} {self.step} on"


@dataclass(frozen=True)
class ReadOnly:
    """The state's directory cannot be written any more from some write on, or from the beginning."""

    writes: int

    def __call__(self, project: Project, command: str) -> str:
        directory, since = project.state / "local" / NAME, project.last_call()
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o500 if self.writes == 0 else 0o700)
        try:
            process = _start(project, command, plain=True)
            if self.writes:
                aim(project, process, since, call=self.writes, **_STOP)
                if _stands(project, process):
                    directory.chmod(0o500)
                    _go_on(process)
            ended = project.end(process)
        finally:
            directory.chmod(0o700)
        _check(ended, 1)
        assert "cannot be written" in ended.err, ended.err
        assert self.writes or not project.writes(since), "it looked first"
        return f"{len(project.writes(since))} writes"

    def __str__(self) -> str:
        return f"read-only {self.writes}"


def kill(cloud: EmbeddedCloud, **what: Any) -> dict[str, Any]:
    """Tell the cloud which process to kill, and when; without arguments, return the result."""
    query = "&".join(f"{key}={value}" for key, value in what.items())
    answer: dict[str, Any] = json.loads(cloud.control("POST" if what else "GET", "kill", query))
    return answer


def _start(project: Project, command: str, *how: str, plain: bool = False) -> Any:
    """Start a command in a process group of its own, disturbed somehow, or as somebody whom permissions bind."""
    if plain and os.geteuid() == 0:
        # root may write anywhere but for this
        caps = "-dac_override,-dac_read_search,-fowner"
        program = [str(shutil.which("setpriv")), f"--inh-caps={caps}", f"--bounding-set={caps}", *PROGRAM]
        return project.start(*command.split(), "--yes", program=program, process_group=0)
    return project.fork(*command.split(), "--yes", how=how)


def aim(project: Project, process: Any, since: int, **what: Any) -> None:
    """Tell the cloud at which write the process is struck; it must not have written anything since a call yet."""
    kill(project.cloud, pid=process.pid, **what)
    assert not project.writes(since), "it wrote before the cloud knew when to strike: the machine is too busy"


def _stands(project: Project, process: Any) -> bool:
    """Wait until the process stands still at a write; whether it does, or has ended before."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if kill(project.cloud)["hit"]:
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return False


def _go_on(process: Any) -> None:
    os.killpg(process.pid, signal.SIGCONT)


def _interrupt(project: Project, process: Any, more: int = 0) -> bool:
    """Send a Ctrl-C to a process that stands still at a write, if it does; it goes on for so many writes, if given."""
    if not _stands(project, process):
        return False
    process.send_signal(signal.SIGINT)
    if more:
        kill(project.cloud, pid=process.pid, call=more, **_STOP)
    _go_on(process)
    return True


def _check(ended: Ended, *codes: int) -> None:
    assert ended.code in codes, f"exit code {ended.code}\n{ended.err[-3000:]}\n{ended.out[-1000:]}"
    assert "This is a bug" not in ended.err, ended.err
