"""A stream that loses nothing over a channel that may: numbers, acknowledgements, repetition. It does no I/O.

Times are the caller's monotonic seconds. The rules are those of AWS's client and agent: each message with data is
acknowledged by its number, what is not acknowledged in time is sent again, and the receiver puts it into order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from provisioner.session import frames
from provisioner.session.frames import BadFrame, Frame, Payload

WINDOW = 1000
"""Messages that are sent and not acknowledged at the most."""
AHEAD = 10_000
"""Messages that are kept which came before their turn, as AWS's client does."""
FIRST_TIMEOUT, LEAST_TIMEOUT, MOST_TIMEOUT = 0.2, 0.1, 1.0
"""Seconds until a message is sent again: at first, and as the round trip is measured."""
REPEATED = 32
"""Messages that are sent again at once at the most: the oldest ones."""


@dataclass
class _Sent:
    """A message that is not acknowledged: its bytes, when it was sent last, and how often."""

    data: bytes
    at: float
    times: int = 1


@dataclass
class Stream:
    """One end of it.

    Args:
        sends: the type of its messages. receives: that of the other end's.
        identify: returns ids that nobody had before.
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
        """Take something to send, in as many messages as data needs."""
        if payload_type != Payload.DATA:
            self._waiting.append((payload_type, payload))
            return
        for start in range(0, len(payload), frames.LARGEST):
            self._waiting.append((payload_type, payload[start : start + frames.LARGEST]))

    @property
    def full(self) -> bool:
        """Whether as much is under way as may be, so that nothing more should be taken."""
        return len(self._waiting) >= WINDOW

    @property
    def settled(self) -> bool:
        """Whether all that was taken has come."""
        return not (self._waiting or self._sent)

    def receive(self, data: bytes, now: float) -> list[Frame]:
        """Return what a message brings in its turn: messages with data in order, and others as they come."""
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
        # one that came before is acknowledged again: the first acknowledgement may be lost
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
        """Return the messages that are to be sent now, each whole.

        Args:
            created: milliseconds since the epoch.
        """
        come, self._answers = self._answers, []
        answers = [frames.encoded(frames.acknowledgement(one, self.identify(), created)) for one in come]
        return [*answers, *self._again(now), *self._new(now, created)]

    def wait(self, now: float) -> float | None:
        """Return in how many seconds something is to be sent again; None if nothing is."""
        dues = [one.at + self._patience(one) for _, one in zip(range(REPEATED), self._sent.values(), strict=False)]
        return max(0.0, min(dues) - now) if dues else None

    def resume(self) -> None:
        """All that was not acknowledged is to be sent again at once: the connection is another one."""
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
            return  # of one that was sent twice nobody knows which was acknowledged (RFC 6298, Karn's algorithm)
        took = max(0.0, now - one.at)
        self._variation += (abs(took - self._round_trip) - self._variation) / 4
        self._round_trip += (took - self._round_trip) / 8
        wanted = self._round_trip + max(0.01, 4 * self._variation)
        self._timeout = min(MOST_TIMEOUT, max(LEAST_TIMEOUT, wanted))
