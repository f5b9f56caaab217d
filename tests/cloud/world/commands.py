"""Command lines of the program in this process, as if each were a process of its own."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

ELSEWHERE = {"rehearse"}
"""Commands that have a cloud in their own process, which is one too many here."""
UNSEEN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings that Python ignores by default: a test's own filters are not meant for the program."""


def run(directory: Path, words: Sequence[str], given: bytes = b"") -> tuple[int, str, str]:
    """Run a command line in a directory, and return its exit code and its output on both channels.

    Args:
        given: what it reads on standard input.
    """
    from provisioner.cli.main import main

    with tempfile.TemporaryFile() as typed, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        typed.write(given)
        typed.seek(0)
        with _as_a_process(directory), _channels(typed, out, err), warnings.catch_warnings():
            warnings.resetwarnings()
            for unseen in UNSEEN:
                warnings.simplefilter("ignore", unseen)
            try:
                code: object = main(words)
            except SystemExit as error:
                code = error.code
            except Exception:  # noqa: BLE001 (as Python does at the end of a process)
                traceback.print_exc()
                code = 1
        return code if isinstance(code, int) else int(code is not None), _text(out), _text(err)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").replace("\r\n", "\n")


@contextlib.contextmanager
def _as_a_process(directory: Path) -> Iterator[None]:
    """Be there, with an environment of one's own."""
    before, environment = Path.cwd(), dict(os.environ)
    os.environ["NO_COLOR"] = "1"
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environment)


@contextlib.contextmanager
def _channels(*files: IO[bytes]) -> Iterator[None]:
    """Read and write files, by Python's streams and by the numbers below them."""
    streams, kept = (sys.stdin, sys.stdout, sys.stderr), [os.dup(number) for number in range(3)]
    try:
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            for stream in (sys.stdin, sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        for number, file_number in enumerate(kept):
            os.dup2(file_number, number)
            os.close(file_number)
