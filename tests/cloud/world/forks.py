"""The test process's part: it hands tests that have a world to processes, and takes their reports as its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from _pytest.reports import TestReport

from tests.cloud import warm
from tests.cloud.world import marks, zygote
from tests.cloud.world.marks import World
from tests.cloud.world.wire import Answers, Channel, pair

MARGIN = 60.0
"""Real seconds after a test's own time is up within which the fork has to say so itself."""


class Broken(Exception):
    """A process cannot be used, for the reason that the message says."""


@dataclass
class Forks:
    """A plugin of a session whose tests have been collected.

    Attributes:
        root: to the process from which all others fork.
        pid: its.
        base: a directory of the session's own.
    """

    root: Channel
    pid: int
    base: Path

    def __post_init__(self) -> None:
        self._standing: dict[World, Channel | str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a test that has a world in a fork."""
        if (world := marks.of(item)) is None:
            return None
        if item.config.pluginmanager.hasplugin("timeout"):
            # the fork has a timer of its own, which says more
            item.config.hook.pytest_timeout_cancel_timer(item=item)
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self._run(world, item, nextitem):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        # what an earlier test left set up here, for directories that it shares with this one
        item.session._setupstate.teardown_exact(nextitem)
        if nextitem is None or nextitem.path != item.path:
            self._dismiss_standing()
        return True

    def pytest_sessionfinish(self) -> None:
        """Let all processes end."""
        self._dismiss_standing()
        self.root.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _dismiss_standing(self) -> None:
        for channel in self._standing.values():
            if isinstance(channel, Channel):
                channel.close()
        self._standing.clear()

    def _run(self, world: World, item: pytest.Item, nextitem: pytest.Item | None) -> list[TestReport]:
        """Return the reports of a test; if its process broke, as far as they came, and a further one, which says so."""
        reports, ended, why = list[TestReport](), None, ""
        following = nextitem.nodeid if world.whole and nextitem and marks.of(nextitem) == world else ""
        try:
            answers = self._channel(world, item).order(test=item.nodeid, next=following)
            for line in self._lines(answers, _patience(item)):
                if "report" in line:
                    reports.append(_report(item, line["report"]))
                ended = line.get("ended", ended)
        except (Broken, OSError) as error:
            why = str(error)
        if ended != 0 or why or reports[-1:] == [] or reports[-1].when != "teardown":
            if world.whole and isinstance(channel := self._standing.pop(world, None), Channel):
                channel.close()
            why = why or f"the fork ended before the test did ({_how(ended)})"
            reports.append(_failure(item, why + self._last_words()))
        return reports

    def _channel(self, world: World, item: pytest.Item) -> Channel:
        """Return the way to the process that a test forks from, begun if it is the first one."""
        if not world.file:
            return self.root
        if world not in self._standing:
            self._standing[world] = self._begun(world, item)
        if isinstance(found := self._standing[world], str):
            raise Broken(found)
        return found

    def _begun(self, world: World, item: pytest.Item) -> Channel | str:
        """Begin a process, or return why it cannot be used."""
        mine, theirs = pair(socket.SOCK_SEQPACKET)
        with theirs:
            answers = self.root.order(theirs, stand=item.nodeid, whole=world.whole)
        said: dict[str, Any] = {}
        for line in self._lines(answers, _patience(item)):
            said |= line
        if "ready" in said:
            return Channel(mine)
        mine.close()
        return str(said.get("failed") or f"the process ended before the stack stood{self._last_words()}")

    def _lines(self, answers: Answers, seconds: float) -> Iterator[dict[str, Any]]:
        """Yield the lines of an answer, and lend the sockets that it asks for; kill a process after too long a silence.

        Raises:
            Broken: it was.
        """
        pid, heard = 0, False
        try:
            for line in answers.lines(seconds):
                pid = line.get("pid", pid)
                if "lend" in line:
                    answers.lend(warm.shared().here)
                yield line
            heard = True
        except TimeoutError:
            raise Broken(f"no word from the fork within {seconds:.0f} s: it was killed") from None
        finally:
            if pid and not heard:
                # whatever ends the waiting, nobody goes on
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            answers.close()

    def _last_words(self) -> str:
        """Return the last words of processes that broke, once."""
        place = self.base / zygote.LAST_WORDS
        if not place.exists():
            return ""
        text = place.read_text(encoding="utf-8")
        place.unlink()
        return f"\n{text}"


def begin(session: pytest.Session) -> None:
    """Fork the process from which all others will, if a test of the session has a world; it waits for a first order."""
    if marks.switched_off(session.config) or not any(map(marks.of, session.items)):
        return
    factory: Any = session.config._tmp_path_factory  # type: ignore[attr-defined]
    # one directory for all forks, whose tests have theirs in it
    base = factory.getbasetemp() / "world"
    base.mkdir()
    mine, theirs = pair(socket.SOCK_SEQPACKET)
    with warnings.catch_warnings():
        # threads that are no concern of the fork, such as those of a worker
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        mine.close()
        zygote.begin(theirs, zygote.Runner(session, base))
    theirs.close()
    forks = Forks(Channel(mine), pid, base)
    session.config.pluginmanager.register(forks)
    # if the session does not come to its end
    atexit.register(forks.pytest_sessionfinish)


def _patience(item: pytest.Item) -> float:
    """Real seconds within which a test must have been heard of to its end."""
    config, mark = item.config, item.get_closest_marker("timeout")
    own = mark.args[0] if mark and mark.args else config.getoption("timeout", None)
    return float(own or config.getini("timeout") or 0) + MARGIN


def _report(item: pytest.Item, data: dict[str, Any]) -> TestReport:
    for name in ("longrepr", "location"):
        # on the way a tuple becomes a list
        data[name] = tuple(data[name]) if isinstance(data[name], list) else data[name]
    found: TestReport = item.config.hook.pytest_report_from_serializable(config=item.config, data=data)
    return found


def _failure(item: pytest.Item, why: str) -> TestReport:
    return TestReport(item.nodeid, item.location, {}, "failed", why, "call")


def _how(ended: int | None) -> str:
    if ended is None:
        return "nothing says how"
    return f"by {signal.Signals(-ended).name}" if ended < 0 else f"exit code {ended}"
