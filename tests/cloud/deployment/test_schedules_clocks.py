"""Jobs by their zones' clocks when these change: times that spring skips, times that autumn repeats, and the rest.

Source: EventBridge Scheduler user guide, "Daylight savings time on EventBridge Scheduler".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ecs_emulator import manage
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.one_off.test_run import REGISTRY, tasks
from tests.cloud.project import SMALL, Project

pytestmark = pytest.mark.slow

YORK, TOKYO = "America/New_York", "Asia/Tokyo"
JOBS = {
    "skipped": ("cron(30 2 * * ? *)", YORK),
    "twice": ("cron(30 1 * * ? *)", YORK),
    "morning": ("cron(0 9 * * ? *)", YORK),
    "feed": ("cron(30 3 * * ? *)", TOKYO),
}
"""Schedules by name: the expression, and the zone."""
BEFORE = 3600
"""Seconds for `up` before the first day that is watched."""
LOOK = 3500
"""Seconds between two looks at the tasks: ECS forgets one an hour after it has ended."""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project on a cloud of its own: the calendar of others need not show next year."""
    cloud = EmbeddedCloud(manage.start(tmp_path / ".provision", "example.com"))
    cloud.reset()
    here = Project(cloud, tmp_path)
    here.write(
        SMALL
        + "".join(
            f'\n[jobs.{name}]\nimage = "{REGISTRY}/{name}-ends-after-10s:1"\nschedule = "{when}"\ntimezone = "{zone}"\n'
            for name, (when, zone) in JOBS.items()
        )
    )
    yield here
    manage.stop(here.state)
    here.close()


def next_change(after: datetime, *, forward: bool) -> datetime:
    """The first moment of the next day on which New York's clocks are put forward, or back."""
    begin = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(YORK))
    days = [begin + timedelta(days=number) for number in range(3, 2 * 366)]
    hours = 23 if forward else 25
    return next(day for day in days if length(day) == timedelta(hours=hours))


def length(day: datetime) -> timedelta:
    """Return the length of a day, given its first moment."""
    return (day + timedelta(days=1)).astimezone(UTC) - day.astimezone(UTC)


def runs(project: Project, begin: datetime, end: datetime) -> dict[str, list[str]]:
    """Return the starts of each job's tasks between two moments still to come: the job's local time, and its offset."""
    began: dict[str, tuple[datetime, str]] = {}
    while project.cloud.time() < end.timestamp():
        project.cloud.advance(LOOK)
        for job in JOBS:
            began |= {task["taskArn"]: (task["createdAt"], job) for task in tasks(project, job)}
    found: dict[str, list[str]] = {job: [] for job in JOBS}
    for created, job in sorted(began.values()):
        if begin <= created < end:
            # the clock's floating point may be a millisecond off
            local = (created + timedelta(milliseconds=500)).astimezone(ZoneInfo(JOBS[job][1]))
            found[job].append(f"{local:%a %H:%M %z}")
    return found


@pytest.mark.parametrize(
    ("forward", "york"),
    [
        (
            True,
            {
                "skipped": ["Sat 02:30 -0500", "Mon 02:30 -0400"],
                "twice": ["Sat 01:30 -0500", "Sun 01:30 -0500", "Mon 01:30 -0400"],
                "morning": ["Sat 09:00 -0500", "Sun 09:00 -0400", "Mon 09:00 -0400"],
            },
        ),
        (
            False,
            {
                "skipped": ["Sat 02:30 -0400", "Sun 02:30 -0500", "Mon 02:30 -0500"],
                "twice": ["Sat 01:30 -0400", "Sun 01:30 -0400", "Mon 01:30 -0500"],
                "morning": ["Sat 09:00 -0400", "Sun 09:00 -0500", "Mon 09:00 -0500"],
            },
        ),
    ],
    ids=["spring", "autumn"],
)
def test_each_zone_keeps_its_time_when_clocks_change(
    project: Project, forward: bool, york: dict[str, list[str]]
) -> None:
    change = next_change(datetime.fromtimestamp(project.cloud.time(), UTC), forward=forward)
    begin, end = (change + timedelta(days=days) for days in (-1, 2))
    project.cloud.advance(begin.timestamp() - BEFORE - project.cloud.time())
    project.up()
    tokyo = ["Sun 03:30 +0900", "Mon 03:30 +0900", "Tue 03:30 +0900"]
    assert runs(project, begin, end) == {**york, "feed": tokyo}
    assert project.planned() == {}
