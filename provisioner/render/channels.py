"""Standard input, output and error where they may be closed, or go away in the middle of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any, TextIO


class Lossy:
    """A text stream that drops what cannot be written any more, instead of raising `OSError`: nobody reads it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, or drop it; return its length."""
        try:
            self._stream.write(text)
        except OSError:
            drop(self._stream)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it."""
        try:
            self._stream.flush()
        except OSError:
            drop(self._stream)


def drop(stream: TextIO) -> None:
    """Let a stream lead nowhere from now on, also with what it still holds, so that Python does not fail at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def dependable() -> Iterator[None]:
    """While the context lasts, all three are there, and what standard error cannot take is dropped."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # the lowest free number is this one, which no file of ours shall get
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    with redirect_stderr(Lossy(sys.stderr)):
        yield
