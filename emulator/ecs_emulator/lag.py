"""Eventual consistency: answers reads from snapshots of what each service knew some seconds ago."""

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
"""For how long a read of a new resource may say that there is none, although the list shows it."""
_MOST_READS = 40
"""How many different reads of a service are remembered: the newest."""
_TAGGING = "tagging"

Environ = dict[str, Any]
Key = tuple[str, str, str, bytes]
"""A request's operation, method, address and body: two operations may be asked in the same words."""


def mark_new(resource: Any) -> None:
    """Note that a resource was created now."""
    resource.known_at = later(NEW_SECONDS)


def too_new(resource: Any) -> bool:
    """Whether what AWS keeps beside a resource does not know it yet: only with the scenario `lag`."""
    return "lag" in faults.current.scenarios and not passed(getattr(resource, "known_at", 0.0))


@dataclass
class _Service:
    """One service: the reads that were asked so far, when it was written to, and snapshots before those writes."""

    reads: dict[Key, Environ] = field(default_factory=dict)
    writes: deque[float] = field(default_factory=deque)
    snapshots: deque[tuple[float, dict[Key, Answer]]] = field(default_factory=deque)


class Lag:
    """Answers reads as they would have been answered some seconds ago.

    Args:
        answer: answers a request from what is there now. Callers hold the cloud's lock.
    """

    def __init__(self, answer: Callable[[Environ, str], Answer]) -> None:
        self._answer = answer
        self._services: dict[str, _Service] = {}

    def write(self, service: str, environ: Environ, operation: str) -> Answer:
        """Answer a write, after a look at what the reads of its service say before it."""
        # the tagging API reads what all others write
        for name in {service, _TAGGING}:
            self._before(self._services.setdefault(name, _Service()))
        return self._answer(environ, operation)

    def read(self, service: str, environ: Environ, operation: str) -> Answer:
        """Answer a read as of some seconds ago, if it was asked before that already; otherwise as of now."""
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
        # of a burst of writes only every so often: each costs all the remembered reads
        if not known.snapshots or known.snapshots[-1][0] < moment - SECONDS / 4:
            reads = known.reads.items()
            known.snapshots.append((moment, {key: self._answer(_again(key, env), key[0]) for key, env in reads}))


def _forget(known: _Service) -> None:
    """Drop writes that all can see by now, and snapshots that are older than needed for the rest."""
    limit = now() - SECONDS
    while known.writes and known.writes[0] < limit:
        known.writes.popleft()
    while len(known.snapshots) > 1 and known.snapshots[1][0] <= (known.writes[0] if known.writes else limit):
        known.snapshots.popleft()


def _key(environ: Environ, operation: str) -> Key:
    return operation, environ["REQUEST_METHOD"], environ["RAW_URI"], environ["wsgi.input"].getvalue()


def _again(key: Key, environ: Environ) -> Environ:
    """The request once more, its body unread."""
    return {**environ, "wsgi.input": io.BytesIO(key[3])}
