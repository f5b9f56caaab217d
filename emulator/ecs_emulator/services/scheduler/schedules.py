"""Groups and schedules of EventBridge Scheduler, by account and Region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from moto.utilities.utils import get_partition

from ecs_emulator.clock import CLOCK
from ecs_emulator.patch import on_reset
from ecs_emulator.services.scheduler.expressions import At, due, parse

Shape = dict[str, Any]
NEVER = float("inf")
DEFAULT = "default"


def now() -> datetime:
    """Return the time on AWS's clock."""
    return datetime.fromtimestamp(CLOCK.time(), UTC)


@dataclass
class Schedule:
    """A schedule; `shape` has the settings as GetSchedule answers them.

    Attributes:
        last: the last due time since its creation or last change.
        due: the next due time, in UTC; `due_at` is the same on the cloud's clock.
        token, request: the client token and the request of its creation.
    """

    name: str
    group: str
    arn: str
    shape: Shape
    created: datetime
    changed: datetime
    token: str = ""
    request: Shape = field(default_factory=dict)
    last: datetime | None = None
    due: datetime | None = None
    due_at: float = NEVER

    def plan(self) -> None:
        """Set the next due time, at which the clock stops, if the schedule is enabled."""
        self.due = self._next() if self.shape["State"] == "ENABLED" else None
        self.due_at = CLOCK.later(self.due.timestamp() - CLOCK.time()) if self.due else NEVER

    def _next(self) -> datetime | None:
        """Return the next due time between the two dates, which one-time schedules ignore (API reference)."""
        expression, zone = parse(self.shape["ScheduleExpression"]), ZoneInfo(self.shape["ScheduleExpressionTimezone"])
        if isinstance(expression, At):
            return due(expression, zone, self.changed, None, self.last)
        begin, end = (self.shape.get(name) for name in ("StartDate", "EndDate"))
        found = due(expression, zone, self.changed, begin, self.last)
        return None if found and end and found > end else found


@dataclass
class Group:
    """A schedule group; `gone_at` is the time at which its deletion is over."""

    name: str
    arn: str
    tags: dict[str, str]
    created: datetime
    changed: datetime
    token: str = ""
    gone_at: float = NEVER
    schedules: dict[str, Schedule] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The group's state: ACTIVE, or DELETING until it is gone."""
        return "ACTIVE" if self.gone_at == NEVER else "DELETING"


class Schedules:
    """All groups of one account and Region."""

    def __init__(self, account: str, region: str) -> None:
        self.account, self.region = account, region
        self.groups: dict[str, Group] = {}
        self.add(DEFAULT, {}, "")

    def add(self, name: str, tags: dict[str, str], token: str) -> Group:
        """Create a group."""
        group = Group(name, self.arn(f"schedule-group/{name}"), tags, now(), now(), token)
        self.groups[name] = group
        return group

    def arn(self, resource: str) -> str:
        """Return the ARN of a group or a schedule."""
        return f"arn:{get_partition(self.region)}:scheduler:{self.region}:{self.account}:{resource}"

    def all(self) -> Iterator[Schedule]:
        """Yield every schedule."""
        for group in list(self.groups.values()):
            yield from list(group.schedules.values())


_known: dict[tuple[str, str], Schedules] = {}


def schedules(account: str, region: str) -> Schedules:
    """Return the schedules of an account and Region."""
    if (account, region) not in _known:
        _known[account, region] = Schedules(account, region)
    return _known[account, region]


def in_use() -> list[Schedules]:
    """Return the schedules of all accounts and Regions that calls have used."""
    return list(_known.values())


@on_reset
def forget() -> None:
    """Drop all schedules."""
    _known.clear()
