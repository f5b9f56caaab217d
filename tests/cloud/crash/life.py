"""One life of a stack, cut short on its way up and on its way down, and the checks after running each again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ecs_emulator import manage
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.points import COMMANDS, Point
from tests.cloud.crash.settings import differing, left, settings
from tests.cloud.inventory import Inventory, well
from tests.cloud.lookups import NAME
from tests.cloud.project import Project, with_options

LATE = 300.0
"""AWS's seconds within which all is there, or listed, that a killed command had asked for."""


@dataclass(frozen=True)
class PointResult:
    """The result of one direction: the place of each cut (empty: it was not reached), and the problem afterwards."""

    point: Point
    hits: Sequence[str]
    problem: str

    def demand(self) -> None:
        """Tell how many cuts were reached; all must hold, and all but one be reached."""
        reached, cuts = sum(map(bool, self.hits)), len(self.point.cuts)
        print(f"{self.point.command}: {reached}/{cuts} cuts reached, {'BAD' if self.problem else 'all hold'}")
        assert not self.problem, f"{self.point.name}\n{self.problem}"
        assert reached >= cuts - 1, f"{self.point.name}: {self.hits}"


@dataclass(frozen=True)
class Undisturbed:
    """The results of one undisturbed life.

    Attributes:
        before: the settings of everything in the emptied account.
        after: the same with the stack up.
        writes: the calls that `up` and `down` make and that write, as `service:Operation`.
    """

    before: dict[str, list[str]]
    after: dict[str, list[str]]
    writes: dict[str, list[str]]


def undisturbed(project: Project) -> Undisturbed:
    """Live once on an emptied cloud without being disturbed."""
    before, after, writes = settings(project.inventory()), dict[str, list[str]](), dict[str, list[str]]()
    for command in COMMANDS:
        since = project.last_call()
        project.run(command, "--yes")
        writes[command] = project.writes(since)
        if command == "up":
            after = settings(settled(project))
    assert left(before, settings(project.inventory())) == []
    return Undisturbed(before, after, writes)


def go_on(project: Project, point: Point, known: Undisturbed, hits: Sequence[str] = ()) -> PointResult:
    """Let the cuts of a point come, and after them the next command, and judge the end.

    Args:
        hits: the places of its first cuts, where those have come already.
    """
    found = list(hits)
    try:
        found.extend(cut(project, point.command) for cut in point.cuts[len(hits) :])
        project.run(point.next, "--yes")
        if point.next != point.command:
            project.cloud.advance(LATE)
        problems = _gone(project, known) if point.next == "down" else _risen(project, known)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 (whatever it is, the next point is tried)
        problems = [str(error) or repr(error)]
    return PointResult(point, found, "\n".join(problems))


def settled(project: Project) -> Inventory:
    """Let time pass until all tasks and instances of the stack are there, and return the inventory of that moment."""
    # as a rule they are, and to see that takes no fewer calls
    first = project.inventory()
    return first if well(first) else project.settled(well, "all tasks and instances")


def _risen(project: Project, known: Undisturbed) -> list[str]:
    return differing(known.after, settings(settled(project)))


def _gone(project: Project, known: Undisturbed) -> list[str]:
    document = json.loads((project.state / "local" / NAME / "state.json").read_text())
    still = [f"recorded: {address}" for address in document["records"]]
    return left(known.before, settings(project.inventory())) + still


@dataclass
class Bench:
    """A cloud for one life after the other, in which all commands are processes, and the results of an undisturbed one.

    Attributes:
        durations: how long AWS takes.
    """

    cloud: EmbeddedCloud
    directory: Path
    durations: str
    known: Undisturbed
    _lives: itertools.count[int] = field(default_factory=itertools.count)

    def live(self, up: Point | None, down: Point | None) -> list[PointResult]:
        """Go up and down once, cut as often as said; a direction that is not cut is not judged."""
        project = self.fresh()
        verdicts = []
        if up:
            verdicts.append(go_on(project, up, self.known))
        if down and (not up or up.next == "down" or verdicts[0].problem):
            project.close()
            project = self.fresh()
            project.run("up", "--yes")
        if down:
            verdicts.append(go_on(project, down, self.known))
        project.close()
        return verdicts

    def fresh(self) -> Project:
        """A project in a new directory, on the emptied cloud."""
        self.cloud.reset()
        directory = self.directory / str(next(self._lives))
        directory.mkdir()
        return with_options(Project(self.cloud, directory, durations=self.durations))


@contextmanager
def own_cloud(directory: Path) -> Iterator[EmbeddedCloud]:
    """A cloud of one's own, whose clock stands still until somebody waits; it runs as long as the context lasts."""
    directory.mkdir(exist_ok=True)
    cloud = EmbeddedCloud(manage.start(directory, "example.com"))
    try:
        cloud.reset()
        yield cloud
    finally:
        manage.stop(directory)


@contextmanager
def bench(directory: Path, durations: str) -> Iterator[Bench]:
    """Yield a bench on a cloud of its own after one undisturbed life; it lasts as long as the context."""
    with own_cloud(directory) as cloud:
        first = directory / "undisturbed"
        first.mkdir()
        known = undisturbed(with_options(Project(cloud, first, durations=durations)))
        yield Bench(cloud, directory, durations, known)
