"""State machines and their executions, by account and Region."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.utilities.utils import get_partition

from ecs_emulator.clock import CLOCK
from ecs_emulator.patch import on_reset

Shape = dict[str, Any]
NEVER = float("inf")
RUNNING = "RUNNING"


def now() -> datetime:
    """Return the time on AWS's clock."""
    return datetime.fromtimestamp(CLOCK.time(), UTC)


@dataclass
class Machine:
    """A state machine; `shape` has the settings as DescribeStateMachine answers them.

    Attributes:
        gone_at: the time from which it is gone, once its executions have ended; `NEVER` unless it is being deleted.
    """

    name: str
    arn: str
    shape: Shape
    tags: dict[str, str]
    created: datetime = field(default_factory=now)
    gone_at: float = NEVER

    @property
    def deleting(self) -> bool:
        """Return whether its deletion has been asked for."""
        return self.gone_at != NEVER


@dataclass
class Execution:
    """A run of a state machine, with the definition and the role that the machine had when it began.

    Attributes:
        ends_at: the end of the machine's TimeoutSeconds.
        task: the ARN of the task that runs. retries: the number of retries so far, by retrier.
        begins_at: the time of the next attempt, while no task runs.
    """

    name: str
    arn: str
    machine: str
    input: str
    definition: Shape
    role: str
    began: datetime = field(default_factory=now)
    ended: datetime | None = None
    status: str = RUNNING
    error: str = ""
    cause: str = ""
    output: str = ""
    ends_at: float = NEVER
    begins_at: float = 0.0
    task: str = ""
    retries: dict[int, int] = field(default_factory=dict)

    def end(self, status: str, error: str = "", cause: str = "") -> None:
        """Record the end of the execution."""
        self.status, self.error, self.cause, self.ended = status, error, cause, now()


class Machines:
    """All state machines of one account and Region."""

    def __init__(self, account: str, region: str) -> None:
        self.account, self.region = account, region
        self.machines: dict[str, Machine] = {}
        self.executions: dict[str, Execution] = {}

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a state machine or an execution."""
        return f"arn:{get_partition(self.region)}:states:{self.region}:{self.account}:{kind}:{name}"

    def running(self, machine: str) -> list[Execution]:
        """Return the executions of a machine that are under way."""
        return [one for one in self.executions.values() if (one.machine, one.status) == (machine, RUNNING)]


_known: dict[tuple[str, str], Machines] = {}


def machines(account: str, region: str) -> Machines:
    """Return the state machines of an account and Region."""
    return _known.setdefault((account, region), Machines(account, region))


def in_use() -> list[Machines]:
    """Return the state machines of all accounts and Regions that calls have used."""
    return list(_known.values())


def ended(account: str, region: str, machine: str, status: str, minutes: Iterable[int]) -> list[float]:
    """Return the numbers of a machine's executions that ended so in these minutes, without minutes that have none."""
    kept = machines(account, region)
    moments = [
        int(one.ended.timestamp()) // 60
        for one in [*kept.executions.values()]
        if one.ended and (one.machine, one.status) == (machine, status)
    ]
    return [float(moments.count(minute)) for minute in minutes if minute in moments]


@on_reset
def forget() -> None:
    """Drop all state machines."""
    _known.clear()
