"""Each byte arrives once and in order, under any faults of single messages."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.session import frames, stream
from provisioner.session.frames import Frame, Payload
from provisioner.session.stream import Stream

WIRE_SECONDS = 0.01


class Fault(Enum):
    """Faults of a channel for one message."""

    NONE = "it comes"
    LOSS = "it is lost"
    DOUBLE = "it comes twice"
    LATE = "it comes after the next ones"
    BROKEN = "a byte of it is another one"
    CUT = "the connection ends with it: all that is under way is lost, and both resume"


@dataclass
class Channel:
    """Two ends, and the faults of the messages between them; after the listed faults there are none."""

    faults: list[Fault]
    here: Stream = field(default_factory=lambda: Stream(identify=ids(1)))
    there: Stream = field(default_factory=lambda: Stream(frames.OUTPUT, frames.INPUT, ids(2)))
    now: float = 0.0
    met: Counter[Fault] = field(default_factory=Counter)
    got: dict[str, list[bytes]] = field(default_factory=lambda: {"here": [], "there": []})

    def run(self, seconds: float = 600.0) -> None:
        """Let both talk until all has come."""
        while not (self.here.settled and self.there.settled):
            assert self.now < seconds, "it does not come to an end"
            out, back = self.here.to_send(self.now), self.there.to_send(self.now)
            self.now += WIRE_SECONDS
            came = self._carry(out, "there", self.there), self._carry(back, "here", self.here)
            if not any(came):
                waits = [one for one in (self.here.wait(self.now), self.there.wait(self.now)) if one is not None]
                self.now += min(waits, default=0.0)

    def _carry(self, messages: list[bytes], name: str, end: Stream) -> bool:
        late: list[bytes] = []
        arriving: list[bytes] = []
        for message in messages:
            fault = self.faults.pop(0) if self.faults else Fault.NONE
            self.met[fault] += 1
            match fault:
                case Fault.NONE:
                    arriving.append(message)
                case Fault.DOUBLE:
                    arriving += [message, message]
                case Fault.LATE:
                    late.append(message)
                case Fault.BROKEN:
                    arriving.append(message[:-1] + bytes([message[-1] ^ 1]))
                case Fault.CUT:
                    self.here.resume()
                    self.there.resume()
                    break
                case Fault.LOSS:
                    pass
        for message in [*arriving, *late]:
            self.got[name] += [frame.payload for frame in end.receive(message, self.now)]
        return bool(arriving or late)


def ids(seed: int) -> Callable[[], UUID]:
    """A source of ids that are the same each time."""
    numbers = random.Random(seed)
    return lambda: UUID(int=numbers.getrandbits(128))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(Fault), max_size=60),
    st.lists(st.binary(min_size=1, max_size=3000), max_size=8),
    st.lists(st.binary(min_size=1, max_size=3000), max_size=8),
)
def test_no_byte_is_lost_or_doubled(faults: list[Fault], out: list[bytes], back: list[bytes]) -> None:
    channel = Channel(faults)
    for piece in out:
        channel.here.send(piece)
    for piece in back:
        channel.there.send(piece)
    channel.run()
    assert b"".join(channel.got["there"]) == b"".join(out)
    assert b"".join(channel.got["here"]) == b"".join(back)


def test_one_fault_at_each_message_changes_nothing() -> None:
    content = bytes(range(256)) * 40
    calm = Channel([])
    calm.here.send(content)
    calm.there.send(content)
    calm.run()
    for fault in Fault:
        for number in range(calm.met.total()):
            channel = Channel([*([Fault.NONE] * number), fault])
            channel.here.send(content)
            channel.there.send(content)
            channel.run()
            assert channel.met[fault], f"{fault} never happened"
            assert b"".join(channel.got["there"]) == b"".join(channel.got["here"]) == content, (fault, number)


def test_data_is_cut_as_aws_cuts_it_and_the_first_says_so() -> None:
    one = Stream()
    one.send(b"x" * 2500)
    one.send(b'{"cols":80,"rows":24}', Payload.SIZE)
    sent = [frames.decoded(data) for data in one.to_send(0.0, 5)]
    assert [(len(frame.payload), frame.payload_type, frame.flags, frame.created) for frame in sent] == [
        (1024, Payload.DATA, frames.SYN, 5),
        (1024, Payload.DATA, 0, 5),
        (452, Payload.DATA, 0, 5),
        (21, Payload.SIZE, 0, 5),
    ]
    assert [frame.sequence for frame in sent] == [0, 1, 2, 3]


def test_only_so_much_is_under_way_at_once() -> None:
    one = Stream()
    one.send(b"x" * frames.LARGEST * 3 * stream.WINDOW)
    assert one.full
    sent = one.to_send(0.0)
    assert len(sent) == stream.WINDOW
    assert one.to_send(0.01) == []
    one.receive(_acknowledged(sent[500]), 0.02)
    assert [frames.decoded(data).sequence for data in one.to_send(0.03)] == [stream.WINDOW]
    # only some late messages are sent again at a time, the oldest ones
    assert [frames.decoded(data).sequence for data in one.to_send(5.0)] == list(range(stream.REPEATED))


def test_how_long_it_waits_follows_from_the_round_trip() -> None:
    one = Stream()
    now = 0.0
    for _ in range(40):
        one.send(b"x")
        (data,) = one.to_send(now)
        now += 0.3
        one.receive(_acknowledged(data), now)
    one.send(b"x")
    one.to_send(now)
    wait = one.wait(now)
    assert wait is not None
    assert 0.3 < wait < 0.5
    assert one.to_send(now + 0.3) == []
    assert len(one.to_send(now + 0.5)) == 1


def test_messages_without_data_come_as_they_are() -> None:
    one = Stream()
    closed = Frame(frames.CLOSED, 99, UUID(int=1), b'{"Output":"bye"}')
    assert one.receive(frames.encoded(closed), 0.0) == [closed]
    assert one.to_send(0.0) == []


def test_what_is_too_far_ahead_is_not_acknowledged() -> None:
    one = Stream()
    for number in range(1, stream.AHEAD + 2):
        one.receive(frames.encoded(Frame(frames.OUTPUT, number, UUID(int=number), b"x")), 0.0)
    assert len(one.to_send(0.0)) == stream.AHEAD


def _acknowledged(data: bytes) -> bytes:
    return frames.encoded(frames.acknowledgement(frames.decoded(data), UUID(int=0)))
