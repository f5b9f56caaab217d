"""Members of requests without an effect here: refused by name, or left aside for a reason.

Each API's folder has its own in `members.json`; `tests/cloud/members.py` finds them in the code. A member that says
nothing (false, empty), or what AWS does without it, is no reason to refuse a request.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ecs_emulator.services import apis


@dataclass(frozen=True)
class Members:
    """The members of an API's requests that have no effect here, by operation.

    Attributes:
        refused: members that a request may not have.
        usual: values that AWS takes without a member (API references, Default), by member.
        ignored: members that are accepted, each with the reason.
    """

    refused: Mapping[str, list[str]] = field(default_factory=dict)
    usual: Mapping[str, Any] = field(default_factory=dict)
    ignored: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@functools.cache
def members(service: str) -> Members:
    """Return an API's members without an effect, by botocore's name of the API."""
    path = apis.directory(service) / "members.json"
    return Members(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else Members()


def words(service: str, operation: str, request: Mapping[str, Any]) -> str:
    """Return the refusal of a request with a member that is not offered, and asks for something; else an empty text."""
    known = members(service)
    names = known.refused.get(operation, ())
    name = next((one for one in names if _says(request.get(one), known.usual.get(one))), "")
    return f"The embedded cloud does not offer the parameter {name} of {operation}" if name else ""


def _says(value: Any, usual: Any) -> bool:
    """Return whether a value asks for anything but the usual."""
    if usual is True:
        return value is False
    if isinstance(value, Mapping) and not isinstance(usual, dict):
        return any(_says(one, usual) for one in value.values())
    return value not in (None, False, "", [], {}, 0) and value != usual
