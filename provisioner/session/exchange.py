"""Run a command in a session: its input goes in, its output comes out, until its exit code arrives."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from provisioner.session import command, terminal
from provisioner.session.channel import Channel, NoSession, SessionFailed
from provisioner.session.command import Mode, Said
from provisioner.session.frames import Payload

STDIN, STDOUT, STDERR = 0, 1, 2
LOOK_SECONDS = 0.25
"""Seconds between two checks of the terminal's size."""
BEGIN_SECONDS = 30.0
"""Seconds that the agent may take to begin: it always waits one second before the first output."""
LAST_SECONDS = 2.0
"""Seconds to wait for the end of the session after the command has ended."""
_PIECE = 1 << 14

Put = Callable[[int, bytes], None]


@dataclass(frozen=True)
class Outcome:
    """The end of a command in a session.

    Attributes:
        code: the command's exit code; None if unknown.
        began: whether the container's shell had begun it.
        left: whether the user has left the session.
        why: AWS's reason for the end of the session.
        tools: whether the container lacks the programs that an exact command needs.
    """

    code: int | None
    began: bool
    left: bool = False
    why: str = ""
    tools: bool = False


@dataclass
class Exchange:
    """One command in a session.

    Args:
        mark: the text of its marks; without it the command runs unchanged, and its exit code stays unknown.
        gives: whether it gets standard input.
        put: takes a file descriptor, 1 or 2, and the bytes written to it.
    """

    channel: Channel
    mode: Mode
    mark: str
    gives: bool
    put: Put = terminal.write
    began: bool = field(init=False)
    code: int | None = None
    cooked: bool = False
    tools: bool = False
    ended_input: bool = False
    _marks: command.Marks = field(init=False)
    _lines: command.Lines = field(default_factory=command.Lines)
    _keys: terminal.Keys = field(default_factory=terminal.Keys)
    _size: tuple[int, int] = (0, 0)
    _odd: bytes = b""

    def __post_init__(self) -> None:
        self._marks = command.Marks(self.mark)
        self.began = not self.mark

    def run(self) -> Outcome:
        """Run the command to its end.

        Raises:
            NoSession: the agent does not begin.
            SessionFailed: the session cannot go on.
        """
        deadline = time.monotonic() + BEGIN_SECONDS
        # until the command begins, Ctrl-C still ends this program
        while not self.began and self._goes_on():
            if time.monotonic() > deadline:
                raise NoSession(f"the agent in the task has begun nothing within {BEGIN_SECONDS:.0f} s")
            self._turn()
        with self._raw():
            while self._goes_on():
                self._turn()
        if self.code is not None:
            self._await_end()
        elif rest := self._marks.rest():
            self.put(STDOUT, rest)
        return Outcome(self.code, self.began, self._keys.left, self.channel.ended or "", self.tools)

    def _goes_on(self) -> bool:
        return self.code is None and not self.tools and self.channel.ended is None and not self._keys.left

    @contextlib.contextmanager
    def _raw(self) -> Iterator[None]:
        if self.mode is not Mode.TERMINAL:
            yield
            return
        with terminal.raw(STDIN):
            yield

    def _turn(self) -> None:
        if self.mode is Mode.TERMINAL and (now := terminal.size(STDOUT)) != self._size:
            self._size = now
            self.channel.size(*now)
        takes = self.gives and self.began and not self.ended_input and not self.channel.full
        came, happened = self.channel.turn({STDIN: select.POLLIN} if takes else {}, LOOK_SECONDS)
        for frame in came:
            if frame.payload_type in (Payload.DATA, Payload.STDERR):
                self._output(frame.payload)
        if STDIN in happened:
            self._input(_read())
        if self.mode is Mode.EXACT and self.began and not self.ended_input and (self._lines.over or not self.gives):
            self._end_input()

    def _input(self, data: bytes) -> None:
        if self.mode is Mode.EXACT:
            # only the last line may be padded: some decoders stop after padding
            data, over = self._odd + data, not data
            whole = len(data) if over else len(data) - len(data) % 3
            self._odd = data[whole:]
            self.channel.send(command.lines(data[:whole]))
            if over:
                self._end_input()
        elif data:
            self.channel.send(self._keys.feed(data))
        else:
            self._keys.left = True  # the terminal is gone

    def _end_input(self) -> None:
        self.ended_input = True
        self.channel.send(command.END)

    def _output(self, data: bytes) -> None:
        if not self.mark:
            self.put(STDOUT, data)
            return
        for item in self._marks.feed(data):
            if isinstance(item, Said):
                self._said(item)
            elif not self.began:
                pass  # output of a profile or the terminal before the command begins
            elif self.mode is Mode.EXACT:
                for descriptor, content in self._lines.feed(item):
                    self.put(descriptor, content)
            else:
                self.put(STDOUT, item.replace(b"\r\n", b"\n") if self.cooked else item)

    def _said(self, said: Said) -> None:
        if said.word == command.NO_TOOLS:
            self.tools = True
        elif said.code is None:
            self.began, self.cooked = True, said.word == command.COOKED
        else:
            self.code = said.code

    def _await_end(self) -> None:
        """Receive until the session ends, so that the agent gets all acknowledgements."""
        deadline = time.monotonic() + LAST_SECONDS
        with contextlib.suppress(SessionFailed):
            while self.channel.ended is None and time.monotonic() < deadline:
                self.channel.turn({}, LOOK_SECONDS)


def _read() -> bytes:
    """Return a piece of standard input; empty at its end, or once the terminal is gone."""
    try:
        return os.read(STDIN, _PIECE)
    except OSError:
        return b""
