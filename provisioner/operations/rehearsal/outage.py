"""The outage of one service, as a rehearsal predicts it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PredictedOutage:
    """An outage of a service, or of a URL that leads to it.

    Attributes:
        since, until: seconds after the start of the run; `until` is None if the outage does not end.
        why: the cause.
        url: the URL; empty for an outage of the service itself.
    """

    service: str
    since: float
    until: float | None
    why: str
    url: str = ""
