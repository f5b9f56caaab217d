"""Durations of the embedded cloud: AWS's own seconds, multiplied by PROVISION_TIME_SCALE."""

from __future__ import annotations

import heapq
import os
import threading
import time

_coming: list[float] = []
"""The moments at which something that was begun goes on: a heap."""
_lock = threading.Lock()


def scale() -> float:
    """The factor by which every duration is multiplied (PROVISION_TIME_SCALE, 1 when unset)."""
    return float(os.environ.get("PROVISION_TIME_SCALE") or 1)


def round_trip() -> float:
    """Seconds between a call and its answer at the least: the way to a region and back (PROVISION_ROUND_TRIP, in ms).

    They are real ones: networks do not get faster when durations are shortened.
    """
    return float(os.environ.get("PROVISION_ROUND_TRIP") or 0) / 1000


def now() -> float:
    """AWS's seconds, from any moment on."""
    return time.monotonic() / scale()


def later(seconds: float, after: float = 0.0) -> float:
    """The monotonic moment that lies `seconds` of AWS's time ahead of now, or of `after` if that is still to come."""
    moment = max(time.monotonic(), after) + seconds * scale()
    with _lock:
        heapq.heappush(_coming, moment)
    return moment


def stir() -> None:
    """Say that something was written, so that what follows from it may be due."""
    with _lock:
        heapq.heappush(_coming, 0.0)


def due() -> bool:
    """Whether a moment has come, or something was written, since this was last asked."""
    found, now = False, time.monotonic()
    with _lock:
        while _coming and _coming[0] <= now:
            heapq.heappop(_coming)
            found = True
    return found


def passed(moment: float) -> bool:
    """Whether a moment returned by `later` has come."""
    return time.monotonic() >= moment
