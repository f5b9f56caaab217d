"""Which events of a log group were read already, and where the next look at it begins.

CloudWatch Logs selects events by the time that they were written, never by the time that it has come to know them. So
a reader who goes on where the newest event was loses what comes late: the log driver collects for some seconds, and
every task has a stream of its own. Each look therefore begins before the last one's end, and ids tell what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NEAR_MS = 30_000
"""How far before the newest event each look begins."""
FAR_MS = 900_000
"""How far before the one before it a far look begins. AWS refuses callers whose clock is five minutes wrong (IAM user
guide, "Signature Version 4"): what is found ten minutes late is not lost."""
FAR_EVERY = 30
"""The first look of so many is a far one: at two seconds each that is one a minute."""

Event = Mapping[str, Any]
"""One of the answers of FilterLogEvents: `timestamp`, `ingestionTime`, `logStreamName`, `eventId`, `message`."""


@dataclass
class Window:
    """What was read of one log group. All times are milliseconds since the epoch.

    Attributes:
        floor: nothing before it is looked for any more.
        start: where this look begins.
        newest: the time of the newest event, as far as CloudWatch Logs agrees that it has come already.
        looks: how many have begun.
        seen: the times of the events that a further look may find again, by id.
    """

    floor: int
    start: int = 0
    newest: int = 0
    looks: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    _next_floor: int = 0

    def begin(self, now: int) -> None:
        """Begin a look, by the caller's clock."""
        far = self.looks % FAR_EVERY == 0
        self.start = self.floor if far else max(self.floor, self.newest - NEAR_MS)
        self.looks += 1
        # a near look has not seen what came late, and one that was refused has seen nothing: the next far one has to
        self._next_floor = max(self.floor, now - FAR_MS) if far else self.floor

    def fresh(self, events: Iterable[Event]) -> list[Event]:
        """Return those of a page that were not there before, and remember them as long as it matters."""
        found = list[Event]()
        for event in events:
            time = int(event.get("timestamp", 0))
            # a stream's name and the text stand in for an id that is missing
            key = str(event.get("eventId") or (time, event.get("logStreamName"), event.get("message")))
            # the clock of a task may be wrong: what it dates ahead is no newer than its arrival
            self.newest = max(self.newest, min(time, int(event.get("ingestionTime", time))))
            if key in self.seen:
                continue
            if time >= self._next_floor:
                self.seen[key] = time
            found.append(event)
        return found

    def end(self) -> None:
        """End a look, all pages of which were read."""
        self.floor = self._next_floor
        self.seen = {key: time for key, time in self.seen.items() if time >= self.floor}
