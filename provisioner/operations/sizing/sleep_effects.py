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
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.state.model import Run

SLEEPS = frozenset(one.type_name for one in (AutoScalingGroup, DbCluster, DbInstance, Service))
"""What costs little or nothing while a stack sleeps: of the database its storage."""


@dataclass(frozen=True)
class Split:
    """The effect of sleeping on hourly charged resources, by address.

    Attributes:
        removed: what is deleted, and with it what costs nothing by itself.
        stopped: what stays, and costs little or nothing while nothing runs.
        kept: what goes on costing as before.
    """

    removed: tuple[str, ...]
    stopped: tuple[str, ...]
    kept: tuple[str, ...]


def split(records: Mapping[str, Record], parts: Collection[str]) -> Split:
    """Return the effect of a sleep without these parts."""
    removed = tuple(address for part in parts for address in going(records, part))
    charged = [address for address in billed(records.values()) if address not in removed]
    stopped = tuple(address for address in charged if records[address].type in SLEEPS)
    return Split(removed, stopped, tuple(address for address in charged if address not in stopped))


STARTS = frozenset({Service.type_name, MinimumSize.type_name})
"""What is there while a stack sleeps, and takes as long as if it were made when it wakes."""


def waking_seconds(declared: Mapping[str, Declared], records: Mapping[str, Record], history: Sequence[Run]) -> float:
    """Return how long it takes to wake, beside the database, as far as that is known."""
    there = {address: record for address, record in records.items() if record.type not in STARTS}
    # ECS deploys what gets another rule, and waits as long as after any deployment
    moved = [declared[a].resource.fields() for a in sleep_parts.references(records) if a in declared]
    shifting = [minutes(fields) for fields in moved if shifts(fields)]
    return left(duration.for_up(declared, there, history).tasks, (), {}).seconds + 60 * max(shifting, default=0)
