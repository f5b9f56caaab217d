"""A planned change in a file: variables have no values, but one digest that shows a change."""

from __future__ import annotations

import json
from typing import Any

from provisioner.engine.planning.actions import Planned
from provisioner.engine.resource import Change
from provisioner.operations.commands.plan_file import without_values


def written(address: str, field: str, old: Any, new: Any) -> tuple[Any, Any]:
    """Return both sides of a change as a file has them, of which the second part is the same."""
    change = {field: Change(old, new)}
    found = without_values(Planned(address, "change", "", change, later=change)).to_dict()
    assert found["later"] == found["changes"]
    return found["changes"][field]["old"], found["changes"][field]["new"]


def containers(**environment: str) -> list[dict[str, Any]]:
    return [{"name": "web", "environment": [{"name": name, "value": text} for name, text in environment.items()]}]


def test_variables_of_containers_have_a_digest() -> None:
    old, new = written("task_definition/web", "container_definitions", containers(A="one"), containers(A="two"))
    assert "one" not in json.dumps(old)
    assert "two" not in json.dumps(new)
    assert old[0]["environment"][1] == new[0]["environment"][1] == {"name": "A"}
    assert old != new
    assert written("task_definition/web", "container_definitions", containers(A="one"), None) == (old, None)


def test_values_of_builds_have_a_digest() -> None:
    old, new = written("image/web", "build_args", {"A": "one"}, {"A": "two"})
    assert (old["A"], new["A"]) == ("", "")
    assert old[""] != new[""]


def test_other_fields_stay() -> None:
    assert written("service/web", "desired_count", 1, 2) == (1, 2)
