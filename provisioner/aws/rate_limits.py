"""How many calls AWS takes: token buckets that keep to the rates that stand with each API.

This tool waits for its turn instead of being throttled; the embedded cloud throttles if asked to (docs/faults.md), by a
table of its own (`ecs_emulator.rates`).
What stands with no API has no documented rate, or one that this tool cannot reach.

boto3's adaptive retry mode would be no substitute: it learns a rate only by being throttled, has one rate for all
operations of a client (EC2 takes 20 reads of a sort in a second, and one CreateVpcEndpoint in three), cannot be
interrupted while it waits, and is experimental by its own documentation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from provisioner.aws.api import Limit, signed_by

SHARE = 0.8
"""Which part of a limit this tool uses: the account has other users, and calls arrive less evenly than they leave."""

ROUNDING = 1e-9
"""Which part of a token may be missing: what the arithmetic of floats makes of a wait that was just long enough."""


def limits_of(service: str, operation: str) -> tuple[Limit, ...]:
    """Return the limits that a call is under.

    Args:
        service: the name that signs it.
    """
    api = signed_by(service)
    return api.limits_of(operation) if api else ()


@dataclass
class TokenBucket:
    """Holds up to `burst` tokens and gains `rate` a second; `tokens` is what it held at the moment `at`."""

    burst: float
    rate: float
    at: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def shortfall(self, now: float) -> float:
        """Return the seconds until it holds a token; 0 if it does."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        missing = 1 - self.tokens
        return missing / self.rate if missing > ROUNDING else 0.0

    def take(self) -> None:
        """Take a token out."""
        self.tokens -= 1


def bucket_below(limit: Limit, at: float) -> TokenBucket:
    """Return a full bucket of this tool's share of the limit.

    AWS adds tokens once a second, and not all the time as here. So that this makes no difference, the burst and what is
    gained within a second are together no more than AWS's burst. It has to hold one token at least.
    """
    rate = SHARE * limit.rate
    return TokenBucket(max(1.0, min(SHARE * limit.burst, limit.burst - rate)), rate, at)


@dataclass
class _Line:
    """The calls of one operation that wait for their turn."""

    lock: AbstractContextManager[Any]
    length: int = 0


class Buckets:
    """The buckets of all limits, made when they are first drawn on. Threads may share them.

    Args:
        clock: AWS's seconds, from any moment on.
        make: makes the full bucket of a limit.
        lock: makes a lock.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        make: Callable[[Limit, float], TokenBucket],
        lock: Callable[[], AbstractContextManager[Any]] = threading.Lock,
    ) -> None:
        self._clock, self._make = clock, make
        self._buckets: dict[tuple[str, Limit, str], TokenBucket] = {}
        self._lock, self._make_lock = lock(), lock
        self._lines: dict[tuple[str, str, str], _Line] = {}

    def take(self, service: str, region: str, operation: str) -> float:
        """Take a token for a call out of each bucket that it draws on, or none if one of them is empty.

        Returns:
            0, or the seconds after which to try again.
        """
        with self._lock:
            now = self._clock()
            buckets = [self._bucket(limit, region, operation, now) for limit in limits_of(service, operation)]
            seconds = max((bucket.shortfall(now) for bucket in buckets), default=0.0)
            if not seconds:
                for bucket in buckets:
                    bucket.take()
            return seconds

    def _bucket(self, limit: Limit, region: str, operation: str, now: float) -> TokenBucket:
        key = (region, limit, operation if limit.draws == "each" else "")
        if key not in self._buckets:
            self._buckets[key] = self._make(limit, now)
        return self._buckets[key]

    def wait(
        self,
        service: str,
        region: str,
        operation: str,
        sleep: Callable[[float], None],
        waits: Callable[[], None] = lambda: None,
    ) -> None:
        """Take a token as `take` does, as soon as there is one.

        Args:
            sleep: lets so many seconds pass; what it raises ends the wait, and no token was taken.
            waits: is told if there is none at once.
        """
        with self._lock:
            line = self._lines.setdefault((service, region, operation), _Line(self._make_lock()))
            line.length += 1
            reported = line.length > 1
        if reported:
            waits()
        try:
            # one at a time: the others of the same operation would find its bucket as empty
            with line.lock:
                while seconds := self.take(service, region, operation):
                    if not reported:
                        reported = True
                        waits()
                    sleep(seconds)
        finally:
            with self._lock:
                line.length -= 1
