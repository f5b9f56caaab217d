"""The outage of one service, as a rehearsal predicts it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PredictedOutage:
    """Something is down: seconds since the run's start (`until` is None if it is for good), and how it began.

    With a `url` it is that URL, which led to the service; else the service itself.
    """

    service: str
    since: float
    until: float | None
    why: str
    url: str = ""
