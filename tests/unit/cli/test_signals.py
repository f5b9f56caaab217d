"""Signals and closed channels: the end of a command that is told to end, or has lost its reader."""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from ecs_emulator import turns
from provisioner.aws.client import Aws
from provisioner.engine.clock import Pace
from provisioner.engine.errors import Interrupted
from provisioner.engine.events import Event, Notice, RunFinished
from provisioner.engine.execution.leftovers import find_leftovers
from provisioner.engine.resource import RESOURCE_TYPES, Observed, Resource
from provisioner.engine.scheduling import pools
from provisioner.operations.context import graceful_stop, signals, stores
from provisioner.operations.context.options import Options
from provisioner.operations.runs.summary import Summary
from provisioner.render import summary
from provisioner.render.progress import Progress
from provisioner.state.local import DOCUMENT, JOURNAL, LOCK
from provisioner.state.model import Record
from tests.jumping import Jumping
from tests.unit.cli.hostile import CONFIG
from tests.ways import way

SECONDS = 60
"""The longest time of a process of these tests: a longer one hangs."""
ROOT = Path(__file__).parents[3]

RUN = """
import os, signal, sys, threading
from provisioner.operations.context import signals, graceful_stop as stopping, stores
from provisioner.engine.clock import Pace
pace = Pace()
"""


