"""Ctrl-C, SIGTERM and a closed terminal: the first one ends a command in good order, a second Ctrl-C at once.

The signal's handler takes no lock and starts no thread, since the main thread may hold any lock when it comes, those of
`threading` included. Python writes the signal's number into a pipe, and a thread that was started beforehand reads it.

`KeyboardInterrupt` is not raised where it would leave something half done, such as the passing of a turn
(`ecs_emulator.turns`); Python drops what is raised while it clears up an object; and a signal that comes when
Python has just looked for one and is about to wait for a lock wakes nobody. In each case that thread sends another
signal in a moment, and goes on until the first one has had its effect.
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
"""The exit code of a command that was told to end."""
INSISTING = (signal.SIGINT, signal.SIGTERM)
"""Two of these end the process. SIGHUP does not count: the kernel, the shell and systemd may each send one."""
ENDING = (*INSISTING, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
WAKE_SIGNAL = signal.SIGURG
"""What the main thread is sent to handle a signal again: by default it is ignored, of sockets it means urgent data."""
AGAIN_SECONDS = 0.005
"""After how long it is sent."""
SHOW_CURSOR = b"\033[?25h\n"

Act = Callable[[], None]

_interruptible: dict[str, Collection[CodeType]] = {}
"""The functions in which an exception may be raised, by their file, for the files in which it may not be elsewhere."""


@dataclass
class _Watch:
    """The present effect of a first signal.

    Attributes:
        act: is called, in a thread; None: `KeyboardInterrupt` is raised in the main thread.
        interrupted: whether a signal has come.
        due: whether `KeyboardInterrupt` is to be raised for it.
        raised: whether it was: once only, so that nothing disturbs the way out.
        notice: the thread that calls `act`: it may write to a terminal, which may be stopped.
        unraisable: was told before what Python drops.
        insisted: the number of signals of those of which two end the process.
        noticed: whether the thread that reads has seen a signal.
        main: the main thread.
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
        """Take note that Python dropped an exception (`sys.unraisablehook`)."""
        if issubclass(lost.exc_type, KeyboardInterrupt):
            self.due, self.raised = True, False
        else:
            self.unraisable(lost)

    def read(self, pipe: int) -> None:
        """Read which signals come until the pipe is closed. Nothing here waits for the main thread or a terminal."""
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
            # read after `interrupted` is set: whoever changes it looks at that afterwards, so that one of the two acts
            act = self.act
            if not self.noticed and act is not None:
                self.notice = threading.Thread(target=act, name="notice", daemon=True)
                self.notice.start()
            self.noticed = True

    def _came(self) -> None:
        """Note that a signal has come, which raises unless it was to do something else."""
        self.interrupted = True
        if self.act is None:
            self.due = True

    def _to_raise(self) -> bool:
        """Say whether `KeyboardInterrupt` is still to be raised."""
        return self.due and not self.raised


_watch = _Watch()


@contextmanager
def watched() -> Iterator[None]:
    """Watch for the signals while the context lasts, in the main thread; a first one raises `KeyboardInterrupt`.

    That is, unless `held` or `calling` says otherwise. A SIGHUP that is ignored, as under nohup, stays ignored.
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
    """Let a first signal call the function in a thread while the context lasts; an earlier signal does so at once."""
    with _doing(act):
        if _watch.interrupted:
            act()
        yield


@contextmanager
def held() -> Iterator[None]:
    """Hold back a first signal while the context lasts, for work that must not be left half done; it is not lost.

    Whatever within it is `calling` or done `at_once` is ended by it.
    """
    with _doing(lambda: None):
        yield


@contextmanager
def at_once() -> Iterator[None]:
    """Let a first signal raise `KeyboardInterrupt` while the context lasts, an earlier signal too."""
    with _doing(None):
        if _watch.interrupted and not _watch.raised:
            _watch.raised = True
            raise KeyboardInterrupt
        yield


def interrupted() -> bool:
    """Say whether a signal to end has come."""
    return _watch.interrupted


def answered() -> None:
    """Treat the next signal as a first one again: the work that the last signal ended is over, and the command goes on."""
    _watch.interrupted = _watch.due = _watch.raised = _watch.noticed = False
    _watch.insisted = 0


def taken() -> bool:
    """Say whether a signal to end has come. If so the caller ends the command, and no exception is raised for it.

    Without that one could be raised when nothing is `held` any more: the thread may read of the signal only then.
    """
    _watch.raised |= _watch.interrupted
    return _watch.interrupted


@contextmanager
def _doing(act: Act | None) -> Iterator[None]:
    watch = _watch
    # whoever says what a signal does looks by himself whether one has come
    before, watch.act, watch.due = watch.act, act, False
    try:
        yield
    finally:
        watch.act, watch.due = before, False


def raise_only_in(functions: Collection[CodeType]) -> None:
    """From now on let an exception be raised in these functions only, of all that their file defines.

    An exception anywhere else in there would leave a lock taken, or the turn with nobody.
    """
    _interruptible.update({code.co_filename: functions for code in functions})


def _may_interrupt(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename not in _interruptible:
        frame = frame.f_back
    return frame is None or frame.f_code in _interruptible[frame.f_code.co_filename]


def _end() -> None:
    """End the process. The live view hides the cursor; a terminal that is stopped or gone must not keep us here."""
    with suppress(OSError):
        if os.isatty(2) and select.select([], [2], [], 0)[1]:
            os.write(2, SHOW_CURSOR)
    os._exit(INTERRUPTED)
