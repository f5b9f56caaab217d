"""The data channel of one session: it answers the handshake, and lasts over lost connections.

One thread sends and receives everything, in `turn`. Only a reconnection runs in another thread, so that the user can
leave meanwhile. Sources: aws/session-manager-plugin, `datachannel/streaming.go`; amazon-ssm-agent, `agent/session`.
"""

from __future__ import annotations

import contextlib
import json
import queue
import select
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.engine.errors import ProvisionError
from provisioner.session import frames, websocket
from provisioner.session.frames import Frame, Payload
from provisioner.session.stream import Stream

CLIENT_VERSION = "1.2.764.0"
"""The abilities of the client, as a version of AWS's: since this one the opening is signed, and ports are
multiplexed."""
QUIET_SECONDS, BUSY_SECONDS, PONG_SECONDS = 30.0, 10.0, 10.0
"""Seconds of silence before a ping, if nothing or something is under way; and seconds that its answer may take."""
GIVE_UP_SECONDS = 300.0
"""Seconds during which a lost connection is retried."""
_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
_HELD = 1 << 20
"""Bytes waiting to be written above which the channel is `full`."""
_LOOK_SECONDS = 0.1
_DONE, _FAILED, _UNSUPPORTED = 1, 2, 3

Dial = Callable[[str], tuple[socket.socket, bytes]]
"""Opens the WebSocket at a URL; raises OSError."""


class SessionFailed(ProvisionError):
    """A session could not start, or ended before its work was done. Exit code 125, as with `docker run`."""

    code = "session"
    exit_code = 125


class NoSession(SessionFailed):
    """A session did not begin: `diagnosis` may find the cause."""


@dataclass(frozen=True)
class Opening:
    """AWS's answer to StartSession and ExecuteCommand."""

    session: str
    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class _Connection:
    """A connection, the bytes that have already come over it, and the token that opens the channel on it."""

    socket: socket.socket
    rest: bytes
    token: str = field(repr=False)


