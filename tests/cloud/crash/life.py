"""One life of a stack, cut short on its way up and on its way down, and what must be so after running each again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from provisioner.cloud import manage
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import Cut
from tests.cloud.crash.settings import differing, left, settings
from tests.cloud.inventory import well
from tests.cloud.lookups import NAME
from tests.cloud.project import Project

TIME_SCALE = "0.02"
"""AWS's seconds are as short as leaves time enough for what runs here."""


@dataclass(frozen=True)
class Verdict:
    """What came of one direction: where each cut hit (empty: it was not reached), and what was wrong afterwards."""

    command: str
    cuts: Sequence[Cut]
    hits: Sequence[str]
    problem: str

    @property
    def name(self) -> str:
        """Which cuts these are, for the user to find them again."""
        return f"{self.command} {', '.join(map(str, self.cuts))}"


@dataclass
class Bench:
    """A cloud on which one life follows another, and what an undisturbed one is like.

    Attributes:
        before: the settings of everything in the emptied account.
        after: the same with the stack up.
        writes: the calls that `up` and `down` make and that write, as `service:Operation`.
    """

    cloud: EmbeddedCloud
    folder: Path
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

    def live(self, up: Sequence[Cut], down: Sequence[Cut]) -> list[Verdict]:
        """Go up and down once, cut as often as said; a direction without cuts is not judged."""
        project = self.fresh()
        verdicts = [self._go(project, "up", up, self._risen)]
        if verdicts[0].problem and down:
            project = self.fresh()
            project.run("up", "--yes")
        verdicts.append(self._go(project, "down", down, self._gone))
        project.close()
        return [verdict for verdict in verdicts if verdict.cuts]

    def fresh(self) -> Project:
        """A project in a new folder, on the emptied cloud."""
        self.cloud.reset()
        folder = self.folder / str(next(self._lives))
        folder.mkdir()
        return Project(self.cloud, folder)

    def _go(
        self, project: Project, command: str, cuts: Sequence[Cut], judge: Callable[[Project], list[str]]
    ) -> Verdict:
        hits: list[str] = []
        try:
            hits.extend(cut(project, command) for cut in cuts)
            project.run(command, "--yes")
            problems = judge(project)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 (whatever it is, the next life is lived)
            problems = [str(error) or repr(error)]
        return Verdict(command, cuts, hits, "\n".join(problems))

    def _risen(self, project: Project) -> list[str]:
        return differing(self.after, settings(project.settled(well, "all tasks and instances")))

    def _gone(self, project: Project) -> list[str]:
        document = json.loads((project.state / "local" / NAME / "state.json").read_text())
        still = [f"recorded: {address}" for address in document["records"]]
        return left(self.before, settings(project.inventory())) + still


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A bench on a cloud of its own, which runs as long as the context lasts."""
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVISION_TIME_SCALE", TIME_SCALE)
        cloud = EmbeddedCloud(manage.start(folder, "example.com"))
    try:
        yield Bench(cloud, folder)
    finally:
        manage.stop(folder)
