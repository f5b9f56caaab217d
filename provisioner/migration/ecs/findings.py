"""What is gathered of a cluster while its services and jobs are translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.migration.draft import Draft, Left
from provisioner.migration.ecs.answers import Answer, Answers

Leave = Callable[[str, str], None]
"""Notes a key that is not carried over, with the reason."""

UNKNOWN = "has no counterpart here"


@dataclass
class Gathered:
    """All services and jobs.

    Attributes:
        own: the name of the stack of this tool that the cluster belongs to; empty if it is none of this tool's.
        services, jobs: what is carried over of each, by its name here.
        undropped: those whose containers keep all of Docker's capabilities.
    """

    answers: Answers
    found: Draft
    own: str
    services: dict[str, Workload] = field(default_factory=dict)
    jobs: dict[str, Workload] = field(default_factory=dict)
    undropped: list[str] = field(default_factory=list)

    def leave(self, where: str, key: str, why: str) -> None:
        """Note what is not carried over, and where it stands."""
        self.found.note(Left(where, 0, key, why))


@dataclass
class Workload:
    """One service or job.

    Attributes:
        name: its name here.
        where: what it is called in what is told of it, such as `service web`.
        raw: what AWS says of it.
        gathered: all of them.
        table: its own.
        job: whether it is a job.
        hosts: the host names at which a load balancer hands requests on to it.
    """

    name: str
    where: str
    raw: Answer
    gathered: Gathered
    table: dict[str, Any] = field(default_factory=dict)
    job: bool = False
    hosts: list[str] = field(default_factory=list)

    @property
    def answers(self) -> Answers:
        """All that AWS answered."""
        return self.gathered.answers

    def leave(self, key: str, why: str) -> None:
        """Note what is not carried over."""
        self.gathered.leave(self.where, key, why)


@dataclass(frozen=True)
class Keys:
    """What is known of the members of one kind of answer.

    Attributes:
        read: those that are read elsewhere, or say nothing about what runs.
        why: those that have no counterpart, with the reason.
    """

    read: frozenset[str]
    why: Mapping[str, str]

    def leave_rest(self, raw: Answer, leave: Leave) -> None:
        """Note every member that is set and not read: AWS gets new ones, which are told as unknown."""
        for key, value in raw.items():
            if key not in self.read and said(value):
                leave(key, self.why.get(key, UNKNOWN))


def said(value: Any) -> bool:
    """Whether a member says something: AWS shows many that nobody has set, empty or off."""
    if isinstance(value, Mapping):
        return any(map(said, value.values()))
    return bool(value)
