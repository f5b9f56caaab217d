"""Calls that AWS answers only once there is something to say: what one found is asked again, and nobody waits for it.

All calls are answered one at a time. One that slept until a message comes would keep out the one that brings it.
"""

from __future__ import annotations

import threading

_thread = threading.local()


def wait(seconds: float) -> None:
    """Say, while a call is answered, that it found nothing, and may be asked again for so many seconds."""
    _thread.seconds = seconds


def taken() -> float:
    """Return how long the call that this thread has just answered is to be asked again; 0 if its answer stands."""
    seconds, _thread.seconds = getattr(_thread, "seconds", 0.0), 0.0
    return float(seconds)
