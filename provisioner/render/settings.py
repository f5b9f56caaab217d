"""Show the effective settings of an environment, as TOML with their origins in comments, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from provisioner.config import toml_text
from provisioner.config.origins import Setting
from provisioner.render.text import cells, visible

COLUMN = 60
"""The rightmost column at which origins begin, even if a value is longer."""


def lines(found: Sequence[Setting]) -> Iterator[str]:
    """Yield TOML: the top-level keys first, then each table, with the origin behind each value."""
    tables: dict[tuple[str, ...], list[Setting]] = {(): []}
    for one in found:
        tables.setdefault(one.parts[:-1], []).append(one)
    first = True
    for name, settings in tables.items():
        if name:
            yield from ([] if first else [""])
            yield f"[{toml_text.key(*name)}]"
        yield from _aligned(settings)
        first = first and not settings


def _aligned(settings: Sequence[Setting]) -> Iterator[str]:
    shown = [(visible(_shown(one)), one.origin if one.value is not None else "") for one in settings]
    width = max((cells(text) for text, origin in shown if origin and cells(text) <= COLUMN), default=0)
    for text, origin in shown:
        yield f"{text}{' ' * (width - cells(text))}  # {origin}" if origin else text


def _shown(setting: Setting) -> str:
    name = toml_text.key(setting.parts[-1])
    return f"# {name} is not set" if setting.value is None else f"{name} = {toml_text.value(setting.value)}"


def document(stack: str, found: Sequence[Setting]) -> dict[str, Any]:
    """Return the settings as one JSON document, by dotted key."""
    return {"stack": stack, "settings": {one.key: {"value": one.value, "from": one.origin} for one in found}}
