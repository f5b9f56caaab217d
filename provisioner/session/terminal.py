"""The user's terminal during a session: every key goes through, except `~.`, which leaves."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
import tty
from collections.abc import Iterator
from dataclasses import dataclass

ESCAPE, LEAVE = ord("~"), ord(".")
_LINE_ENDS = b"\r\n"


@contextlib.contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """Pass on each key unchanged while the context lasts, Ctrl-C too; then restore the terminal."""
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def size(descriptor: int) -> tuple[int, int]:
    """Return columns and rows; 80 and 24 if the terminal does not report them."""
    try:
        found = os.get_terminal_size(descriptor)
    except OSError:
        return 80, 24
    return found.columns or 80, found.lines or 24


def is_one(*descriptors: int) -> bool:
    """Return whether all of these are terminals."""
    return all(os.isatty(one) for one in descriptors)


def write(descriptor: int, data: bytes) -> None:
    """Write all the data."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def say(text: str) -> None:
    """Write a message for the user in between; in raw mode it begins a new line itself."""
    ended = "\r\n" if sys.stderr.isatty() else "\n"
    sys.stderr.write(f"{ended if sys.stderr.isatty() else ''}{text}{ended}")
    sys.stderr.flush()


@dataclass
class Keys:
    """A filter that finds `~.` at the beginning of a line, as ssh does; `~~` there is one `~`."""

    left: bool = False
    """True once `~.` was typed."""
    _begins: bool = True
    _held: bool = False

    def feed(self, data: bytes) -> bytes:
        """Return the keys that go through."""
        through = bytearray()
        for key in data:
            if self._held:
                self._held = False
                if key == LEAVE:
                    self.left = True
                    break
                if key != ESCAPE:
                    through.append(ESCAPE)
            elif self._begins and key == ESCAPE:
                self._held, self._begins = True, False
                continue
            through.append(key)
            self._begins = key in _LINE_ENDS
        return bytes(through)
