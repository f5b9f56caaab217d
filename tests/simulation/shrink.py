"""Shrink a failing life while it still fails, and print the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, Self, TypeVar


class Life(Protocol):
    """Plain data that decides a whole simulated life."""

    def smaller(self) -> Iterable[Self]:
        """Yield lives that are simpler by one step, the greatest steps first."""


L = TypeVar("L", bound=Life)
T = TypeVar("T")


def shrink(life: L, fails: Callable[[L], bool], tries: int = 2000) -> L:
    """Return the simplest life found that still fails.

    Args:
        fails: returns whether a life breaks the same promise as the first one.
        tries: the most lives to try.
    """
    improved = True
    while improved:
        improved = False
        for candidate in life.smaller():
            if tries <= 0:
                return life
            tries -= 1
            if fails(candidate):
                life, improved = candidate, True
                break
    return life


def smallest(life: L, live: Callable[..., object]) -> L:
    """Return the simplest life that breaks the same promise, judged by the first words of the error."""

    def broken(candidate: L) -> str:
        try:
            live(candidate)
        except Exception as error:  # noqa: BLE001 (any error, which has to stay the same)
            words = " ".join(word for word in str(error).split() if word.isalpha())
            return f"{type(error).__name__} {words[:40]}"
        return ""

    kind = broken(life)
    return shrink(life, lambda candidate: broken(candidate) == kind)


def story(life: L, live: Callable[..., object]) -> str:
    """Return the events of a life, line by line, and the life as code for a test."""
    lines: list[str] = []
    try:
        live(life, lines.append)
    except Exception as error:  # noqa: BLE001 (it ends the story)
        lines.append(f"broken: {type(error).__name__}: {error}")
    return "\n".join([*lines, "", f"live({as_code(life)})"])


def without(items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Yield the items with some of them left out: halves first, single ones last."""
    size = len(items) // 2
    while size:
        for start in range(0, len(items), size):
            yield (*items[:start], *items[start + size :])
        size //= 2
    if len(items) == 1:
        yield ()


def replaced(items: Sequence[T], at: int, item: T) -> tuple[T, ...]:
    """Return the items with another one at a place."""
    return (*items[:at], item, *items[at + 1 :])


def as_code(value: Any, indent: int = 0) -> str:
    """Return a life as Python code that makes it again, without default values."""
    inner = " " * (indent + 4)
    if isinstance(value, list | tuple):
        if not any(is_dataclass(item) for item in value):
            return repr(value)
        lines = "".join(f"{inner}{as_code(item, indent + 4)},\n" for item in value)
        return f"(\n{lines}{' ' * indent})" if isinstance(value, tuple) else f"[\n{lines}{' ' * indent}]"
    if not is_dataclass(value) or isinstance(value, type):
        return repr(value)
    parts = []
    for place in fields(value):
        found = getattr(value, place.name)
        if found != place.default:
            parts.append(f"{place.name}={as_code(found, indent + 4)}")
    plain = f"{type(value).__name__}({', '.join(parts)})"
    if "\n" not in plain:
        return plain
    lines = "".join(f"{inner}{part},\n" for part in parts)
    return f"{type(value).__name__}(\n{lines}{' ' * indent})"
