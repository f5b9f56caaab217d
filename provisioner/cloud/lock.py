"""The one lock of the embedded cloud: moto's backends are not safe under threads, so each call holds it."""

from __future__ import annotations

import threading

LOCK = threading.RLock()
