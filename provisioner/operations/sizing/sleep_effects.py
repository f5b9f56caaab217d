"""Effects of `provision sleep`: which resources go, stop and stay charged, and how long waking takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.engine.declaration import Declared
from provisioner.engine.remaining import left
from provisioner.operations.impact import duration
from provisioner.operations.impact.hourly_charges import billed
from provisioner.operations.overrides import sleep_parts
from provisioner.operations.overrides.sleep_parts import going
from provisioner.resources.autoscaling import AutoScalingGroup, MinimumSize
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.strategies import minutes, shifts
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.single import SingleDbInstance
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.state.model import Run

SLEEPS = frozenset(one.type_name for one in (AutoScalingGroup, DbCluster, DbInstance, Service, SingleDbInstance))
"""The types that cost little or nothing while a stack sleeps: of the database, only the storage."""


@dataclass(frozen=True)
class Split:
    """The effect of sleeping on hourly charged resources, by address.

    Attributes:
        removed: the resources that are deleted, including ones without a charge of their own.
        stopped: the resources that stay, and cost little or nothing while no task runs.
        kept: the resources that cost as much as before.
    """

    removed: tuple[str, ...]
    stopped: tuple[str, ...]
    kept: tuple[str, ...]


def split(records: Mapping[str, Record], parts: Collection[str]) -> Split:
    """Return the effect of a sleep that deletes these parts."""
    removed = tuple(address for part in parts for address in going(records, part))
    charged = [address for address in billed(records.values()) if address not in removed]
    stopped = tuple(address for address in charged if records[address].type in SLEEPS)
    return Split(removed, stopped, tuple(address for address in charged if address not in stopped))


STARTS = frozenset({Service.type_name, MinimumSize.type_name})
"""The types that exist while a stack sleeps, but take as long to wake as to create."""


def waking_seconds(declared: Mapping[str, Declared], records: Mapping[str, Record], history: Sequence[Run]) -> float:
    """Return the expected seconds of a wake without the start of the database."""
    there = {address: record for address, record in records.items() if record.type not in STARTS}
    # ECS deploys a service that gets another rule, and its shift of traffic takes as long as in any deployment
    moved = [declared[a].resource.fields() for a in sleep_parts.references(records) if a in declared]
    shifting = [minutes(fields) for fields in moved if shifts(fields)]
    return left(duration.for_up(declared, there, history).tasks, (), {}).seconds + 60 * max(shifting, default=0)
