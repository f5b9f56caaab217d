"""Long polls: calls that AWS answers only when there is a result. They are repeated, and no other call waits.

Calls are answered one at a time. A call that slept until a message comes would block the call that sends it.
"""

from __future__ import annotations

import threading

_thread = threading.local()


def wait(seconds: float) -> None:
    """Report, while a call is answered, that it found nothing and may be repeated for so many seconds."""
    _thread.seconds = seconds


def taken() -> float:
    """Return for how many seconds to repeat the call that this thread has just answered; 0 if its answer is final."""
    seconds, _thread.seconds = getattr(_thread, "seconds", 0.0), 0.0
    return float(seconds)
