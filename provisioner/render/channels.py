"""Standard input, output and error where they may be closed, go away in the middle of a run, or know ASCII only."""

from __future__ import annotations

import codecs
import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

UNREAD = (errno.EPIPE, errno.EIO)
"""What writing fails with when the reader of a pipe, or the terminal, is gone."""
PLAIN = {"…": "...", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x", "≥": ">=", "→": "->"}
"""What stands for a character where it cannot be written."""


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Replace what an encoding does not have, as `codecs.register_error` wants it; JSON keeps its meaning."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters, document = error.object[error.start : error.end], error.object[:1] in {"{", "["}
    escaped = (json.dumps(c)[1:-1] if document else PLAIN.get(c, json.dumps(c)[1:-1]) for c in characters)
    return "".join(escaped), error.end


codecs.register_error("provision-plain", _plain)


class Unwritable(OSError):
    """Standard output cannot be written, for another reason than that nobody reads it any more."""


class Lossy:
    """A text stream that drops what nobody reads any more, instead of raising `OSError`.

    Args:
        all: drop also what cannot be written for another reason, such as a full disk.

    Attributes:
        unread: whether the reader is gone.
    """

    def __init__(self, stream: TextIO, *, all: bool) -> None:
        self._stream, self._all, self.unread = stream, all, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, or drop it; return its length."""
        encoding = self._stream.encoding or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "provision-plain").decode(encoding))
        except OSError as error:
            self._lost(error)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        if not self._all and error.errno not in UNREAD:
            # what is still buffered would fail once more at Python's end
            drop(self._stream)
            raise Unwritable(error.errno, error.strerror) from error
        self.unread = True
        drop(self._stream)


def unread() -> bool:
    """Whether nobody reads standard output any more, as after `provision logs --follow | head`."""
    return isinstance(sys.stdout, Lossy) and sys.stdout.unread


def drop(stream: TextIO) -> None:
    """Let a stream lead nowhere from now on, also with what it still holds, so that Python does not fail at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def dependable() -> Iterator[None]:
    """While the context lasts, all three are there; what nobody reads is dropped, and what standard error cannot take.

    Standard output fails for other reasons: its reader must not take a part for the whole.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # the lowest free number is this one, which no file of ours shall get
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    with redirect_stdout(Lossy(sys.stdout, all=False)), redirect_stderr(Lossy(sys.stderr, all=True)):
        yield
