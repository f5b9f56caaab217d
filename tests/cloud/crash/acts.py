"""The acts of a drawn life: commands, edits and losses, and the effect of each on a stack's settings."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from tests.cloud.one_off.test_run import REGISTRY

HOUR = 3600.0
DEPLOYED = ("good", "better", "best")
"""Repositories with an image that `deploy` puts in the place of the file's."""
EDITED = ("edited", "revised", "mended")
"""Repositories with an image that an edit names."""


@dataclass(frozen=True)
class File:
    """A stack.toml with the keys that edits change.

    Attributes:
        image: of the service `frontend`. count: of `worker`. variable: in the environment of `frontend`.
        bucket: with the state; empty for one in the state directory.
    """

    image: str = f"{REGISTRY}/frontend:1"
    count: int = 1
    variable: str = "0"
    protect: bool = False
    bucket: str = ""

    @property
    def text(self) -> str:
        """The file's text: two services and a job by the clock."""
        state = f'[state]\nbucket = "{self.bucket}"\n' if self.bucket else ""
        return f"""
project = "ecs-sample"
env = "dev"
protect = {str(self.protect).lower()}

{state}
[network]
zones = 2

[services.frontend]
image = "{self.image}"
port = 80
public = true
environment = {{ LIFE = "{self.variable}" }}

[services.worker]
image = "{REGISTRY}/frontend:1"
command = "work"
count = {self.count}

[jobs.nightly]
extends = "frontend"
command = "report"
schedule = "cron(0 3 * * ? *)"
"""


@dataclass(frozen=True)
class World:
    """The settings that a stack may have.

    Attributes:
        up: whether it stands. whole: whether no `down` has begun to delete it.
        state: whether its state is there.
        image: the repository of an image that was deployed, and the file's image then.
        tasks: the number of tasks that was scaled, and the file's number then.
        until: the date of expiry, in seconds since the epoch.
        protected: whether the last `up` has protected it.
    """

    up: bool = True
    whole: bool = True
    state: bool = True
    image: tuple[str, str] | None = None
    tasks: tuple[int, int] | None = None
    paused: bool = False
    asleep: bool = False
    until: float | None = None
    protected: bool = False


@dataclass(frozen=True)
class Now:
    """The file and the time, in seconds since the epoch, on which an act depends beside the settings."""

    file: File
    time: float


Effect = Callable[[World, Now], World | None]
"""Returns the settings after a command that ended with 0; None: it refuses."""
Edit = Callable[[File], File]


@dataclass(frozen=True)
class Act:
    """One act of a life.

    Attributes:
        words: the command; none for an act that is no command.
        most: the number of the last write at which it may be killed.
        edit: changes the file before the command. passes: so many of AWS's seconds pass before it.
        may_refuse: whether it depends on more than a `World` has.
        refusals: the exit codes with which it refuses.
        loses: whether the state is taken away. deletes: whether it deletes what has settings.
        killed: the way it is killed; empty if it is not.
        elsewhere: whether it comes from the second directory, which has the same file and the same state in a bucket.
    """

    name: str
    words: Sequence[str] = ()
    effect: Effect = lambda world, now: world
    most: int = 6
    edit: Edit = lambda file: file
    passes: float = 0.0
    may_refuse: bool = False
    refusals: tuple[int, ...] = (4,)
    loses: bool = False
    deletes: bool = False
    killed: tuple[str, ...] = ()
    elsewhere: bool = False

    def __str__(self) -> str:
        where = " elsewhere" if self.elsewhere else ""
        return f"{self.name}{where}" + (f", killed at {' '.join(self.killed)}" if self.killed else "")

    def done(self, worlds: frozenset[World], now: Now) -> frozenset[World]:
        """Return the settings after it has ended with 0; none if it had to refuse."""
        return frozenset(after for world in worlds if (after := self.effect(world, now)))

    def refused(self, worlds: frozenset[World], now: Now) -> frozenset[World]:
        """Return the settings in which it refuses; none if it had to succeed."""
        return frozenset(w for w in worlds if self.may_refuse or not w.whole or self.effect(w, now) is None)

    def cut(self, worlds: frozenset[World], now: Now) -> frozenset[World]:
        """Return the settings that there may be after it was killed: those before, those after, and all between."""
        after = self.done(worlds, now)
        if self.deletes and any(world.up for world in worlds):
            return worlds | after | frozenset(half for world in worlds for half in _half_gone(world))
        # an `up` without a state has one from its beginning
        begun = {replace(world, state=True) for world in worlds} if self.words[0] == "up" else set[World]()
        return worlds | after | begun


