"""The reference pages have the texts of the commands and the models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.config import overlays, schema, validators
from provisioner.config.models import SAMPLE, Config
from tests.unit.conftest import Run
from tools import reference


@pytest.mark.usefixtures("shipped_types")
def test_the_pages_are_as_written() -> None:
    """`python -m tools.reference` writes them anew."""
    for path, text in reference.pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python -m tools.reference"


def test_every_key_says_what_it_is_for() -> None:
    document = schema.document()
    tables = {"": document, **{name: one for name, one in document["definitions"].items() if name != "Environment"}}
    keys = [(name, key, value) for name, one in tables.items() for key, value in one["properties"].items()]
    assert len(keys) > 140
    assert [(name, key) for name, key, value in keys if len(value.get("description", "")) < 10] == []


def test_the_schema_has_the_keys_of_the_models_and_environments() -> None:
    document = schema.document()
    assert document["properties"].keys() == {*Config.model_fields, overlays.TABLE}
    inside = document["definitions"]["Environment"]["properties"]
    assert inside.keys() == Config.model_fields.keys() - overlays.NOT_INSIDE.keys()


def test_short_forms_and_limits_are_in_the_schema() -> None:
    service = schema.document()["definitions"]["Service"]["properties"]
    assert {"type": "string"} in service["health"]["anyOf"]
    assert "recreate" in service["deployment"]["anyOf"][0]["enum"]
    assert (service["port"]["minimum"], service["port"]["maximum"]) == (1, 65535)
    assert service["user"]["anyOf"][0]["pattern"].startswith("^(")


def test_checks_can_be_hashed() -> None:
    """Before Python 3.13 an optional type with an unhashable check could not be read."""
    checks = {validators.matching("[a-z]+", "is no word"), validators.one_of(["a", "b"], "is neither")}
    assert len(checks) == 2


def test_schema_prints_it(run: Run) -> None:
    code, out, err = run("config", "--schema")
    assert (code, err) == (0, "")
    printed: Any = json.loads(out)
    assert printed == schema.document()
    assert "null" not in json.dumps(printed)


@pytest.mark.parametrize("line", ["#:schema ./stack.schema.json"])
def test_the_sample_names_the_line_for_editors(line: str) -> None:
    assert line in SAMPLE.read_text(encoding="utf-8")
