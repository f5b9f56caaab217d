"""One life of a stack, cut short on its way up and on its way down, and the checks after running each again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ecs_emulator import manage
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.points import Point
from tests.cloud.crash.settings import differing, left, settings
from tests.cloud.inventory import well
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


@dataclass
class Bench:
    """A cloud for one life after the other, and the results of an undisturbed one.

    Attributes:
        before: the settings of everything in the emptied account.
        after: the same with the stack up.
        writes: the calls that `up` and `down` make and that write, as `service:Operation`.
        durations: how long AWS takes.
    """

    cloud: EmbeddedCloud
    directory: Path
    durations: str
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)
    writes: dict[str, list[str]] = field(default_factory=dict)
    _lives: itertools.count[int] = field(default_factory=itertools.count)

    def learn(self) -> None:
        """Live once without being disturbed."""
        project = self.fresh()
        self.before = settings(project.inventory())
        for command in ("up", "down"):
            since = project.last_call()
            project.run(command, "--yes")
            self.writes[command] = project.writes(since)
            if command == "up":
                self.after = settings(project.settled(well, "all tasks and instances"))
        assert left(self.before, settings(project.inventory())) == []

    def live(self, up: Point | None, down: Point | None) -> list[PointResult]:
        """Go up and down once, cut as often as said; a direction that is not cut is not judged."""
        project = self.fresh()
        verdicts = []
        if up:
            verdicts.append(self._go(project, up, self._risen if up.next == "up" else self._gone))
        if down and (not up or up.next == "down" or verdicts[0].problem):
            project.close()
            project = self.fresh()
            project.run("up", "--yes")
        if down:
            verdicts.append(self._go(project, down, self._gone))
        project.close()
        return verdicts

    def fresh(self) -> Project:
        """A project in a new directory, on the emptied cloud."""
        self.cloud.reset()
        directory = self.directory / str(next(self._lives))
        directory.mkdir()
        return with_options(Project(self.cloud, directory, durations=self.durations))

    def _go(self, project: Project, point: Point, judge: Callable[[Project], list[str]]) -> PointResult:
        hits: list[str] = []
        try:
            hits.extend(cut(project, point.command) for cut in point.cuts)
            project.run(point.next, "--yes")
            if point.next != point.command:
                project.cloud.advance(LATE)
            problems = judge(project)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 (whatever it is, the next life is lived)
            problems = [str(error) or repr(error)]
        return PointResult(point, hits, "\n".join(problems))

    def _risen(self, project: Project) -> list[str]:
        return differing(self.after, settings(project.settled(well, "all tasks and instances")))

    def _gone(self, project: Project) -> list[str]:
        document = json.loads((project.state / "local" / NAME / "state.json").read_text())
        still = [f"recorded: {address}" for address in document["records"]]
        return left(self.before, settings(project.inventory())) + still


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
        made = Bench(cloud, directory, durations)
        made.learn()
        yield made
