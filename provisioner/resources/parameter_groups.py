"""Groups of parameters, of RDS and of ElastiCache: the parameters of a group that are compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any


def declared_parameters(known: Sequence[Mapping[str, Any]], named_by: str) -> dict[str, Collection[str]]:
    """Return the names of each group's declared parameters, or of its recorded ones if it is not declared.

    Args:
        known: the fields of the declared groups, then of the recorded ones.
        named_by: the field with a group's name.
    """
    names: dict[str, Collection[str]] = {}
    for fields in known:
        names.setdefault(fields[named_by], fields.get("parameters") or ())
    return names


def compared_parameters(shown: Iterable[Mapping[str, Any]], declared: Collection[str]) -> dict[str, str]:
    """Return the values of the parameters that the user set or that are declared."""
    return {
        item["ParameterName"]: item["ParameterValue"]
        for item in shown
        if "ParameterValue" in item and (item.get("Source") == "user" or item["ParameterName"] in declared)
    }
