"""Remember the events of a log group that were read, and choose the start of the next read.

CloudWatch Logs selects events by the time at which they were written, never by the time at which it received them. A
reader that continues at the newest event would lose late events: the log driver collects events for some seconds, and
every task has its own stream. Each read therefore begins before the end of the last one, and event ids identify the new
events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NEAR_MS = 30_000
"""Milliseconds before the newest event at which a near read begins."""
FAR_MS = 900_000
"""Milliseconds before the previous far read at which a far read begins. AWS refuses callers whose clock is five minutes
wrong (IAM user guide, "Signature Version 4"), so an event that arrives ten minutes late is still read."""
FAR_EVERY = 30
"""One of so many reads is a far one: one a minute, at two seconds a read."""

Event = Mapping[str, Any]
"""One event in an answer of FilterLogEvents: `timestamp`, `ingestionTime`, `logStreamName`, `eventId`, `message`."""


@dataclass
class Window:
    """The read part of one log group. All times are milliseconds since the epoch.

    Attributes:
        floor: the earliest time that further reads include.
        start: the first moment of the current read.
        newest: the time of the newest event; an event dated after its arrival counts at its arrival.
        looks: the number of reads begun.
        seen: the times of the events that a further read may return again, by id.
    """

    floor: int
    start: int = 0
    newest: int = 0
    looks: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    _next_floor: int = 0

    def begin(self, now: int) -> None:
        """Begin a read at `now`, the caller's time."""
        far = self.looks % FAR_EVERY == 0
        self.start = self.floor if far else max(self.floor, self.newest - NEAR_MS)
        self.looks += 1
        # only a complete far read raises the floor: near reads skip late events, and a failed read may miss any
        self._next_floor = max(self.floor, now - FAR_MS) if far else self.floor

    def fresh(self, events: Iterable[Event]) -> list[Event]:
        """Return the events of a page that are new, and remember them while a later read may return them again."""
        found = list[Event]()
        for event in events:
            time = int(event.get("timestamp", 0))
            # without an id, identify the event by its time, stream and text
            key = str(event.get("eventId") or (time, event.get("logStreamName"), event.get("message")))
            # the clock of a task may be ahead: an event is no newer than its arrival
            self.newest = max(self.newest, min(time, int(event.get("ingestionTime", time))))
            if key in self.seen:
                continue
            if time >= self._next_floor:
                self.seen[key] = time
            found.append(event)
        return found

    def end(self) -> None:
        """End a read of which all pages were read."""
        self.floor = self._next_floor
        self.seen = {key: time for key, time in self.seen.items() if time >= self.floor}
