"""Translate the fields of a resource type from and to AWS's names in calls and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine.resource import Changes

Members = Mapping[str, str]
"""AWS's names of some fields, in calls or in answers."""


def arguments(members: Members, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in the table under AWS's names, for a call."""
    return {member: fields[name] for name, member in members.items() if name in fields}


def changed(members: Members, changes: Changes) -> dict[str, Any]:
    """Return the new values of changed fields in the table under AWS's names, for a call."""
    return arguments(members, {name: change.new for name, change in changes.items()})


def shown(members: Members, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table's fields from an answer; None for members that it lacks."""
    return {name: answer.get(member) for name, member in members.items()}
