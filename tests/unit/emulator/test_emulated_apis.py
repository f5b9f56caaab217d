"""All facts of the embedded cloud about an API are in its folder, and in no table elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import ecs_emulator
from ecs_emulator.refusals import REFUSALS
from ecs_emulator.services import apis
from ecs_emulator.services.apis import APIS
from ecs_emulator.services.model import EmulatedApi

PACKAGE = Path(ecs_emulator.__file__).parent
SERVICES = PACKAGE / "services"
FOLDS = ("paging.py", "refusals.py", "faults.py", "rules", "authorization")
"""The modules that read the folders."""


def folder(api: EmulatedApi) -> Path:
    return SERVICES / apis._PACKAGES[api.signed].rpartition(".")[2]


def test_each_folder_is_known() -> None:
    folders = {path.parent for path in SERVICES.glob("*/__init__.py")}
    assert folders == {folder(api) for api in APIS.values()}


def test_descriptions_load_nothing_of_moto() -> None:
    code = "import sys, ecs_emulator.refusals; assert not {'moto', 'botocore', 'flask'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_table_elsewhere_is_by_api() -> None:
    names = "|".join({name for api in APIS.values() for name in (api.name, api.signed)})
    paths = [path for name in FOLDS for path in [PACKAGE / name, *(PACKAGE / name).rglob("*.py")] if path.is_file()]
    assert len(paths) > 8
    rows = re.compile(rf'^    \(?"({names})"[:,]', re.MULTILINE)
    assert [path.name for path in paths if rows.search(path.read_text())] == []


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.name)
def test_a_folder_says_what_it_is_asked(api: EmulatedApi) -> None:
    assert {row.service for row in api.refusals} <= {api.signed}
    assert set(api.refusals) <= {*REFUSALS}
    assert all((folder(api) / f"{module}.py").is_file() for module in api.modules if module != "rules")
    assert not api.responses or api.pages
    permissions = apis.part(api.signed, "permissions")
    assert permissions is None or callable(permissions.asks)
