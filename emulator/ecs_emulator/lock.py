"""The one lock of the embedded cloud: moto's backends are not safe under threads, so each call holds it."""

from __future__ import annotations

import threading
import time


class CloudLock:
    """A lock that its holder may take again, and that tells how long it has been held."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth, self._since = 0, 0.0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1:
            self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        self._lock.release()

    def held(self) -> float:
        """Return for how many seconds the lock has been held; 0 if it is free. Call it without the lock."""
        since, held = self._since, self._depth > 0
        return time.monotonic() - since if held else 0.0


LOCK = CloudLock()
