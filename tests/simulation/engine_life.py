"""A life of a stack as plain data: a person's acts one after the other, and the conditions of each command."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.simulation.cloud import FAULTS, Weather
from tests.simulation.disk import Faults
from tests.simulation.hub import Step
from tests.simulation.stack import Config

NONE = Faults()
UNSET: Step = (0.0, 0.0)
"""The calendar is not set."""

COMMANDS = ("up", "down", "plan", "recover", "down step", "rename", "forget")
BY_HAND = ("delete", "resize", "untag", "readdress", "squat", "share", "visit", "hand over")
"""Acts of other people in the cloud; `squat`: they create a resource under a name of ours; `hand over`: they put the
tags of another stack on everything."""
LET_IN = "let in"
"""The act of another person: letting a key through a gate."""


@dataclass(frozen=True)
class Act:
    """One act in a life.

    Attributes:
        verb: a command, `edit`, or one of `BY_HAND`.
        seed: decides all its random choices.
        gap: the seconds since the last act.
        kill: the number of the command's point at which it is killed.
        stop: the seconds after which the user presses Ctrl-C.
        skew: the seconds that this machine's calendar is ahead.
        step: the seconds after which the calendar is set while the command runs, and the seconds it is set by.
        faults: the faults of its calls, with their rates.
        lag: the most seconds after which lists show a change.
        to: the configuration after an edit; drawn if left out.
        crash: whether a kill ends the whole machine, so that undurable data are lost in part.
        disk: the faults of the disk.
        unprotect: whether `down` disables the protection from deletion.
        failing: the rate of rollouts that begin meanwhile and fail.
    """

    verb: str
    seed: int
    gap: float = 0.0
    kill: int | None = None
    stop: float | None = None
    skew: float = 0.0
    step: Step = UNSET
    faults: tuple[tuple[str, float], ...] = ()
    lag: float = 0.0
    flapping: bool = False
    to: Config | None = None
    crash: bool = False
    disk: Faults = NONE
    unprotect: bool = True
    failing: float = 0.0

    def weather(self) -> Weather:
        return Weather(dict(self.faults), self.lag, self.flapping, failing=self.failing)


@dataclass(frozen=True)
class Life:
    """A life: the number of resources at first, the configuration if it is not drawn, and the acts.

    `disk`: the state is the real one on a simulated disk, not a simple one in memory. `planned`, `idle`: whether the
    last
    `up` is compared with a plan, and followed by a second one. `step`: the setting of the calendar during each of the
    last
    commands. `traffic`: the number of workers beside the other resources, with the resources that they use.
    """

    seed: int
    size: int
    acts: tuple[Act, ...]
    config: Config | None = None
    disk: bool = False
    planned: bool = True
    idle: bool = True
    step: Step = UNSET
    traffic: int = 0

    def smaller(self) -> Iterator[Life]:
        """Yield lives that are a little simpler, the simplest first."""
        for length in (8, 4, 2, 1):
            for start in range(0, len(self.acts) - length + 1, length):
                yield replace(self, acts=self.acts[:start] + self.acts[start + length :])
        for size in sorted({self.size // 2, self.size - 1}):
            if 0 < size < self.size:
                yield replace(self, size=size)
        if self.step != UNSET:
            yield replace(self, step=UNSET)
        if self.traffic > 1:
            yield replace(self, traffic=self.traffic - 1)
        for number, act in enumerate(self.acts):
            for simpler in _simpler(act):
                yield replace(self, acts=(*self.acts[:number], simpler, *self.acts[number + 1 :]))


def _simpler(act: Act) -> Iterator[Act]:
    for fault in act.faults:
        yield replace(act, faults=tuple(other for other in act.faults if other != fault))
    nothing: Any
    for name, nothing in (
        ("kill", None),
        ("stop", None),
        ("flapping", False),
        ("lag", 0.0),
        ("skew", 0.0),
        ("step", UNSET),
        ("gap", 0.0),
        ("crash", False),
        ("disk", NONE),
        ("unprotect", True),
        ("failing", 0.0),
    ):
        if getattr(act, name) != nothing:
            yield replace(act, **{name: nothing})
    if act.kill is not None and act.kill > 1:
        yield replace(act, kill=act.kill // 2)
        yield replace(act, kill=act.kill - 1)


def drawn(seed: int) -> Life:
    """Return the life of a seed: one in ten is a life that once broke a promise, with random additions.

    One in ten begins with commands soon after each other, whose lists are late and whose calls are slow.
    """
    if random.Random(f"{seed}/shape").random() < 0.1:
        return _hurried(seed)
    chance = random.Random(f"{seed}/life")
    return _varied(seed, chance) if chance.random() < 0.1 else _by_chance(seed, chance)


def _varied(seed: int, chance: random.Random) -> Life:
    """Return a life that once broke a promise, with other moments and faults and some more acts."""
    from tests.simulation.regressions import LIVES

    once, more = chance.choice(list(LIVES.values())), _by_chance(seed, chance)
    acts = tuple(replace(act, seed=chance.choice((act.seed, chance.getrandbits(32)))) for act in once.acts)
    return replace(more, size=once.size, config=once.config, acts=(*acts, *more.acts[:3]), disk=False)


def _hurried(seed: int) -> Life:
    """Return a life whose first commands follow each other at once, by late lists and slow calls."""
    chance = random.Random(f"{seed}/hurried")
    life = _by_chance(seed, chance)

    def act(verb: str) -> Act:
        slow = (("slow", chance.choice((0.02, 0.1, 0.3))),)
        return Act(verb, chance.getrandbits(32), lag=25.0, faults=slow if chance.random() < 0.7 else ())

    first = [act(verb) for verb in chance.choice((("up", "down"), ("up", "down", "up"), ("up", "recover", "down")))]
    return replace(life, acts=(*first, *life.acts[:2]), disk=False)


def _by_chance(seed: int, chance: random.Random) -> Life:
    """Return a random life. Its faults are drawn first, so that rare ones occur together."""
    faults = [name for name in FAULTS if chance.random() < 0.3]
    traits = {name for name in ("kill", "stop", "lag", "flapping", "skew", "hand", "edit") if chance.random() < 0.5}
    lag = chance.choice((1.0, 10.0, 25.0)) if "lag" in traits else 0.0
    acts = tuple(_act(chance, faults, traits, lag) for _ in range(chance.choice((1, 2, 3, 4, 6, 9))))
    size, disk = chance.choice((1, 2, 2, 3, 4, 6, 8, 12)), chance.random() < 0.2
    planned, idle = chance.random() < 0.5, chance.random() < 0.4
    life = Life(seed, size, acts, disk=disk, planned=planned, idle=idle, step=_step(seed, "up", flapping=False))
    return replace(life, acts=tuple(_on_disk(chance, act) for act in acts)) if life.disk else life


def _on_disk(chance: random.Random, act: Act) -> Act:
    """Turn a kill into a crash of the machine now and then, and let the disk fill up or fail."""
    wrong = Faults(full=0.01, short=0.01) if chance.random() < 0.2 else NONE
    return replace(act, crash=chance.random() < 0.5, disk=wrong) if act.verb in COMMANDS else act


def _act(chance: random.Random, faults: list[str], traits: set[str], lag: float) -> Act:
    verbs = {"up": 6, "down": 2, "plan": 0.5, "recover": 0.5, "down step": 0.5, "rename": 0.3, "forget": 0.2}
    if "edit" in traits:
        verbs["edit"] = 4
    if "hand" in traits:
        verbs |= dict.fromkeys(BY_HAND[:-1], 0.3) | {"delete": 1.5}
    verb = chance.choices(list(verbs), list(verbs.values()))[0]
    seed, gap = chance.getrandbits(32), chance.choice((0.0, 0.0, 3.0, 40.0, 4000.0))
    # drawn apart, so that the other lives stay the same
    if verb == "untag" and random.Random(f"{seed}/all").random() < 0.5:
        verb = "hand over"
    if verb not in COMMANDS:
        return Act(verb, seed, gap if verb != "edit" else 0.0)
    kill = (
        chance.randrange(1, chance.choice((10, 40, 150, 400))) if "kill" in traits and chance.random() < 0.7 else None
    )
    stop = chance.choice((0.1, 1, 5, 40, 200)) * chance.random() if "stop" in traits and chance.random() < 0.5 else None
    # the age of a removed resource depends on the clock: only a wrong clock together with flapping lists is fatal
    skew = 3600.0 if "skew" in traits and chance.random() < 0.5 and not verb.startswith("down") else 0.0
    rates = tuple((name, chance.choice((0.02, 0.1, 0.3))) for name in faults)
    flapping = "flapping" in traits
    step = _step(seed, verb, flapping=flapping)
    unprotect = not verb.startswith("down") or random.Random(f"{seed}/unprotect").random() < 0.7
    return Act(verb, seed, gap, kill, stop, skew, step, rates, lag, flapping, unprotect=unprotect)


def _step(seed: int, verb: str, *, flapping: bool) -> Step:
    """Return the setting of the calendar during a command, if any; none where that alone is fatal, as with `skew`."""
    chance = random.Random(f"{seed}/step")
    if chance.random() < 0.8 or (flapping and verb.startswith("down")):
        return UNSET
    ahead = (60.0, 3600.0) if flapping else (-3600.0, -60.0, 60.0, 3600.0)
    return chance.choice((0.5, 2.0, 10.0, 40.0)), chance.choice(ahead)


def drawn_with_traffic(seed: int) -> Life:
    """Return the life of a seed with changes in parts: with many edits, and with failing rollouts.

    One in ten edits twice around an `up` that is cut short while lists are late.
    """
    if random.Random(f"{seed}/shape").random() < 0.1:
        return _edited_in_a_hurry(seed)
    chance = random.Random(f"{seed}/traffic/life")
    life = _by_chance(seed, chance)
    failing = chance.choice((0.0, 0.0, 0.3, 0.7))
    acts = [Act("up", chance.getrandbits(32))] if chance.random() < 0.7 else []
    for act in life.acts:
        if act.verb == "up" and chance.random() < 0.6:
            acts.append(Act("edit", chance.getrandbits(32)))
        if act.verb == "up" and chance.random() < 0.15:
            acts.append(Act(LET_IN, chance.getrandbits(32)))
        acts.append(replace(act, failing=failing) if act.verb == "up" else act)
    if chance.random() < 0.5:
        acts.append(Act("edit", chance.getrandbits(32)))
    return replace(life, size=chance.choice((0, 0, 1, 2, 4)), acts=tuple(acts), traffic=chance.choice((1, 2, 2, 3)))


def _edited_in_a_hurry(seed: int) -> Life:
    """Return a life of changes in parts whose second `up` is cut short, by late lists, before the third edit."""
    chance = random.Random(f"{seed}/hurried")
    stop, kill = chance.choice(((chance.choice((1, 5, 40)) * chance.random(), None), (None, chance.randrange(1, 60))))
    cut = Act("up", chance.getrandbits(32), stop=stop, kill=kill, lag=25.0)
    edits = [Act("edit", chance.getrandbits(32)) for _ in range(2)]
    first, last = (Act("up", chance.getrandbits(32), lag=chance.choice((0.0, 25.0))) for _ in range(2))
    return Life(
        seed, chance.choice((0, 1, 2)), (first, edits[0], cut, edits[1], last), traffic=chance.choice((1, 2, 3))
    )
