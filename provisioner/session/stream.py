"""A reliable stream over an unreliable channel: numbers, acknowledgements, repetition. No I/O here.

Times are the caller's monotonic seconds. The rules are AWS's client's and agent's: each message with data is
acknowledged by its number, an unacknowledged message is sent again, and the receiver restores the order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from provisioner.session import frames
from provisioner.session.frames import BadFrame, Frame, Payload

WINDOW = 1000
"""The most messages that are sent and not acknowledged."""
AHEAD = 10_000
"""The most messages kept that came before their turn, as in AWS's client."""
FIRST_TIMEOUT, LEAST_TIMEOUT, MOST_TIMEOUT = 0.2, 0.1, 1.0
"""Seconds until a message is sent again: at first, and the limits once the round trip is measured."""
REPEATED = 32
"""The most messages that are sent again at once: the oldest ones."""


@dataclass
class _Sent:
    """A message that is not acknowledged: its bytes, the time of its last sending, and the number of sendings."""

    data: bytes
    at: float
    times: int = 1


@dataclass
class Stream:
    """One end of a reliable stream.

    Args:
        sends: the type of its messages. receives: the type of the other end's messages.
        identify: returns new unique ids.
    """

    sends: str = frames.INPUT
    receives: str = frames.OUTPUT
    identify: Callable[[], UUID] = uuid4
    _waiting: deque[tuple[int, bytes]] = field(default_factory=deque)
    _sent: dict[int, _Sent] = field(default_factory=dict)
    _answers: list[Frame] = field(default_factory=list)
    _early: dict[int, Frame] = field(default_factory=dict)
    _next_out: int = 0
    _next_in: int = 0
    _round_trip: float = 0.0
    _variation: float = 0.0
    _timeout: float = FIRST_TIMEOUT

    def send(self, payload: bytes, payload_type: int = Payload.DATA) -> None:
        """Take a payload to send, in as many messages as it needs."""
        if payload_type != Payload.DATA:
            self._waiting.append((payload_type, payload))
            return
        for start in range(0, len(payload), frames.LARGEST):
            self._waiting.append((payload_type, payload[start : start + frames.LARGEST]))

    @property
    def full(self) -> bool:
        """True if the stream should take no more data, since enough messages wait."""
        return len(self._waiting) >= WINDOW

    @property
    def settled(self) -> bool:
        """True if all taken data have been acknowledged."""
        return not (self._waiting or self._sent)

    def receive(self, data: bytes, now: float) -> list[Frame]:
        """Return the messages that are due with this one: with data in order, others at once."""
        try:
            frame = frames.decoded(data)
            if frame.kind == frames.ACKNOWLEDGE:
                self._acknowledged(frames.acknowledged(frame), now)
                return []
        except BadFrame:
            return []  # it is not acknowledged, so it comes again
        if frame.kind != self.receives:
            return [frame]
        if frame.sequence > self._next_in and len(self._early) >= AHEAD:
            return []
        # a repeated message is acknowledged again: the first acknowledgement may be lost
        self._answers.append(frame)
        if frame.sequence < self._next_in:
            return []
        self._early[frame.sequence] = frame
        ordered = []
        while (following := self._early.pop(self._next_in, None)) is not None:
            ordered.append(following)
            self._next_in += 1
        return ordered

    def to_send(self, now: float, created: int = 0) -> list[bytes]:
        """Return the messages to send now.

        Args:
            created: milliseconds since the epoch.
        """
        come, self._answers = self._answers, []
        answers = [frames.encoded(frames.acknowledgement(one, self.identify(), created)) for one in come]
        return [*answers, *self._again(now), *self._new(now, created)]

    def wait(self, now: float) -> float | None:
        """Return the seconds until something must be sent again; None if nothing must."""
        dues = [one.at + self._patience(one) for _, one in zip(range(REPEATED), self._sent.values(), strict=False)]
        return max(0.0, min(dues) - now) if dues else None

    def resume(self) -> None:
        """Send all unacknowledged messages again at once, since the connection is a new one."""
        for one in self._sent.values():
            one.at, one.times = float("-inf"), one.times + 1

    def _new(self, now: float, created: int) -> list[bytes]:
        found = []
        while self._waiting and len(self._sent) < WINDOW:
            payload_type, payload = self._waiting.popleft()
            flags = frames.SYN if self._next_out == 0 else 0
            frame = Frame(self.sends, self._next_out, self.identify(), payload, payload_type, flags, created)
            data = frames.encoded(frame)
            self._sent[self._next_out] = _Sent(data, now)
            self._next_out += 1
            found.append(data)
        return found

    def _again(self, now: float) -> list[bytes]:
        found: list[bytes] = []
        for one in self._sent.values():
            if one.at == float("-inf") or (len(found) < REPEATED and now >= one.at + self._patience(one)):
                one.at, one.times = now, one.times + 1
                found.append(one.data)
        return found

    def _patience(self, one: _Sent) -> float:
        return min(MOST_TIMEOUT, float(self._timeout * one.times))

    def _acknowledged(self, sequence: int, now: float) -> None:
        one = self._sent.pop(sequence, None)
        if one is None or one.times > 1:
            return  # it is unknown which sending of a repeated message was acknowledged (RFC 6298, Karn's algorithm)
        took = max(0.0, now - one.at)
        self._variation += (abs(took - self._round_trip) - self._variation) / 4
        self._round_trip += (took - self._round_trip) / 8
        wanted = self._round_trip + max(0.01, 4 * self._variation)
        self._timeout = min(MOST_TIMEOUT, max(LEAST_TIMEOUT, wanted))
