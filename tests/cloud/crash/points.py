"""Which cuts there are to live through: every call of `up` and `down`, and a spread of everything else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tests.cloud.crash.cuts import MOMENTS, AtCall, AtStateStep, CtrlC, Cut, DiskFull, ReadOnly

SEED = 20_240
STATE_STEPS = {"up": 560, "down": 330}
"""About how many things are done to the state's files."""


@dataclass(frozen=True)
class Life:
    """The cuts on the way up and on the way down, and of which sort they are."""

    sort: str
    up: Sequence[Cut]
    down: Sequence[Cut]


def calls(writes: Mapping[str, Sequence[str]]) -> Iterator[Life]:
    """Yield every call of `up` and of `down`, before and after; each life has one of either as long as there are.

    Calls are made at once and so in no certain order: the first, second, … of an operation is what can be told apart.
    """
    ups, downs = (
        [
            [AtCall(number, when, operation)]
            for operation, count in sorted(Counter(writes[command]).items())
            for number in range(1, count + 1)
            for when in MOMENTS
        ]
        for command in ("up", "down")
    )
    for up, down in zip_longest(ups, downs, fillvalue=()):
        yield Life("call", up, down)


def sample(writes: Mapping[str, Sequence[str]], count: int) -> Iterator[Life]:
    """Yield `count` lives, each cut at the first call of an operation, which are chosen from all over."""
    ups, downs = (sorted(set(writes[command])) for command in ("up", "down"))
    for number in range(count):
        up, down = (operations[number * len(operations) // count] for operations in (ups, downs))
        moments = MOMENTS[number % 2], MOMENTS[(number + 1) % 2]
        yield Life("call", [AtCall(1, moments[0], up)], [AtCall(1, moments[1], down)])


def others(calls: Mapping[str, Sequence[str]], count: int) -> Iterator[Life]:
    """Yield `count` lives of every other sort, the same ones each time."""
    writes = {command: len(operations) for command, operations in calls.items()}
    chance = random.Random(SEED)  # noqa: S311 (the same choices each time are what is wanted)

    def two(command: str) -> list[Cut]:
        first = chance.randint(1, writes[command] - 5)
        second = chance.randint(1, max(1, writes[command] - 5 - first))
        return [AtCall(call, chance.choice(MOMENTS)) for call in (first, second)]

    def step(command: str, share: float) -> AtStateStep:
        return AtStateStep(1 + int(share * STATE_STEPS[command]), chance.choice(("before", "torn", "after")))

    def interrupted(command: str, again: float | None) -> CtrlC:
        return CtrlC(chance.randint(1, writes[command] - 5), again)

    for number in range(count):
        share = (number + chance.random()) / count
        yield Life("state", [step("up", share)], [step("down", share)])
        yield Life("two in a row", two("up"), two("down"))
        yield Life("Ctrl-C", [interrupted("up", None)], [interrupted("down", None)])
        again = round(chance.random() / 2, 2)
        yield Life("Ctrl-C twice", [interrupted("up", again)], [interrupted("down", again)])
        # the journal of a whole way up is some 100,000 bytes long
        yield Life("disk full", [DiskFull(int(90_000 * share) + 100)], [DiskFull(int(40_000 * share) + 100)])
        yield Life("read-only", [ReadOnly(int(80 * share))], [ReadOnly(int(80 * share))])
