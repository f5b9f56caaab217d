"""Notes that only the state holds: present sizes and pauses; sleep, expiry and protection of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.config.records import ASLEEP, EXPIRES, PART, PAUSED, PROTECTED, SCALED
from provisioner.engine.resource import Resource
from provisioner.resources.ecs.api import API
from provisioner.resources.only_recorded import OnlyRecorded


@dataclass(frozen=True)
class ScaledService(OnlyRecorded, Resource):
    """Records that `provision scale` has given a service another number of tasks, so that `up` keeps it.

    Attributes:
        least, most: the number of tasks; for a service that scales, the minimum and the maximum.
        instead_of: the configuration's number at that time; when it changes, the configuration applies again.
    """

    least: int
    most: int
    instead_of: str

    type_name = SCALED
    api = API


@dataclass(frozen=True)
class PausedWorkload(OnlyRecorded, Resource):
    """Records that `provision sleep NAME` has stopped a service, or a job's schedule, so that `up` leaves it stopped.

    Attributes:
        tasks: the service's number of tasks before.
    """

    tasks: int

    type_name = PAUSED
    api = API


@dataclass(frozen=True)
class SleepingStack(OnlyRecorded, Resource):
    """Records that `provision sleep` has stopped the whole stack, so that nothing but `wake` starts it.

    Attributes:
        tasks: the number of tasks before, by service that scales.
    """

    tasks: Mapping[str, int] = field(default_factory=dict)

    type_name = ASLEEP
    api = API


@dataclass(frozen=True)
class ExpiringStack(OnlyRecorded, Resource):
    """Records the expiry of a stack: `up --expires` sets it, and `down --expired` deletes the stack after it.

    Attributes:
        until: seconds since the epoch.
    """

    until: int

    type_name = EXPIRES
    api = API


@dataclass(frozen=True)
class ProtectedStack(OnlyRecorded, Resource):
    """Records that the stack is protected from deletion: `up` records it first, and nothing but `up` lifts it."""

    type_name = PROTECTED
    api = API


@dataclass(frozen=True)
class SleepingPart(OnlyRecorded, Resource):
    """Records the resources that `provision sleep` has deleted of one part of the stack, so that `wake` recreates them.

    Attributes:
        records: the deleted resources' records, by address, without their addresses.
        meaning: by address of deleted and remaining resources, the fields that contained an id or output of a deleted
            resource, with their former values: a recreated resource has new ones.
        names: by id or output of a deleted resource, its address and the output's name, such as `vpc/main:id`.
    """

    records: Mapping[str, Mapping[str, Any]]
    meaning: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, str]

    type_name = PART
    api = API
