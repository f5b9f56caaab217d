"""Plan a `provision sleep`: the resources that change, the parts that are deleted, and the savings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioner.config.records import BALANCER, ENDPOINTS, NAT, PART
from provisioner.cost import estimate
from provisioner.engine.errors import ConfigurationError, PartProtected
from provisioner.operations.impact import costs
from provisioner.operations.overrides import sizes, sleep_parts, stack_protection
from provisioner.operations.sizing.alarms import quieted
from provisioner.operations.sizing.balancer import as_led
from provisioner.operations.sizing.counts import read_counts
from provisioner.operations.sizing.instances import GROUP, MINIMUM
from provisioner.operations.sizing.scope import numbers, sized
from provisioner.operations.sizing.sleep_effects import split
from provisioner.resources.cloudfront.vpc_origin import VpcOrigin

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.config.records import Sizes
    from provisioner.engine.declaration import Declared
    from provisioner.state.model import Record


@dataclass(frozen=True)
class SleepPlan:
    """The changes that put a stack to sleep.

    Attributes:
        config: the configuration with the numbers of tasks that hold.
        after: the sizes that hold from now on.
        slept: whether the stack sleeps already.
        declared: the services, schedules and alarms that change, by address.
        numbers: the wanted numbers of tasks, by service.
        parts: the records of the parts that are deleted until the stack wakes, by address.
        removed: the addresses of the resources that are deleted with them.
        ends_instances: whether the instances have to end before the parts are deleted.
    """

    config: Config
    after: Sizes
    slept: bool
    declared: Mapping[str, Declared]
    numbers: Mapping[str, range]
    parts: Mapping[str, Record]
    removed: Sequence[str]
    ends_instances: bool

    @property
    def changes(self) -> bool:
        """Return whether the plan stops or deletes anything."""
        return bool(self.removed) or not self.slept


def check_unprotected(config: Config, records: Mapping[str, Record], without: Collection[str], command: str) -> None:
    """Refuse to delete parts of a protected stack; parts that an earlier run began to delete go all the same.

    Args:
        without: the parts of the stack to delete until it wakes (`sleep_parts.MEMBERS`).
        command: the command that deletes them all the same, in backticks.

    Raises:
        PartProtected: the stack is protected.
    """
    parts = [part for part in without if f"{PART}/{part}" not in records]
    going = [address for part in parts for address in sleep_parts.going(records, part)]
    if going and stack_protection.holds(config, records):
        raise PartProtected(going, [stack_protection.SETTING], command)


def plan_sleep(config: Config, aws: Aws, records: Mapping[str, Record], without: Collection[str]) -> SleepPlan:
    """Return the changes that put a stack to sleep.

    Args:
        without: the parts of the stack to delete until it wakes (`sleep_parts.MEMBERS`).

    Raises:
        ConfigurationError: a part could not be made again as it was.
    """
    config, before = sizes.held(config, records)
    names, now = sizes.pausables(config), aws.pace.time()
    after = before if before.asleep else replace(before, asleep=True, slept=_running(config, aws, records, before))
    declared = {**sized(config, records, after, names, now), **quieted(config, records, after, names)}
    there = {part for part in without if sleep_parts.going(records, part)}
    # goes on with the parts that an earlier run began to delete
    parts = [part for part in sleep_parts.MEMBERS if part in {*there, *dict(sleep_parts.recorded(records))}]
    if BALANCER in parts and any(record.type == VpcOrigin.type_name for record in records.values()):
        raise ConfigurationError(
            "--balancer: a distribution leads to this load balancer by a VPC origin, and would have to go with it, and "
            "its URL for ever: nothing was changed. Sleep without --balancer"
        )
    led = as_led(aws, records) if BALANCER in parts else records
    remembered = sleep_parts.remembered(led, parts)
    removed = split(records, parts).removed
    ends = GROUP in records and not {ENDPOINTS, NAT}.isdisjoint(parts)
    return SleepPlan(
        config, after, before.asleep, declared, numbers(config, after, names, now), remembered, removed, ends
    )


def _running(config: Config, aws: Aws, records: Mapping[str, Record], before: Sizes) -> dict[str, int]:
    """Return the number of tasks of each service that scales and runs now, for `wake`."""
    scaling = [name for name, service in config.services.items() if service.scaling and not before.rests(name)]
    return {name: tasks for name, tasks in read_counts(aws, records, scaling).items() if tasks} if scaling else {}


def describe_savings(plan: SleepPlan, aws: Aws, records: Mapping[str, Record], directory: Path) -> str:
    """Return how much less the stack costs on AWS while it sleeps, as the end of a sentence; empty if unknown."""
    awake = estimate.recorded({a: one for a, one in records.items() if one.type not in sizes.TYPES})
    asleep = awake | estimate.declared(plan.declared) | estimate.recorded(sizes.as_records(plan.after))
    for address in (MINIMUM, *plan.removed):
        asleep.pop(address, None)
    found = costs.of_settings(awake, asleep, aws.region, directory)
    less, left = -found.more.usual, found.after.sums.usual
    if not found.after.known or less < estimate.CENT:
        return ""
    return f", which saves about {estimate.rough(less)} USD a month on AWS and leaves {estimate.rough(left)}"
