r"""How a command is run in a container so that its exit code is known, and its bytes are its own.

The agent runs a command in a terminal of its own, and tells neither its exit code nor what it writes to standard
error. So a shell of the container runs it: it writes marks around what the command writes, which are cut out here. The
words of the command are the script's parameters, and are quoted for the agent alone, which splits its line as a shell
does (amazon-ssm-agent, `shell_unix.go`).
"""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

SEPARATOR = b"\x1e"
"""Stands around a mark: the control character that separates records."""
START, COOKED, NO_TOOLS = "start", "cooked", "tools"
SHELL = ("sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")
"""What runs if nothing else is said: bash if there is one."""
LINE = 741
"""Bytes in one line of base64: 988 letters."""
END = b".\n.\n"
"""Ends the input. busybox's sed reads one line ahead, so one alone would be waited for."""


class Mode(Enum):
    """How a command is connected: to a person's terminal, as text that streams, or byte by byte both ways."""

    TERMINAL = "terminal"
    TEXT = "text"
    EXACT = "exact"


_MARK = r"printf '\036%s %s\036' "
# a signal from the keyboard is the command's, and the shell is to say how that ended
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
    """Return the line that ExecuteCommand is given: the words, run by the container's shell between marks.

    Args:
        mark: what nobody else writes.
    """
    return shlex.join(["sh", "-c", _SCRIPTS[mode], "sh", mark, *words])


@dataclass(frozen=True)
class Said:
    """What a mark says: `START` and the like, or an exit code."""

    word: str

    @property
    def code(self) -> int | None:
        """The exit code, if it is one."""
        return int(self.word) if self.word.isdigit() else None


@dataclass
class Marks:
    """Takes what comes from a terminal, in pieces of any size, and cuts the marks out of it."""

    mark: str
    _held: bytes = b""

    def feed(self, data: bytes) -> Iterator[bytes | Said]:
        """Yield what is no mark, and what the marks say, in order."""
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
        """Return what may have been the beginning of a mark, and was not."""
        held, self._held = self._held, b""
        return held


def _overlap(data: bytes, begin: bytes) -> int:
    """Return how many bytes at the end of some data may be the beginning of a mark."""
    return next((length for length in range(len(begin) - 1, 0, -1) if data.endswith(begin[:length])), 0)


def lines(data: bytes) -> bytes:
    """Return some input as the lines of base64 that the container's shell decodes."""
    pieces = (data[start : start + LINE] for start in range(0, len(data), LINE))
    return b"".join(base64.b64encode(piece) + b"\n" for piece in pieces)


@dataclass
class Lines:
    """Takes what an exact command writes, and returns the bytes behind it: standard output and error apart.

    Attributes:
        over: whether the command has ended, so that its input is to be ended.
    """

    over: bool = False
    _held: bytes = field(default=b"")

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield file descriptor, 1 or 2, and bytes. What is no line of these is told as an error, as it is."""
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