@pytest.fixture(autouse=True)
def not_under_nohup() -> Iterator[None]:
    """Let a hang-up have its effect here and in the processes that are started, even if the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def script(code: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own that has a run's pace at hand."""
    return subprocess.run(
        [sys.executable, "-c", RUN + code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=ROOT,
        **more,
    )


@pytest.mark.parametrize("number", signals.ENDING)
def test_the_first_signal_asks_the_run_to_stop_and_says_so(number: int) -> None:
    pace, events, said = Pace(), list[Event](), threading.Event()

    def emit(event: Event) -> None:
        events.append(event)
        said.set()

    with signals.watched(), graceful_stop.interruptible(pace, emit):
        os.kill(os.getpid(), number)
        assert said.wait(SECONDS)
        assert pace.stop.is_set()
    assert events == [Notice(graceful_stop.STOPPING)]


def test_all_is_as_before_when_the_watch_ends() -> None:
    before = [signal.getsignal(number) for number in signals.ENDING]
    threads = threading.active_count()
    files = len(list(Path("/dev/fd").iterdir()))
    with signals.watched():
        assert [signal.getsignal(number) for number in signals.ENDING] != before
    assert [signal.getsignal(number) for number in signals.ENDING] == before
    assert threading.active_count() == threads
    assert len(list(Path("/dev/fd").iterdir())) == files
    assert signal.set_wakeup_fd(-1) == -1


def test_the_second_signal_ends_a_stuck_process() -> None:
    ended = script("""
import ctypes
def emit(event):
    threading.Event().wait()
stuck = threading.Event()
def twice():
    stuck.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
        pace.stop.wait()
with signals.watched(), stopping.interruptible(pace, emit):
    # a mutex of the C library, in which no handler of Python's is called
    lock, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(128)
    lock(mutex)
    threading.Thread(target=twice, daemon=True).start()
    # no other thread runs until this one is stuck
    sys.setswitchinterval(1000)
    stuck.set()
    while True:
        lock(mutex)
""")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_hang_ups_do_not_count_as_a_second_one() -> None:
    """The kernel sends one when a terminal is closed, the shell another, and systemd sends one beside SIGTERM."""
    ended = script("""
with signals.watched(), stopping.interruptible(pace, lambda event: None):
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP, signal.SIGHUP):
        os.kill(os.getpid(), number)
        pace.stop.wait()
print("ended in good order")
""")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended in good order\n", "")


def test_an_ignored_hang_up_stays_ignored() -> None:
    ended = script(
        """
with signals.watched(), stopping.interruptible(pace, lambda event: None):
    os.kill(os.getpid(), signal.SIGHUP)
    print(signals.interrupted())
""",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert (ended.stdout, ended.stderr) == ("False\n", "")


@pytest.mark.slow
def test_a_signal_may_come_at_any_moment_of_a_wait() -> None:
    """The main thread may hold the lock of its own wait at that moment."""
    ended = script("""
import random, time
from contextlib import ExitStack
go, went = os.pipe()
main = os.getpid()
if os.fork() == 0:
    chance = random.Random(1)
    os.close(went)
    while os.read(go, 1):
        until = time.perf_counter() + chance.random() * 0.0003
        while time.perf_counter() < until:
            pass
        os.kill(main, signal.SIGINT)
    os._exit(0)
for number in range(300):
    pace = Pace()
    with ExitStack() as contexts:
        contexts.enter_context(signals.watched())
        contexts.enter_context(stopping.interruptible(pace, lambda event: None))
        os.write(went, b".")
        while not pace.stop.wait(0):
            pass
print(number)
""")
    assert (ended.stdout, ended.stderr) == ("299\n", "")


@dataclass(frozen=True)
class Slow(Resource):
    """A resource type whose list has to wait for its turn."""

    type_name: ClassVar[str] = "slow"
    service: ClassVar[str] = "slow"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> list[Observed]:
        aws.pace.sleep(1)
        return []


RESOURCE_TYPES.pop("slow")


def test_an_interrupted_last_read_is_not_told_as_leftovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(RESOURCE_TYPES, "slow", Slow)
    aws = way()
    assert find_leftovers(aws, {}, [Slow]) == []
    aws.pace.stop.set()
    with pytest.raises(Interrupted):
        find_leftovers(aws, {}, [Slow])


# -- outside of a run --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", signals.ENDING)
def test_outside_of_a_run_a_signal_interrupts_once(number: int) -> None:
    way_out: list[str] = []

    def work() -> None:
        try:
            os.kill(os.getpid(), number)
            threading.Event().wait(SECONDS)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            way_out.append("not disturbed")

    with signals.watched():
        with pytest.raises(KeyboardInterrupt):
            work()
        assert signals.interrupted()
    assert way_out == ["not disturbed"]


def test_what_is_held_is_done_first() -> None:
    done: list[str] = []
    with signals.watched(), signals.held():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("written")
        with pytest.raises(KeyboardInterrupt), signals.at_once():
            done.append("asked")
    assert done == ["written"]


def test_a_signal_that_was_held_ends_a_run_before_it_begins() -> None:
    pace, events = Pace(), list[Event]()
    with signals.watched(), signals.held():
        os.kill(os.getpid(), signal.SIGINT)
        with graceful_stop.interruptible(pace, events.append):
            assert pace.stop.is_set()
    assert events == [Notice(graceful_stop.STOPPING)]


@pytest.mark.parametrize("name", ["fsync", "ftruncate"])
def test_opening_and_closing_the_state_are_not_left_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Ctrl-C at each of the calls by which a state is opened, written and closed."""
    real: Callable[..., Any] = getattr(os, name)
    aws = SimpleNamespace(account="123456789012", region="ap-northeast-1", pace=Pace())

    def work(directory: Path, at: int) -> bool:
        numbers = itertools.count(1)
        hit = []

        def call(*given: Any) -> None:
            real(*given)
            if next(numbers) == at:
                hit.append(at)
                os.kill(os.getpid(), signal.SIGINT)

        with monkeypatch.context() as patch, signals.watched():
            patch.setattr(os, name, call)
            with stores.open_store(Options(state_dir=directory), CONFIG, cast("Any", aws), "up") as store:
                store.put(Record("box/a", "box", "ready", ""))
        return bool(hit)

    at = 1
    while work(directory := tmp_path / str(at), at):
        place = directory / CONFIG.target / CONFIG.name
        assert (place / LOCK).read_bytes() == b""
        assert json.loads((place / DOCUMENT).read_bytes())["records"].keys() == {"box/a"}
        assert len((place / JOURNAL).read_bytes().splitlines()) == 1, "all is folded"
        at += 1
    assert at > 2


# -- reads in other threads --------------------------------------------------------------------------------------------

READS = """
import time
from types import SimpleNamespace
from provisioner.engine.scheduling import pools, progress as run
from provisioner.engine.resource import Resource
class Kind(Resource):
    type_name = service = "kind"
began, ended = threading.Event(), []
def interrupt():
    began.wait()
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
def read(_):
    began.set()
    try:
        pace.sleep(60)
    finally:
        ended.append(1)
def many():
    pools.each(pace, read, range(9), 1)
def prefetched():
    sharing = lambda: SimpleNamespace(live=read)
    run.prefetch(SimpleNamespace(pace=pace, sharing_reads=sharing), [Kind])
def failed():
    with pools.pool(pace, 1) as threads:
        threads.submit(read, 1)
        began.wait()
        raise ValueError
"""


@pytest.mark.parametrize("reading", ["many", "prefetched", "failed"])
def test_an_interrupt_ends_reads_in_other_threads(reading: str) -> None:
    """Wherever it comes: in the block, while its end waits for the threads, and also where something failed before."""
    ended = script(f"""{READS}
start = time.monotonic()
try:
    with signals.watched(), signals.at_once():
        {reading}()
except KeyboardInterrupt:
    pools_left = [one for one in threading.enumerate() if one.name.startswith("ThreadPool")]
    print(len(ended), pools_left, time.monotonic() - start < 30)
""")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "1 [] True\n", "")


def test_a_second_interrupt_ends_at_once_despite_a_read() -> None:
    ended = script(f"""{READS}
def read(_):
    began.set()
    pace.stop.wait()
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(50)
with signals.watched(), signals.at_once():
    prefetched()
""")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_a_long_act_gathers_no_waits_of_its_readers() -> None:
    pace = Pace(Jumping())
    with pace.runtime.pool(1) as threads:
        act = threads.submit(pace.sleep, 100)
        for _ in range(300):
            assert not pace.first_done([act], 0.25)
        assert len(cast("Any", act)._waiting) == 1
        assert len(cast("Any", act)._done_callbacks) <= 2
        assert pace.first_done([act], 60) == [act]


def test_an_interrupt_drops_what_a_pool_of_turns_has_not_begun() -> None:
    pace, done, futures = Pace(Jumping()), list[int](), list[Future[None]]()

    def read(number: int) -> None:
        done.append(number)
        pace.sleep(60)

    def interrupted() -> None:
        with pools.pool(pace, 2) as threads:
            futures.extend(threads.submit(read, number) for number in range(5))
            pace.wait(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == [0, 1]
    assert [future.cancelled() for future in futures] == [False, False, True, True, True]


# -- channels that are closed, or go away ------------------------------------------------------------------------------


def test_a_run_goes_on_when_its_events_cannot_be_shown() -> None:
    seen: list[Event] = []

    def view(event: Event) -> None:
        seen.append(event)
        raise OSError(errno.ENOSPC, "No space left on device")

    progress = Progress(view)
    progress.emit(Notice("one"))
    progress.emit(RunFinished("up", True, {}, 1.0, ()))
    assert progress.finished is not None
    assert len(seen) == 1
    outcome = Summary("up", {}, 1.0)
    with pytest.raises(OSError, match="No space left"):
        summary.report(outcome, progress, json=True)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_channels_that_are_closed_from_the_beginning_do_no_harm(tmp_path: Path, closed: tuple[int, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "provisioner.cli.main", "init"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=lambda: [*map(os.close, closed)],
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert (tmp_path / "stack.toml").exists()


def test_an_error_that_nobody_can_read_keeps_its_exit_code(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as unread:
        ended = subprocess.run(
            [sys.executable, "-m", "provisioner.cli.main", "plan"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=unread,
            timeout=SECONDS,
            check=False,
        )
    assert (ended.returncode, ended.stdout) == (4, b"")


# -- moments at which nothing may be raised, or is raised in vain ------------------------------------------------------


class Cleared:
    """An object at whose destruction a signal comes; Python drops the error."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_that_python_drops_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[type[BaseException]] = []
    before = signal.getsignal(signal.SIGURG)
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: dropped.append(lost.exc_type))
    with signals.watched():
        one = Cleared()
        del one
        with pytest.raises(KeyboardInterrupt):
            threading.Event().wait(SECONDS)
    assert dropped == []
    assert signal.getsignal(signal.SIGURG) is before


def test_a_signal_that_wakes_nobody_comes_again() -> None:
    """Example: it comes just after Python has checked for signals, before a wait for a lock."""
    asleep = threading.Lock()
    asleep.acquire()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    sender = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        with signals.watched():
            # another thread gets it then, and Python leaves it to the main thread
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            sender.start()
            with pytest.raises(KeyboardInterrupt):
                asleep.acquire(timeout=SECONDS)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        sender.join()


def test_a_signal_that_is_noted_late_raises_no_second_time() -> None:
    """The thread that reads the signals may have seen it before it was raised, and note it afterwards."""
    with signals.watched():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signals._watch.due = True
        threading.Event().wait(20 * signals.AGAIN_SECONDS)


def test_other_exceptions_that_python_drops_are_reported_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __del__(self) -> None:
            raise ValueError("broken")

    dropped: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: dropped.append(lost.exc_type))
    with signals.watched():
        one = Broken()
        del one
    assert dropped == [ValueError]


