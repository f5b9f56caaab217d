"""Reads the logs that `--log FILE` writes, and what was recorded, into what the answers look like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract.recorded import answers, operation_model
from tests.contract.shapes import Seen

SINCE = "2019-01-01"
"""Older answers lack members that AWS always sends today."""


def calls(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the calls of a log, as `provisioner/calllog.py` writes them."""
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event.get("event") == "call":
            yield event


def name_of(call: dict[str, Any]) -> str:
    """Return the operation of a call: `<service>.<operation>`."""
    return f"{call['service']}.{call['operation']}"


def logged(log: Path) -> dict[str, Seen]:
    """Return what the answers of a log look like, by operation."""
    seen: dict[str, Seen] = {}
    for call in calls(log):
        if isinstance(call.get("answer"), dict):
            shape = operation_model(call["service"], call["operation"]).output_shape
            seen.setdefault(name_of(call), Seen()).look(call["answer"], shape, str(log))
    return seen


def recorded() -> dict[str, Seen]:
    """Return what AWS's recorded answers look like, by operation: those that prove something."""
    seen: dict[str, Seen] = {}
    for one in answers():
        if one.proves(SINCE):
            shape = operation_model(one.service, one.operation).output_shape
            seen.setdefault(f"{one.service}.{one.operation}", Seen()).look(one.data, shape, one.source)
    return seen
