"""Rate limits: token buckets that keep calls below the documented rates of each API.

This tool waits for a token instead of being throttled. The embedded cloud throttles on request, by a
table of its own (`ecs_emulator.rates`).

An API without limits has no documented rate, or one that this tool cannot reach.

boto3's adaptive retry mode is no substitute: it learns a rate only by being throttled, has one rate for all operations
of a client (EC2 takes 20 reads of a kind in a second, and one CreateVpcEndpoint in three), cannot be interrupted while
it waits, and is experimental by its own documentation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from provisioner.aws.api import Limit, signed_by

SHARE = 0.8
"""The share of a limit that this tool uses: the account has other users, and calls arrive unevenly."""

ROUNDING = 1e-9
"""The part of a token that may be missing, because float arithmetic rounds a wait that was just long enough."""


def limits_of(service: str, operation: str) -> tuple[Limit, ...]:
    """Return the limits that apply to a call.

    Args:
        service: the name that signs the call.
    """
    api = signed_by(service)
    return api.limits_of(operation) if api else ()


@dataclass
class TokenBucket:
    """A bucket of up to `burst` tokens that gains `rate` a second; `tokens` is its content at the moment `at`."""

    burst: float
    rate: float
    at: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def shortfall(self, now: float) -> float:
        """Return the seconds until the bucket holds a token; 0 if it holds one now."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        missing = 1 - self.tokens
        return missing / self.rate if missing > ROUNDING else 0.0

    def take(self) -> None:
        """Take a token out of the bucket."""
        self.tokens -= 1


def bucket_below(limit: Limit, at: float) -> TokenBucket:
    """Return a full bucket of this tool's share of the limit.

    AWS adds tokens once a second, this bucket all the time. To allow for that, the burst plus the tokens gained within
    a second stay below AWS's burst. The bucket can hold at least one token.
    """
    rate = SHARE * limit.rate
    return TokenBucket(max(1.0, min(SHARE * limit.burst, limit.burst - rate)), rate, at)


@dataclass
class _Line:
    """The waiting calls of one operation."""

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
        """Take a token for a call out of each bucket that applies to it, or none if one of them is empty.

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
            sleep: lets seconds pass; its error ends the wait, and no token is taken.
            waits: called if there is no token at once.
        """
        with self._lock:
            line = self._lines.setdefault((service, region, operation), _Line(self._make_lock()))
            line.length += 1
            reported = line.length > 1
        if reported:
            waits()
        try:
            # one at a time: further calls of the same operation would find the same bucket empty
            with line.lock:
                while seconds := self.take(service, region, operation):
                    if not reported:
                        reported = True
                        waits()
                    sleep(seconds)
        finally:
            with self._lock:
                line.length -= 1
