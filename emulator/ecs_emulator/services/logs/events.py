"""Log events: their order, and the delay until calls find them."""

from __future__ import annotations

import json
import time
import zlib
from typing import Any

from moto.logs.models import LogGroup, LogStream
from moto.logs.responses import LogsResponse

from ecs_emulator import faults
from ecs_emulator.patch import refuse, wrap

LATE_SECONDS = 20
"""The longest delay until calls find a stream's events, in the scenario `late-logs`. AWS does not say; assumed."""


@wrap(LogsResponse, "filter_log_events")
def filter_log_events(original: Any, self: Any) -> str:
    """FilterLogEvents: support stream names or their prefix; searchedLogStreams is always empty."""
    prefix = self._get_param("logStreamNamePrefix") or ""
    if prefix and self._get_param("logStreamNames"):
        refuse("InvalidParameterException", "logStreamNames and logStreamNamePrefix are mutually exclusive.")
    found = json.loads(original(self))
    events = [event for event in found["events"] if event["logStreamName"].startswith(prefix)]
    return json.dumps({**found, "events": events, "searchedLogStreams": []})


@wrap(LogGroup, "filter_log_events")
def of_group(
    original: Any,
    self: Any,
    log_group_name: str,
    log_stream_names: list[str],
    start_time: int,
    end_time: int,
    limit: int | None,
    next_token: str | None,
    filter_pattern: str,
    interleaved: bool,
) -> Any:
    """FilterLogEvents: return the events of all streams by time, and ignore `interleaved` (API reference)."""
    asked = (log_group_name, log_stream_names, start_time, end_time, limit, next_token, filter_pattern)
    return original(self, *asked, interleaved=True)


@wrap(LogStream, "filter_log_events")
def of_stream(original: Any, self: Any, start_time: int, end_time: int, filter_pattern: str) -> Any:
    """FilterLogEvents: find events only some time after PutLogEvents, in the scenario `late-logs`."""
    if not faults.current.strike("late-logs", "logs:FilterLogEvents"):
        return original(self, start_time, end_time, filter_pattern)
    late = zlib.crc32(self.log_stream_name.encode()) % (LATE_SECONDS + 1)
    shown = [one for one in self.events if one.ingestion_time / 1000 + late <= time.time()]
    everything, self.events = self.events, shown
    try:
        return original(self, start_time, end_time, filter_pattern)
    finally:
        self.events = everything
