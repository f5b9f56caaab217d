"""One life of the stack under faults: up, plan and down, each met by its own, and judged by an undisturbed one."""

from __future__ import annotations

import json
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.life import own_cloud
from tests.cloud.crash.settings import differing, left, settings
from tests.cloud.inventory import well
from tests.cloud.lookups import NAME
from tests.cloud.project import Project, with_options

COMMANDS = ("up", "plan", "down")
BOTO3_NAMES = {"elasticloadbalancing": "elbv2", "tagging": "resourcegroupstaggingapi"}
"""boto3's names of services that sign their requests with another name."""
BOUND = 1500.0
"""No command may take longer under faults, in AWS's seconds. An undisturbed `up` takes 575."""

Settings = dict[str, list[str]]
Faults = Mapping[str, Any]
"""Arguments of `POST /_cloud/faults`: `scenarios`, and perhaps `each`, `by` and `only`."""


def set_faults(cloud: EmbeddedCloud, scenarios: str, **more: Any) -> None:
    """Put these scenarios in force; none ends all."""
    cloud.control("POST", "faults", urllib.parse.urlencode({"scenarios": scenarios, **more}))


def met(cloud: EmbeddedCloud) -> dict[str, dict[str, int]]:
    """Count the faults of each scenario by operation, since it was set."""
    found: dict[str, dict[str, int]] = json.loads(cloud.control("GET", "faults"))["met"]
    return found


@dataclass
class Life:
    """A stack that goes up and down under faults.

    Attributes:
        before: the settings of everything in the account while it is empty.
        after: the same with the undisturbed stack up; empty if this is that one.
        met: how often each scenario met each operation.
        called: by command, the operations that were called, in the order of their first calls, and whether they write.
        took: AWS's seconds by command.
    """

    project: Project
    after: Settings = field(default_factory=dict)
    before: Settings = field(default_factory=dict)
    met: dict[str, Counter[str]] = field(default_factory=dict)
    called: dict[str, dict[str, bool]] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = settings(self.project.inventory())

    def go(self, command: str, faults: Faults) -> None:
        """Run one command under faults; it must end well, in bounded time, with the results of an undisturbed one."""
        cloud = self.project.cloud
        since, began = self.project.last_call(), cloud.now()
        set_faults(cloud, **faults)
        try:
            self.project.run(command, *(() if command == "plan" else ("--yes",)))
            self.took[command] = cloud.now() - began
            assert self.took[command] < BOUND, f"{command} took {self.took[command]:.0f} s"
            for scenario, operations in met(cloud).items():
                self.met.setdefault(scenario, Counter()).update(operations)
        finally:
            set_faults(cloud, "")
        calls = cloud.calls(since)
        self.called[command] = {f"{call['service']}:{call['operation']}": call["write"] for call in calls}
        if problems := self._judge(command):
            raise AssertionError("\n".join(problems))

    def _judge(self, command: str) -> list[str]:
        if command == "plan":
            return []
        if command == "down":
            document = json.loads((self.project.state / "local" / NAME / "state.json").read_text())
            recorded = [f"recorded: {address}" for address in document["records"]]
            return left(self.before, settings(self.project.inventory())) + recorded
        found = settings(self.project.settled(well, "all tasks and instances"))
        if not self.after:
            self.after = found
        return differing(self.after, found)

    def whole(self, faults: Faults) -> None:
        """From nothing to nothing, all three commands under the same faults, counted anew for each."""
        for command in COMMANDS:
            self.go(command, faults)


@dataclass
class Bench:
    """A cloud for one life after the other, and the results of an undisturbed one."""

    cloud: EmbeddedCloud
    directory: Path
    durations: str
    """The durations of AWS's operations, as `typical` or `fast`."""
    after: Settings = field(default_factory=dict)
    _lives: count[int] = field(default_factory=count)

    def fresh(self) -> Life:
        """A life that begins on the emptied cloud."""
        self.cloud.reset()
        directory = self.directory / f"life-{next(self._lives)}"
        directory.mkdir()
        return Life(with_options(Project(self.cloud, directory, durations=self.durations)), self.after)

    def learn(self, commands: Sequence[str] = COMMANDS) -> dict[str, dict[str, bool]]:
        """Live once undisturbed, and return the operations by command."""
        life = self.fresh()
        for command in commands:
            life.go(command, {"scenarios": ""})
        self.after = life.after
        return life.called


@contextmanager
def bench(directory: Path, durations: str) -> Iterator[Bench]:
    """A bench on a cloud of its own, which runs as long as the context lasts."""
    with own_cloud(directory) as cloud:
        yield Bench(cloud, directory, durations)
