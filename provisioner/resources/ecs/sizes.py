"""What the state alone knows of services, jobs and the stack: their size for now, and until when it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.config.facts import ASLEEP, EXPIRES, PART, PAUSED, SCALED
from provisioner.engine.resource import Resource
from provisioner.resources.ecs.api import API
from provisioner.resources.only_recorded import OnlyRecorded


@dataclass(frozen=True)
class ScaledService(OnlyRecorded, Resource):
    """Records that `provision scale` has given a service another number of tasks, so that `up` keeps it.

    Attributes:
        least, most: how many tasks; of a service that scales, the minimum and the maximum.
        instead_of: what the configuration said then: that counts again when it changes.
    """

    least: int
    most: int
    instead_of: str

    type_name = SCALED
    api = API


@dataclass(frozen=True)
class PausedWorkload(OnlyRecorded, Resource):
    """Records that `provision pause` has stopped a service, or a job's schedule, so that `up` leaves it stopped.

    Attributes:
        tasks: how many the service had before.
    """

    tasks: int

    type_name = PAUSED
    api = API


@dataclass(frozen=True)
class SleepingStack(OnlyRecorded, Resource):
    """Records that `provision sleep` has stopped the whole stack, so that nothing but `wake` starts it."""

    type_name = ASLEEP
    api = API


@dataclass(frozen=True)
class ExpiringStack(OnlyRecorded, Resource):
    """Records until when a stack is wanted: `up --expires` says it, and `down --expired` deletes it after that.

    Attributes:
        until: seconds since the epoch.
    """

    until: int

    type_name = EXPIRES
    api = API


@dataclass(frozen=True)
class SleepingPart(OnlyRecorded, Resource):
    """Records what `provision sleep` has deleted of one part of the stack, so that `wake` makes it again.

    Attributes:
        records: the records of what was deleted, by address, without their addresses.
        meaning: by address, of these and of what stays, the fields that say an id or output of what was deleted, as
            they were: what is made again has others.
        names: by id or output of what was deleted, its address and the output's name, as `vpc/main:id`.
    """

    records: Mapping[str, Mapping[str, Any]]
    meaning: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, str]

    type_name = PART
    api = API
