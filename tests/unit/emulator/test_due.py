"""The next time of a schedule, in the embedded cloud, which parses the expressions by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ecs_emulator.services.scheduler.expressions import due, parse
from provisioner.config.due import next_due

MONDAY = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "cron(0 7 ? * MON-FRI *)",
        "cron(30 20 * * ? *)",
        "cron(0/15 8-17 ? * TUE,THU *)",
        "cron(0 7 1 JAN-MAR ? *)",
        "cron(0 7 ? * 1 2026-2030)",
        "cron(*/20 0-23/5 * * ? *)",
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_it_is_due_when_the_cloud_says(text: str, zone: str) -> None:
    found = next_due(text, zone, MONDAY.timestamp())
    assert found is not None
    assert found.astimezone(UTC) == due(parse(text), ZoneInfo(zone), MONDAY, None, None)


def test_a_time_that_spring_skips_is_not_due() -> None:
    night = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
    found = next_due("cron(30 2 * * ? *)", "America/New_York", night.timestamp())
    assert f"{found:%d %H:%M}" == "09 02:30", "on the 8th there is none"


@pytest.mark.parametrize("text", ["cron(0 7 L * ? *)", "cron(0 7 ? * 2#1 *)", "cron(0 7 * * ? 2020)"])
def test_what_is_not_counted_is_not_said(text: str) -> None:
    assert next_due(text, "UTC", MONDAY.timestamp()) is None


def test_a_zone_that_the_machine_does_not_know_is_not_said() -> None:
    assert next_due("cron(0 7 * * ? *)", "Mars/Olympus", MONDAY.timestamp()) is None
