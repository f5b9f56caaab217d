"""Say how to write a value that has the wrong type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from provisioner.config import inheritance, synonyms
from provisioner.config.secret_values import looks_secret

TYPES = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "float_type": "a number",
    "int_type": "a whole number",
    "mapping_type": "a table",
    "model_type": "a table",
    "string_type": "text in quotes",
    "tuple_type": "a list in brackets",
}
"""The wanted type for each of pydantic's error types, in TOML's words."""
WORKLOADS = frozenset({"services", "jobs"})
NEEDED = {
    "cpu": "a task always has CPU units: write a number such as 256",
    "memory": "a task always has memory: write a number such as 512",
    "image": 'another image takes the place of an inherited one: write image = "…" or build = "…"',
    "build": 'another image takes the place of an inherited one: write image = "…" or build = "…"',
}
"""By key that `false` cannot take away, the reason and the fix."""
TABLES = frozenset({"dict_type", "mapping_type", "model_type"})
SHORT_FORMS = {
    "health": 'a path such as "/up", or a table',
    "deployment": 'a name such as "canary", or a table',
}
"""Keys with a short form beside their table."""
NUMBERS = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10}
TRUTHS = {"yes": "true", "on": "true", "enabled": "true", "no": "false", "off": "false", "disabled": "false"}
TRUTHS |= {"True": "true", "False": "false", "TRUE": "true", "FALSE": "false"}
SIZES = {"k": 1 / 1024, "kb": 1 / 1024, "kib": 1 / 1024, "": 1, "m": 1, "mb": 1, "mib": 1, "g": 1024, "gb": 1024}
SIZES |= {"gib": 1024}
"""By unit, the MiB in it."""


def wanted(kind: str, message: str, loc: Sequence[str]) -> str:
    """Return the wanted type in words.

    Args:
        kind, message: pydantic's error type, and its message.
        loc: the parts of the key.
    """
    if kind in TABLES and loc and loc[-1] in SHORT_FORMS:
        return SHORT_FORMS[loc[-1]]
    return TYPES.get(kind, message)


def rewritten(kind: str, loc: Sequence[str], value: object, *, private: bool = False) -> str:
    """Return how to write a value, with a colon before it; empty if that is not known.

    Args:
        kind: pydantic's error type.
        loc: the parts of the key.
        value: the value.
        private: whether the value must not be shown.
    """
    key = loc[-1] if loc else ""
    if own := _inheriting(loc, key, value):
        return f": {own}"
    if kind in TABLES:
        return _table(loc, key, value)
    if private or (isinstance(value, str) and looks_secret(key, value)):
        return ""
    if kind == "string_type" and isinstance(value, int | float):
        return f': write "{str(value).lower() if isinstance(value, bool) else value}"'
    if kind == "tuple_type" and isinstance(value, str):
        return f": write [{_quoted(value)}]"
    if kind in {"int_type", "float_type"}:
        return _number(kind, loc, value)
    if kind == "bool_type" and isinstance(value, str):
        if value in {"true", "false"}:
            return f": write {value} without quotes"
        return f": write {truth}" if (truth := TRUTHS.get(value) or TRUTHS.get(value.lower())) else ""
    if kind == "bool_type" and value in (0, 1):
        return f": write {str(bool(value)).lower()}"
    return ""


def _inheriting(loc: Sequence[str], key: str, value: object) -> str:
    """Return why `false`, or a table of names, changes no inherited value; empty if it is another value."""
    if not (loc and loc[0] in WORKLOADS and len(loc) == 3):
        return ""
    if value is False and key in inheritance.REMOVABLE:
        return "false removes keys of extends and [defaults], and neither gives it: remove this line"
    if value is False and key in NEEDED:
        return NEEDED[key]
    if key in inheritance.NAMES and inheritance.is_choice(value):
        return "a table takes names out of an inherited list, and there is none, or none with such a name: write a list"
    return ""


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _table(loc: Sequence[str], key: str, value: object) -> str:
    if tuple(loc) in {("services",), ("jobs",)}:
        return (
            f": write [{key}.NAME], with one bracket on each side"
            if isinstance(value, list)
            else f": write [{key}.NAME]"
        )
    if len(loc) == 2 and loc[0] in {"services", "jobs"} and isinstance(value, str):
        return f": write [{'.'.join(loc)}], and image = … or build = … in it"
    if len(loc) == 1 and (sentence := synonyms.OTHERWISE[()].get(key)):
        return f": {sentence}"
    if key in {"environment", "build_args"}:
        return f': write {key} = {{ {_name(value)} = "…" }}'
    return f": write [{'.'.join(loc)}], and its keys below" if len(loc) == 1 else ""


def _name(value: object) -> str:
    """Return the name of the first variable in a list or a text such as `NAME=value`; a name in general otherwise."""
    first = (
        value[0] if isinstance(value, list) and value else value.get("name") if isinstance(value, Mapping) else value
    )
    name = str(first).partition("=")[0]
    return name if isinstance(first, str) and "=" in first and re.fullmatch(r"[A-Za-z_]\w{0,60}", name) else "NAME"


def _number(kind: str, loc: Sequence[str], value: object) -> str:
    """Return how to write a number: without quotes, with digits, or in the unit of its key."""
    key = loc[-1] if loc else ""
    if key == "cpu" and len(loc) == (2 if loc[0] == "defaults" else 3) and (units := _units(value)):
        return f": write {units}, as 1024 CPU units are one vCPU"
    if isinstance(value, float) and value.is_integer():
        return f": write {value:.0f}"
    if not isinstance(value, str):
        return ": write a number such as 1"
    bare = value.strip()
    if re.fullmatch(r"-?\d+" if kind == "int_type" else r"-?\d+(\.\d+)?", bare):
        return f": write {bare} without quotes"
    size = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", bare)
    if key == "memory" and size and size[2].lower() in SIZES:
        return f": write {float(size[1]) * SIZES[size[2].lower()]:.0f}, in MiB"
    if size and kind == "int_type" and "." not in size[1] and size[2].lower() in {"s", "sec", "m", "min", "d", "days"}:
        return f": write {size[1]}, without a unit"
    return f": write a number such as {NUMBERS.get(bare.lower(), 2)}"


def _units(value: object) -> int:
    """Return the CPU units of a number of vCPUs, as `0.5` or `".25 vCPU"`; 0 if it is none."""
    text = str(value).strip()
    if isinstance(value, bool) or not (found := re.fullmatch(r"(\d*\.?\d+)\s*(?:vcpus?|cpus?|cores?)?", text.lower())):
        return 0
    number = float(found[1])
    return round(number * 1024) if 0 < number <= 16 else 0
