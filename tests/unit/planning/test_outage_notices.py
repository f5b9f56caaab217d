"""Notices on changes that make the database unreachable for a while."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.operations.planning.outage_notices import notices
from provisioner.state.model import Record
from provisioner.steps.offline import facts
from provisioner.steps.stack import run

SMALL, LARGE = "db.t4g.micro", "db.m7g.large"


def told(now: dict[str, Any], before: dict[str, Any] | None, phase: Any = "ready") -> list[str]:
    """Return the notices of a stack with a database of one instance, whose record has other fields."""
    table = {"engine": "postgresql", "storage": 20, **now}
    config = Config.model_validate({"services": {"web": {"image": "web:1", "database": True}}, "database": table})
    address = "single_db_instance/main"
    records = {} if before is None else {address: Record(address, "single_db_instance", phase, "", "id", before)}
    return notices(run(config, facts(config)), records)


def test_another_class_is_an_outage_of_minutes() -> None:
    (text,) = told({"instance": LARGE}, {"db_instance_class": SMALL, "multi_az": False})
    assert f"from {SMALL} to {LARGE}" in text
    assert "some minutes" in text


def test_a_standby_takes_over() -> None:
    (text,) = told({"instance": LARGE, "standby": True}, {"db_instance_class": SMALL, "multi_az": True})
    assert "cannot be reached for 60 to 120 seconds" in text


@pytest.mark.parametrize(("before", "now"), [(False, True), (True, False)])
def test_a_standby_that_comes_or_goes_with_the_class_is_no_help(before: bool, now: bool) -> None:
    (text,) = told({"instance": LARGE, "standby": now}, {"db_instance_class": SMALL, "multi_az": before})
    assert "cannot be reached for some minutes" in text


def test_the_same_class_is_none() -> None:
    assert told({"instance": SMALL}, {"db_instance_class": SMALL, "multi_az": False}) == []


def test_a_new_or_unfinished_instance_is_none() -> None:
    assert told({"instance": SMALL}, None) == []
    assert told({"instance": LARGE}, {"db_instance_class": SMALL, "multi_az": False}, "creating") == []
