"""The critical path: the time of a whole life on the embedded cloud's clock, and the least that AWS allows.

The clock is virtual, so that seconds are AWS's and exact: a run takes the same time on any machine.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import forced
from benchmarks.forced import Node
from benchmarks.many import stack
from benchmarks.project import ROOT, Measured, Project, project
from ecs_emulator import control
from ecs_emulator import durations as taken
from ecs_emulator.operation_durations import OperationDurations
from provisioner.aws import durations as predicted
from provisioner.config.facts import Facts
from provisioner.config.stack_file import load
from provisioner.engine.declaration import Declared
from provisioner.operations.impact.duration import Seconds
from provisioner.operations.planning.step_run import declare

FEW, MANY = (2,), (10, 50, 200)
"""The numbers of services in the stacks of the two benchmarks."""
DURATIONS = ("typical", "fast", "slow")
"""The sets of durations of AWS's operations, by the names in the cloud's clock."""
SETTINGS = {"PROVISION_ENGINE": "0", "PROVISION_REGISTRIES": "0"}
"""No images: work of a Docker engine takes real seconds."""
DATABASE = ("db_cluster", "db_instance")
"""The resource types that take longest."""
IMAGE = (
    'build = "app"\ndockerfile = "backend/Dockerfile"',
    'image = "registry.example.com/backend:1"',
    'image = "registry.example.com/backend:2"',
)
"""The text about the changed image in the stack: the original, the first, and the second one."""
CHANGED = ("task_definition/api-0", "service/api-0")
"""The resources that change with it and take time."""
LATEST = 3
"""The number of the latest resources that are named."""


@dataclass(frozen=True)
class Expected:
    """The comparison for a command: the walk that AWS forces, the blocking one, the calls, and ready resources."""

    ideal: Sequence[Node]
    blocking: Sequence[Node]
    calls: forced.Calls
    there: frozenset[str] = frozenset()

    @property
    def seconds(self) -> float:
        """The seconds that durations and rates force."""
        return forced.rated(self.ideal, self.calls, self.there)


def main() -> None:
    """Measure a small stack, and print the resources that were later than they had to be."""
    _head()
    for durations in DURATIONS:
        for services in FEW:
            _life(services, durations, latest=True)


def many() -> None:
    """Measure stacks of many services."""
    _head()
    for durations in DURATIONS:
        for services in MANY:
            _life(services, durations)


def declared_by(file: Path) -> Mapping[str, Declared]:
    """Return the resources that a stack.toml declares; with made-up facts, since the graph does not depend on them."""
    config = load(file, env=None, target="local")
    zones = tuple(f"{config.region}{letter}" for letter in "acd")  # as the embedded cloud offers them there
    facts = Facts("123456789012", "aws", config.region, zones, "ami-1", "Z1", ("192.0.2.1/32",), False, True, ROOT)
    return declare(config, facts).declared


def _head() -> None:
    print("AWS's seconds, on a virtual clock; a round trip takes 0.1 s, and AWS's documented rates are kept")
    print(
        f"{'durations':10}{'services':>8}  {'command':24}{'measured':>10}{'forced':>9}{'ratio':>8}"
        f"{'blocking':>10}{'one by one':>12}{'calls':>8}{'s here':>8}"
    )


def _life(services: int, durations: str, *, latest: bool = False) -> None:
    """Measure a life of a stack, and another `up` whose database is already there; print their rows."""
    of = _seconds(durations)
    build, image, other = IMAGE
    text = stack(services).replace(build, image, 1)

    def row(command: str, seconds: float, expected: Expected, run: Measured | None = None) -> None:
        _row(f"{durations:10}{services:8}  {command:24}", seconds, expected, run)

    with _project(text, durations) as life:
        declared = declared_by(life.directory / "stack.toml")
        up = _up(declared, of)
        run = life.run("up", "--yes", "--json")
        row("up", run.on_aws, up, run)
        ends = _ends(life, "up")
        _late(ends, up, latest=latest)
        alone = replace(up, ideal=forced.without(up.ideal, DATABASE), blocking=forced.without(up.blocking, DATABASE))
        kept = {node.address for node in alone.ideal}
        row("  all but the database", max(end for address, end in ends.items() if address in kept), alone)
        run = life.run("up", "--yes", "--json")
        row("up, nothing to do", run.on_aws, _up(declared, of, declared.keys()), run)
        (life.directory / "stack.toml").write_text(text.replace(image, other))
        run = life.run("up", "--yes", "--json")
        row("up, one image changed", run.on_aws, _up(declared, of, declared.keys() - set(CHANGED)), run)
        down = Expected(
            forced.for_down(declared, blocking=False, of=of),
            forced.for_down(declared, blocking=True, of=of),
            forced.REMOVES,
        )
        run = life.run("down", "--yes", "--json")
        row("down", run.on_aws, down, run)
        _late(_ends(life, "down"), down, latest=latest)
    with _project(text, durations) as life:
        life.run("up", "--yes", "--target-step", "database")
        there = _ends(life, "up").keys()
        run = life.run("up", "--yes", "--json")
        row("up, database there", run.on_aws, _up(declared, of, there), run)


def _seconds(choice: str) -> Seconds:
    """Return a function from the tool's durations to the embedded cloud's seconds."""
    names = {id(value): name for name, value in vars(predicted).items()}
    takes = OperationDurations(choice).seconds
    return lambda duration: takes(getattr(taken, names[id(duration)]))


@contextmanager
def _project(text: str, durations: str) -> Iterator[Project]:
    with project(SETTINGS, text) as life:
        life.start_cloud()
        if life.cloud:
            control.set_clock(life.cloud, durations=durations)
        yield life


def _up(declared: Mapping[str, Declared], of: Seconds, there: Collection[str] = ()) -> Expected:
    ideal = forced.for_up(declared, blocking=False, of=of, there=there)
    blocking = forced.for_up(declared, blocking=True, of=of, there=there)
    return Expected(ideal, blocking, forced.MAKES, frozenset(there))


def _ends(life: Project, command: str) -> dict[str, float]:
    """Return the end of each resource in the timeline of the command's newest run."""
    resources = json.loads(life.run("timeline", "--last", command, "--json").output)["resources"]
    return {one["address"]: one["ended"] for one in resources}


def _row(what: str, seconds: float, expected: Expected, run: Measured | None) -> None:
    least = expected.seconds
    ratio = f"{seconds / least:8.3f}" if least else f"{'':8}"
    others = f"{forced.limited(expected.blocking):10.0f}{forced.sequential(expected.blocking):12.0f}"
    cost = f"{len(run.calls):8}{run.seconds:8.1f}" if run else ""
    print(f"{what}{seconds:10.1f}{least:9.1f}{ratio}{others}{cost}", flush=True)


def _late(ends: Mapping[str, float], expected: Expected, *, latest: bool) -> None:
    """Print the longest chain, and the resources that ended longest after they had to."""
    if not latest:
        return
    least = forced.unlimited(expected.ideal)
    late = {address: end - least.ends[address] for address, end in ends.items() if address in least.ends}
    named = sorted(late, key=lambda address: -late[address])[:LATEST]
    print(f"{'':20}forced: {' > '.join(least.chain())}")
    told = ", ".join(f"{address} {late[address]:.0f} s after {least.ends[address]:.0f} s" for address in named)
    print(f"{'':20}furthest behind what is forced: {told}")
