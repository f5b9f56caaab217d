"""Former names of types, which a state may have: known without the import of all types."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from provisioner.aws import api
from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import FORMER, MODULES, current


def test_each_former_name_has_its_module(shipped_types: Mapping[str, type[Resource]]) -> None:
    by_alias = {alias: one.__module__ for one in shipped_types.values() for alias in one.aliases}
    assert by_alias == FORMER


def test_a_former_name_imports_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMER, "bygone", "this.module.is.imported")
    with pytest.raises(ModuleNotFoundError, match="this"):
        current("bygone/main")
    assert current("bygone/main", importing=False) == "bygone/main"
    assert current("own.thing/main") == "own.thing/main"


def test_an_api_is_found_in_its_room() -> None:
    rooms = {name: [m for m in MODULES if m.endswith((f".{name}", f".{name}.api"))] for name in ("ssm", "ecs", "sns")}
    assert all(rooms.values())
    for name, modules in rooms.items():
        assert any(getattr(sys.modules[module], "API", None) is api.api_of(name) for module in modules)
