"""The table of transient errors: operation, code, message, and the time for which AWS refuses."""

from __future__ import annotations

import urllib.parse

from ecs_emulator.services.apis import APIS
from ecs_emulator.services.model import Refusal

REFUSALS: tuple[Refusal, ...] = tuple(row for api in APIS.values() for row in api.refusals)
"""The transient errors of all APIs."""


def text_of(path: str, body: bytes) -> str:
    """Return a request's path and body in the form that the table reads: forms decoded, one `name=value` a line."""
    text = body.decode("utf-8", "replace")
    if "=" in text and not text.startswith(("{", "<")):
        text = "\n".join(f"{name}={value}" for name, value in urllib.parse.parse_qsl(text))
    return f"{path}\n{text}"
