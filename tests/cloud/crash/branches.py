"""Forks of this process, which has the embedded cloud in itself: each has the cloud and the state of one moment.

A command runs as a process next to this one, undisturbed. At one of its calls this process forks: the fork has no such
process, and goes on as after a SIGKILL. Here the command gets its answer, and goes on to the next call.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from ecs_emulator.clock import CLOCK
from ecs_emulator.kill import Kill
from ecs_emulator.lock import LOCK
from ecs_emulator.wsgi import HangUp
from tests.cloud import warm
from tests.cloud.crash.pool import Ended as Heard
from tests.cloud.crash.pool import Pool
from tests.cloud.project import SECONDS, Ended, Project
from tests.cloud.warm import Run
from tests.cloud.world import own, zygote

PATIENT = 86_400
"""Real seconds that the undisturbed command waits for an answer: until there is room for a fork."""
AT_MOST = 3 * SECONDS
"""Real seconds that a fork may take for anything but a command."""


def begin() -> None:
    """Have the embedded cloud in this process, and all that a command reads; once a process."""
    # other processes fork from one that has no cloud in it
    warm.shared()
    zygote.load()
    own.HERE.fresh = False


def emptied(directory: Path, **more: Any) -> Project:
    """Return a project in a new directory, on the emptied cloud of this process; `more` goes to `Project`."""
    assert own.HERE.cloud is not None
    own.begin(own.HERE.cloud)
    gc.collect()
    gc.freeze()
    directory.mkdir()
    return Project(own.HERE.cloud, directory, PATIENT, **more)


class Bounded(Project):
    """A project in a fork, which a command in the same process ends (SIGALRM) if it takes too long."""

    def done(self, *words: str) -> Ended:
        """Run a command to any end."""
        signal.alarm(int(self.seconds))
        try:
            return super().done(*words)
        finally:
            signal.alarm(AT_MOST)

    def end(self, process: subprocess.Popen[Any] | Run) -> Ended:
        """Wait for a command that is a process."""
        signal.alarm(int(self.seconds) + AT_MOST)
        try:
            return super().end(process)
        finally:
            signal.alarm(AT_MOST)


@dataclass
class Branches:
    """The forks of this process during the commands of one project.

    Attributes:
        project: on the cloud of this process.
    """

    project: Project
    pool: Pool
    _numbers: count[int] = field(default_factory=count)
    _mine: Callable[[], NoReturn] | None = None
    """The work of this process if it is a fork."""

    @property
    def forked(self) -> bool:
        """Return whether this process is a fork, and has to `go_on`."""
        return self._mine is not None

    def begin(self, ended: Heard, work: Callable[[Project], str]) -> None:
        """Fork, with a copy of the project's directory; the fork has to `go_on` as soon as it is out of the call.

        Args:
            ended: takes the text of the fork, and how it ended.
            work: the work of the fork; returns its text.
        """
        directory = self.project.directory.parent / f"branch-{next(self._numbers)}"
        # nobody writes there: one call is made at a time, and not answered yet
        shutil.copytree(self.project.directory, directory, symlinks=True)
        with LOCK, CLOCK.standing():
            end = self.pool.fork(partial(_heard, directory, ended))
        if end is not None:
            self._mine = partial(self._live, directory, work, end)

    def go_on(self) -> None:
        """Do the work of this process and end, if it is a fork."""
        if self._mine:
            self._mine()

    @contextmanager
    def at_calls(self, kill: Kill) -> Iterator[None]:
        """Let the cloud ask `kill` at each call, and a fork go on once it is out of the call."""
        cloud = _cloud()
        answer = cloud.call

        def call(environ: dict[str, Any]) -> Any:
            try:
                return answer(environ)
            except HangUp:
                # all locks of the call are free again, as when its sender has been killed
                self.go_on()
                raise

        cloud.kill, cloud.call = kill, call
        try:
            yield
        finally:
            del cloud.call
            cloud.kill = Kill()

    def _live(self, directory: Path, work: Callable[[Project], str], end: int) -> NoReturn:
        """Be a fork: go on as if the command had been killed, and give the text back."""
        code = 70
        try:
            signal.alarm(AT_MOST)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            own.after_fork()
            cloud = _cloud()
            cloud.kill = Kill()
            vars(cloud).pop("call", None)
            written = self.project.config.read_text()
            project = Bounded(self.project.cloud, directory, durations=self.project.durations)
            project.write(written)
            text = work(project)
            project.close()
            _write(end, text)
            code = 0
        except BaseException:  # noqa: BLE001 (nobody else hears of it)
            _write(end, traceback.format_exc())
        finally:
            sys.stdout.flush()
            os._exit(code)


def _heard(directory: Path, ended: Heard, text: str, code: int) -> None:
    shutil.rmtree(directory)
    ended(text, code)


def _write(end: int, text: str) -> None:
    with os.fdopen(end, "w", encoding="utf-8", closefd=False) as file:
        file.write(text)


def _cloud() -> Any:
    assert own.HERE.cloud is not None
    process: Any = own.HERE.cloud.process
    return process.cloud
