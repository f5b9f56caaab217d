"""The life of one sample of each of many types, all in one stack: lived once, and judged type by type afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws import tagging
from provisioner.aws.client import Aws
from provisioner.engine.events import ResourceDone, ResourceSkipped
from provisioner.engine.planning.actions import Planned
from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource import RESOURCE_TYPES, Observed, Resource
from provisioner.operations.state_admin import recovery
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference, inventory
from tests.cloud.rig import Declare, Outcome, Rig
from tests.cloud.samples.sample import ByHand, Here, Others, Sample, another, others, settings

Samples = Mapping[type[Resource], Sample]
SEEN = 60.0
"""Seconds within which all of AWS's lists show a change by hand."""


@dataclass(frozen=True)
class Try:
    """One way to make a sample differ: the fields, and a change by hand or another value to declare."""

    address: str
    fields: frozenset[str]
    by_hand: Any = None
    value: Any = None


def result(outcome: Outcome, address: str) -> str:
    """Return a resource's result in a run, or the reason for having none."""
    for event in reversed(outcome.events):
        if isinstance(event, ResourceDone) and event.address == address:
            return event.result
        if isinstance(event, ResourceSkipped) and event.address == address:
            return f"skipped, because of {event.because}"
    return f"failed: {outcome.failures().get(address) or outcome.summary.error}"


@dataclass
class Leg:
    """One `up` of a life: the attempted differences by address, the plan, and the result of each resource.

    `undone` says, by address, why somebody's change by hand could not be made.
    """

    tries: Mapping[str, Try]
    undone: Mapping[str, str]
    planned: Mapping[str, Planned]
    outcome: Outcome

    def result(self, address: str) -> str:
        """Return a resource's result, or the reason for having none."""
        return result(self.outcome, address)

    def differs(self, address: str) -> tuple[str, set[str]]:
        """Return a resource's planned action and changed fields."""
        item = self.planned.get(address)
        return (item.action, {*item.changes}) if item else ("none", set())


@dataclass
class Life:
    """The observations on all samples.

    Attributes:
        addresses: the address of each resource type's sample.
        made, again, lost: the first `up`, the second, and the one without a state.
        changes: one `up` for each time that somebody changed a setting of each sample that has so many.
        fixed: by address, the fixed fields that it declares, each with another value.
        refused: the plan when all these are declared so.
        found: by address, how it was found without a state.
        tags: by address of a resource that carries tags, the fault of its tags as read of it alone.
        beside: by the name of a type, the settings of its resources that are no fields.
        down, once_more: two teardowns.
        left: resources that the account holds in the end and did not before, or the reverse.
    """

    addresses: Mapping[type[Resource], str]
    made: Leg
    again: Leg
    changes: Sequence[Leg]
    fixed: Mapping[str, Mapping[str, Any]]
    refused: Mapping[str, Planned]
    found: Mapping[str, str]
    tags: Mapping[str, str]
    beside: Mapping[str, set[str]]
    lost: Leg
    down: Outcome
    once_more: Outcome
    left: Mapping[str, Any]


