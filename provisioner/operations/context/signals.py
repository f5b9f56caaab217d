"""Ctrl-C, SIGTERM and a closed terminal: a first signal ends a command in good order, a second Ctrl-C at once.

The signal handler takes no lock and starts no thread, since the main thread may hold any lock when it runs, locks of
`threading` included. Python writes the signal's number into a pipe, and a thread that was started earlier reads it.

A signal can fail to raise `KeyboardInterrupt` in three cases. The main thread is in code that an exception would leave
half done, such as the passing of a turn (`ecs_emulator.turns`). Python drops an exception that is raised while it
finalizes an object. Or the signal comes after Python's last check for signals, just before it waits for a lock. In each
case the thread sends another signal after `AGAIN_SECONDS`, until the first signal has had its effect.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

INTERRUPTED = 130
"""The exit code of a command that a signal ended."""
INSISTING = (signal.SIGINT, signal.SIGTERM)
"""Two of these signals end the process. SIGHUP does not count: the kernel, the shell and systemd may each send it."""
ENDING = (*INSISTING, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
WAKE_SIGNAL = signal.SIGURG
"""The signal that makes the main thread handle a signal again. By default it is ignored: it means urgent data."""
AGAIN_SECONDS = 0.005
"""The interval between wake signals."""
SHOW_CURSOR = b"\033[?25h\n"

Act = Callable[[], None]

_interruptible: dict[str, Collection[CodeType]] = {}
"""By file, the only functions in which `KeyboardInterrupt` may be raised. In files not listed it may be anywhere."""


@dataclass
class _Watch:
    """The present effect of a first signal, and the signals so far.

    Attributes:
        act: the function that a first signal calls, in a thread; None: the main thread raises `KeyboardInterrupt`.
        interrupted: whether a signal has come.
        due: whether `KeyboardInterrupt` must be raised for the signal.
        raised: whether it was raised. It is raised only once, so that clearing up is not interrupted.
        notice: the thread that calls `act`, since `act` may write to a terminal that is stopped.
        unraisable: the previous `sys.unraisablehook`.
        insisted: the number of signals so far that are in `INSISTING`.
        noticed: whether the reading thread has handled a first signal.
        main: the main thread's id.
    """

    act: Act | None = None
    interrupted: bool = False
    due: bool = False
    raised: bool = False
    notice: threading.Thread | None = None
    unraisable: Callable[[Any], object] = field(default_factory=lambda: sys.unraisablehook)
    insisted: int = 0
    noticed: bool = False
    main: int = field(default_factory=threading.get_ident)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal, in the main thread, between any two of its instructions."""
        if number != WAKE_SIGNAL:
            self._came()
        if self._to_raise() and _may_interrupt(frame):
            self.raised = True
            raise KeyboardInterrupt

    def dropped(self, lost: Any) -> None:
        """Raise a dropped `KeyboardInterrupt` again later; pass other exceptions on (`sys.unraisablehook`)."""
        if issubclass(lost.exc_type, KeyboardInterrupt):
            self.due, self.raised = True, False
        else:
            self.unraisable(lost)

    def read(self, pipe: int) -> None:
        """Read signal numbers until the pipe is closed. Nothing here waits for the main thread or a terminal."""
        while True:
            if not select.select([pipe], [], [], AGAIN_SECONDS if self.interrupted else None)[0]:
                if self._to_raise():
                    signal.pthread_kill(self.main, WAKE_SIGNAL)
                continue
            if not (numbers := os.read(pipe, 64)):
                return
            self.insisted += sum(number in INSISTING for number in numbers)
            if self.insisted > 1:
                _end()
            if all(number == WAKE_SIGNAL for number in numbers):
                continue
            self._came()
            # read `act` after setting `interrupted`: `calling` sets `act` before it reads that, so one of the two acts
            act = self.act
            if not self.noticed and act is not None:
                self.notice = threading.Thread(target=act, name="notice", daemon=True)
                self.notice.start()
            self.noticed = True

    def _came(self) -> None:
        """Note that a signal has come; without an `act` it raises `KeyboardInterrupt`."""
        self.interrupted = True
        if self.act is None:
            self.due = True

    def _to_raise(self) -> bool:
        """Say whether `KeyboardInterrupt` is still to be raised."""
        return self.due and not self.raised


_watch = _Watch()


@contextmanager
def watched() -> Iterator[None]:
    """Watch for the signals while the context lasts, in the main thread; a first signal raises `KeyboardInterrupt`.

    `held` and `calling` change that effect. A SIGHUP that is ignored, as under nohup, stays ignored.
    """
    global _watch  # noqa: PLW0603  (signals are the process's)
    before_that, _watch = _watch, _Watch()
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    thread = threading.Thread(target=_watch.read, args=(ours,), name="signals", daemon=True)
    thread.start()
    numbers = [n for n in ENDING if n in INSISTING or signal.getsignal(n) != signal.SIG_IGN]
    wakeup = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    sys.unraisablehook = _watch.dropped
    before: dict[int, Any] = {number: signal.signal(number, _watch.handle) for number in (*numbers, WAKE_SIGNAL)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = _watch.unraisable
        signal.set_wakeup_fd(wakeup)
        os.close(theirs)
        thread.join()
        os.close(ours)
        if _watch.notice:
            _watch.notice.join()
        _watch = before_that


@contextmanager
def calling(act: Act) -> Iterator[None]:
    """Call a function in a thread at a first signal inside the context. If a signal came before, call it at once."""
    with _doing(act):
        if _watch.interrupted:
            act()
        yield


@contextmanager
def held() -> Iterator[None]:
    """Protect the block from a first signal: it interrupts nothing here, and is not lost.

    Inner blocks in `calling` or `at_once` still react to it.
    """
    with _doing(lambda: None):
        yield


@contextmanager
def at_once() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at a first signal inside the context, or at once if a signal came before."""
    with _doing(None):
        if _watch.interrupted and not _watch.raised:
            _watch.raised = True
            raise KeyboardInterrupt
        yield


def interrupted() -> bool:
    """Say whether a signal to end has come."""
    return _watch.interrupted


def answered() -> None:
    """Treat the next signal as a first one again, because the interrupted work has ended and the command goes on."""
    _watch.interrupted = _watch.due = _watch.raised = _watch.noticed = False
    _watch.insisted = 0


def taken() -> bool:
    """Return whether a signal to end has come. If so the caller ends the command, and no exception is raised for it.

    Otherwise the exception could still come after the end of `held`, if the thread reads the signal only then.
    """
    _watch.raised |= _watch.interrupted
    return _watch.interrupted


@contextmanager
def _doing(act: Act | None) -> Iterator[None]:
    watch = _watch
    # a caller that changes the effect of a signal checks itself whether one has come
    before, watch.act, watch.due = watch.act, act, False
    try:
        yield
    finally:
        watch.act, watch.due = before, False


def raise_only_in(functions: Collection[CodeType]) -> None:
    """Allow `KeyboardInterrupt` only in these functions of their files, from now on.

    In other code of these files it would leave a lock taken, or no thread with the turn.
    """
    _interruptible.update({code.co_filename: functions for code in functions})


def _may_interrupt(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename not in _interruptible:
        frame = frame.f_back
    return frame is None or frame.f_code in _interruptible[frame.f_code.co_filename]


def _end() -> None:
    """End the process, and show the cursor that the live view hid, unless the terminal is stopped or gone."""
    with suppress(OSError):
        if os.isatty(2) and select.select([], [2], [], 0)[1]:
            os.write(2, SHOW_CURSOR)
    os._exit(INTERRUPTED)
