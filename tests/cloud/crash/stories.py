"""The draws of a seed before a life begins: a stack and its edit, and all that happens to it but the kills."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.cloud.crash import drawn
from tests.cloud.crash.hands import HANDS, Hand

FAULTS = ("", "", "", "lag", "throttle", "lost", "server-error", "slow", "reset", "lag,throttle", "lag,lost")
"""The faults of a life; three of eleven have none."""
AMONG = 3000
"""Seeds among which stacks with something are looked for."""

Path = tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """The plot of a life.

    Attributes:
        faults: the faults that its commands meet until the end.
        before: the stack that comes. after: the stack that an edit makes of it.
        hand: a colleague's change between the two, if any.
        loses: the command that has to bring the state back after it was taken away, empty if it is not.
        early: whether that happens before the edit's first `up`, and not after its last one.
    """

    seed: int
    durations: str
    faults: str
    before: drawn.Table
    after: drawn.Table
    hand: Hand | None
    loses: tuple[str, ...]
    early: bool

    @property
    def features(self) -> Iterator[str]:
        """Yield all that it has: `redis` of the stack, `+redis`, `-redis` and `~redis` of the edit, and events."""
        before, after = _flat(self.before), _flat(self.after)
        yield from sorted({_name(path) for path in before})
        for path in sorted(before.keys() | after.keys()):
            if before.get(path) != after.get(path):
                yield ("~" if path in before and path in after else "+" if path in after else "-") + _name(path)
        yield from (f"fault {one}" for one in self.faults.split(",") if one)
        if self.hand:
            yield f"hand {self.hand.__name__}"
        if self.loses:
            yield f"lost {'before' if self.early else 'after'} the edit, {self.loses[0]}"


def story(seed: int) -> Story:
    """Draw the plot of a life."""
    chance = random.Random(seed)
    durations = chance.choice(["fast", "typical"])
    before = drawn.stack(chance)
    faults = chance.choice(FAULTS)
    # an `up` without a state does not delete what is no longer declared
    recovers = ("recover", "--yes")
    loses, early = chance.choice([(recovers, True), (recovers, False), (("up", "--yes"), False)])
    return Story(
        seed=seed,
        durations=durations,
        faults=faults,
        before=before,
        after=drawn.edited(chance, before),
        hand=chance.choice(HANDS) if chance.random() < 0.4 else None,
        loses=loses if chance.random() < 0.4 else (),
        early=early,
    )


def chosen(first: int, lives: int, wanted: str) -> list[Story]:
    """Return the stories of these seeds; with words such as `-alarms`, the smallest stories with all of them."""
    if not wanted:
        return [story(seed) for seed in range(first, first + lives)]
    words = {one.strip() for one in wanted.split(";")}
    found = (one for one in map(story, range(first, first + AMONG)) if words <= {*one.features})
    some = itertools.islice(found, 2 * lives)
    return sorted(some, key=lambda one: (len(drawn.text(one.before)), one.seed))[:lives]


def seen(stories: Iterable[Story]) -> str:
    """Return a table of the number of times that each thing is drawn, also 0."""
    told = [*stories]
    counts = Counter(feature for one in told for feature in one.features)
    rows = [f"{'of ' + str(len(told)):26} stack  edit: +     -     ~"]
    for name in sorted(map(_name, _all())):
        in_edits = "".join(f"{counts[sign + name]:6}" for sign in "+-~")
        rows.append(f"{name:26}{counts[name]:6}{in_edits}")
    events = {
        *(f"fault {one}" for one in ",".join(FAULTS).split(",") if one),
        *(f"hand {one.__name__}" for one in HANDS),
        *("lost before the edit, recover", "lost after the edit, recover", "lost after the edit, up"),
    }
    rows += [f"{name:30}{counts[name]:6}" for name in sorted(events)]
    return "\n".join(rows)


def _all() -> Iterator[Path]:
    """Yield all that a stack may have."""
    for name in itertools.chain(drawn.TABLES, ["database", "dns"]):
        yield (name,)
    for name in drawn.NETWORK:
        yield "network", name
    for name in itertools.chain(drawn.SERVICE, drawn.STORES, ["public", "calls", "path", "port"]):
        yield "service", name
    for name in itertools.chain(drawn.OF_JOBS, drawn.STORES, ["schedule", "before_deploy"]):
        yield "job", name


def _flat(table: drawn.Table) -> dict[Path, str]:
    """Return the contents of a stack by their place, all that is nested as well."""
    found = dict[Path, str]()
    for name, value in table.items():
        if name == "network":
            found |= _nested((name,), value)
        elif name in ("services", "jobs"):
            for workload, keys in value.items():
                found |= _nested((name[:-1], f"<{workload}>"), keys)
        else:
            found[name,] = json.dumps(value)
            found |= _nested((name,), value)
    return found


def _nested(place: Path, value: object) -> dict[Path, str]:
    found = dict[Path, str]()
    if isinstance(value, dict):
        for key, inner in value.items():
            found[*place, key] = json.dumps(inner)
            found |= _nested((*place, key), inner)
    elif isinstance(value, str) and value.replace("-", "").isalpha():
        found[*place, value] = ""
    return found


def _name(path: Path) -> str:
    return ".".join(part for part in path if not part.startswith("<"))
