"""Eventual consistency: answer reads from snapshots of each service's state some seconds ago."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ecs_emulator import faults
from ecs_emulator.clock import later, now, passed
from ecs_emulator.errors import Answer

SECONDS = 5.0
NEW_SECONDS = 30.0
"""The time in which a read of a new resource may not find it, although the list shows it."""
_MOST_READS = 40
"""The most different reads of a service that are remembered: the newest."""
_TAGGING = "tagging"

Environ = dict[str, Any]
Key = tuple[str, str, str, bytes]
"""A request's operation, method, URL and body: two operations may have the same URL and body."""


def mark_new(resource: Any) -> None:
    """Record that a resource was created now."""
    resource.known_at = later(NEW_SECONDS)


def too_new(resource: Any) -> bool:
    """Return whether reads of a resource's attributes may not find it yet: only with the scenario `lag`."""
    return "lag" in faults.current.scenarios and not passed(getattr(resource, "known_at", 0.0))


@dataclass
class _Service:
    """A service: its reads so far, the times of its writes, and snapshots before those writes."""

    reads: dict[Key, Environ] = field(default_factory=dict)
    writes: deque[float] = field(default_factory=deque)
    snapshots: deque[tuple[float, dict[Key, Answer]]] = field(default_factory=deque)


class Lag:
    """Answers reads as they would have been answered some seconds ago.

    Args:
        answer: answers a request from the present state. The caller holds the cloud's lock.
    """

    def __init__(self, answer: Callable[[Environ, str], Answer]) -> None:
        self._answer = answer
        self._services: dict[str, _Service] = {}

    def write(self, service: str, environ: Environ, operation: str) -> Answer:
        """Answer a write, after a snapshot of its service's remembered reads."""
        # the tagging API reads the resources of all services
        for name in {service, _TAGGING}:
            self._before(self._services.setdefault(name, _Service()))
        return self._answer(environ, operation)

    def read(self, service: str, environ: Environ, operation: str) -> Answer:
        """Answer a read as of some seconds ago if it was asked before then already; otherwise as of now."""
        known = self._services.setdefault(service, _Service())
        key = _key(environ, operation)
        known.reads.pop(key, None)
        known.reads[key] = {**environ}
        if len(known.reads) > _MOST_READS:
            del known.reads[next(iter(known.reads))]
        _forget(known)
        if known.writes:
            old = next((kept for at, kept in reversed(known.snapshots) if at <= known.writes[0]), {})
            if key in old:
                return old[key]
        return self._answer(environ, operation)

    def clear(self) -> None:
        """Forget everything."""
        self._services.clear()

    def _before(self, known: _Service) -> None:
        _forget(known)
        moment = now()
        known.writes.append(moment)
        # in a burst of writes only now and then: a snapshot repeats all remembered reads
        if not known.snapshots or known.snapshots[-1][0] < moment - SECONDS / 4:
            reads = known.reads.items()
            known.snapshots.append((moment, {key: self._answer(_again(key, env), key[0]) for key, env in reads}))


def _forget(known: _Service) -> None:
    """Drop writes that all reads show by now, and snapshots that are older than needed."""
    limit = now() - SECONDS
    while known.writes and known.writes[0] < limit:
        known.writes.popleft()
    while len(known.snapshots) > 1 and known.snapshots[1][0] <= (known.writes[0] if known.writes else limit):
        known.snapshots.popleft()


def _key(environ: Environ, operation: str) -> Key:
    return operation, environ["REQUEST_METHOD"], environ["RAW_URI"], environ["wsgi.input"].getvalue()


def _again(key: Key, environ: Environ) -> Environ:
    """Return the request again, with an unread body."""
    return {**environ, "wsgi.input": io.BytesIO(key[3])}