def test_a_wait_for_a_turn_is_interrupted_at_once() -> None:
    asleep = turns.Turns(lambda: 0.0, lambda: None)

    def interrupt() -> None:
        while asleep.taken:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    with signals.watched():
        sender = threading.Thread(target=interrupt)
        sender.start()
        with pytest.raises(KeyboardInterrupt):
            asleep.sleep(1)
        sender.join()
    assert asleep.taken


def sleeping(runtime: Jumping) -> None:
    runtime.sleep(10)


def locking(runtime: Jumping) -> None:
    with cast("Any", runtime).shared:
        runtime.sleep(1)


def waiting_for_a_word(runtime: Jumping) -> None:
    condition = runtime.condition()
    with condition:
        condition.wait(10)


def waiting_for_an_event(runtime: Jumping) -> None:
    runtime.event().wait(10)


def looking_on(runtime: Jumping) -> None:
    with runtime.watching():
        runtime.sleep(0.001)


def working(runtime: Jumping) -> None:
    with runtime.working():
        pass


def sharing_out(runtime: Jumping) -> None:
    runtime.each(runtime.sleep, [1, 2, 3], 2)


WAITS = (sleeping, locking, waiting_for_a_word, waiting_for_an_event, looking_on, working, sharing_out)


@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: wait.__name__)
def test_a_signal_at_any_line_of_the_turns_leaves_them_whole(wait: Callable[[Jumping], None]) -> None:
    """It is raised once, soon, and afterwards all threads go on: nobody keeps the mutex, a lock or the turn."""
    at = 0
    while interrupted_at(at, wait):
        at += 1
    assert at > 10


