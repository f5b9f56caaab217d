"""Shapes of answers: their members, the members that are always present, and the formats of the values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

WORDS = ("UPPER_CASE", "UPPER-CASE", "lower-case", "lower_case", "Capitals")
"""Formats that are significant for a word from a fixed choice, but not for a name that a user chose."""
LOOSE = ("text", "empty", *WORDS)
"""Formats that any value may have."""
FORMATS = (
    ("empty", r""),
    ("number", r"-?\d+(\.\d+)?"),
    ("true or false", r"true|false"),
    ("date", r"\d{4}-\d\d-\d\d[T ].*"),
    ("uuid", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("32 hexadecimal digits", r"[0-9a-f]{32}"),
    ("hexadecimal pairs", r"[0-9a-f]{2}(:[0-9a-f]{2})+"),
    ("address", r"\d+\.\d+\.\d+\.\d+"),
    ("CIDR", r"\d+\.\d+\.\d+\.\d+/\d+"),
    ("URL", r"https?://.*"),
    ("name with final dot", r"[\w*\\-]+(\.[\w-]+)+\."),
    ("host name", r"[\w*-]+(\.[\w-]+)*\.(com|net|org|internal|local|cn|uk)"),
    ("UPPER_CASE", r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"),
    ("UPPER-CASE", r"[A-Z][A-Z0-9]*([-_][A-Z0-9]+)+"),
    ("lower-case", r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
    ("lower_case", r"[a-z][a-z0-9]*(_[a-z0-9]+)+"),
    ("Capitals", r"[A-Z][a-z0-9]+([A-Z][A-Za-z0-9]*)*"),
)


def format_of(value: str) -> str:
    """Return the name of a text's format: for an id its prefix and length, for an ARN its service and its kind."""
    if found := re.fullmatch(r"arn:[^:]*:([\w-]+):[^:]*:[^:]*:([\w-]+)([:/].*)?", value):
        return f"ARN of {found[1]} {found[2]}{' with :*' if value.endswith(':*') else ''}"
    if (found := re.fullmatch(r"([a-z]+(?:-[a-z]+)*)-([0-9a-f]{8,17})", value)) and re.search(r"\d", found[2]):
        # ids of 8 digits were given until 2018, and are still shown
        return f"{found[1]}-…{'' if len(found[2]) in (8, 17) else f' of {len(found[2])} digits'}"
    return next((name for name, pattern in FORMATS if re.fullmatch(pattern, value)), "text")


@dataclass
class Seen:
    """The seen shapes of one operation's answers.

    Attributes:
        structures: by path, the number of structures.
        members: by path, the number of structures with each member.
        formats: by path, the formats of the texts there.
        sources: by path, the sources of its structures and texts.
        shapes: by path, the model's name of the structure there.
    """

    structures: Counter[str] = field(default_factory=Counter)
    members: dict[str, Counter[str]] = field(default_factory=dict)
    formats: dict[str, set[str]] = field(default_factory=dict)
    sources: dict[str, set[str]] = field(default_factory=dict)
    shapes: dict[str, str] = field(default_factory=dict)

    def look(self, value: Any, shape: Shape | None, source: str = "", path: str = "") -> None:
        """Take in a value of a shape."""
        match shape:
            case StructureShape() if isinstance(value, Mapping):
                there = {name: item for name, item in value.items() if item is not None and name in shape.members}
                self.structures[path] += 1
                self.shapes[path] = shape.name
                self.sources.setdefault(path, set()).add(source)
                self.members.setdefault(path, Counter()).update(there.keys())
                for name, item in there.items():
                    self.look(item, shape.members[name], source, f"{path}.{name}")
            case ListShape() if isinstance(value, list):
                for item in value:
                    self.look(item, shape.member, source, f"{path}[]")
            case MapShape() if isinstance(value, Mapping):
                for item in value.values():
                    self.look(item, shape.value, source, f"{path}{{}}")
            case StringShape() if isinstance(value, str) and "<" not in value and "(hidden)" not in value:
                form = format_of(value)
                if form in WORDS and not shape.enum and not re.search(r"(?i)(stat(e|us)|type)$", path):
                    form = "text"
                self.formats.setdefault(path, set()).add(form)
                self.sources.setdefault(path, set()).add(source)

    def always(self, path: str) -> set[str]:
        """Return the members that every structure at a path has."""
        return {name for name, count in self.members[path].items() if count == self.structures[path]}


def lacking(value: Any, shape: Shape | None, path: str = "") -> Iterator[str]:
    """Yield the missing members that the model requires of an answer."""
    match shape:
        case StructureShape() if isinstance(value, Mapping):
            yield from (f"{path}.{name}" for name in shape.required_members if name not in value)
            for name in value.keys() & shape.members.keys():
                yield from lacking(value[name], shape.members[name], f"{path}.{name}")
        case ListShape() if isinstance(value, list):
            for item in value:
                yield from lacking(item, shape.member, f"{path}[]")
        case MapShape() if isinstance(value, Mapping):
            for item in value.values():
                yield from lacking(item, shape.value, f"{path}{{}}")


@dataclass(frozen=True, order=True)
class Difference:
    """A difference between an operation's answers and the reference.

    Attributes:
        what: `surplus` (a member that the reference never has), `missing` (a member that it always has) or `format`.
        path: the member, from the answer down.
        detail: the formats, or the number of times it was seen.
    """

    operation: str
    what: str
    path: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.operation} {self.what} {self.path} {self.detail}"


def differences(operation: str, found: Seen, reference: Seen) -> Iterator[Difference]:
    """Yield the differences between an operation's answers and the reference."""
    for path in sorted(found.structures.keys() & reference.structures.keys()):
        there, known = found.members[path], reference.members[path]
        seen = f"in {reference.structures[path]} of {len(reference.sources[path])} sources"
        for name in sorted(there.keys() - known.keys()):
            yield Difference(operation, "surplus", f"{path}.{name}", f"never {seen}")
        for name in sorted(reference.always(path) - found.always(path)):
            yield Difference(operation, "missing", f"{path}.{name}", f"always {seen}")
    for path in sorted(found.formats.keys() & reference.formats.keys()):
        strange, usual = found.formats[path] - reference.formats[path], reference.formats[path]
        if strange - {"empty"} and "text" not in usual:
            yield Difference(operation, "format", path, f"{_list(strange)}, not {_list(usual)}")


def _list(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))