def _half_gone(world: World) -> Iterator[World]:
    """Yield the settings of a stack that is partly deleted: each may be gone."""
    kept = (False, True)
    for image, tasks, paused, asleep, until, protected in product(kept, repeat=6):
        yield World(
            whole=False,
            state=world.state,
            image=world.image if image else None,
            tasks=world.tasks if tasks else None,
            paused=world.paused and paused,
            asleep=world.asleep and asleep,
            until=world.until if until else None,
            protected=world.protected and protected,
        )


def _there(world: World) -> bool:
    return world.up and world.state


def _awake(world: World) -> bool:
    return _there(world) and not world.asleep


def _up(world: World, now: Now, span: float | None = None) -> World | None:
    if world.asleep or (span and (now.file.protect or world.protected)):
        return None
    until = now.time + span if span else world.until
    return replace(world, up=True, whole=True, state=True, protected=now.file.protect, until=until)


def _deploy(image: str) -> Effect:
    return lambda world, now: replace(world, image=(image, now.file.image)) if _awake(world) else None


def _scale(number: int) -> Effect:
    def effect(world: World, now: Now) -> World | None:
        tasks = (number, now.file.count) if number != now.file.count else None
        return replace(world, tasks=tasks) if _awake(world) and not world.paused else None

    return effect


def _down(world: World, now: Now) -> World | None:
    # without a state it finds what is left, and deletes nothing
    deletes = world.state or not world.up
    return World(up=False) if deletes and not now.file.protect and not world.protected else None


def _step(world: World, now: Now) -> World | None:
    if not _there(world) or now.file.protect or world.protected:
        return None
    # the date and the image belong to no service
    return replace(world, whole=False, tasks=None, paused=False, asleep=False)


def _sleep_deeply(world: World, now: Now) -> World | None:
    return replace(world, asleep=True) if _there(world) and not now.file.protect and not world.protected else None


def _expired(world: World, now: Now) -> World | None:
    over = _there(world) and world.until is not None and world.until <= now.time
    return _down(world, now) if over else world


def _lost(world: World, now: Now) -> World:
    return replace(world, state=not world.up)


FIXED: Mapping[str, Act] = {
    act.name: act
    for act in (
        Act("up", ("up", "--yes"), _up, most=5),
        Act("rollback", ("rollback", "frontend"), lambda w, now: w if _awake(w) else None, may_refuse=True),
        Act("pause", ("pause", "--yes"), lambda w, now: replace(w, paused=True) if _awake(w) else None, most=4),
        Act("resume", ("resume",), lambda w, now: replace(w, paused=False) if _awake(w) else None, most=4),
        Act("sleep", ("sleep", "--yes"), lambda w, now: replace(w, asleep=True) if _there(w) else None, most=4),
        Act("wake", ("wake",), lambda w, now: replace(w, asleep=False) if _there(w) else None, most=8),
        Act(
            "sleep deeply",
            ("sleep", "--yes", "--endpoints", "--balancer"),
            _sleep_deeply,
            most=12,
            refusals=(1, 4),
        ),
        Act("run", ("run", "nightly", "--no-wait"), may_refuse=True, most=1),
        Act("expired", ("down", "--expired", "--yes"), _expired, most=60, refusals=(1,), deletes=True),
        Act(
            "expired later",
            ("down", "--expired", "--yes"),
            _expired,
            most=60,
            passes=13 * HOUR,
            refusals=(1,),
            deletes=True,
        ),
        Act("down", ("down", "--yes"), _down, most=60, refusals=(1,), deletes=True),
        Act(
            "down of the services",
            ("down", "--yes", "--target-step", "services"),
            _step,
            refusals=(1, 4),
            deletes=True,
        ),
        Act("lose the state", effect=_lost, loses=True),
        Act("recover", ("recover", "--yes"), lambda w, now: replace(w, state=True), most=0),
    )
}
PLANNED = (
    Act("plan", ("plan", "--out", "plan.json"), most=0),
    Act("do the plan", ("up", "--plan", "plan.json"), _up, most=4, may_refuse=True, refusals=(1, 4)),
)
BUCKET = "ecs-sample-states"
MOVE = (
    Act("move the state", edit=lambda file: replace(file, bucket=BUCKET)),
    Act("make the bucket", ("state", "init", "--yes")),
    Act("migrate", ("state", "migrate", "--yes")),
)
_WEIGHTS = {
    "up": 3,
    "deploy": 4,
    "rollback": 3,
    "scale": 3,
    "edit": 3,
    "edit, up": 5,
    "plan": 3,
    "until": 3,
    "protect": 2,
    "pause": 2,
    "resume": 2,
    "sleep": 2,
    "wake": 2,
    "run": 1,
    "lose the state": 3,
    "recover": 1,
    "expired": 1,
    "expired later": 1,
    "down": 1,
    "sleep deeply": 2,
    "down of the services": 2,
}


