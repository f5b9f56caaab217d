"""Points to live through: every call of `up` and `down`, and a spread of all other cuts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, zip_longest

from tests.cloud.crash.cuts import MOMENTS, AtCall, AtStateStep, CtrlC, Cut, DiskFull, NoRoom, ReadOnly

SEED = 20_240
COMMANDS = ("up", "down")
THEN_DOWN = "then down"
"""The sort of the points at which `up` is killed, and `down` runs next instead of another `up`."""
STATE_STEPS = {
    "journal": {"up": 240, "down": 160},
    "sync": {"up": 240, "down": 160},
    "fold": {"up": 24, "down": 10},
}
"""About how many lines are written to the journal and made durable, and how many steps it takes to fold them."""
STATE_KILLS = (
    *(("journal", when) for when in ("before", "torn", "after")),
    *(("fold", when) for when in ("before", "torn", "after")),
    ("sync", "after"),
)
BYTES = {"up": 90_000, "down": 40_000}
"""The least length of the journal at the end."""

Writes = Mapping[str, Sequence[str]]
"""The calls of an undisturbed `up` and `down` that write, as `service:Operation`."""


@dataclass(frozen=True)
class Point:
    """The cuts of one direction, one or several in a row, and their sort."""

    sort: str
    command: str
    cuts: Sequence[Cut]

    @property
    def name(self) -> str:
        """The command and its cuts, for the user to find them again."""
        return f"{self.command} {', '.join(map(str, self.cuts))}" + (f", {THEN_DOWN}" * (self.sort == THEN_DOWN))

    @property
    def next(self) -> str:
        """The command that runs after the cuts, to its end."""
        return "down" if self.sort == THEN_DOWN else self.command


Life = tuple[Point | None, Point | None]
"""The points on the way up and on the way down of one stack."""


def paired(points: Sequence[Point]) -> Iterator[Life]:
    """Yield lives with one point on the way up and one of the same sort on the way down, as long as there are both."""
    for sort in dict.fromkeys(point.sort for point in points):
        ups, downs = ([p for p in points if (p.sort, p.command) == (sort, command)] for command in COMMANDS)
        yield from zip_longest(ups, downs)


def calls(writes: Writes) -> list[Point]:
    """Return every call of `up` and of `down`, before and after.

    Calls are made at once and so in no certain order: the first, second, … of an operation is what can be told apart.
    """
    return [
        Point("call", command, [AtCall(number, when, operation)])
        for command in COMMANDS
        for operation, count in sorted(Counter(writes[command]).items())
        for number in range(1, count + 1)
        for when in MOMENTS
    ]


def taken_down(writes: Writes) -> list[Point]:
    """Return every call of `up` once it has taken effect, with `down` right after the kill."""
    counts = sorted(Counter(writes["up"]).items())
    return [then_down(AtCall(n, "after", operation)) for operation, count in counts for n in range(1, count + 1)]


def then_down(cut: AtCall) -> Point:
    """Return the point at which `up` is killed so, with `down` right after."""
    return Point(THEN_DOWN, "up", [cut])


def sample(count: int) -> list[AtCall]:
    """Return `count` kills at calls, to be met one after the other: before and after the call's effect by turns."""
    chance = random.Random(SEED)
    return [AtCall(chance.randint(8, 16), when) for _, when in zip(range(count), cycle(MOMENTS), strict=False)]


def others(writes: Writes, count: int) -> list[Point]:
    """Return `count` points of every other sort and direction, the same ones each time."""
    chance = random.Random(SEED)
    found = []
    for command in COMMANDS:
        last = len(writes[command]) - 5
        for number in range(count):
            share = (number + chance.random()) / count
            sort, when = STATE_KILLS[number % len(STATE_KILLS)]
            first = chance.randint(1, last)
            two = [AtCall(call, chance.choice(MOMENTS)) for call in (first, chance.randint(1, max(1, last - first)))]
            again = chance.randint(1, 3)
            found += [
                Point("state", command, [AtStateStep(sort, 1 + int(share * STATE_STEPS[sort][command]), when)]),
                Point("two in a row", command, two),
                Point("Ctrl-C", command, [CtrlC(1 + int(share * last))]),
                Point("Ctrl-C twice", command, [CtrlC(1 + int(share * last), again)]),
                Point("disk full", command, [_full(command, number, share)]),
                Point("read-only", command, [ReadOnly(int(80 * share))]),
            ]
    return found


def _full(command: str, number: int, share: float) -> Cut:
    """Return a full disk: by turns no file can grow beyond a size, or there is no room from some moment on."""
    if number % 2 == 0:
        return DiskFull(int(BYTES[command] * share) + 100)
    sort = ("journal", "fold")[number // 2 % 2]
    return NoRoom(sort, 1 + int(share * STATE_STEPS[sort][command]))
