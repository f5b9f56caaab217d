"""Lives of the state on this machine: commands, readers and a person at one disk, with kills and crashes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from tests.simulation.disk import Faults
from tests.simulation.shrink import replaced, without

CALM = Faults()
KEYS = 4
"""The number of addresses."""
ACTS = ("put", "put", "put", "puts", "drop", "finish", "guard", "swap", "keep")
DEEDS = ("rm_lock", "rm_journal", "rm_document", "rm_directory", "rm_draft", *["restore"] * 5)


@dataclass(frozen=True)
class Act:
    """An act of a command on an address, after so many seconds."""

    what: str
    key: int = 0
    pause: float = 0.0


@dataclass(frozen=True)
class Writer:
    """A command that changes the state.

    Attributes:
        starts: the seconds after the round's start.
        acts: its acts between opening and closing.
        kill_at: the number of its disk call at which it is killed, if any.
        kill_after: the number of its renaming after which it is killed, if any.
        wait: whether it waits for others.
    """

    starts: float = 0.0
    acts: tuple[Act, ...] = ()
    kill_at: int | None = None
    kill_after: int | None = None
    wait: bool = False


@dataclass(frozen=True)
class Reader:
    """A command that reads so many times, with a pause in between, and takes no lock."""

    starts: float = 0.0
    times: int = 1
    pause: float = 0.0


@dataclass(frozen=True)
class Person:
    """A person's change of the files by hand."""

    starts: float = 0.0
    deed: str = "restore"


@dataclass(frozen=True)
class Round:
    """Actors at work at the same time.

    Attributes:
        crash_at: the number of the disk call at which the machine crashes, if any.
        crash_after: the number of the renaming after which it crashes, if any.
        settle: whether the state is opened without faults afterwards.
    """

    actors: tuple[Writer | Reader | Person, ...] = ()
    faults: Faults = CALM
    crash_at: int | None = None
    crash_after: int | None = None
    settle: bool = True


@dataclass(frozen=True)
class Life:
    """A whole life; the seed decides the order, the remains after a crash, and the places of faults."""

    seed: str
    rounds: tuple[Round, ...] = ()

    def smaller(self) -> Iterator[Life]:
        """Yield lives that are simpler by one step, the greatest steps first."""
        for rounds in without(self.rounds):
            yield replace(self, rounds=rounds)
        for at, one in enumerate(self.rounds):
            for simpler in _smaller_round(one):
                yield replace(self, rounds=replaced(self.rounds, at, simpler))


def drawn(seed: int) -> Life:
    """Return the life of a seed. The kinds of faults and their rates are drawn as well."""
    chance = random.Random(f"{seed}/life")
    kinds = {name for name in ("faults", "kill", "crash", "person", "crowd") if chance.random() < 0.5}
    faults = {field.name for field in fields(Faults) if "faults" in kinds and chance.random() < 0.4}
    rates = {name: chance.choice([0.005, 0.02, 0.1]) for name in sorted(faults - {"slow"})}
    if "names" in rates:
        # names of a directory are written as rarely as a document
        rates["names"] *= 3
    return Life(str(seed), tuple(_round(chance, kinds, rates) for _ in range(chance.randint(1, 4))))


def _round(chance: random.Random, kinds: set[str], rates: dict[str, float]) -> Round:
    slow = chance.choice([0.001, 0.01] if kinds & {"person", "crowd"} else [0.0, 0.001])
    actors: list[Writer | Reader | Person] = [_writer(chance, kinds, slow)]
    if "crowd" in kinds:
        actors += [_writer(chance, kinds, slow) for _ in range(chance.randint(0, 2))]
        actors += [_reader(chance, slow) for _ in range(chance.randint(0, 2))]
    if "person" in kinds and chance.random() < 0.6:
        actors += [Person(_start(chance, slow), chance.choice(DEEDS)) for _ in range(chance.randint(1, 2))]
        if chance.random() < 0.3:
            actors += _while_at_work(chance, slow)
    return Round(
        tuple(actors),
        Faults(**rates, slow=slow),
        *_end(chance, "crash" in kinds, 150),
        chance.random() < 0.4,
    )


def _while_at_work(chance: random.Random, slow: float) -> list[Writer | Reader | Person]:
    """Return a slow command, a person's deletion of its files, and another command that comes then."""
    busy = Writer(0.0, tuple(replace(_act(chance), pause=40 * slow) for _ in range(8)))
    when = round(chance.uniform(40, 300) * slow, 4)
    return [busy, Person(when, chance.choice(["rm_lock", "rm_directory"])), Writer(when, (Act("put"),))]


def _writer(chance: random.Random, kinds: set[str], slow: float) -> Writer:
    acts = tuple(_act(chance) for _ in range(chance.choice([0, 1, 2, 3, 5, 8])))
    return Writer(_start(chance, slow), acts, *_end(chance, "kill" in kinds, 120), chance.random() < 0.5)


def _end(chance: random.Random, there: bool, calls: int) -> tuple[int | None, int | None]:
    """Return the number of the call or of the renaming that ends something, if any."""
    sort = chance.choice(["call", "renaming", ""]) if there else ""
    return (
        chance.randint(1, chance.choice([15, 40, calls])) if sort == "call" else None,
        chance.randint(1, 5) if sort == "renaming" else None,
    )


def _act(chance: random.Random) -> Act:
    return Act(chance.choice(ACTS), chance.randrange(KEYS), chance.choice([0.0, 0.0, 0.01]))


def _reader(chance: random.Random, slow: float) -> Reader:
    return Reader(_start(chance, slow), chance.randint(1, 6), chance.choice([0.0, 0.005]))


def _start(chance: random.Random, slow: float) -> float:
    """Return a moment during the work of a command with some eighty calls, a few of them slow."""
    return chance.choice([0.0, round(chance.uniform(0, 80 * slow), 4)])


def _smaller_round(one: Round) -> Iterator[Round]:
    for actors in without(one.actors):
        yield replace(one, actors=actors)
    if (one.crash_at, one.crash_after) != (None, None):
        yield replace(one, crash_at=None, crash_after=None)
    for field in fields(Faults):
        if getattr(one.faults, field.name):
            yield replace(one, faults=replace(one.faults, **{field.name: 0.0}))
    for at, actor in enumerate(one.actors):
        for simpler in _smaller_actor(actor):
            yield replace(one, actors=replaced(one.actors, at, simpler))
    if not one.settle:
        yield replace(one, settle=True)


def _smaller_actor(actor: Writer | Reader | Person) -> Iterator[Writer | Reader | Person]:
    if actor.starts:
        yield replace(actor, starts=0.0)
    if isinstance(actor, Writer):
        yield from _smaller_writer(actor)
    if isinstance(actor, Reader):
        if actor.times > 1:
            yield replace(actor, times=actor.times - 1)
        if actor.pause:
            yield replace(actor, pause=0.0)


def _smaller_writer(actor: Writer) -> Iterator[Writer]:
    for acts in without(actor.acts):
        yield replace(actor, acts=acts)
    if (actor.kill_at, actor.kill_after) != (None, None):
        yield replace(actor, kill_at=None, kill_after=None)
    if actor.wait:
        yield replace(actor, wait=False)
    for at, act in enumerate(actor.acts):
        if act.pause or act.what == "puts":
            simpler = replace(act, pause=0.0, what="put" if act.what == "puts" else act.what)
            yield replace(actor, acts=replaced(actor.acts, at, simpler))
