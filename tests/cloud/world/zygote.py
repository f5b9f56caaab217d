"""The processes that tests fork from, and the forks themselves: loading, standing a stack up, running a test."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from ecs_emulator import inside
from tests.cloud import warm
from tests.cloud.world import marks, own
from tests.cloud.world.wire import Told, receive

LAST_WORDS = "last-words"
"""The file in the session's directory that a process which breaks writes to."""


class Runner:
    """Runs tests in this process, as the test process's session has them, and keeps the reports for it.

    As a plugin it stands in for pytest's own protocol: inside all that plugins lay around a test, it tells nobody else.
    """

    def __init__(self, session: pytest.Session, base: Path) -> None:
        self.session, self.base = session, base
        self.items = {item.nodeid: item for item in session.items}
        self._reports: list[pytest.TestReport] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test, and keep its reports."""
        self._reports = runtestprotocol(item, log=False, nextitem=nextitem)
        return True

    def run(self, name: str, following: str, told: Told) -> None:
        """Run a test, and tell its reports; fixtures that the test which follows needs as well are left as they are."""
        config = self.session.config
        config.hook.pytest_runtest_protocol(item=self.items[name], nextitem=self.items.get(following))
        for report in self._reports:
            told.say(report=config.hook.pytest_report_to_serializable(config=config, report=report))

    def capture_anew(self) -> None:
        """Capture output into files of one's own: the process that forked goes on using its files."""
        capture: Any = self.session.config.pluginmanager.getplugin("capturemanager")
        if capture and capture.is_globally_capturing():
            capture.stop_global_capturing()
            capture.start_global_capturing()


def begin(there: socket.socket, runner: Runner) -> None:
    """Be the process from which all others fork, once the first order has come; never returns."""
    with _ending(runner):
        os.setpgid(0, 0)
        # those of a test are set by the test
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
        runner.session.config.pluginmanager.register(runner)
        runner.capture_anew()
        _serve(there, runner, load=load)


def load() -> None:
    """Read all that a test or a command would, and have the cloud."""
    for name in os.environ:
        if name.startswith("AWS_") or name == "PROVISION_TARGET":
            del os.environ[name]
    own.load()
    warm.read_all()


def _serve(there: socket.socket, runner: Runner, load: Callable[[], None] | None = None) -> None:
    """Take each order, until nobody is at the other end; then wait until all forks of this process have ended."""
    lasting = []
    while (order := receive(there)) is not None:
        words, (end, *more) = order
        if load:
            load()
            load = None
        child = inside.fork()
        if child == 0:
            there.close()
            _carry_out(words, Told(end), more, runner)
        for one in more:
            one.close()
        with end:
            if "test" in words:
                _tell_end(Told(end), os.waitpid(child, 0)[1])
            else:
                lasting.append(child)
    for child in lasting:
        os.waitpid(child, 0)


def _tell_end(told: Told, status: int) -> None:
    with contextlib.suppress(OSError):
        told.say(ended=os.waitstatus_to_exitcode(status))


def _carry_out(words: dict[str, Any], told: Told, more: list[socket.socket], runner: Runner) -> None:
    """Carry an order out in a fork; never returns."""
    with _ending(runner):
        os.setpgid(0, 0)
        own.after_fork()
        runner.capture_anew()
        told.say(pid=os.getpid())
        warm.lender = lambda: warm.Warm(told.borrow("warm"))
        if "test" in words:
            runner.run(words["test"], "", told)
        elif words["whole"]:
            told.say(ready=True)
            told.close()
            _run_all(more[0], runner)
        else:
            _stand(words, told, more[0], runner)


def _run_all(there: socket.socket, runner: Runner) -> None:
    """Run each test in this process that is ordered."""
    while (order := receive(there)) is not None:
        words, (end,) = order
        told = Told(end)
        warm.shared.cache_clear()
        warm.lender = lambda told=told: warm.Warm(told.borrow("warm"))
        told.say(pid=os.getpid())
        runner.run(words["test"], words["next"], told)
        own.HERE.fresh = False
        told.say(ended=0)
        told.close()


def _stand(words: dict[str, Any], told: Told, there: socket.socket, runner: Runner) -> None:
    """Stand a stack up, and let tests fork from there."""
    from tests.cloud.project import Project

    world = marks.of(runner.items[words["stand"]])
    assert world is not None
    assert world.stand is not None
    assert own.HERE.cloud is not None
    directory = Path(tempfile.mkdtemp(prefix="standing-", dir=runner.base))
    try:
        here = Project(own.HERE.cloud, directory)
        own.HERE.left = world.stand(here)
    except BaseException:  # noqa: BLE001 (whatever it is, the tests that begin there fail with it)
        told.say(failed=traceback.format_exc())
    else:
        here.close()
        own.HERE.standing = directory
        gc.collect()
        gc.freeze()
        told.say(ready=True)
        told.close()
        warm.shared.cache_clear()
        _serve(there, runner)
    finally:
        shutil.rmtree(directory)


@contextlib.contextmanager
def _ending(runner: Runner) -> Iterator[None]:
    """End the process with the context, without Python's own steps at its end: they are the test process's."""
    code = 0
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    except BaseException:  # noqa: BLE001 (nobody else hears of it)
        code = 70
        with (runner.base / LAST_WORDS).open("a", encoding="utf-8") as file:
            traceback.print_exc(file=file)
    finally:
        sys.stdout.flush()
        os._exit(code)
