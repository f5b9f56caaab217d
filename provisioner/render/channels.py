"""Standard input, output and error that may be closed, go away in the middle of a run, or know ASCII only."""

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
"""The errors of a write when the reader of a pipe, or the terminal, is gone."""
PLAIN = {"…": "...", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x", "≥": ">=", "→": "->"}
"""The ASCII replacement of a character that an encoding does not have."""


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that an encoding does not have (for `codecs.register_error`); JSON keeps its meaning."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters, document = error.object[error.start : error.end], error.object[:1] in {"{", "["}
    escaped = (json.dumps(c)[1:-1] if document else PLAIN.get(c, json.dumps(c)[1:-1]) for c in characters)
    return "".join(escaped), error.end


codecs.register_error("provision-plain", _plain)


class Unwritable(OSError):
    """Standard output cannot be written, although it still has a reader."""


class Lossy:
    """A text stream that drops its text when it has no reader, instead of raising `OSError`.

    Args:
        all: drop the text after any other write error too, such as a full disk.

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
        """Write the buffered text, or drop it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        if not self._all and error.errno not in UNREAD:
            # the buffered rest would fail once more when Python exits
            drop(self._stream)
            raise Unwritable(error.errno, error.strerror) from error
        self.unread = True
        drop(self._stream)


def unread() -> bool:
    """Return whether standard output has lost its reader, as after `provision logs --follow | head`."""
    return isinstance(sys.stdout, Lossy) and sys.stdout.unread


def drop(stream: TextIO) -> None:
    """Redirect a stream to the null device, with its buffered text, so that Python does not fail at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def dependable() -> Iterator[None]:
    """Open missing standard streams while the context lasts, and drop text that has no reader.

    Standard error drops text after any error. Standard output raises other errors: its reader must not take a part for
    the whole.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # `open` takes the lowest free number, this one: no file of ours must get it
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    with redirect_stdout(Lossy(sys.stdout, all=False)), redirect_stderr(Lossy(sys.stderr, all=True)):
        yield