def interrupted_at(at: int, wait: Callable[[Jumping], None]) -> bool:
    """Wait while another thread works, with a signal at that line; return whether there is such a line.

    In a wait itself, any instruction counts.
    """
    signals.raise_only_in(turns.INTERRUPTIBLE)
    runtime, left = Jumping(), itertools.repeat(None, at)
    cast("Any", runtime).shared = runtime.lock()
    rounds: list[int] = []

    def other() -> None:
        for number in range(3):
            with cast("Any", runtime).shared:
                runtime.sleep(1)
            rounds.append(number)

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_globals is not vars(turns):
            return None
        waits = frame.f_code is turns.ThreadWait.sleep.__code__
        frame.f_trace_opcodes = waits
        if event == ("opcode" if waits else "line") and next(left, at) is not None:
            sys.settrace(None)
            hit.append(at)
            os.kill(os.getpid(), signal.SIGINT)
        return trace

    hit: list[int] = []
    worker = runtime.start(other, "other")
    raised = 0
    with signals.watched():
        try:
            sys.settrace(trace)
            wait(runtime)
            sys.settrace(None)
            threading.Event().wait(SECONDS if hit else 0)
        except KeyboardInterrupt:
            raised += 1
        finally:
            sys.settrace(None)
    assert raised == len(hit)
    # the other thread may have it for an instant; nobody keeps it
    assert runtime.turns.mutex.acquire(timeout=SECONDS)
    runtime.turns.mutex.release()
    worker.join()
    with cast("Any", runtime).shared:
        runtime.sleep(1)
    assert rounds == [0, 1, 2]
    assert (runtime.turns.taken, runtime.turns.working, runtime.turns.apart()) == (True, 0, False)
    return bool(hit)


INTERRUPTED_IN_EVALUATION = """
import provisioner.cli.main as program
import provisioner.render.summary, provisioner.render.text

def stopped(*_, **__):
    exec("raise KeyboardInterrupt")

program._program = lambda _: stopped
raise SystemExit(program.main(["plan"]))
"""


def test_an_exit_code_holds_wherever_the_signal_came(tmp_path: Path) -> None:
    """Python ends `-m` by SIGINT where a KeyboardInterrupt has left text that was evaluated, as a dataclass is made."""
    (tmp_path / "stopped.py").write_text(INTERRUPTED_IN_EVALUATION)
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    ended = subprocess.run(
        [sys.executable, "-m", "stopped"], env=os.environ | {"PYTHONPATH": path}, timeout=SECONDS, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (130, "error: interrupted\n")
