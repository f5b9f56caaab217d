"""Lives that are cut short in forks: an undisturbed one forks at its calls, and each fork goes on as if killed."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ecs_emulator.clock import CLOCK
from ecs_emulator.kill import Kill, When
from tests.cloud.crash.branches import PATIENT, Branches, emptied
from tests.cloud.crash.cuts import AtCall
from tests.cloud.crash.life import PointResult, Undisturbed, go_on, settled
from tests.cloud.crash.points import COMMANDS, Point
from tests.cloud.crash.pool import Pool
from tests.cloud.project import SECONDS, Project, with_options

Moment = tuple[str, int, str]
"""An operation or "" for any, the number among its calls that write, and `before` or `after`."""


def fresh(directory: Path, durations: str) -> Project:
    """A project with all options in a new directory, on the emptied cloud of this process."""
    return with_options(emptied(directory, durations=durations))


@dataclass
class Forking(Kill):
    """Forks where a kill would strike: at each call and moment that points wait for.

    Attributes:
        waiting: the points that have not come yet.
        branch: begins a fork for a point at a call, after a number of calls that took effect; returns whether this
            process is it.
    """

    waiting: dict[Moment, list[Point]] = field(default_factory=dict)
    branch: Callable[[Point, str, int], bool] = lambda point, name, effects: False
    _seen: Counter[str] = field(default_factory=Counter)

    def meets(self, name: str, moment: When) -> bool:
        """Fork if a point waits for this call and moment; return whether the call has to end, as in a fork it has."""
        names = (name, "")
        if moment == "before":
            self._seen.update(names)
        effects = self._seen[""] - (moment == "before")
        points = [p for one in names for p in self.waiting.pop((one, self._seen[one], moment), ())]
        return any(self.branch(point, name, effects) for point in points)


class Ticks:
    """The clock's own changes, counted."""

    def __init__(self) -> None:
        self.number, self._tick = 0, CLOCK.tick

    def __call__(self) -> None:
        """Make all due changes."""
        self.number += 1
        self._tick()


@dataclass
class Branch:
    """A fork, and the points that it decides: its own, and those at which everything is as it was when it began."""

    points: list[PointResult]
    problem: str | None = None
    """None while it goes on."""


@dataclass
class Trunk:
    """The undisturbed life, and the points that branch off from it.

    Attributes:
        project: on the emptied cloud of this process.
        known: the results of an earlier undisturbed life.
        tell: takes each verdict, in any thread.
    """

    project: Project
    known: Undisturbed
    pool: Pool
    tell: Callable[[PointResult], None]
    _begun: dict[tuple[Hashable, ...], Branch] = field(default_factory=dict)
    """By the world that they began in, and the command that goes on there."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._branches = Branches(self.project, self.pool)

    def live(self, points: Sequence[Point]) -> None:
        """Go up and down undisturbed, as far as there are points, and let each of them branch off."""
        last = max((COMMANDS.index(point.command) for point in points), default=-1)
        for command in COMMANDS[: last + 1]:
            here = [point for point in points if point.command == command]
            moments = [(_moment(point), point) for point in here]
            for point in (point for moment, point in moments if not moment):
                self._branch(point, [])
                self._branches.go_on()
            waiting = dict[Moment, list[Point]]()
            for moment, point in moments:
                if moment:
                    waiting.setdefault(moment, []).append(point)
            if waiting or command != COMMANDS[last]:
                self._go(command, waiting)
        self.pool.drain()

    def stop(self) -> None:
        """Let nothing more branch off, and wait for the forks under way."""
        self.pool.stop()
        self.pool.drain()

    def _go(self, command: str, waiting: dict[Moment, list[Point]]) -> None:
        """Run a command undisturbed, and fork at its calls."""
        ticks, tick = Ticks(), CLOCK.tick

        def branch(point: Point, name: str, effects: int) -> bool:
            world = command, effects, ticks.number, CLOCK.now(), _content(self.project.directory)
            self._branch(point, [name], world)
            return self._branches.forked

        CLOCK.tick = ticks
        try:
            with self._branches.at_calls(Forking(waiting=waiting, branch=branch)):
                ended = self.project.end(self.project.fork(command, "--yes", how=("wait", str(PATIENT))))
        finally:
            CLOCK.tick = tick
        assert ended.code == 0, f"undisturbed, {command} ended with exit code {ended.code}\n{ended.err}"
        for points in waiting.values():
            for point in points:
                self.tell(PointResult(point, [""], ""))
        if command == "up":
            settled(self.project)

    def _branch(self, point: Point, hits: Sequence[str], world: tuple[Hashable, ...] = ()) -> None:
        """Fork at a point; the fork has to go on as soon as it is out of the call.

        Args:
            world: all that has a say in what comes, empty if unknown. What has begun in the same one is not repeated.
        """
        mine = PointResult(point, hits, "")
        if len(point.cuts) == 1 and world and (same := self._begun.get((*world, point.next))):
            self._join(same, mine)
            return
        branch = Branch([mine])
        if len(point.cuts) == 1 and world:
            self._begun[*world, point.next] = branch
        self._branches.begin(partial(self._ended, branch), partial(self._verdict, point, hits))

    def _join(self, branch: Branch, point: PointResult) -> None:
        with self._lock:
            if branch.problem is None:
                branch.points.append(point)
                return
        self.tell(replace(point, problem=branch.problem))

    def _ended(self, branch: Branch, text: str, code: int) -> None:
        """Take the verdict of a fork."""
        if code == 0 and text:
            told = json.loads(text)
            hits, problem = told["hits"], told["problem"]
        else:
            late = code == -signal.SIGALRM
            why = f"a command took longer than {SECONDS} s" if late else f"the fork ended with exit code {code}\n{text}"
            hits, problem = branch.points[0].hits, why
        with self._lock:
            branch.problem = problem
        first, *more = branch.points
        for point in (replace(first, hits=hits), *more):
            self.tell(replace(point, problem=problem))

    def _verdict(self, point: Point, hits: Sequence[str], project: Project) -> str:
        """Go on in a fork, and return the verdict as text."""
        verdict = go_on(project, point, self.known, hits)
        return json.dumps({"hits": list(verdict.hits), "problem": verdict.problem})


def _content(directory: Path) -> str:
    """Return the names and contents of all files in a directory, as a number of fixed length."""
    found = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        found.update(f"{path.relative_to(directory)}\0".encode())
        if path.is_file():
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _moment(point: Point) -> Moment | None:
    """Return the moment of an undisturbed command at which a point begins; None: a process has to be disturbed."""
    first = point.cuts[0]
    return (first.operation, first.call, first.when) if isinstance(first, AtCall) else None
