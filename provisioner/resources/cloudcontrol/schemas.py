"""AWS's schemas of its resource types: their properties, and the rules for setting them.

`schemas.zip` contains the schemas of cfn-lint's package (licence MIT-0), reduced to the parts used here; `origin.json`
in it names the version. `tools/make_schemas.py` makes it.
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
"""A path within a resource's properties; `*` stands for each item of a list."""

_FILE = Path(__file__).parent / "schemas.zip"
_PREFIX = "/properties/"


@dataclass(frozen=True)
class Schema:
    """AWS's schema of one resource type (CloudFormation CLI user guide, resource type definition schema).

    Attributes:
        name: the type's name, such as `AWS::SQS::Queue`.
        content: the schema itself.
    """

    name: str
    content: Mapping[str, Any]

    def ways(self, key: str) -> frozenset[Way]:
        """Return the properties in a list of the schema, such as `readOnlyProperties`."""
        return frozenset(tuple(path.removeprefix(_PREFIX).split("/")) for path in self.content.get(key, ()))

    def whole(self, key: str) -> frozenset[str]:
        """Return the top-level properties in a list of the schema."""
        return frozenset(way[0] for way in self.ways(key) if len(way) == 1)

    @cached_property
    def settable(self) -> tuple[str, ...]:
        """The properties that a user may set."""
        return tuple(name for name in self.content["properties"] if name not in self.whole("readOnlyProperties"))

    @cached_property
    def primary(self) -> tuple[str, ...]:
        """The properties that form its identifier."""
        return tuple(path.removeprefix(_PREFIX) for path in self.content.get("primaryIdentifier", ()))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The properties that must be set."""
        return tuple(self.content.get("required", ()))

    @cached_property
    def write_only(self) -> frozenset[Way]:
        """The properties that AWS takes and never shows again."""
        return self.ways("writeOnlyProperties")

    @cached_property
    def create_only(self) -> frozenset[Way]:
        """The properties that AWS cannot change in place; all of them if the type has no update handler."""
        if not self.serves("update"):
            return frozenset((name,) for name in self.settable)
        return self.ways("createOnlyProperties")

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """The properties that name a resource: its identifier if that can be set, or else a name that cannot change."""
        if self.primary and all(name in self.settable for name in self.primary):
            return self.primary
        own = self.name.rpartition("::")[2]
        return next(((name,) for name in (f"{own}Name", "Name") if (name,) in self.create_only), ())

    @cached_property
    def tag_property(self) -> str:
        """The property for tags; empty if AWS does not tag a resource when it creates it."""
        tagging = self.content.get("tagging") or {}
        name = str(tagging.get("tagProperty") or "/properties/Tags").removeprefix(_PREFIX)
        tagged = tagging.get("taggable", True) and tagging.get("tagOnCreate", True)
        return name if tagged and name in self.settable else ""

    @cached_property
    def tags_are_map(self) -> bool:
        """Return whether the tags are a mapping instead of a list of pairs."""
        shape = self.content["properties"].get(self.tag_property, {})
        return "object" in _types(self.shape(shape))

    def serves(self, handler: str) -> bool:
        """Say whether the type has a handler: `create`, `read`, `update`, `delete`, `list`."""
        return handler in self.content.get("handlers", {})

    @cached_property
    def listed_alone(self) -> bool:
        """Return whether AWS lists the type's resources without the name of a parent resource."""
        listing = self.content.get("handlers", {}).get("list") or {}
        return self.serves("list") and not (listing.get("handlerSchema") or {}).get("required")

    def actions(self, handlers: Iterable[str]) -> list[str]:
        """Return the actions of IAM that these handlers need, each once."""
        known = self.content.get("handlers", {})
        found = [action for name in handlers for action in known.get(name, {}).get("permissions", ())]
        return list(dict.fromkeys(found))

    def shape(self, of: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the shape of a value; follow its references within the schema."""
        for _ in range(9):
            if "$ref" not in of:
                break
            of = self.content.get("definitions", {}).get(str(of["$ref"]).rpartition("/")[2], {})
        return of


def _types(shape: Mapping[str, Any]) -> list[str]:
    found = shape.get("type", [])
    return found if isinstance(found, list) else [found]


def services() -> Iterator[Mapping[str, Any]]:
    """Yield each service's types, with their schemas by name."""
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
    """Return the shipped schema of a type, or None."""
    service = type_name.split("::")[1] if type_name.count("::") == 2 else ""
    content = _service(service).get(type_name) if service else None
    return Schema(type_name, content) if content else None


def near(type_name: str) -> list[str]:
    """Return the type names most similar to a wrong one."""
    with zipfile.ZipFile(_FILE) as archive:
        services = {name.removesuffix(".json").lower(): name.removesuffix(".json") for name in archive.namelist()}
    parts = type_name.split("::")
    service = parts[1] if len(parts) > 1 else parts[0]
    found = get_close_matches(service.lower(), services, 4, 0.6)
    names = {name.lower(): name for one in found for name in _service(services[one]) if "::" in name}
    return [names[one] for one in get_close_matches(type_name.lower(), names, 3, 0.6)]
