"""The agent's end of a session: repeat unacknowledged messages, order incoming ones, keep one connection.

A session outlives its connections: a client that connects again gets the messages that it has not acknowledged.
"""

from __future__ import annotations

import json
import queue
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from ecs_emulator.clock import CLOCK
from ecs_emulator.sessions import wire
from ecs_emulator.sessions.wire import Message

FRAME_BYTES = 1024
FRAME_SECONDS = 0.001
"""The agent pauses after each message (amazon-ssm-agent, `datachannel.go`)."""
RESEND_SECONDS, LATE_SECONDS = 0.1, 0.3
"""The seconds between two looks for a late message, and the age at which a message is late."""
MOST_UNACKNOWLEDGED = 10_000
IDLE_SECONDS = 1200.0
"""Systems Manager guide, "Specify an idle session timeout value": 20 minutes unless a preference says otherwise."""


class Channel:
    """The channel of one session.

    Args:
        session: its id.
        began: is called once, in a thread, when a client has opened the channel for the first time.
        lives: returns whether the agent still runs.
    """

    def __init__(
        self, session: str, began: Callable[[Channel], None], lives: Callable[[], bool] = lambda: True
    ) -> None:
        self.session, self._began, self._lives = session, began, lives
        self.token = secrets.token_urlsafe(48)
        self.inputs: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        """The messages in order, for the program behind the channel; None at the session's end."""
        self.client_version = ""
        self.over = False
        self.used_at = CLOCK.now()
        self._changed = threading.Condition()
        self._sent: dict[int, tuple[bytes, float]] = {}
        self._next_out = self._next_in = 0
        self._early: dict[int, Message] = {}
        self._out: Any = None
        self._opened = False

    # -- called by the program behind it ---------------------------------------------------------------------------

    def emit(self, payload: bytes, payload_type: int = wire.DATA) -> None:
        """Send a payload in messages, and wait while too many are unacknowledged."""
        for start in range(0, len(payload), FRAME_BYTES):
            with self._changed:
                self._changed.wait_for(lambda: self.over or len(self._sent) < MOST_UNACKNOWLEDGED)
                if self.over:
                    return
                piece = payload[start : start + FRAME_BYTES]
                data = wire.pack(Message(wire.OUTPUT, self._next_out, payload_type, piece))
                self._sent[self._next_out] = (data, time.monotonic())
                self._next_out += 1
                self._write(data)
                self.used_at = CLOCK.now()
            time.sleep(FRAME_SECONDS)

    def end(self, output: str = "") -> None:
        """Close the session once all messages are acknowledged, or after five seconds.

        Args:
            output: the reason, if the session did not end by itself.
        """
        output = output or f"Exiting session with sessionId: {self.session}."
        with self._changed:
            self._changed.wait_for(lambda: self.over or not self._sent, timeout=5)
            if not self.over:
                self._write(wire.pack(wire.closing(self.session, output)))
        self.stop()

    def stop(self) -> None:
        """End the session: no more messages are sent or taken."""
        with self._changed:
            self.over = True
            self._changed.notify_all()
            self._hang_up(1000, "")
        self.inputs.put(None)

    # -- called by the connections ---------------------------------------------------------------------------------

    def talk(self, rfile: Any, wfile: Any) -> None:
        """Serve a connection until its client hangs up."""
        try:
            self._talk(rfile, wfile)
        except (OSError, ValueError):
            pass  # the client has hung up, or sent nonsense: the session waits for another connection
        finally:
            with self._changed:
                if self._out is wfile:
                    self._out = None

    def _talk(self, rfile: Any, wfile: Any) -> None:
        for opcode, content in wire.messages(rfile):
            if opcode == wire.TEXT:
                if not self._open(json.loads(content), wfile):
                    return
            elif opcode == wire.PING:
                with self._changed:
                    wfile.write(wire.put(wire.PONG, content))
                    wfile.flush()
            elif opcode == wire.CLOSE:
                return
            elif opcode == wire.BINARY and self._out is wfile:
                self._take(content)

    def _open(self, first: dict[str, Any], wfile: Any) -> bool:
        """Admit a client that has the token and is not too old (Systems Manager guide, plugin version history)."""
        version = str(first.get("ClientVersion", ""))
        with self._changed:
            if refusal := self._refusal(first, version):
                wfile.write(wire.put(wire.CLOSE, (1008).to_bytes(2, "big") + refusal.encode()))
                wfile.flush()
                return False
            self._hang_up(1001, "another connection has come")
            self._out, self.client_version = wfile, version
            for data, _ in self._sent.values():
                self._write(data)
            first_time, self._opened = not self._opened, True
        if first_time:
            threading.Thread(target=self._began, args=(self,), name=self.session, daemon=True).start()
            threading.Thread(target=self._keep_up, name=f"{self.session} again", daemon=True).start()
        return True

    def _refusal(self, first: dict[str, Any], version: str) -> str:
        if self.over or not secrets.compare_digest(str(first.get("TokenValue", "")).encode(), self.token.encode()):
            return "the token is not valid"
        if _numbers(version) < (1, 2, 764, 0):
            return f"client version {version} is not supported any more"
        return ""

    def _take(self, content: bytes) -> None:
        try:
            message = wire.unpack(content)
        except wire.Broken:
            return
        with self._changed:
            if message.kind == wire.ACKNOWLEDGE:
                self._sent.pop(json.loads(message.payload)["AcknowledgedMessageSequenceNumber"], None)
                self._changed.notify_all()
            if message.kind != wire.INPUT:
                return
            self.used_at = CLOCK.now()
            self._write(wire.pack(wire.acknowledgement(message)))
            if message.sequence >= self._next_in:
                self._early[message.sequence] = message
            while (following := self._early.pop(self._next_in, None)) is not None:
                self._next_in += 1
                # handled by another thread: a wait for a full terminal must not block acknowledgements
                self.inputs.put(following)

    # -- with the lock held, or in a thread of its own -------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        if self._out is None:
            return
        try:
            self._out.write(wire.put(wire.BINARY, data))
            self._out.flush()
        except (OSError, ValueError):
            self._out = None

    def _hang_up(self, code: int, reason: str) -> None:
        if self._out is not None:
            try:
                self._out.write(wire.put(wire.CLOSE, code.to_bytes(2, "big") + reason.encode()))
                self._out.flush()
            except (OSError, ValueError):
                pass
            self._out = None

    def _keep_up(self) -> None:
        """Repeat the oldest late message, and end a session that is idle or whose agent is gone."""
        while True:
            time.sleep(RESEND_SECONDS)
            with self._changed:
                if self.over:
                    return
                now = time.monotonic()
                for number, (data, at) in self._sent.items():
                    if now - at > LATE_SECONDS:
                        self._sent[number] = (data, now)
                        self._write(data)
                    break
                idle = CLOCK.now() - self.used_at > IDLE_SECONDS
            if not self._lives():
                self.end(f"Session: {self.session} has been terminated: the agent is gone.")
            elif idle:
                self.end(f"SessionId: {self.session} was terminated due to inactivity.")


def _numbers(version: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:
        return ()
