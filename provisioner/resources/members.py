"""The fields of a resource type under AWS's names for them: what a call takes, and what an answer shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine.resource import Changes

Members = Mapping[str, str]
"""AWS's name of each of some fields, in calls or in answers."""


def arguments(members: Members, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the fields that are in the table as a call takes them."""
    return {member: fields[name] for name, member in members.items() if name in fields}


def changed(members: Members, changes: Changes) -> dict[str, Any]:
    """Return those of the changed fields that are in the table as a call takes them."""
    return arguments(members, {name: change.new for name, change in changes.items()})


def shown(members: Members, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer shows of the fields in the table; None for what it does not show."""
    return {name: answer.get(member) for name, member in members.items()}
