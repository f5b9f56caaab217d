"""`services.NAME.scaling`: metrics of one's own, limits that change by the clock, and a minimum of 0."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from provisioner.config.due import last_due
from provisioner.config.scaling import Bounds, Scaling
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from tests.unit.config.test_config import write

WORKER = """
[services.worker]
image = "public.ecr.aws/x/worker:1"
"""
QUEUE = '{ namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesVisible", target = 10 }'
DAY = 'schedule = { day = { at = "cron(0 8 ? * MON-FRI *)", min = 4 }, night = { at = "cron(0 20 * * ? *)" } }'


def scaling(directory: Path, text: str, more: str = "") -> Scaling:
    found = load(write(directory, f"{WORKER}scaling = {{ {text} }}\n{more}")).services["worker"].scaling
    assert found
    return found


def tokyo(text: str) -> float:
    """Return a time in Tokyo in seconds since the epoch."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()


def test_limits_are_those_of_the_last_due_time(tmp_path: Path) -> None:
    found = scaling(tmp_path, f'max = 6, timezone = "Asia/Tokyo", {DAY}')
    times = {
        "2026-12-02T07:59": Bounds(1, 6),
        "2026-12-02T08:00": Bounds(4, 6),
        "2026-12-02T19:59": Bounds(4, 6),
        "2026-12-02T20:00": Bounds(1, 6),
        "2026-12-06T12:00": Bounds(1, 6),  # a Sunday
    }
    assert {at: found.bounds(tokyo(at)) for at in times} == times
    assert found.holding(tokyo("2026-12-06T12:00")) == "night"


def test_times_that_were_never_due_leave_the_usual_limits(tmp_path: Path) -> None:
    found = scaling(tmp_path, 'min = 2, schedule = { fair = { at = "cron(0 8 1 12 ? 2090)", min = 9 } }')
    assert found.bounds(tokyo("2026-12-02T08:00")) == Bounds(2, 10)


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("UTC", "2026-12-02T03:30+00:00", "2026-12-02T03:30+00:00"),
        ("UTC", "2026-12-02T03:29+00:00", "2026-12-01T03:30+00:00"),
        ("Asia/Tokyo", "2026-12-02T03:29+00:00", "2026-12-01T18:30+00:00"),
        # the clocks skip 02:30 on the 29th of March 2026
        ("Europe/Berlin", "2026-03-29T12:00+00:00", "2026-03-29T01:30+00:00"),
    ],
)
def test_the_last_time_of_an_expression(zone: str, now: str, due: str) -> None:
    found = last_due("cron(30 3 * * ? *)", zone, datetime.fromisoformat(now).timestamp())
    assert found == datetime.fromisoformat(due)


def test_another_metric_takes_the_place_of_cpu(tmp_path: Path) -> None:
    assert scaling(tmp_path, f"metrics = {{ waiting = {QUEUE} }}").targets == {}
    assert scaling(tmp_path, DAY).targets == {"cpu": 70}


def test_a_service_may_have_no_task(tmp_path: Path) -> None:
    found = scaling(tmp_path, f"min = 0, metrics = {{ waiting = {QUEUE} }}")
    assert found.usual == Bounds(0, 10)
    found = scaling(tmp_path, f"min = 0, {DAY}")
    assert found.bounds(tokyo("2026-12-05T12:00")) == Bounds(0, 10)
    assert load(write(tmp_path, f"{WORKER}scaling = {{ min = 0, {DAY} }}")).services["worker"].count == 0


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("min = 0", "min", "without tasks there is no CPU"),
        ("min = 0, memory = 70", "min", "scaling.metrics.NAME"),
        ('schedule = { a = { at = "cron(0 8 * * ? *)", min = 0 } }', "schedule.a", "never become one again"),
        ('schedule = { a = { at = "cron(0 8 * * ? *)", min = 11 } }', "schedule.a.min", "11 from then on, and the max"),
        ('min = 3, schedule = { a = { at = "cron(0 8 * * ? *)", max = 2 } }', "schedule.a.max", "maximum 2"),
        ('schedule = { a = { at = "0 8 * * 1-5" } }', "schedule.a.at", 'write "cron(0 8 ? * 2-6 *)"'),
        ('schedule = { a = { at = "rate(1 day)" } }', "schedule.a.at", "does not say the time of day"),
        ('schedule = { a = { at = "cron(0 8 L * ? *)" } }', "schedule.a.at", "write numbers"),
        ('schedule = { a = { at = "cron(0 8 ? * 6#3 *)" } }', "schedule.a.at", "write numbers"),
        ("schedule = { a = { min = 2 } }", "schedule.a.at", "is missing"),
        (
            'schedule = { a = { at = "cron(0 8 * * ? *)" }, b = { at = "cron(0 8 * * ? *)" } }',
            "schedule.b.at",
            "is the time of schedule.a too",
        ),
        ('schedule = { a = { at = "cron(0 8 * * ? *)", cron = 1 } }', "schedule.a.cron", 'did you mean "at"'),
        ('timezone = "Asia/Tokyo"', "timezone", "has no effect without a schedule"),
        ('timezone = "Tokyo"', "timezone", 'such as "Asia/Tokyo"'),
        ("response_time = 0", "response_time", "above 0"),
        ("response_time = 2.5", "response_time", "measures response times"),
        (f"metrics = {{ cpu = {QUEUE} }}", "metrics.cpu", "use another name"),
        ('metrics = { a = { namespace = "A", name = "b", target = -1 } }', "metrics.a.target", "above 0"),
        ('metrics = { a = { namespace = "A b", name = "b", target = 1 } }', "metrics.a.namespace", "no namespace"),
        ('metrics = { a = { namespace = "A", name = "b" } }', "metrics.a.target", "is missing"),
        ('metrics = { a = { namespace = "A", metric_name = "b", target = 1 } }', "metrics.a.metric_name", '"name"'),
    ],
)
def test_what_cannot_be_is_told_with_its_key(text: str, key: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        scaling(tmp_path, text)
    line = next((one for one in str(refused.value).splitlines() if f"services.worker.scaling.{key}:" in one), "")
    assert told in line, str(refused.value)


def test_a_schedule_of_scaling_does_not_go_with_sleep(tmp_path: Path) -> None:
    nights = '[schedule]\nsleep = "cron(0 21 * * ? *)"\nwake = "cron(0 7 * * ? *)"\n'
    with pytest.raises(ConfigurationError, match=r"services.worker.scaling.schedule: does not go with \[schedule\]"):
        scaling(tmp_path, DAY, nights)
