"""What the embedded cloud knows of an API stands in its folder, and in no table elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ecs_emulator
from ecs_emulator import faults, paging
from ecs_emulator.refusals import REFUSALS
from ecs_emulator.rules import limits
from ecs_emulator.services import apis
from ecs_emulator.services.apis import APIS
from ecs_emulator.services.model import EmulatedApi

PACKAGE = Path(ecs_emulator.__file__).parent
SERVICES = PACKAGE / "services"


def test_each_folder_is_known() -> None:
    folders = {path.name for path in SERVICES.iterdir() if (path / "__init__.py").is_file()}
    assert folders == {api.signed for api in APIS.values()}


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.name)
def test_no_table_elsewhere_names_an_api_with_a_folder(api: EmulatedApi) -> None:
    tables = (limits._CODES, paging._SERVICES, paging._RESPONSES, faults._CODES)
    assert [table for table in tables if {api.name, api.signed} & table.keys()] == []
    assert [key for key in (*paging._BOUNDS, *paging._MORE) if key[0] == api.name] == []
    for file in ("authorization/services.py", "authorization/tags.py", "rules/__init__.py"):
        assert not re.search(rf'^    "{api.signed}"[:,]', (PACKAGE / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.name)
def test_a_folder_says_what_it_is_asked(api: EmulatedApi) -> None:
    assert {row.service for row in api.refusals} <= {api.signed}
    assert set(api.refusals) <= {*REFUSALS}
    assert all((SERVICES / api.signed / f"{module}.py").is_file() for module in api.modules)
    assert (api.pages is None) == (not api.responses)
    permissions = apis.part(api.signed, "permissions")
    assert permissions is None or callable(permissions.asks)
