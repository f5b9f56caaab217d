"""Predict the durations of a run's resources: from earlier runs of the stack, or by their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import fields as fields_of
from statistics import median
from typing import TYPE_CHECKING, Any

from provisioner.aws import durations as table
from provisioner.aws.durations import Duration, Takes
from provisioner.engine.events import RunEstimate
from provisioner.engine.records.consistency import dependents, type_of
from provisioner.engine.remaining import RemainingWork, left
from provisioner.engine.resource_types import type_named
from provisioner.engine.traits import FreesDependenciesEarly
from provisioner.resources.elbv2.target_groups import TargetGroup

if TYPE_CHECKING:
    from provisioner.engine.declaration import Declared, Dependency
    from provisioner.engine.planning.actions import Planned
    from provisioner.state.model import Record, Run

Seconds = Callable[[Duration], float]
"""Returns the seconds that an operation takes."""


@dataclass(frozen=True)
class Times:
    """Seconds that one resource takes beyond the calls themselves: see `Takes`."""

    ready: float = 0.0
    output: float = 0.0
    known: float = 0.0
    gone: float = 0.0
    released: float = 0.0


INSTANCES = (table.SCALING_LOOK, table.INSTANCE_PENDING, table.INSTANCE_REGISTER)
"""The operations until a service has an instance to run on."""


def on_aws(duration: Duration) -> float:
    """Return the seconds that an operation takes on AWS."""
    return duration.aws


def at_least(duration: Duration) -> float:
    """Return the fewest seconds that an operation takes; 0 for the start of an instance, which may exist already."""
    return 0.0 if duration in INSTANCES else duration.range[0]


def times(type_name: str, fields: Mapping[str, Any], of: Seconds = on_aws) -> Times:
    """Return the durations of one resource, by the operations of its type.

    Args:
        fields: its declared or recorded fields.
    """
    if type_name == "service":
        strategy = fields.get("capacity_provider_strategy") or ()
        on_fargate = any(str(one.get("capacityProvider")).startswith("FARGATE") for one in strategy)
        start = (table.TASK_INTERFACE, table.TASK_PULL, table.TASK_ACTIVATE, *(() if on_fargate else INSTANCES))
        stop = of(table.TASK_STOP) + of(table.TASK_DEPROVISION)
        drained = TargetGroup.deregistration_delay if fields.get("load_balancers") else 0.0
        # a task releases its network interface when its deprovisioning begins
        held = max(0.0, of(table.TASK_INTERFACE_RELEASE) - of(table.TASK_DEPROVISION))
        return Times(ready=sum(map(of, start)), gone=stop + drained, released=held)
    if type_name == "vpc_endpoint" and fields.get("vpc_endpoint_type") == "Gateway":
        return Times(gone=of(table.ENDPOINT_DELETE))
    resource_type = type_named(type_name)
    takes = (resource_type and resource_type.takes) or Takes()
    return Times(**{part.name: sum(map(of, getattr(takes, part.name))) for part in fields_of(takes)})


def lag(type_name: str, dependency: Dependency, of: Times) -> float:
    """Return how many seconds after its dependency a resource can begin.

    Args:
        type_name: the resource type of the latter.
        of: the durations of the dependency.
    """
    # an instance starts only when its cluster is available, even if it was requested earlier
    member = type_name == "db_instance" and dependency.address.startswith("db_cluster/")
    if type_name == "validation_record":
        return of.output  # the certificate becomes ready by this record: the record must not wait for it
    if dependency.ready or member:
        return of.ready + of.known
    return (of.output if dependency.output else 0.0) + of.known


def for_up(declared: Mapping[str, Declared], records: Mapping[str, Record], history: Sequence[Run]) -> RunEstimate:
    """Return the expected work of an `up`. Resources that are recorded as ready take no time.

    Args:
        history: earlier runs of this stack.
    """
    seen = Seen(history, "up")
    standing = {address for address, record in records.items() if record.phase == "ready"}

    def takes(address: str) -> Times:
        if address in standing:
            return Times()
        desired = declared[address].resource
        known = times(desired.type_name, desired.fields())
        found = seen.seconds(address)
        return known if found is None else replace(known, ready=found)

    def least(address: str) -> float:
        desired, expected = declared[address].resource, all_times[address].ready
        return min(times(desired.type_name, desired.fields(), at_least).ready, expected)

    all_times = {address: takes(address) for address in declared}
    tasks = {}
    for address, item in declared.items():
        after: dict[str, float] = {}
        for dependency in item.waits_for(standing):
            later = lag(item.resource.type_name, dependency, all_times[dependency.address])
            after[dependency.address] = max(after.get(dependency.address, 0.0), later)
        tasks[address] = RemainingWork(item.step, all_times[address].ready, after, least(address))
    return RunEstimate(tasks)


def for_plan(
    planned: Sequence[Planned], declared: Mapping[str, Declared], records: Mapping[str, Record], history: Sequence[Run]
) -> float:
    """Return the expected seconds of a plan on AWS, without the calls themselves.

    A changed service takes as long as a new one, since it starts new tasks; other changes take next to no time.

    Args:
        declared: the declared resources of the run, by address.
    """
    waits = {item.address for item in planned if item.action == "create" or rolls_out(item)}
    if not any(item.action != "none" for item in planned):
        return 0.0
    standing = {address: replace(record, phase="ready") for address, record in records.items() if address not in waits}
    going = {item.address: records[item.address] for item in planned if item.action == "delete"}
    comes, goes = for_up(declared, standing, history).tasks, for_down(going, history).tasks
    return left(comes, (), {}).seconds + left(goes, (), {}).seconds


def rolls_out(item: Planned) -> bool:
    """Return whether a planned change replaces the tasks of a service."""
    return item.address.startswith("service/") and item.action == "change" and "task_definition" in item.changes


def for_down(going: Mapping[str, Record], history: Sequence[Run]) -> RunEstimate:
    """Return the expected work of a `down`. Each resource is deleted once its dependents are gone."""
    seen = Seen(history, "down")

    def takes(record: Record) -> float:
        found = seen.seconds(record.address)
        return times(record.type, record.arguments).gone if found is None else found

    def least(record: Record) -> float:
        return min(times(record.type, record.arguments, at_least).gone, all_seconds[record.address])

    all_seconds = {address: takes(record) for address, record in going.items()}

    def freed(user: str) -> float:
        return 0.0 if issubclass(type_of(going[user]), FreesDependenciesEarly) else all_seconds[user]

    built = dependents(going)
    # first deleted comes first, as in `for_up`: each resource comes after the resources that it waits for
    order = reversed(list(going))
    return RunEstimate(
        {
            a: RemainingWork(going[a].step, all_seconds[a], {user: freed(user) for user in built[a]}, least(going[a]))
            for a in order
        }
    )


class Seen:
    """Durations of resources in earlier runs of one command, from the answer of the call to the finished resource."""

    def __init__(self, history: Sequence[Run], command: str) -> None:
        self._seconds: dict[str, list[float]] = {}
        for run in history:
            for span in run.timeline if run.command == command else ():
                if span.ended is not None and span.result in {"created", "deleted"}:
                    took = span.ended - (span.began if span.called is None else span.called)
                    for key in (span.address, span.address.partition("/")[0]):
                        self._seconds.setdefault(key, []).append(took)

    def seconds(self, address: str) -> float | None:
        """Return the median duration of this resource, or else of its type; None without any earlier run."""
        found = self._seconds.get(address) or self._seconds.get(address.partition("/")[0])
        return median(found) if found else None
