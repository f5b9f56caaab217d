"""The JSON schema of `stack.toml`, with which editors check the file, complete its keys and describe them.

The docstring below each setting in its model is the setting's description, here and in docs/configuration.md.
"""

from __future__ import annotations

from typing import Any

from provisioner.config import overlays
from provisioner.config.models import Config

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The JSON Schema draft that language servers for TOML read."""


def document() -> dict[str, Any]:
    """Return the schema of a whole file, `[environments.NAME]` included."""
    schema = Config.model_json_schema(ref_template="#/definitions/{model}")
    definitions = {name: _tidy(one) for name, one in schema.pop("$defs").items()}
    whole = _tidy(schema)
    inside = {key: value for key, value in whole["properties"].items() if key not in overlays.NOT_INSIDE}
    environment = {
        "description": "The differences of one environment: tables are merged, values and lists replace.",
        "type": "object",
        "properties": inside,
        "additionalProperties": False,
    }
    environments = {
        "description": "By environment, its differences from the rest of the file.",
        "type": "object",
        "additionalProperties": {"$ref": "#/definitions/Environment"},
    }
    return {
        "$schema": DRAFT,
        "title": "stack.toml",
        **{key: value for key, value in whole.items() if key != "title"},
        "properties": {**whole["properties"], overlays.TABLE: environments},
        "definitions": {**definitions, "Environment": environment},
    }


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without pydantic's titles, and without null, which TOML does not have."""
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title" or (key == "default" and (value is None or isinstance(value, dict))):
            continue
        if key == "properties":
            found[key] = {name: _tidy(one) for name, one in value.items()}
        elif key == "anyOf":
            kinds = [_tidy(one) for one in value if one != {"type": "null"}]
            found |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        elif key == "description":
            found[key] = " ".join(value.split())
        else:
            found[key] = _tidy(value) if isinstance(value, dict) and key in ("items", "additionalProperties") else value
    if "$ref" in found and len(found) > 1:
        # this draft ignores other keywords beside a reference
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found