@dataclass
class Draw:
    """Draws the acts of a life; no new number or image is drawn twice.

    Attributes:
        digests: of the images in EDITED.
    """

    chance: random.Random
    digests: Mapping[str, str]
    shared: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(2, 99)))
    edited: Iterator[str] = field(default_factory=lambda: iter(EDITED))

    def life(self) -> list[Act]:
        """Return 2 to 5 acts; an edit with its `up`, and a plan that is saved and done, count as one.

        In a quarter of the lives the state moves to a bucket first, and the commands come from two directories.
        """
        self.shared = self.chance.random() < 0.25
        names = self.chance.choices([*_WEIGHTS], [*_WEIGHTS.values()], k=self.chance.randint(2, 5))
        acts = [self._placed(act) for name in names for act in self._named(name)]
        return [*MOVE, *acts] if self.shared else acts

    def _named(self, name: str) -> list[Act]:
        match name:
            case "deploy":
                image = self.chance.choice(DEPLOYED)
                words = ("deploy", "frontend", "--image", f"{REGISTRY}/{image}:1")
                return [Act(f"deploy {image}", words, _deploy(image))]
            case "scale":
                number = self.chance.choice([1, next(self.numbers)])
                return [Act(f"scale {number}", ("scale", "worker", str(number)), _scale(number), most=2)]
            case "until":
                hours = self.chance.choice([4, 8, 12])
                words = ("up", "--yes", "--expires", f"{hours}h")
                return [Act(f"up for {hours} h", words, lambda world, now: _up(world, now, hours * HOUR), most=2)]
            case "edit":
                return [self._edit()]
            case "edit, up":
                return [self._edit(), FIXED["up"]]
            case "protect":
                return [self._protect(), FIXED["up"]]
            case "plan":
                between = [self._edit()] if self.chance.random() < 0.2 else []
                return [self._edit(), *PLANNED[:1], *between, *PLANNED[1:]]
        return [FIXED[name]]

    def _edit(self) -> Act:
        number = next(self.numbers)
        match self.chance.choice(["image", "count", "variable"]):
            case "image" if image := next(self.edited, ""):
                whole = f"{REGISTRY}/{image}@{self.digests[image]}"
                return Act(f"edit image {image}", edit=lambda file: replace(file, image=whole))
            case "count":
                return Act(f"edit count {number}", edit=lambda file: replace(file, count=number))
        return Act(f"edit variable {number}", edit=lambda file: replace(file, variable=str(number)))

    def _protect(self) -> Act:
        wanted = self.chance.random() < 0.7
        return Act("protect" if wanted else "protect no more", edit=lambda file: replace(file, protect=wanted))

    def _placed(self, act: Act) -> Act:
        """Return the act in one of the directories, and half of the commands killed: at a write or while it records."""
        if not act.words:
            return act
        # a saved plan is a file of the first directory
        elsewhere = self.shared and act not in PLANNED and self.chance.random() < 0.5
        act = replace(act, elsewhere=elsewhere)
        if not act.most or self.chance.random() < 0.45:
            return act
        # each entry of a journal in a bucket is a write too
        number = str(self.chance.randint(1, act.most * 3 if self.shared else act.most))
        if self.shared or self.chance.random() < 0.75:
            return replace(act, killed=("write", number, self.chance.choice(["before", "after"])))
        return replace(act, killed=("journal", number, self.chance.choice(["before", "torn", "after"])))
