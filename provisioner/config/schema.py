"""The JSON schema of `stack.toml`, with which editors check the file, complete its keys and describe them.

The docstring below each setting in its model is the setting's description, here and in docs/configuration.md.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel

from provisioner.config import inheritance, overlays
from provisioner.config.default_settings import Defaults
from provisioner.config.jobs import Job
from provisioner.config.models import Config
from provisioner.config.services import Service

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The JSON Schema draft that language servers for TOML read."""
NOTHING = {"const": False}
"""The value that takes an inherited one away."""


def document() -> dict[str, Any]:
    """Return the schema of a whole file, `[environments.NAME]` included."""
    schema = Config.model_json_schema(ref_template="#/definitions/{model}")
    _describe(schema, Config)
    for model in {*_below(Config)}:
        _describe(schema["$defs"].get(model.__name__, {}), model)
    for model in (Job, Service):
        _describe(schema["$defs"][Defaults.__name__], model)
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
        "definitions": {**_with_removals(definitions), "Environment": environment},
    }


def _with_removals(definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions with `false` for the keys of workloads that it takes away."""
    changed = dict(definitions)
    for name in (Defaults.__name__, Service.__name__, Job.__name__):
        properties = {key: _removable(key, one) for key, one in definitions[name]["properties"].items()}
        changed[name] = {**definitions[name], "properties": properties}
    return changed


def _removable(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    if key not in inheritance.REMOVABLE:
        return schema
    kept = {name: one for name, one in schema.items() if name in ("description", "default")}
    plain = {name: one for name, one in schema.items() if name not in kept}
    if isinstance(plain.get("additionalProperties"), dict):
        plain["additionalProperties"] = {"anyOf": [plain["additionalProperties"], NOTHING]}
    choice = [{"type": "object", "additionalProperties": {"type": "boolean"}}] if key in inheritance.NAMES else []
    return {"anyOf": [*plain.get("anyOf", [plain]), *choice, NOTHING], **kept}


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield the models of a model's settings, and of theirs."""
    for field in model.model_fields.values():
        yield from _named(field.annotation)


def _named(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        yield from _below(annotation)
    for part in get_args(annotation):
        yield from _named(part)


def _describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Add the docstrings below a model's settings to its schema."""
    for parent in reversed(model.__mro__):
        if issubclass(parent, BaseModel) and parent.__module__.startswith("provisioner."):
            for key, text in _docstrings(parent.__module__).get(parent.__name__, {}).items():
                if key in schema.get("properties", {}):
                    schema["properties"][key]["description"] = text


@cache
def _docstrings(module: str) -> dict[str, dict[str, str]]:
    """Return the docstrings below the attributes of a module's classes, by class and attribute."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        one.name: {
            attribute.target.id: inspect.cleandoc(below.value.value)
            for attribute, below in pairwise(one.body)
            if isinstance(attribute, ast.AnnAssign) and isinstance(attribute.target, ast.Name)
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            if isinstance(below.value.value, str)
        }
        for one in tree.body
        if isinstance(one, ast.ClassDef)
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
