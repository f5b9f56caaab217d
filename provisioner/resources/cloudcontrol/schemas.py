"""AWS's schemas of its resource types: which properties there are, who may set them, and when.

`schemas.zip` has them as cfn-lint's package does (licence MIT-0), cut to what is read here; its `origin.json` says the
version. `tools/make_schemas.py` makes it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import Any

Way = tuple[str, ...]
"""The parts of a path in a resource's properties; `*` is for each item of a list."""

_FILE = Path(__file__).parent / "schemas.zip"
_PREFIX = "/properties/"


@dataclass(frozen=True)
class Schema:
    """What AWS says of one resource type (CloudFormation CLI user guide, resource type definition schema).

    Attributes:
        name: the type's name, as `AWS::SQS::Queue`.
        content: the schema itself.
    """

    name: str
    content: Mapping[str, Any]

    def ways(self, key: str) -> frozenset[Way]:
        """Return the properties that a list of the schema names, as `readOnlyProperties`."""
        return frozenset(tuple(path.removeprefix(_PREFIX).split("/")) for path in self.content.get(key, ()))

    def whole(self, key: str) -> frozenset[str]:
        """Return those of them that are whole properties, and no parts of one."""
        return frozenset(way[0] for way in self.ways(key) if len(way) == 1)

    @cached_property
    def settable(self) -> tuple[str, ...]:
        """The properties that a user may set."""
        return tuple(name for name in self.content["properties"] if name not in self.whole("readOnlyProperties"))

    @cached_property
    def primary(self) -> tuple[str, ...]:
        """The properties that its identifier is made of."""
        return tuple(path.removeprefix(_PREFIX) for path in self.content.get("primaryIdentifier", ()))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The properties that have to be set."""
        return tuple(self.content.get("required", ()))

    @cached_property
    def write_only(self) -> frozenset[Way]:
        """What AWS takes and never shows again."""
        return self.ways("writeOnlyProperties")

    @cached_property
    def create_only(self) -> frozenset[Way]:
        """What AWS does not change in place; all of it where the type cannot be updated."""
        if not self.serves("update"):
            return frozenset((name,) for name in self.settable)
        return self.ways("createOnlyProperties")

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """The properties that name a resource: its identifier if that can be set, or else a name that stays."""
        if self.primary and all(name in self.settable for name in self.primary):
            return self.primary
        own = self.name.rpartition("::")[2]
        return next(((name,) for name in (f"{own}Name", "Name") if (name,) in self.create_only), ())

    @cached_property
    def tag_property(self) -> str:
        """The property that holds the tags; empty where a resource is not tagged when it is created."""
        tagging = self.content.get("tagging") or {}
        name = str(tagging.get("tagProperty") or "/properties/Tags").removeprefix(_PREFIX)
        tagged = tagging.get("taggable", True) and tagging.get("tagOnCreate", True)
        return name if tagged and name in self.settable else ""

    @cached_property
    def tags_are_map(self) -> bool:
        """Whether the tags are a mapping, and no list of pairs."""
        shape = self.content["properties"].get(self.tag_property, {})
        return "object" in _types(self.shape(shape))

    def serves(self, handler: str) -> bool:
        """Whether there is a handler: `create`, `read`, `update`, `delete`, `list`."""
        return handler in self.content.get("handlers", {})

    @cached_property
    def listed_alone(self) -> bool:
        """Whether all its resources can be listed without naming what they are parts of."""
        listing = self.content.get("handlers", {}).get("list") or {}
        return self.serves("list") and not (listing.get("handlerSchema") or {}).get("required")

    def actions(self, handlers: Iterable[str]) -> list[str]:
        """Return the actions of IAM that these handlers need, each once."""
        known = self.content.get("handlers", {})
        found = [action for name in handlers for action in known.get(name, {}).get("permissions", ())]
        return list(dict.fromkeys(found))

    def shape(self, of: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the shape of a value, where the schema says it elsewhere."""
        for _ in range(9):
            if "$ref" not in of:
                break
            of = self.content.get("definitions", {}).get(str(of["$ref"]).rpartition("/")[2], {})
        return of


def _types(shape: Mapping[str, Any]) -> list[str]:
    found = shape.get("type", [])
    return found if isinstance(found, list) else [found]


def services() -> Iterator[Mapping[str, Any]]:
    """Yield the types of each service, with their schemas by name."""
    with zipfile.ZipFile(_FILE) as archive:
        yield from (_service(name.removesuffix(".json")) for name in archive.namelist() if name != "origin.json")


@cache
def _service(name: str) -> Mapping[str, Any]:
    with zipfile.ZipFile(_FILE) as archive:
        if f"{name}.json" not in archive.namelist():
            return {}
        found: Mapping[str, Any] = json.loads(archive.read(f"{name}.json"))
    return found


@cache
def shipped(type_name: str) -> Schema | None:
    """Return the schema of a type that this version knows, or None."""
    service = type_name.split("::")[1] if type_name.count("::") == 2 else ""
    content = _service(service).get(type_name) if service else None
    return Schema(type_name, content) if content else None


def near(type_name: str) -> list[str]:
    """Return the names of types that are most like this one."""
    with zipfile.ZipFile(_FILE) as archive:
        services = {name.removesuffix(".json").lower(): name.removesuffix(".json") for name in archive.namelist()}
    parts = type_name.split("::")
    service = parts[1] if len(parts) > 1 else parts[0]
    found = get_close_matches(service.lower(), services, 4, 0.6)
    names = {name.lower(): name for one in found for name in _service(services[one]) if "::" in name}
    return [names[one] for one in get_close_matches(type_name.lower(), names, 3, 0.6)]
