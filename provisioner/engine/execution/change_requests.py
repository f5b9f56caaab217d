"""The changes that one run has sent and AWS has accepted. A change that AWS does not show is sent again a few times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.engine.resource import Changes, canonical

MAX_SENDS = 4
"""The most times that a run sends a change which AWS accepts and does not show, with growing pauses."""
PAUSE = 10.0
"""Seconds from the first time to the second; each further pause is twice as long."""


@dataclass(frozen=True)
class SentChange:
    """A change that AWS accepted: its values, how often in a row, and when last (seconds of the run's clock)."""

    values: Mapping[str, Any]
    times: int
    at: float


class SentChanges:
    """The last change sent, by address."""

    def __init__(self) -> None:
        self._last: dict[str, SentChange] = {}

    def last(self, address: str) -> SentChange | None:
        """Return the last change sent for a resource, if any."""
        return self._last.get(address)

    def note(self, address: str, changes: Changes, now: float) -> None:
        """Note that a change was sent and accepted."""
        values, before = _values(changes), self._last.get(address)
        times = before.times + 1 if before and before.values == values else 1
        self._last[address] = SentChange(values, times, now)

    def may_send(self, address: str, changes: Changes, now: float) -> bool:
        """Return whether to send a change; an accepted change that AWS does not show is repeated with pauses."""
        sent = self._last.get(address)
        if sent is None or sent.values != _values(changes):
            return True
        return sent.times < MAX_SENDS and now > sent.at + PAUSE * 2 ** (sent.times - 1)


def _values(changes: Changes) -> dict[str, Any]:
    return {name: canonical(change.new) for name, change in changes.items()}