@dataclass
class _Living:
    """A life while it goes on."""

    rig: Rig
    samples: Samples
    all: Samples
    others: Others
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    addresses: Mapping[type[Resource], str] = field(default_factory=dict)

    def declare(self, more: Mapping[str, Mapping[str, Any]] | None = None) -> Declare:
        """Return a function that declares the samples of this life, and the resources that they need."""
        values = {a: {**self.values.get(a, {}), **(more or {}).get(a, {})} for a in {*self.values, *(more or {})}}

        def declare(stack: Stack) -> None:
            here = Here(stack, self.others, self.all, values)
            self.addresses = {resource_type: here[resource_type].address for resource_type in self.samples}

        return declare

    def up(self, more: Mapping[str, Mapping[str, Any]] | None = None, tries: Sequence[Try] = ()) -> Leg:
        """Make the changes to be tried, then run `up`."""
        undone = {one.address: why for one in tries if (why := self._change(one))}
        if tries:
            self.rig.cloud.advance(SEEN)
        planned, outcome = self.rig.agreed(self.declare(more))
        return Leg({one.address: one for one in tries}, undone, {item.address: item for item in planned}, outcome)

    def changes(self) -> Iterator[Leg]:
        """Change one setting of each sample after the other, and run `up` after each; none is left in the end."""
        rows = {
            resource_type: list(self._tries(resource_type, sample)) for resource_type, sample in self.samples.items()
        }
        for number in range(max(map(len, rows.values())) + 1):
            yield self.up(tries=[row[number] for row in rows.values() if number < len(row)])

    def _change(self, one: Try) -> str:
        """Change one setting; return why that could not be done."""
        if not one.by_hand:
            (name,) = one.fields
            self.values.setdefault(one.address, {})[name] = one.value
            return ""
        try:
            one.by_hand(ByHand(self.rig.cloud, self.rig.state().records, self.others, one.address))
        except (ClientError, KeyError) as error:
            return repr(error)
        return ""

    def otherwise(self, names: str) -> dict[str, dict[str, Any]]:
        """Return other values for the fields of each sample that its class lists under this name."""
        declared = self.rig.declare(self.declare()).declared
        wants = {resource_type: declared[address].resource for resource_type, address in self.addresses.items()}
        return {
            desired.address: {
                name: self.samples[resource_type].other.get(name, another(desired.fields()[name]))
                for name in getattr(resource_type, names) & desired.fields().keys()
            }
            for resource_type, desired in wants.items()
        }

    def tags(self) -> dict[str, str]:
        """Return the faults of each sample's tags, by address, as they are read of it alone."""
        records = self.rig.state().records
        aws = self.rig.aws().knowing(KnownResources(records))
        lives = {
            address: live
            for resource_type, address in self.addresses.items()
            for live in (aws.live(resource_type) if tagging.taggable(resource_type) and address in records else ())
            if live.id == records[address].id
        }
        return {address: self._wrong(aws, address, live) for address, live in lives.items()}

    def _wrong(self, aws: Aws, address: str, live: Observed) -> str:
        try:
            there = tagging.read(aws, RESOURCE_TYPES[address.partition("/")[0]], live)
        except ClientError as error:
            return repr(error)
        wanted = aws.tags(address)
        return "" if wanted.items() <= there.items() else f"they are {there}, and should be {wanted}"

    def beside(self) -> dict[str, set[str]]:
        """Return the settings of each type's resources that are no fields, by the type's name."""
        aws = self.rig.aws().knowing(KnownResources(self.rig.state().records))
        return {
            resource_type.type_name: {name for live in aws.live(resource_type) for name in live.attributes}
            - {*settings(resource_type)}
            for resource_type in self.samples
        }

    def found(self) -> dict[str, str]:
        """Return the way to find each resource without a state, by address."""
        declared = self.rig.declare(self.declare()).declared
        recovered = recovery.search(self.rig.aws(), {}, declared, lambda text: None)
        return {item.record.address: item.found_by for item in recovered.found}

    def _tries(self, resource_type: type[Resource], sample: Sample) -> Iterator[Try]:
        for names, drift in sample.drift.items():
            called, _, fields = names.rpartition(":")
            address = f"{resource_type.type_name}/{called}" if called else self.addresses[resource_type]
            yield Try(address, frozenset(fields.split()), drift)
        for name, value in sample.other.items():
            if name in settings(resource_type) and name not in resource_type.create_only | resource_type.ignore_changes:
                yield Try(self.addresses[resource_type], frozenset({name}), value=value)


def live(cloud: EmbeddedCloud, directory: Path, samples: Samples, everything: Samples) -> Life:
    """Live the whole life; the judges tell all that goes wrong in it.

    Args:
        everything: all samples; the samples of this life may need others.
    """
    living = _Living(Rig(cloud, directory / "state", stand_ins=True), samples, everything, others(cloud))
    rig, before = living.rig, inventory(cloud.client)
    made, again = living.up(), living.up(living.otherwise("ignore_changes"))
    changes = list(living.changes())
    fixed = living.otherwise("create_only")
    refused = {item.address: item for item in rig.plan(living.declare(fixed))}
    tags, beside = living.tags(), living.beside()
    rig.directory = directory / "another"
    found, lost = living.found(), living.up()
    down, once_more = rig.down(unprotect=True), rig.down()
    left = difference(before, inventory(cloud.client), *NEVER_REMOVED)
    rig.close()
    return Life(
        living.addresses, made, again, changes, fixed, refused, found, tags, beside, lost, down, once_more, left
    )
