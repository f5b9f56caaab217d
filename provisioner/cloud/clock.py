"""Durations of the embedded cloud: AWS's own seconds, multiplied by PROVISION_TIME_SCALE."""

from __future__ import annotations

import os
import time


def scale() -> float:
    """The factor by which every duration is multiplied (PROVISION_TIME_SCALE, 1 when unset)."""
    return float(os.environ.get("PROVISION_TIME_SCALE") or 1)


def later(seconds: float) -> float:
    """The monotonic moment that lies `seconds` of AWS's time ahead of now."""
    return time.monotonic() + seconds * scale()


def passed(moment: float) -> bool:
    """Whether a moment returned by `later` has come."""
    return time.monotonic() >= moment
