"""Data of a cluster, gathered while its services and jobs are translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.migration.draft import Cost, Draft, Left
from provisioner.migration.ecs.answers import Answer, Answers

Leave = Callable[[str, str], None]
"""Note a key that is not carried over, with the reason."""

UNKNOWN = "has no counterpart here"


@dataclass
class Gathered:
    """All services and jobs of the cluster.

    Attributes:
        own: the name of the stack, if this tool made the cluster; else empty.
        services, jobs: the services and jobs that are carried over, by their new names.
        providers: tables of providers at which users sign in, by name.
        undropped: workloads and sidecars whose container keeps all of Docker's capabilities.
    """

    answers: Answers
    found: Draft
    own: str
    services: dict[str, Workload] = field(default_factory=dict)
    jobs: dict[str, Workload] = field(default_factory=dict)
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)
    undropped: list[str] = field(default_factory=list)

    def leave(self, where: str, key: str, why: str, of: str = "", cost: Cost = "part") -> None:
        """Note a key that is not carried over, with its place."""
        self.found.note(Left(where, 0, key, why, of, cost))

    def tell(self, where: str, key: str, why: str) -> None:
        """Note a difference that is no loss, with its place."""
        self.leave(where, key, why, cost="nothing")


@dataclass
class Workload:
    """One service or job.

    Attributes:
        name: its new name.
        where: its name in notes, such as `service web`.
        raw: AWS's answer about it.
        gathered: all services and jobs.
        table: its table in `stack.toml`.
        job: whether it is a job.
        hosts: the host names for which a load balancer forwards requests to it.
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
        """All answers of AWS."""
        return self.gathered.answers

    @property
    def deployment_port(self) -> int:
        """The port at which its new tasks can be tried; 0 if there is none."""
        found = self.table.get("deployment")
        return int(found.get("test_port", 0)) if isinstance(found, dict) else 0

    def leave(self, key: str, why: str, cost: Cost = "part") -> None:
        """Note a key that is not carried over."""
        of = f"{'jobs' if self.job else 'services'}.{self.name.partition('.')[0]}"
        self.gathered.leave(self.where, key, why, of, cost)

    def tell(self, key: str, why: str) -> None:
        """Note a difference that is no loss."""
        self.leave(key, why, "nothing")


@dataclass(frozen=True)
class Keys:
    """The known members of one kind of answer.

    Attributes:
        read: members that are read elsewhere, or that do not matter.
        why: members without a counterpart, with the reason.
    """

    read: frozenset[str]
    why: Mapping[str, str]

    def leave_rest(self, raw: Answer, leave: Leave) -> None:
        """Note every member that is set and not read. A member that AWS added later has the reason `UNKNOWN`."""
        for key, value in raw.items():
            if key not in self.read and said(value):
                leave(key, self.why.get(key, UNKNOWN))


def said(value: Any) -> bool:
    """Return whether a member is set: AWS shows many unset members as empty or off."""
    if isinstance(value, Mapping):
        return any(map(said, value.values()))
    return bool(value)
