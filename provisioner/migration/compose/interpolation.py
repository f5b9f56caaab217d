"""Fill in the variables of a Compose file as Compose does: from `.env` beside it, and by the defaults in the text.

The shell's own variables are not read: they are those of this machine. A value that looks like a secret is not filled
in either, so that it cannot get into the new file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.config.secret_values import looks_secret
from provisioner.migration.yaml_tree import Value, mapped

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OPERATOR = re.compile(r":?[-?+]")
_HOLE = re.compile("\ue000(.*?)\ue001", re.DOTALL)
"""A variable without a value, marked by characters that no text has."""
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][\w.-]*)\s*(?:[=:]\s*(?P<value>.*))?", re.ASCII | re.DOTALL)
LARGEST = 262_144


@dataclass(frozen=True)
class Variables:
    """The variables of `.env`.

    Attributes:
        plain: the values that may be shown, by name.
        secrets: the names of variables whose values look like secrets.
    """

    plain: Mapping[str, str]
    secrets: frozenset[str] = frozenset()


def variables(values: Mapping[str, str]) -> Variables:
    """Return the variables of a file, apart by whether they look like secrets."""
    secrets = frozenset(name for name, value in values.items() if looks_secret(name, value))
    return Variables({name: value for name, value in values.items() if name not in secrets}, secrets)


def tree(value: Value, known: Variables) -> Value:
    """Return a file with its variables filled in; a variable without a value stays as a hole."""
    return mapped(value, lambda text: filled(text, known))


def filled(text: str, known: Variables) -> str:
    """Return a text with its variables filled in (Compose specification, Interpolation)."""
    found, at = "", 0
    while (start := text.find("$", at)) >= 0:
        found += text[at:start]
        if text.startswith("$$", start):
            found, at = f"{found}$", start + 2
        elif text.startswith("${", start) and (end := _closed(text, start + 2)) > 0:
            found, at = found + _braced(text[start + 2 : end], known), end + 1
        elif name := _NAME.match(text, start + 1):
            found, at = found + value_of(name[0], known), name.end()
        else:
            found, at = f"{found}$", start + 1
    return found + text[at:]


def _closed(text: str, start: int) -> int:
    """Return the place of the bracket that closes the one before `start`; -1 if there is none."""
    depth = 1
    for place in range(start, len(text)):
        if text[place] == "}":
            depth -= 1
            if not depth:
                return place
        elif text.startswith("${", place):
            depth += 1
    return -1


def _braced(inner: str, known: Variables) -> str:
    """Return the value of the text in brackets: a name, perhaps with a default, an alternative or a complaint."""
    name = _NAME.match(inner)
    operator = _OPERATOR.match(inner, name.end()) if name else None
    if name is None or (operator is None and name.end() < len(inner)):
        return f"${{{inner}}}"
    if operator is None or operator[0].endswith("?"):
        return value_of(name[0], known)
    other, strict = inner[operator.end() :], operator[0].startswith(":")
    there = name[0] in known.secrets or (name[0] in known.plain and (known.plain[name[0]] or not strict))
    if operator[0].endswith("+"):
        return filled(other, known) if there else ""
    return value_of(name[0], known) if there else filled(other, known)


def value_of(name: str, known: Variables) -> str:
    """Return the value of a variable, or its mark if it has none."""
    return known.plain.get(name, hole(name))


def hole(name: str) -> str:
    """Return the mark of a variable without a value."""
    return f"\ue000{name}\ue001"


def holes(text: str) -> list[str]:
    """Return the names of the variables that have no value, or a secret one."""
    return _HOLE.findall(text)


def shown(text: str) -> str:
    """Return a text for people, in which variables without a value stand as in the file."""
    return _HOLE.sub(r"${\1}", text)


def read(path: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a file such as `.env`, in Compose's syntax.

    Args:
        known: values for the variables that the file uses.

    Raises:
        OSError: it cannot be read. ValueError: it is too large, or not UTF-8 text.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"is larger than {LARGEST} bytes")
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        said = _LINE.fullmatch(line.strip())
        if said is None or said["value"] is None:
            continue
        value = said["value"]
        if value[:1] == "'" and (end := value.find("'", 1)) > 0:
            found[said["name"]] = value[1:end]
            continue
        if value[:1] == '"' and (double := re.match(r'"((?:\\.|[^"\\])*)"', value)):
            value = re.sub(r"\\(.)", lambda one: {"n": "\n", "t": "\t", "r": "\r"}.get(one[1], one[1]), double[1])
        else:
            value = re.split(r"(?:^|\s+)#", value)[0].rstrip()
        whole = Variables({**known, **found})
        found[said["name"]] = _HOLE.sub("", filled(value, whole))
    return found
