"""Lives of a state in S3: several commands, readers and people at one bucket, as plain data that a seed draws."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from tests.simulation.bucket import ATTEMPTS, FATES, Network
from tests.simulation.shrink import replaced, without

CALM = Network()


@dataclass(frozen=True)
class Op:
    """One fact that a thread of a command hands in.

    Attributes:
        verb: `put`, `drop`, or `bad` for a record that cannot be written.
        seed: decides the fates of its requests.
        think: the seconds before it.
        interrupt: the number of the place in its requests at which the user interrupts it; 0 for none.
    """

    verb: str
    address: str
    seed: int
    think: float = 0.0
    interrupt: int = 0


@dataclass(frozen=True)
class Command:
    """One session in a process of its own.

    Attributes:
        at: the moment of its start, in seconds.
        machine: its machine; empty: one of its own, without an identity that distinguishes it from others.
        skew: the seconds that its calendar is ahead.
        wait: wait until the state is free, instead of giving up.
        first: its act before its threads begin: `guard`, `swap` or nothing; `guard late`: while they are at work.
        threads: the facts that its threads hand in.
        leaves: the seconds after which it ends, even if its threads are still at work.
        kill_at: the number of the place at which it is killed.
        sleeps: the numbers of the places at which it falls asleep, and the seconds of sleep.
        fates: the fates of single requests, by their numbers.
        stopped: whether its clock stands still while it sleeps, as on a paused virtual machine.
        ctrl_c: the seconds after which its user presses Ctrl-C.
        silent: the seconds before that at which S3 stops answering it.
    """

    name: str
    seed: int
    at: float
    machine: str = "one"
    skew: float = 0.0
    wait: bool = False
    first: str = ""
    threads: tuple[tuple[Op, ...], ...] = ()
    leaves: float | None = None
    kill_at: int | None = None
    sleeps: tuple[tuple[int, float], ...] = ()
    fates: tuple[tuple[int, str], ...] = ()
    stopped: bool = False
    ctrl_c: float | None = None
    silent: float = 0.0

    def smaller(self) -> Iterator[Self]:
        plain: Any
        rest: Any
        for field, plain in (
            ("threads", ()), ("kill_at", None), ("sleeps", ()), ("first", ""), ("leaves", None), ("stopped", False),
            ("skew", 0.0), ("wait", False), ("fates", ()), ("ctrl_c", None), ("silent", 0.0),
        ):  # fmt: skip
            if getattr(self, field) != plain:
                yield replace(self, **{field: plain})
        for threads in without(self.threads):
            yield replace(self, threads=threads)
        for number, ops in enumerate(self.threads):
            for fewer in without(ops):
                yield replace(self, threads=replaced(self.threads, number, fewer))
            for place, op in enumerate(ops):
                if op.interrupt:
                    calm = replaced(ops, place, replace(op, interrupt=0))
                    yield replace(self, threads=replaced(self.threads, number, calm))
        for field in ("sleeps", "fates"):
            for rest in without(getattr(self, field)):
                yield replace(self, **{field: rest})


@dataclass(frozen=True)
class Deed:
    """An act of a person on the bucket.

    Attributes:
        what: `lock`, `document` or `both` delete these objects; `earlier` restores an earlier version of the document.
        version: the number of the version, counted from the newest.
    """

    what: str
    at: float
    version: int = 0


@dataclass(frozen=True)
class Life:
    """The whole life of one state.

    Attributes:
        order: decides the order of greenlets that are ready.
        lease: the seconds of a lease.
        page: the most names in an answer of the bucket.
        ahead: the seconds that the bucket's clock is ahead.
        hides: the seconds for which the bucket hides a written object, see `Bucket`.
        visits: the moments of reads without a lock.
    """

    order: int
    lease: float = 60.0
    page: int = 1000
    ahead: float = 0.0
    hides: float = 0.0
    network: Network = CALM
    commands: tuple[Command, ...] = ()
    visits: tuple[float, ...] = ()
    deeds: tuple[Deed, ...] = ()

    @property
    def strict(self) -> bool:
        """True if the lease alone keeps two writers apart: no clock stands still, and nobody deletes the lock."""
        return not any(command.stopped and command.sleeps for command in self.commands) and not any(
            deed.what in {"lock", "both"} for deed in self.deeds
        )

    def smaller(self) -> Iterator[Self]:
        plain: Any
        rest: Any
        for field in ("commands", "visits", "deeds"):
            for rest in without(getattr(self, field)):
                yield replace(self, **{field: rest})
        for rates in without(self.network.rates):
            yield replace(self, network=replace(self.network, rates=rates))
        for outages in without(self.network.outages):
            yield replace(self, network=replace(self.network, outages=outages))
        for number, command in enumerate(self.commands):
            for simpler in command.smaller():
                yield replace(self, commands=replaced(self.commands, number, simpler))
        for field, plain in (("page", 1000), ("ahead", 0.0), ("hides", 0.0), ("lease", 60.0)):
            if getattr(self, field) != plain:
                yield replace(self, **{field: plain})
        if self.network.latency != CALM.latency:
            yield replace(self, network=replace(self.network, latency=CALM.latency))


def drawn(seed: object) -> Life:
    """Draw a life: the kinds of faults and their numbers are drawn as well."""
    hides = random.Random(f"{seed}/hides").choice((0.0, 0.0, 0.0, 0.0, 1.0, 10.0))
    life = replace(_drawn(random.Random(f"{seed}/life")), hides=hides)
    return _silenced(random.Random(f"{seed}/silent"), life)


def _silenced(chance: random.Random, life: Life) -> Life:
    """Let S3 stop answering the first command in some lives, whose user presses Ctrl-C while it is awake.

    Drawn apart, so that the other lives stay the same.
    """
    if chance.random() < 0.8:
        return life
    first = replace(life.commands[0], sleeps=(), kill_at=None, leaves=None, wait=False, stopped=False)
    moment, before = chance.random() * life.lease * chance.choice((0.1, 1.0)), chance.choice((0.0, 1.0, 9.0, 60.0))
    silenced = replace(first, ctrl_c=moment, silent=before * chance.random())
    return replace(life, commands=(silenced, *life.commands[1:]))


def _drawn(chance: random.Random) -> Life:
    if chance.random() < 0.15:
        return _contest(chance)
    lease = chance.choice((60.0, 60.0, 60.0, 6.0, 0.5))
    faults = chance.random() < 0.85
    span = lease * chance.choice((0.3, 1.0, 3.0))
    names = [f"command-{number}" for number in range(chance.randint(2, 4))]
    commands = tuple(_command(chance, name, lease, span, faults) for name in names)
    return Life(
        order=chance.getrandbits(32),
        lease=lease,
        page=chance.choice((1, 2, 1000)),
        ahead=chance.choice((0.0, 0.0, -3600.0, 3600.0)) + chance.random(),
        network=_network(chance, lease, span) if faults else CALM,
        commands=commands,
        visits=tuple(chance.random() * span * 2 for _ in range(chance.randint(0, 4))),
        deeds=_deeds(chance, span) if chance.random() < 0.25 else (),
    )


def _contest(chance: random.Random) -> Life:
    """Draw a life in which a command sleeps for about its lease, while another one waits for the lock."""
    fate = chance.choice(("slow", "slow", "unanswered", "closed"))
    op, other = _op(chance, 0, 6.0, faults=False), _op(chance, 0, 1.0, faults=False)
    sleeps = ((chance.randint(18, 32), 6.0 * chance.choice((0.5, 0.9, 1.2))),)
    first, many = chance.randint(7, 10), chance.choice((1, 2, ATTEMPTS))
    fates = tuple((first + more, fate) for more in range(many))
    return Life(
        order=chance.getrandbits(32),
        lease=6.0,
        ahead=chance.random(),
        commands=(
            Command("first", chance.getrandbits(32), 0.0, "one", threads=((op,),), sleeps=sleeps, fates=fates),
            Command("second", chance.getrandbits(32), 1.0, "two", wait=True, threads=((other,),)),
        ),
    )


def _network(chance: random.Random, lease: float, span: float) -> Network:
    met = chance.sample(FATES, chance.choice((0, 1, 1, 2, 3, 6)))
    most = chance.choice((0.05, 0.2, 0.6))
    outages: tuple[tuple[float, float], ...] = ()
    if chance.random() < 0.2:
        begins = chance.random() * span
        outages = ((begins, begins + chance.random() * lease * 3),)
    return Network(
        rates=tuple((fate, chance.random() * most / len(met)) for fate in met),
        latency=chance.choice((0.02, 0.1, 0.1, 5.0)),
        outages=outages,
    )


def _command(chance: random.Random, name: str, lease: float, span: float, faults: bool) -> Command:
    pause = chance.choice((0.0, lease / 50, lease / 4))
    threads = tuple(
        tuple(_op(chance, number, pause, faults) for _ in range(chance.randint(1, 4)))
        for number in range(chance.choice((1, 1, 2, 3)))
    )
    sleeps: tuple[tuple[int, float], ...] = ()
    fates: tuple[tuple[int, str], ...] = ()
    kill_at = None
    if faults and chance.random() < 0.4:
        sleeps = ((chance.randint(1, 70), lease * chance.choice((0.5, 1.2, 3.0))),)
    if faults and chance.random() < 0.35:
        kill_at = chance.randint(1, 80)
    if faults and chance.random() < 0.25:
        # a request without an answer to any of its repetitions
        number, fate = chance.randint(1, 25), chance.choice(("unanswered", "closed", "error after", "late", "lost"))
        fates = tuple((number + more, fate) for more in range(chance.choice((1, ATTEMPTS, ATTEMPTS, 2 * ATTEMPTS))))
    return Command(
        name,
        seed=chance.getrandbits(32),
        at=chance.random() * span,
        machine=chance.choice(("one", "one", "two", "")),
        skew=chance.choice((0.0, -3600.0, 3600.0)),
        wait=chance.random() < 0.4,
        first=chance.choice(("", "", "guard", "guard", "guard late", "swap")),
        threads=threads,
        leaves=chance.random() * lease if chance.random() < 0.15 else None,
        kill_at=kill_at,
        sleeps=sleeps,
        fates=fates,
        stopped=bool(sleeps) and chance.random() < 0.3,
    )


def _op(chance: random.Random, thread: int, pause: float, faults: bool) -> Op:
    return Op(
        verb=chance.choice(("put", "put", "drop") if chance.random() < 0.97 else ("bad",)),
        address=f"{'abc'[thread]}/{chance.randint(0, 1)}",
        seed=chance.getrandbits(32),
        think=chance.random() * pause,
        interrupt=chance.randint(1, 8) if faults and chance.random() < 0.05 else 0,
    )


def _deeds(chance: random.Random, span: float) -> tuple[Deed, ...]:
    whats = [chance.choice(("lock", "document", "both", "earlier")) for _ in range(chance.choice((1, 1, 2)))]
    return tuple(Deed(what, chance.random() * span * 1.5, chance.randint(0, 5)) for what in whats)