class Channel:
    """One session's data channel.

    Args:
        opening: the session.
        dial: opens its connection.
        resume: returns a new token; an empty one if the session is over. It may raise anything.
        say: receives messages for the user.
    """

    def __init__(self, opening: Opening, dial: Dial, resume: Callable[[], str], say: Callable[[str], None]) -> None:
        self.opening, self._dial, self._resume, self._say = opening, dial, resume, say
        self.stream = Stream()
        self.ended: str | None = None
        """AWS's reason for the end of the session; None until then."""
        self.session_type = ""
        """The session's type from the agent's handshake; ECS Exec has no handshake."""
        self.agent_version = ""
        self.complete = False
        """True once the handshake has ended: until then the agent drops all other messages."""
        self._socket: socket.socket | None = None
        self._reader, self._out = websocket.Reader(), bytearray()
        self._heard, self._asked = time.monotonic(), 0.0
        self._rest, self._closing = b"", threading.Event()
        self._dialled: queue.SimpleQueue[_Connection | SessionFailed | None] = queue.SimpleQueue()

    def open(self) -> None:
        """Open the channel.

        Raises:
            NoSession: the channel cannot be opened.
        """
        try:
            self._connected(_Connection(*self._dial(self.opening.url), self.opening.token))
        except OSError as error:
            raise NoSession(f"the data channel of the session cannot be opened: {error}") from error

    def close(self) -> None:
        """Close the connection, and do not reconnect."""
        self._closing.set()
        self._drop()
        with contextlib.suppress(queue.Empty):
            while True:
                if isinstance(late := self._dialled.get_nowait(), _Connection):
                    late.socket.close()

    @property
    def full(self) -> bool:
        """True if the caller should stop taking data to send for now."""
        return self.stream.full or len(self._out) > _HELD

    def send(self, payload: bytes, payload_type: int = Payload.DATA) -> None:
        """Send a message, in one of the next turns."""
        self.stream.send(payload, payload_type)

    def size(self, columns: int, rows: int) -> None:
        """Send the size of the terminal."""
        self.send(json.dumps({"cols": columns, "rows": rows}).encode(), Payload.SIZE)

    def turn(
        self, watched: Mapping[int, int], most: float, *, reads: bool = True
    ) -> tuple[list[Frame], Mapping[int, int]]:
        """Send the waiting messages, wait until something happens, and return the received messages.

        Args:
            watched: other events to wait for, of `select.poll`, by file descriptor.
            most: the most seconds to wait.
            reads: whether to receive: not while the receiver is full.

        Returns:
            The received messages for the channel's user, in order; and the watched events that happened.

        Raises:
            SessionFailed: the session cannot go on.
        """
        now = time.monotonic()
        if self._socket:
            self._write(now)
        poll, number = select.poll(), -1
        for descriptor, events in watched.items():
            poll.register(descriptor, events)
        if self._socket:
            number = self._socket.fileno()
            wanted = (select.POLLIN if reads else 0) | (select.POLLOUT if self._out else 0)
            poll.register(number, wanted)
            most = 0.0 if reads and self._is_pending() else min(most, self._patience(now))
        else:
            most = min(most, _LOOK_SECONDS)
        happened = dict(poll.poll(max(0.0, most) * 1000))
        came: list[Frame] = []
        if self._socket is None:
            self._look()
        else:
            if reads:
                happened.pop(number, None)
                came = self._read()
            elif happened.pop(number, 0) & (select.POLLHUP | select.POLLERR):
                self._lost()
            self._watch(time.monotonic(), reads=reads)
        return came, happened

    # -- the connection --------------------------------------------------------------------------------------------

    def _is_pending(self) -> bool:
        """Return whether received bytes wait in a buffer of this program, which `poll` does not see."""
        return bool(self._rest) or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0)

    def _patience(self, now: float) -> float:
        """Return the seconds until the next repetition; with unwritten bytes nothing is repeated."""
        again = None if self._out else self.stream.wait(now)
        return PONG_SECONDS if again is None else min(again, PONG_SECONDS)

    def _connected(self, found: _Connection) -> None:
        self._socket, self._rest, self._reader = found.socket, found.rest, websocket.Reader()
        first = {
            "MessageSchemaVersion": "1.0",
            "RequestId": str(uuid.uuid4()),
            "TokenValue": found.token,
            "ClientId": str(uuid.uuid4()),
            "ClientVersion": CLIENT_VERSION,
        }
        self._out = bytearray(websocket.message(websocket.TEXT, json.dumps(first).encode()))
        self._heard, self._asked = time.monotonic(), 0.0

    def _write(self, now: float) -> None:
        if len(self._out) < _HELD:
            for data in self.stream.to_send(now, time.time_ns() // 1_000_000):
                self._out += websocket.message(websocket.BINARY, data)
        try:
            while self._out and self._socket:
                del self._out[: self._socket.send(self._out[:_HELD])]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError:
            self._lost()

    def _read(self) -> list[Frame]:
        data, self._rest = self._rest, b""
        over = False
        try:
            while self._socket and len(data) < _HELD:
                if not (piece := self._socket.recv(1 << 16)):
                    over = True
                    break
                data += piece
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            over = True
        found = self._understood(data)
        if over and self.ended is None:
            self._lost()
        return found

    def _understood(self, data: bytes) -> list[Frame]:
        if not data:
            return []
        now, found = time.monotonic(), list[Frame]()
        self._heard, self._asked = now, 0.0
        try:
            for opcode, payload in self._reader.feed(data):
                if opcode == websocket.PING:
                    self._out += websocket.message(websocket.PONG, payload)
                elif opcode == websocket.CLOSE:
                    self._lost(payload[2:].decode("utf-8", "replace"))
                elif opcode == websocket.BINARY:
                    for frame in self.stream.receive(payload, now):
                        found += self._taken(frame)
        except websocket.Violation:
            self._lost()
        return found

    def _watch(self, now: float, *, reads: bool) -> None:
        """Ping a silent connection, and treat it as lost if it does not answer."""
        if not self._socket or not reads:
            return
        if self._asked:
            if now - self._asked > PONG_SECONDS:
                self._lost()
        elif now - self._heard > (QUIET_SECONDS if self.stream.settled else BUSY_SECONDS):
            self._asked = now
            self._out += websocket.message(websocket.PING, b"keepalive")

    def _drop(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def _lost(self, reason: str = "") -> None:
        """Reconnect the session, in a thread of its own; once for each lost connection."""
        if self._socket is None:
            return
        self._drop()
        if self.ended is None:
            self._say(f"connection lost{f' ({reason})' if reason else ''}, reconnecting")
            threading.Thread(target=self._redial, name="reconnect", daemon=True).start()

    def _redial(self) -> None:
        """Hand over a new connection, None if the session is over, or the error if reconnecting failed."""
        began, tries = time.monotonic(), 0
        while True:
            if self._closing.wait(_PAUSES[min(tries, len(_PAUSES) - 1)]):
                return
            tries += 1
            try:
                token = self._resume()
                found = _Connection(*self._dial(self.opening.url), token) if token else None
            except Exception as error:  # noqa: BLE001 (any error is retried for a while)
                if time.monotonic() - began > GIVE_UP_SECONDS:
                    text = f"the lost connection cannot be made again: {error}: check the network, then try again"
                    self._dialled.put(SessionFailed(text))
                    return
            else:
                self._dialled.put(found)
                if self._closing.is_set():
                    self.close()  # the channel was closed meanwhile
                return

    def _look(self) -> None:
        """Continue with a new connection, if there is one by now."""
        with contextlib.suppress(queue.Empty):
            found = self._dialled.get_nowait()
            if isinstance(found, SessionFailed):
                raise found
            if found is None:
                self.ended = "the session is over"
                return
            self.stream.resume()
            self._connected(found)
            self._say("connected again")

    # -- messages of the agent and the service ----------------------------------------------------------------------

    def _taken(self, frame: Frame) -> list[Frame]:
        """Handle a message for the channel itself; return any other message."""
        if frame.kind == frames.CLOSED:
            self.ended = _output_of(frame.payload)
        elif frame.kind != frames.OUTPUT:
            pass  # messages that start and pause publication are for the agent
        elif frame.payload_type == Payload.HANDSHAKE_REQUEST:
            self._shake_hands(frame.payload)
        elif frame.payload_type == Payload.HANDSHAKE_COMPLETE:
            self.complete = True
            if message := _parsed(frame.payload).get("CustomerMessage"):
                self._say(str(message))
        else:
            return [frame]
        return []

    def _shake_hands(self, payload: bytes) -> None:
        asked = _parsed(payload)
        self.agent_version = str(asked.get("AgentVersion") or "")
        answers, encrypted = [], False
        for action in asked.get("RequestedClientActions") or ():
            kind, given = action.get("ActionType"), action.get("ActionParameters") or {}
            if kind == "SessionType":
                self.session_type = str(given.get("SessionType"))
                answers.append({"ActionType": kind, "ActionStatus": _DONE, "ActionResult": None, "Error": ""})
            else:
                encrypted = encrypted or kind == "KMSEncryption"
                answers.append({"ActionType": kind, "ActionStatus": _UNSUPPORTED, "Error": f"{kind} is not supported"})
        errors = [one["Error"] for one in answers if one["Error"]]
        reply = {"ClientVersion": CLIENT_VERSION, "ProcessedClientActions": answers, "Errors": errors}
        self.send(json.dumps(reply).encode(), Payload.HANDSHAKE_RESPONSE)
        if encrypted:
            raise SessionFailed(
                "the session is to be encrypted with a key of KMS (of the cluster's ECS Exec configuration, or of "
                "Session Manager's preferences), which this client cannot: use AWS's session-manager-plugin"
            )


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        found = json.loads(payload)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _output_of(payload: bytes) -> str:
    """Return the service's reason for closing a channel."""
    return str(_parsed(payload).get("Output") or "the session has ended")
