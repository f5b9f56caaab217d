"""Task scale-in protection: the rights of the tasks of a service."""

from __future__ import annotations

from typing import Any, cast

from provisioner.config.models import Config
from provisioner.operations.planning import step_run
from tests.unit.steps.test_capacity_steps import FACTS


def test_only_the_service_with_the_key_protects_its_tasks() -> None:
    services = {"web": {"image": "nginx:1", "task_protection": True}, "other": {"image": "nginx:1"}}
    stack = step_run.declare(Config.model_validate({"services": services}), FACTS)
    web, other = (cast("Any", stack.declared[f"role/task-{name}"].resource).inline_policies for name in services)
    assert "task-protection" not in other
    (statement,) = web["task-protection"]["Statement"]
    assert statement["Action"] == ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"]
    assert statement["Resource"].endswith(f":task/{stack.name}/*")
    assert statement["Condition"]["ArnEquals"]["ecs:cluster"].endswith(f":cluster/{stack.name}")
