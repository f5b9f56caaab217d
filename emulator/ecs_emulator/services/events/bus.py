"""The default event bus: events that AWS's own services send, and counts of the matches of each rule.

Source: EventBridge user guide, "Monitoring Amazon EventBridge": TriggeredRules has points once a rule has matched, with
or without a target (aws-cdk counts the results of Glue jobs by rules without a target: `aws-glue-alpha`, `Job`,
`metricFailure`).
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.events.models import EventsBackend, Rule, events_backends

from ecs_emulator.clock import CLOCK
from ecs_emulator.patch import on_reset

DEFAULT = "default"
_MINUTE = 60
_KEPT_MINUTES = 24 * 60
"""Minutes to keep: an alarm with periods below an hour looks back a day at most (API reference, PutMetricAlarm)."""
_counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
"""Numbers of matches, by the rule's ARN and by minutes since the epoch."""


def send(
    account: str, region: str, source: str, kind: str, resources: list[str], detail: Callable[[], Mapping[str, Any]]
) -> None:
    """Send an event to the rules of the default bus.

    Args:
        source, kind: such as `aws.ecs` and `ECS Task State Change`.
        detail: returns the event's detail; called only if there is a rule.
    """
    backend: EventsBackend = events_backends[account][region]
    rules = [*backend.event_buses[DEFAULT].rules.values()]
    if not rules:
        return
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": int(CLOCK.time()),
        "region": region,
        "resources": resources,
        "detail": detail(),
        "ingestion-time": CLOCK.time(),
    }
    for rule in rules:
        rule.send_to_targets(event)


def note(rule: Rule) -> None:
    """Count a match of a rule with an event."""
    counts, now = _counts[rule.arn], int(CLOCK.time()) // _MINUTE
    for old in [one for one in counts if one < now - _KEPT_MINUTES]:
        del counts[old]
    counts[now] += 1


def triggered(account: str, region: str, name: str, minutes: Iterable[int]) -> list[float]:
    """Return the numbers of matches of a rule of the default bus in these minutes, without minutes that have none."""
    counts = next((_counts[arn] for arn in [*_counts] if arn.endswith(f":{region}:{account}:rule/{name}")), Counter())
    return [float(counts[one]) for one in minutes if counts[one]]


@on_reset
def forget() -> None:
    """Drop all counts."""
    _counts.clear()
