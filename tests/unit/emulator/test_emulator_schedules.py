"""Schedule expressions of the embedded cloud: their meaning, invalid ones, and the change of clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ecs_emulator.services.scheduler.expressions import due, parse
from ecs_emulator.services.scheduler.universal import operation_of, sdk_name

if TYPE_CHECKING:
    from collections.abc import Iterator

YORK = "America/New_York"


def moments(text: str, begin: str, zone: str = "UTC") -> Iterator[datetime]:
    """Yield the times when a schedule with an expression is due after a moment, in UTC."""
    expression, place = parse(text), ZoneInfo(zone)
    created, last = datetime.fromisoformat(begin).replace(tzinfo=UTC), None
    while (last := due(expression, place, created, None, last)) is not None:
        yield last


def first(count: int, text: str, begin: str, zone: str = "UTC") -> list[str]:
    return [f"{one:%Y-%m-%d %H:%M}" for one in islice(moments(text, begin, zone), count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cron(0 10 * * ? *)", ["2024-01-01 10:00", "2024-01-02 10:00"]),
        ("cron(15 12 ? * MON *)", ["2024-01-01 12:15", "2024-01-08 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2024-01-01 18:00", "2024-01-02 18:00"]),
        ("cron(0 8 1 * ? *)", ["2024-01-01 08:00", "2024-02-01 08:00"]),
        ("cron(0 8 L * ? *)", ["2024-01-31 08:00", "2024-02-29 08:00"]),
        ("cron(0 8 6W * ? *)", ["2024-01-05 08:00", "2024-02-06 08:00"]),
        ("cron(0 8 ? * 6L 2024)", ["2024-01-26 08:00", "2024-02-23 08:00"]),
        ("cron(0 8 ? * FRI#3 *)", ["2024-01-19 08:00", "2024-02-16 08:00"]),
        ("cron(0/30 9-10 ? JAN,MAR 2 *)", ["2024-01-01 09:00", "2024-01-01 09:30"]),
        ("cron(0 0 29 2 ? *)", ["2024-02-29 00:00", "2028-02-29 00:00"]),
        ("cron(0 0 1 1 ? 2020)", []),
        ("rate(1 minute)", ["2024-01-01 00:00", "2024-01-01 00:01"]),
        ("rate(2 hours)", ["2024-01-01 00:00", "2024-01-01 02:00"]),
        ("at(2024-05-01T03:04:05)", ["2024-05-01 03:04"]),
        ("at(2023-05-01T03:04:05)", []),
    ],
)
def test_an_expression_says_when(text: str, expected: list[str]) -> None:
    assert first(2, text, "2024-01-01 00:00") == expected


@pytest.mark.parametrize(
    "text",
    [
        "cron(nonsense)", "cron(0 10 * * ?)", "cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)", "cron(0 0 32 * ? *)", "cron(0 0 * 13 ? *)", "cron(0 0 ? * 8 *)", "cron(0 0 ? * MON#6 *)",
        "cron(0/0 * * * ? *)", "cron(5-1 * * * ? *)", "cron(0 0 0W * ? *)", "cron(0 0 * * ? 1969)", "rate(0 minutes)",
        "rate(5)", "rate(5 weeks)", "rate(-1 minutes)", "at(2024-05-01)", "at(2024-13-01T00:00:00)", "5 minutes", "",
    ],
)  # fmt: skip
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


def test_a_time_that_spring_skips_is_skipped() -> None:
    assert first(3, "cron(30 2 * * ? *)", "2024-03-09 00:00", YORK) == [
        "2024-03-09 07:30",
        "2024-03-11 06:30",
        "2024-03-12 06:30",
    ]


def test_a_time_that_autumn_has_twice_counts_once() -> None:
    assert first(3, "cron(30 1 * * ? *)", "2024-11-02 00:00", YORK) == [
        "2024-11-02 05:30",
        "2024-11-03 05:30",
        "2024-11-04 06:30",
    ]


def test_a_rate_of_days_counts_hours_whatever_the_clocks_do() -> None:
    assert first(3, "rate(1 day)", "2024-03-09 12:00", YORK) == [
        "2024-03-09 12:00",
        "2024-03-10 12:00",
        "2024-03-11 12:00",
    ]


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("cluster", "Cluster"),
        ("desiredCount", "DesiredCount"),
        ("DBClusterIdentifier", "DbClusterIdentifier"),
        ("MinCapacity", "MinCapacity"),
        ("roleARN", "RoleArn"),
    ],
)
def test_members_of_an_input_are_called_as_the_sdk_does(member: str, name: str) -> None:
    assert sdk_name(member) == name


def test_an_api_of_a_universal_target_has_no_hyphens() -> None:
    model, operation = operation_of("arn:aws:scheduler:::aws-sdk:applicationautoscaling:registerScalableTarget")
    assert (model.service_name, operation) == ("application-autoscaling", "RegisterScalableTarget")


@pytest.mark.parametrize(
    "operation", ["ecs:describeServices", "translate:translateDocument", "bedrockruntime:invokeModel"]
)
def test_what_the_guide_excludes_is_no_target(operation: str) -> None:
    with pytest.raises(ValueError, match="no operation that changes anything"):
        operation_of(f"arn:aws:scheduler:::aws-sdk:{operation}")
