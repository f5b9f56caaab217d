"""Durations of the embedded cloud: AWS's own seconds, multiplied by PROVISION_TIME_SCALE."""

from __future__ import annotations

import os
import time


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
    return max(time.monotonic(), after) + seconds * scale()


def passed(moment: float) -> bool:
    """Whether a moment returned by `later` has come."""
    return time.monotonic() >= moment
