r"""Command lines that run in a container, report their exit code, and keep their bytes unchanged.

The agent runs a command in a terminal of its own, and reports neither its exit code nor a separate standard error. So a
shell of the container runs it: it writes marks around the command's output, which are cut out here. The words of the
command are the script's parameters, and are quoted for the agent alone, which splits its line as a shell does
(amazon-ssm-agent, `shell_unix.go`).
"""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

SEPARATOR = b"\x1e"
"""The control character around a mark: the separator of records."""
START, COOKED, NO_TOOLS = "start", "cooked", "tools"
SHELL = ("sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")
"""The default command: bash if the container has it, else sh."""
LINE = 741
"""Bytes in one line of base64: 988 letters."""
END = b".\n.\n"
"""The end of the input, twice: busybox's sed reads one line ahead, so it would wait after one."""


class Mode(Enum):
    """Ways to connect a command: to the user's terminal, as text that streams, or byte by byte both ways."""

    TERMINAL = "terminal"
    TEXT = "text"
    EXACT = "exact"


_MARK = r"printf '\036%s %s\036' "
# a signal from the keyboard is for the command; the shell must survive it to report the exit code
_SCRIPTS = {
    Mode.TERMINAL: rf"""m=$1; shift; trap : INT QUIT; {_MARK} $m start; "$@"; {_MARK} $m $?""",
    Mode.TEXT: rf"""m=$1; shift; s=start; stty raw -echo 2>/dev/null || s=cooked; {_MARK} $m $s; """
    rf""""$@" </dev/null; {_MARK} $m $?""",
    # 3: the terminal, 4: the exit code, 5: standard error
    Mode.EXACT: r"""m=$1; shift; if stty raw -echo 2>/dev/null && command -v base64 >/dev/null && command -v sed """
    rf""">/dev/null; then {_MARK} $m start; exec 3>&1; c=$( {{ {{ sed -n '/^[.]$/q;p' | base64 -d 2>/dev/null | """
    r"""{ "$@" 2>&5 3>&- 4>&- 5>&-; c=$?; echo $c >&4; echo x >&3; } | base64 -w 988 | sed s/^/o/ >&3; } 5>&1 | """
    rf"""base64 -w 988 | sed s/^/e/ >&3; }} 4>&1 ); {_MARK} $m $c; else {_MARK} $m tools; fi""",
}


def command_line(words: Sequence[str], mark: str, mode: Mode) -> str:
    """Return the line for ExecuteCommand: the words, run by the container's shell between marks.

    Args:
        mark: a text that nothing else writes.
    """
    return shlex.join(["sh", "-c", _SCRIPTS[mode], "sh", mark, *words])


@dataclass(frozen=True)
class Said:
    """The content of a mark: `START` and the like, or an exit code."""

    word: str

    @property
    def code(self) -> int | None:
        """The exit code, if it is one."""
        return int(self.word) if self.word.isdigit() else None


@dataclass
class Marks:
    """Takes a terminal's output in pieces of any size, and cuts the marks out of it."""

    mark: str
    _held: bytes = b""

    def feed(self, data: bytes) -> Iterator[bytes | Said]:
        """Yield the output and the marks' contents, in order."""
        begin, data = SEPARATOR + self.mark.encode() + b" ", self._held + data
        self._held = b""
        while True:
            before, found, rest = data.partition(begin)
            if not found:
                kept = _overlap(data, begin)
                self._held = data[len(data) - kept :]
                before = data[: len(data) - kept]
            if before:
                yield before
            if not found:
                return
            word, ended, data = rest.partition(SEPARATOR)
            if not ended:
                self._held = begin + rest
                return
            yield Said(word.decode("ascii", "replace"))

    def rest(self) -> bytes:
        """Return the bytes held back as the possible begin of a mark."""
        held, self._held = self._held, b""
        return held


def _overlap(data: bytes, begin: bytes) -> int:
    """Return the number of bytes at the end of the data that may begin a mark."""
    return next((length for length in range(len(begin) - 1, 0, -1) if data.endswith(begin[:length])), 0)


def lines(data: bytes) -> bytes:
    """Return the input as lines of base64 that the container's shell decodes."""
    pieces = (data[start : start + LINE] for start in range(0, len(data), LINE))
    return b"".join(base64.b64encode(piece) + b"\n" for piece in pieces)


@dataclass
class Lines:
    """Decodes the output of an exact command into standard output and standard error.

    Attributes:
        over: whether the command has ended, so that its input must end too.
    """

    over: bool = False
    _held: bytes = field(default=b"")

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield file descriptor, 1 or 2, and bytes. Any other line is passed on as standard error."""
        *whole, self._held = (self._held + data).split(b"\n")
        for line in whole:
            kind, content = line[:1], line[1:]
            if line == b"x":
                self.over = True
                continue
            try:
                yield {b"o": 1, b"e": 2}[kind], base64.b64decode(content, validate=True)
            except (KeyError, binascii.Error):
                yield 2, line + b"\n"
