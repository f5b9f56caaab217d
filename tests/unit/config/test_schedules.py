"""Schedules of jobs: EventBridge Scheduler's expressions, and crontab's translated to them."""

from __future__ import annotations

import re

import pytest

from provisioner.config.jobs import Job
from provisioner.config.schedules import cron, expression, later, zone


@pytest.mark.parametrize(
    "text",
    [
        "cron(30 3 * * ? *)",
        "cron(0/15 8-17 ? * MON-FRI *)",
        "cron(0 10 L * ? 2026-2030)",
        "cron(0 10 15W JAN,JUL ? *)",
        "cron(0 10 ? * 6#3 *)",
        "cron(0 10 ? * FRIL *)",
        "rate(1 hour)",
        "rate(5 minutes)",
        "at(2026-12-01T03:30:00)",
    ],
)
def test_an_expression_of_aws_is_taken(text: str) -> None:
    assert expression(text) == text


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("30 3 * * 1", "cron(30 3 ? * 2 *)"),
        ("*/5 * * * *", "cron(*/5 * * * ? *)"),
        ("0 0 1 * *", "cron(0 0 1 * ? *)"),
        ("0 9 * * 1-5", "cron(0 9 ? * 2-6 *)"),
        ("0 9 * * 7", "cron(0 9 ? * 1 *)"),
        ("0 9 * * MON", "cron(0 9 ? * MON *)"),
        ("cron(0 9 * * *)", "cron(0 9 * * ? *)"),
        ("@daily", "cron(0 0 * * ? *)"),
        ("@every 5m", "rate(5 minutes)"),
        ("@every 1h", "rate(1 hour)"),
    ],
)
def test_crontab_is_refused_with_the_form_of_aws(text: str, instead: str) -> None:
    with pytest.raises(ValueError, match=r"is crontab's form: write") as told:
        expression(text)
    assert f'write "{instead}"' in str(told.value)
    assert expression(instead) == instead


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no schedule: write "),
        ("every day", "is no schedule: write "),
        ("rate(0 minutes)", "is never due"),
        ("rate(5 weeks)", "is no schedule"),
        ("at(2026-13-01T00:00:00)", "has no such day or time"),
        ("cron(30 3 * * * *)", "exactly one of day of month and day of week must be ?"),
        ("cron(30 3 ? * ? *)", "exactly one of day of month and day of week must be ?"),
        ("cron(30 24 * * ? *)", "24 is no hour: use 0 to 23"),
        ("cron(30 3 ? * MUN *)", "MUN is no day of week: use 1 to 7 or SUN to SAT"),
        ("cron(30 3 ? * FRI-MON *)", "FRI-MON is no day of week"),
        ("cron(nonsense)", "has 1 fields, and six are needed"),
        ("30 3 1 * 1", "is no schedule: write "),
    ],
)
def test_what_is_none_is_refused_with_the_fault(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        expression(text)


def test_a_zone_is_one_of_iana() -> None:
    assert zone("Asia/Tokyo") == "Asia/Tokyo"
    with pytest.raises(ValueError, match='is no time zone: use a name of IANA\'s, such as "Asia/Tokyo"'):
        zone("tokyo")


def problems(**settings: object) -> list[str]:
    job = Job.model_construct(image="any:1", **settings)  # type: ignore[arg-type]
    return [key for key, _ in job.problems()]


def test_what_does_not_go_together_is_named() -> None:
    assert problems(before_deploy=True, schedule="rate(1 hour)") == ["schedule"]
    assert problems(timezone="Asia/Tokyo") == ["timezone"]
    assert problems(timezone="Asia/Tokyo", schedule="rate(1 hour)") == ["timezone"]
    assert problems(timezone="Asia/Tokyo", schedule="cron(0 9 * * ? *)") == []


def test_a_stack_sleeps_by_the_time_of_day_alone() -> None:
    assert cron("cron(0 20 ? * MON-FRI *)") == "cron(0 20 ? * MON-FRI *)"
    with pytest.raises(ValueError, match="does not say the time of day: write"):
        cron("rate(1 day)")


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("cron(0 7 ? * MON-FRI *)", "cron(15 7 ? * MON-FRI *)"),
        ("cron(50 7 * * ? *)", "cron(5 8 * * ? *)"),
        ("cron(45 23 ? * FRI *)", "cron(45 23 ? * FRI *)"),
        ("cron(0 7,13 * * ? *)", "cron(0 7,13 * * ? *)"),
    ],
)
def test_a_later_time_is_of_the_same_day(text: str, then: str) -> None:
    assert later(text, 15) == then
