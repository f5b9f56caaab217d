"""AWS's schemas of the offered types (`tools/make_schemas.py` names their source)."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Model = Mapping[str, Any]
Path_ = tuple[str, ...]
_FILE = Path(__file__).parent / "schemas.zip"
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


@dataclass(frozen=True)
class Schema:
    """One resource type, as its schema describes it.

    Attributes:
        name: the type's name, as `AWS::SQS::Queue`.
        content: the schema.
    """

    name: str
    content: Mapping[str, Any]

    def paths(self, key: str) -> list[Path_]:
        """Return the properties that a list of the schema names, each as the parts of its path."""
        return [tuple(path.removeprefix("/properties/").split("/")) for path in self.content.get(key, ())]

    def whole(self, key: str) -> set[str]:
        """Return the whole properties that a list of the schema names, without the parts of properties."""
        return {path[0] for path in self.paths(key) if len(path) == 1}

    def offers(self, handler: str) -> bool:
        """Return whether the type has this handler: create, read, update, delete or list."""
        return handler.lower() in self.content["handlers"]

    def mistakes(self, model: Model) -> list[str]:
        """Return the errors of a model in the words of AWS's validator; only errors of the first kind that occurs."""
        properties = self.content["properties"]
        if extra := [name for name in model if name not in properties]:
            return [f"#: extraneous key [{name}] is not permitted" for name in extra]
        if missing := [name for name in self.content.get("required", ()) if name not in model]:
            return [f"#: required key [{name}] not found" for name in missing]
        return [text for name, value in model.items() if (text := self._mistype(name, value))]

    def _mistype(self, name: str, value: Any) -> str:
        shape = self.content["properties"][name]
        while "$ref" in shape:
            shape = self.content["definitions"][shape["$ref"].rpartition("/")[2]]
        wanted = shape.get("type")
        if not isinstance(wanted, str) or (isinstance(value, _TYPES[wanted]) and not _bool_as_number(value, wanted)):
            return ""
        return f"#/{name}: expected type: {wanted.title()}, found: {type(value).__name__.title()}"


def _bool_as_number(value: Any, wanted: str) -> bool:
    return isinstance(value, bool) and wanted in ("integer", "number")


def at(model: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield the values at a path of a model; `*` stands for all items of a list."""
    if not path:
        yield model
    elif path[0] == "*" and isinstance(model, list):
        for item in model:
            yield from at(item, path[1:])
    elif isinstance(model, Mapping) and path[0] in model:
        yield from at(model[path[0]], path[1:])


@cache
def schema_of(name: str) -> Schema | None:
    """Return the schema of an offered type; None for any other type."""
    service = name.split("::")[1] if name.count("::") == 2 else ""
    with zipfile.ZipFile(_FILE) as archive:
        if f"{service}.json" not in archive.namelist():
            return None
        content = json.loads(archive.read(f"{service}.json")).get(name)
    return Schema(name, content) if content else None


@cache
def known_names() -> frozenset[str]:
    """Return the names of all types that Cloud Control serves on AWS."""
    with zipfile.ZipFile(_FILE) as archive:
        return frozenset(json.loads(archive.read("origin.json"))["types"])
