"""What EventBridge Scheduler has in an account and Region: groups, and the schedules in them."""

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
    """The time on AWS's clock."""
    return datetime.fromtimestamp(CLOCK.time(), UTC)


@dataclass
class Schedule:
    """A schedule; `shape` has the settings as GetSchedule answers them.

    Attributes:
        last: when it was last due since it was created or changed.
        due: when it is due next, in UTC, and `due_at` the same by the clock.
        token, request: of its creation.
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
        """Have the clock stop at the next moment at which it is due, if it is enabled."""
        self.due = self._next() if self.shape["State"] == "ENABLED" else None
        self.due_at = CLOCK.later(self.due.timestamp() - CLOCK.time()) if self.due else NEVER

    def _next(self) -> datetime | None:
        """When it is due next, between its two dates, which are ignored for one-time schedules (API reference)."""
        expression, zone = parse(self.shape["ScheduleExpression"]), ZoneInfo(self.shape["ScheduleExpressionTimezone"])
        if isinstance(expression, At):
            return due(expression, zone, self.changed, None, self.last)
        begin, end = (self.shape.get(name) for name in ("StartDate", "EndDate"))
        found = due(expression, zone, self.changed, begin, self.last)
        return None if found and end and found > end else found


@dataclass
class Group:
    """A schedule group; `gone_at` is when one that is deleted is gone."""

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
        """ACTIVE, or DELETING until it is gone."""
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
        """The ARN of a group or a schedule."""
        return f"arn:{get_partition(self.region)}:scheduler:{self.region}:{self.account}:{resource}"

    def all(self) -> Iterator[Schedule]:
        """Every schedule."""
        for group in list(self.groups.values()):
            yield from list(group.schedules.values())


_known: dict[tuple[str, str], Schedules] = {}


def schedules(account: str, region: str) -> Schedules:
    """Those of an account and Region."""
    if (account, region) not in _known:
        _known[account, region] = Schedules(account, region)
    return _known[account, region]


def in_use() -> list[Schedules]:
    """Those of all accounts and Regions that were ever asked for."""
    return list(_known.values())


@on_reset
def forget() -> None:
    """Have no schedules anywhere."""
    _known.clear()
