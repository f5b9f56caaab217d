"""Read YAML into values that know their file and line; every scalar keeps its text from the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from provisioner.engine.errors import ConfigurationError

LARGEST = 262_144
"""The most bytes of a file: a larger file is no manifest."""
MOST = 20_000
"""The most values of a file; values that an alias repeats count each time."""
DEEPEST = 50


class Unreadable(ConfigurationError):
    """A file is not YAML, or is too large."""


@dataclass(frozen=True)
class Value:
    """A value of a YAML file.

    Attributes:
        file: its file's name for messages.
        line: its line, from 1 on.
        content: the text of a scalar (None for null), the values of a list, or the values of a table by key.
        scalar: YAML's type of a scalar: `str`, `int`, `float`, `bool`, `null`.
    """

    file: str
    line: int
    content: str | Sequence[Value] | Mapping[str, Value] | None
    scalar: str = ""

    @property
    def text(self) -> str | None:
        """The text of a scalar; None for null, lists and tables."""
        return self.content if isinstance(self.content, str) else None

    @property
    def table(self) -> Mapping[str, Value]:
        """The values of a table; empty for any other value."""
        return self.content if isinstance(self.content, Mapping) else {}

    @property
    def values(self) -> Sequence[Value]:
        """The values of a list; empty for any other value."""
        return self.content if isinstance(self.content, Sequence) and not isinstance(self.content, str) else ()

    @property
    def texts(self) -> list[str]:
        """The scalars of a list, or the single scalar instead of a list."""
        found = [self] if self.text is not None else self.values
        return [one.text for one in found if one.text is not None]

    @property
    def words(self) -> str | list[str]:
        """A command line: a text for the shell, or the list of its words."""
        return self.text if self.text is not None else self.texts

    @property
    def number(self) -> int | None:
        """A whole number from 0 on, in quotes or not; None for any other value."""
        return int(self.text) if self.text and self.text.isascii() and self.text.isdigit() else None

    @property
    def flag(self) -> bool | None:
        """True or false, as YAML 1.1 reads them; None for any other value."""
        if self.text is None or self.scalar != "bool":
            return None
        return self.text.lower() in {"true", "yes", "on"}

    def at(self, *keys: str) -> Value | None:
        """Return the value below these keys, if there is one."""
        found: Value | None = self
        for key in keys:
            found = found.table.get(key) if found else None
        return found


def read(path: Path, shown: str) -> Value:
    """Return the contents of a YAML file.

    Args:
        path: the file.
        shown: the file's name for messages.

    Raises:
        Unreadable: the file cannot be read, or is not YAML.
    """
    import yaml

    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{shown}: cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise Unreadable(f"{shown}: is larger than {LARGEST} bytes")
    try:
        node = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        raise Unreadable(f"{shown}: is not UTF-8 text") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise Unreadable(
            f"{shown}{line}: is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}"
        ) from None
    return _Reader(shown).value(node, 0) if node is not None else Value(shown, 1, {})


@dataclass
class _Reader:
    """Make values from the nodes of one file."""

    shown: str
    count: int = field(default=0, init=False)

    def value(self, node: Any, depth: int) -> Value:
        line = node.start_mark.line + 1
        self.count += 1
        if depth > DEEPEST or self.count > MOST:
            raise Unreadable(f"{self.shown}:{line}: is nested too deeply, or repeats too much")
        if node.id == "mapping":
            return Value(self.shown, line, dict(self._items(node, depth)))
        if node.id == "sequence":
            return Value(self.shown, line, [self.value(one, depth + 1) for one in node.value])
        kind = node.tag.rpartition(":")[2]
        return Value(self.shown, line, None if kind == "null" else node.value, kind)

    def _items(self, node: Any, depth: int) -> Iterator[tuple[str, Value]]:
        """Yield a table's items; items merged by `<<` come first, so that the table's own items win."""
        own = []
        for key, value in node.value:
            if key.tag.endswith(":merge"):
                for one in value.value if value.id == "sequence" else [value]:
                    yield from self.value(one, depth + 1).table.items()
            elif key.id == "scalar":
                own.append((key, value))
        for key, value in own:
            # a note of a key names the key's line, not the line of its value
            yield key.value, replace(self.value(value, depth + 1), line=key.start_mark.line + 1)


def mapped(value: Value, change: Callable[[str], str]) -> Value:
    """Return a value with every text in it changed."""
    if value.text is not None:
        return replace(value, content=change(value.text))
    if isinstance(value.content, Mapping):
        return replace(value, content={key: mapped(one, change) for key, one in value.content.items()})
    return replace(value, content=[mapped(one, change) for one in value.values]) if value.values else value


def overlaid(base: Value, over: Value) -> Value:
    """Return a value with another value laid over it: tables are merged, other values replace."""
    if not isinstance(base.content, Mapping) or not isinstance(over.content, Mapping):
        return over
    whole = dict(base.content)
    for key, value in over.content.items():
        whole[key] = overlaid(whole[key], value) if key in whole else value
    return replace(base, content=whole)
