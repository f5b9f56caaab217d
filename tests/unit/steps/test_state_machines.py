"""State machines of jobs: their definition, and the keys that ask for one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ecs_emulator.services.stepfunctions.definition import wait
from provisioner.config.jobs import Job
from provisioner.steps.state_machines import definition

NIGHTLY: dict[str, Any] = {"image": "public.ecr.aws/any/any:1", "schedule": "rate(1 day)"}


def machine(**more: Any) -> dict[str, Any]:
    return definition(Job.model_validate({**NIGHTLY, **more}), {"TaskDefinition": "any"}, "aws-cn")


def test_the_time_is_that_of_all_attempts_together() -> None:
    found = machine(timeout=3600, retries=2)
    state = found["States"][found["StartAt"]]
    assert (found["TimeoutSeconds"], "TimeoutSeconds" in state) == (3600, False)
    assert state["Retry"][0]["MaxAttempts"] == 2
    assert state["Resource"] == "arn:aws-cn:states:::ecs:runTask.sync"


def test_without_retries_there_is_no_retrier() -> None:
    assert "Retry" not in machine(timeout=60, retries=0)["States"]["Run"]
    assert "TimeoutSeconds" not in machine(retries=1)


def test_waits_between_retries_grow_up_to_an_hour() -> None:
    (retrier,) = machine(retries=10)["States"]["Run"]["Retry"]
    assert [wait(retrier, number) for number in (0, 1, 2, 9)] == [60, 120, 240, 3600]


@pytest.mark.parametrize(
    "more",
    [{"timeout": 59}, {"timeout": 2_592_001}, {"retries": 11}, {"retries": -1}, {"retries": True}],
    ids=str,
)
def test_a_value_out_of_bounds_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Job.model_validate({**NIGHTLY, **more})


@pytest.mark.parametrize("key", ["timeout", "retries"])
def test_a_key_without_effect_or_with_sidecars_is_refused(key: str) -> None:
    rows = {key: 60 if key == "timeout" else 1}
    with pytest.raises(ValidationError, match=f"{key}: has no effect on a job without a schedule"):
        Job.model_validate({"image": NIGHTLY["image"], **rows})
    with pytest.raises(ValidationError, match=f"{key}: does not go with sidecars"):
        Job.model_validate({**NIGHTLY, **rows, "sidecars": {"proxy": {"image": NIGHTLY["image"]}}})
