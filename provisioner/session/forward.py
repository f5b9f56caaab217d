"""Forward local connections to a port of a task, or to a host that it reaches: all in one session."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from provisioner.session import mux
from provisioner.session.channel import Channel, NoSession, SessionFailed
from provisioner.session.frames import Flag, Frame, Payload
from provisioner.session.mux import Command, Mux

MULTIPLEXES_AFTER = (3, 0, 196, 0)
"""The last version of the agent with only one connection a session (session-manager-plugin, `portsession.go`)."""
HANDSHAKE_SECONDS = 30.0
LOOK_SECONDS = 0.5
HELD = 4 << 20
"""Bytes waiting for local readers above which receiving stops: the protocol has no window of its own."""
_PIECE = 1 << 15


@dataclass
class _Local:
    """A local connection: the bytes to write to it, and its ends that are closed."""

    socket: socket.socket
    out: bytearray = field(default_factory=bytearray)
    has_ended: bool = False
    is_to_end: bool = False


@dataclass
class Forward:
    """A forwarder that accepts connections until the session ends.

    Args:
        listener: the socket that accepts them; it does not block.
        say: receives lines for the user.
    """

    channel: Channel
    listener: socket.socket
    say: Callable[[str], None]
    _mux: Mux = field(default_factory=Mux)
    _open: dict[int, _Local] = field(default_factory=dict)

    def run(self, on_ready: Callable[[], None] = lambda: None) -> str:
        """Forward until the session ends, and return AWS's reason for its end.

        Args:
            on_ready: called once connections are accepted.

        Raises:
            NoSession: the agent does not begin.
            SessionFailed: the session cannot go on, or cannot forward several connections.
        """
        try:
            self._await_handshake()
            on_ready()
            while self.channel.ended is None:
                self._turn()
        finally:
            for local in self._open.values():
                local.socket.close()
        return self.channel.ended

    def _await_handshake(self) -> None:
        deadline = time.monotonic() + HANDSHAKE_SECONDS
        while not self.channel.complete and self.channel.ended is None:
            self.channel.turn({}, LOOK_SECONDS)
            if time.monotonic() > deadline:
                raise NoSession(f"the agent in the task has not answered within {HANDSHAKE_SECONDS:.0f} s")
        if self.channel.ended is not None:
            raise NoSession(f"the session has ended before it began: {self.channel.ended}")
        if self.channel.session_type != "Port" or _numbers(self.channel.agent_version) <= MULTIPLEXES_AFTER:
            raise SessionFailed(
                f"the agent {self.channel.agent_version} in the task cannot forward several connections: start a "
                f"newer task, which has a newer agent"
            )

    def _turn(self) -> None:
        by_descriptor = {local.socket.fileno(): number for number, local in self._open.items()}
        watched = {number: self._events(self._open[by_descriptor[number]]) for number in by_descriptor}
        watched = {number: events for number, events in watched.items() if events}
        watched[self.listener.fileno()] = select.POLLIN
        reads = sum(len(local.out) for local in self._open.values()) < HELD
        came, happened = self.channel.turn(watched, LOOK_SECONDS, reads=reads)
        for frame in came:
            self._receive(frame)
        for descriptor, events in happened.items():
            if descriptor == self.listener.fileno():
                self._accept()
            elif (number := by_descriptor[descriptor]) in self._open:
                self._attend(number, events)

    def _events(self, local: _Local) -> int:
        reads = select.POLLIN if not (local.has_ended or self.channel.full) else 0
        return reads | (select.POLLOUT if local.out else 0)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            found, _ = self.listener.accept()
            found.setblocking(False)
            number, opening = self._mux.open()
            self._open[number] = _Local(found)
            self.channel.send(opening)

    def _attend(self, number: int, events: int) -> None:
        """Read from a local connection and write to it, without blocking."""
        local = self._open[number]
        try:
            if events & select.POLLOUT:
                self._flush(number)
            if events & (select.POLLIN | select.POLLHUP | select.POLLERR) and not local.has_ended:
                if data := local.socket.recv(_PIECE):
                    self.channel.send(mux.data(number, data))
                else:
                    local.has_ended = True
                    self.channel.send(mux.piece(Command.FIN, number))
        except BlockingIOError:
            pass
        except OSError:
            self._close(number)

    def _receive(self, frame: Frame) -> None:
        if frame.payload_type == Payload.FLAG:
            if int.from_bytes(frame.payload, "big") == Flag.CONNECT_FAILED:
                self.say(
                    "a connection was refused at the other end: nothing listens there, or the task may not reach it"
                )
        elif frame.payload_type == Payload.DATA:
            try:
                pieces = list(self._mux.feed(frame.payload))
            except mux.BadMux as error:
                raise SessionFailed(str(error)) from error
            for number, data in pieces:
                if local := self._open.get(number):
                    local.out += data
                    local.is_to_end = local.is_to_end or not data
                    self._flush(number)

    def _flush(self, number: int) -> None:
        local = self._open[number]
        try:
            while local.out:
                del local.out[: local.socket.send(local.out[:_PIECE])]
        except BlockingIOError:
            return
        except OSError:
            self._close(number)
            return
        if local.is_to_end:
            self._close(number)

    def _close(self, number: int) -> None:
        local = self._open.pop(number)
        local.socket.close()
        if not local.has_ended:
            self.channel.send(mux.piece(Command.FIN, number))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if re.fullmatch(r"[0-9.]*[0-9]", version) else ()
