"""Scaled and paused services: their records, and their effect on the configuration."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.config.records import Scaled, Sizes
from provisioner.operations.overrides.sizes import applied, as_records, in_effect, recorded

IMAGE = {"image": "web:1"}
SIZES = Sizes({"web": Scaled(4, 4, "count = 2"), "api": Scaled(3, 9, "scaling from 2 to 6")}, {"web": 4, "report": 0})


def config(**changes: Any) -> Config:
    services = {"web": {**IMAGE, "count": 2}, "api": {**IMAGE, "scaling": {"min": 2, "max": 6}}}
    jobs = {"report": {**IMAGE, "schedule": "rate(1 day)"}}
    return Config.model_validate({"services": services | changes, "jobs": jobs})


def test_records_say_what_was_recorded() -> None:
    assert recorded(as_records(SIZES)) == SIZES


def test_what_holds_takes_the_place_of_the_files_numbers() -> None:
    found, told = in_effect(config(), as_records(SIZES))
    assert found == SIZES
    assert [one.partition(" ")[0] for one in told] == ["services.web", "services.api", "services.web", "jobs.report"]
    after = applied(config(), found)
    assert after.services["web"].count == 4
    scaling = after.services["api"].scaling
    assert scaling
    assert (scaling.min, scaling.max) == (3, 9)
    # an unset value stays unset
    assert "count" not in after.services["api"].model_fields_set


@pytest.mark.parametrize("web", [{**IMAGE, "count": 3}, {**IMAGE, "scaling": {"min": 2}}])
def test_another_number_in_the_file_holds(web: dict[str, Any]) -> None:
    found, told = in_effect(config(web=web), as_records(SIZES))
    assert found.scaled.keys() == {"api"}
    assert "services.web is paused: `provision wake web` starts it again" in told
    assert told[0].endswith("since: that is used")


def test_what_is_gone_from_the_file_holds_nothing() -> None:
    only = Config.model_validate({"services": {"other": IMAGE}})
    assert in_effect(only, as_records(SIZES)) == (Sizes(), [])
