"""The cost of a stack at its deletion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.operations.impact.costs import SoFar, so_far
from provisioner.render import cost
from provisioner.state.model import Record

NOWHERE, TOKYO = Path("/nonexistent"), "ap-northeast-1"
NOW = 1_764_000_000.0
HOUR = 3600
ZONES: dict[str, Any] = {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b", "c"]}


def record(address: str, created: float | None = None, **arguments: Any) -> Record:
    return Record(address, address.partition("/")[0], "ready", "t", "id", arguments, created=created)


def spent(*records: Record, region: str = TOKYO) -> SoFar | None:
    return so_far({one.address: one for one in records}, region, NOWHERE, NOW)


def test_each_resource_costs_since_it_was_created() -> None:
    vpc = record("vpc/main", NOW - 30 * HOUR)
    one = spent(vpc, record("vpc_endpoint/logs", NOW - 10 * HOUR, **ZONES))
    two = spent(vpc, *(record(f"vpc_endpoint/{name}", NOW - 10 * HOUR, **ZONES) for name in ("logs", "ssm")))
    assert one
    assert two
    assert one.dollars == pytest.approx(3 * 0.014 * 10), "three zones at the hourly price of Tokyo"
    assert two.dollars == pytest.approx(2 * one.dollars)
    assert (one.seconds, one.complete) == (30 * HOUR, True)


def test_what_has_no_time_or_no_type_is_left_out_and_said() -> None:
    known, unknown = record("vpc_endpoint/logs", NOW - HOUR, **ZONES), record("vpc_endpoint/ssm", **ZONES)
    found = spent(known, unknown)
    assert found
    assert found.dollars == pytest.approx(0.042)
    assert not found.complete
    own = spent(known, record("own.topic/news", NOW - HOUR))
    assert own
    assert own.dollars == pytest.approx(0.042)
    assert not own.complete


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert spent(record("vpc/main", NOW - HOUR)) is None
    assert spent(record("vpc_endpoint/ssm", **ZONES)) is None
    assert spent(record("vpc_endpoint/ssm", NOW - HOUR, **ZONES), region="xx-nowhere-1") is None
    assert cost.so_far(None, "aws") == []


@pytest.mark.parametrize(
    ("found", "target", "words"),
    [
        (SoFar(3.4, 3 * 86400, True), "aws", "It has cost about 3.40 USD in 3 days, by list prices."),
        (SoFar(0.2, 1260, False), "local", "On AWS it would have cost at least 0.20 USD in 21 min, by list prices."),
        (SoFar(0.001, 9, True), "aws", "It has cost less than 0.01 USD in less than a minute, by list prices."),
    ],
)
def test_the_words_say_how_good_the_sum_is(found: SoFar, target: str, words: str) -> None:
    assert cost.so_far(found, target) == [words]
