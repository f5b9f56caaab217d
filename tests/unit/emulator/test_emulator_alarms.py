"""Alarms of the embedded cloud: the state for given data points, and the counts of load balancers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecs_emulator.clock import CLOCK
from ecs_emulator.services.cloudwatch import traffic
from ecs_emulator.services.cloudwatch.evaluation import state

WAYS = ("missing", "ignore", "breaching", "notBreaching")
KEPT = "as before"
POINTS = {"0": False, "X": True, "-": None}


@pytest.mark.parametrize(
    ("points", "to_alarm", "states"),
    [
        # CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data": three out of three
        ("0-X-X", 3, ("OK", "OK", "OK", "OK")),
        ("----0", 3, ("OK", "OK", "OK", "OK")),
        ("-----", 3, ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK")),
        ("0XX-X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("--X--", 3, ("ALARM", KEPT, "ALARM", "OK")),
        # two out of three
        ("0-X-X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("00X0X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0-X--", 2, ("OK", "OK", "ALARM", "OK")),
        ("----0", 2, ("OK", "OK", "ALARM", "OK")),
        ("---X-", 2, ("ALARM", KEPT, "ALARM", "OK")),
        # its text: a point that has just begun to breach is not old enough
        ("----X", 3, (KEPT, KEPT, "ALARM", "OK")),
    ],
)
def test_a_state_follows_from_the_points(points: str, to_alarm: int, states: tuple[str, ...]) -> None:
    known = [POINTS[one] for one in points]
    assert tuple(state(known, 3, to_alarm, how, KEPT) for how in WAYS) == states


def test_more_points_than_periods_keep_an_alarm_for_a_while() -> None:
    """A point that breaches counts until the evaluation range has left it, if nothing comes after it."""
    assert [state(POINTS_OF[text], 1, 1, "notBreaching", "OK") for text in POINTS_OF] == ["ALARM", "ALARM", "OK", "OK"]


POINTS_OF = {text: [POINTS[one] for one in text] for text in ("--X", "X--", "X-0", "---")}
BALANCER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/shop/1"
BLUE, GREEN = (f"arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/{it}/2" for it in ("blue", "green"))


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A minute in which requests are counted."""
    monkeypatch.setattr(CLOCK, "time", lambda: 6030.0)
    yield 100
    traffic.forget()


def test_a_balancer_counts_by_group_and_in_all(minute: int) -> None:
    for group, status in ((BLUE, 200), (BLUE, 204), (BLUE, 404), (GREEN, 500)):
        traffic.answered(BALANCER, group, status, 0.25)
    traffic.unanswered(BALANCER, GREEN, 502)
    traffic.unanswered(BALANCER, "", 503)

    def sums(**dimensions: str) -> list[float | None]:
        names = ("RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count")
        return [traffic.statistic(name, "Sum", dimensions, [minute]) for name in names]

    assert sums(LoadBalancer="app/shop/1") == [5, 2, 1, 2]
    assert sums(LoadBalancer="app/shop/1", TargetGroup="targetgroup/blue/2") == [3, 2, None, None]
    assert sums(TargetGroup="targetgroup/green/2") == [2, None, 1, 1]
    assert sums(LoadBalancer="app/other/1") == sums() == [None] * 4
    assert traffic.statistic("RequestCount", "Sum", {"LoadBalancer": "app/shop/1"}, [minute - 1]) is None
    assert traffic.statistic("RequestCount", "Average", {"LoadBalancer": "app/shop/1"}, [minute]) == 1


def test_response_times_have_percentiles(minute: int) -> None:
    for number in range(1, 101):
        traffic.answered(BALANCER, BLUE, 200, float(number))
    asked = {"TargetGroup": "targetgroup/blue/2"}
    stats = ("Average", "Minimum", "Maximum", "SampleCount", "Sum", "p50", "p99", "p100")
    found = [traffic.statistic("TargetResponseTime", stat, asked, [minute]) for stat in stats]
    assert found == [50.5, 1, 100, 100, 5050, 50, 99, 100]
