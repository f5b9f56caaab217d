"""Find the members of a raw answer that botocore's model lacks: its parser drops them silently."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET  # the embedded cloud's own answers, no stranger's

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

ENVELOPE = ("ResponseMetadata", "requestId", "RequestId", "__type")
"""Fields that protocols add beside the members."""


def unmodelled(model: OperationModel, body: bytes) -> Iterator[str]:
    """Yield the paths of an answer's members that the operation's model lacks; none for refusals and streams."""
    shape: Any = model.output_shape
    if shape is None or not body or any(_streams(member) for member in shape.members.values()):
        return
    if "json" in model.service_model.resolved_protocol:
        yield from _json(json.loads(body), shape, "")
        return
    if payload := shape.serialization.get("payload"):
        # the body is this one member, or a text of its own such as a bucket's policy
        shape = shape.members[payload]
        if not isinstance(shape, StructureShape):
            return
    root = ET.fromstring(body)  # noqa: S314
    wrapper = shape.serialization.get("resultWrapper")
    node = root.find(_named(root, wrapper)) if wrapper else root
    if node is not None:
        yield from _xml(node, shape, "")


def _streams(shape: Shape) -> bool:
    return shape.type_name == "blob" or "payload" in shape.serialization


def _json(value: Any, shape: Shape | None, path: str) -> Iterator[str]:
    match shape:
        case StructureShape() if isinstance(value, dict):
            names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
            yield from (f"{path}.{name}" for name in value if name not in names and name not in ENVELOPE)
            for name in value.keys() & names.keys():
                yield from _json(value[name], names[name], f"{path}.{name}")
        case ListShape() if isinstance(value, list):
            for item in value:
                yield from _json(item, shape.member, f"{path}[]")
        case MapShape() if isinstance(value, dict):
            for item in value.values():
                yield from _json(item, shape.value, f"{path}{{}}")


def _xml(node: ET.Element, shape: Shape | None, path: str) -> Iterator[str]:
    match shape:
        case StructureShape():
            names = dict(_xml_names(shape))
            for child in node:
                name = child.tag.rpartition("}")[2]
                if name in names:
                    yield from _xml(child, names[name], f"{path}.{name}")
                elif name not in ENVELOPE:
                    yield f"{path}.{name}"
        case ListShape():
            for item in [node] if shape.serialization.get("flattened") else node:
                yield from _xml(item, shape.member, f"{path}[]")


def _xml_names(shape: StructureShape) -> Iterator[tuple[str, Shape]]:
    for name, member in shape.members.items():
        if isinstance(member, ListShape) and member.serialization.get("flattened"):
            name = member.member.serialization.get("name", name)  # noqa: PLW2901 (botocore's own rule)
        yield member.serialization.get("name", name), member


def _named(root: ET.Element, name: str) -> str:
    return f"{root.tag.rpartition('}')[0]}}}{name}" if "}" in root.tag else name
