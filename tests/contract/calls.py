"""Read the logs of `--log FILE`, and the recorded answers, into the shapes of the answers."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape

from tests.contract.recorded import answers, operation_model
from tests.contract.shapes import Seen

SINCE = "2019-01-01"
"""Older answers lack members that AWS always sends today."""
PAGING = ("NextToken", "nextToken", "Marker", "NextMarker", "NextContinuationToken", "PaginationToken")
"""Members that point to the next page."""


def calls(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the calls of a log, as `provisioner/aws/call_log.py` writes them."""
    return (event for event in events(log) if event.get("event") == "call")


def events(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log."""
    return parsed(log.read_text(encoding="utf-8").splitlines())


def parsed(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log, without lines that a kill or a full disk has cut off."""
    for line in lines:
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def name_of(call: dict[str, Any]) -> str:
    """Return the operation of a call: `<service>.<operation>`."""
    return f"{call['service']}.{call['operation']}"


def answer_of(call: dict[str, Any]) -> Any:
    """Return the answer to a call; None if it was refused, or its answer lost."""
    return None if "code" in call or "error" in call else call.get("answer") or {}


def logged(log: Path) -> dict[str, Seen]:
    """Return the shapes of the answers in a log, by operation."""
    seen: dict[str, Seen] = {}
    for call in calls(log):
        if isinstance(answer := answer_of(call), dict):
            shape = operation_model(call["service"], call["operation"]).output_shape
            seen.setdefault(name_of(call), Seen()).look(answer, shape, str(log))
    return seen


def target(log: Path) -> str:
    """Return the target of a log's calls: `aws` or `local`; `aws` if the log does not name it."""
    return next((line["target"] for line in events(log) if line.get("event") == "connected"), "aws")


def logged_by_question(log: Path) -> dict[tuple[str, frozenset[str]], Seen]:
    """Return the shapes of the answers in a log, by operation and by the names of the call's parameters.

    Values of parameters with a fixed choice count as well: they select the members of the answer.
    """
    seen: dict[tuple[str, frozenset[str]], Seen] = {}
    for call in calls(log):
        if isinstance(answer := answer_of(call), dict):
            model = operation_model(call["service"], call["operation"])
            question = frozenset(_given(call.get("parameters"), model.input_shape))
            seen.setdefault((name_of(call), question), Seen()).look(answer, model.output_shape, str(log))
    return seen


def given(log: Path) -> set[str]:
    """Return the names of all parameters that the calls of a log gave, at any depth, in lower case."""
    paths = (
        path
        for call in calls(log)
        for path in _given(call.get("parameters"), operation_model(call["service"], call["operation"]).input_shape)
    )
    return {name.lower() for path in paths for name in re.findall(r"\w+", path)}


def _given(value: Any, shape: Shape | None, path: str = "") -> Iterator[str]:
    match shape:
        case StructureShape() if isinstance(value, dict):
            for name in value.keys() & shape.members.keys():
                yield f"{path}.{name}"
                yield from _given(value[name], shape.members[name], f"{path}.{name}")
        case ListShape() if isinstance(value, list):
            for item in value:
                yield from _given(item, shape.member, f"{path}[]")
        case StringShape() if shape.enum:
            yield f"{path}={value}"


def recorded() -> dict[str, Seen]:
    """Return the shapes of AWS's recorded answers, by operation, from the answers that prove something."""
    seen: dict[str, Seen] = {}
    for one in answers():
        if one.proves(SINCE):
            shape = operation_model(one.service, one.operation).output_shape
            seen.setdefault(f"{one.service}.{one.operation}", Seen()).look(one.data, shape, one.source)
    return seen
