"""The default event bus: what AWS's own services send to it, and how often each rule has matched.

Source: EventBridge user guide, "Monitoring Amazon EventBridge": TriggeredRules has points once a rule has matched, with
or without a target (aws-cdk counts by it what becomes of a job of Glue, by rules without any: `aws-glue-alpha`, `Job`,
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
"""An alarm looks back a day at the most where its periods are shorter than an hour (API reference, PutMetricAlarm)."""
_counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
"""By the ARN of a rule, and by minutes from the epoch on."""


def send(
    account: str, region: str, source: str, kind: str, resources: list[str], detail: Callable[[], Mapping[str, Any]]
) -> None:
    """Send an event to the rules of the default bus.

    Args:
        source, kind: such as `aws.ecs` and `ECS Task State Change`.
        detail: is asked for only if there is a rule.
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
    """Note that a rule has matched an event."""
    counts, now = _counts[rule.arn], int(CLOCK.time()) // _MINUTE
    for old in [one for one in counts if one < now - _KEPT_MINUTES]:
        del counts[old]
    counts[now] += 1


def triggered(account: str, region: str, name: str, minutes: Iterable[int]) -> list[float]:
    """Return how often a rule of the default bus has matched in each of these minutes in which it has."""
    counts = next((_counts[arn] for arn in [*_counts] if arn.endswith(f":{region}:{account}:rule/{name}")), Counter())
    return [float(counts[one]) for one in minutes if counts[one]]


@on_reset
def forget() -> None:
    """Have nothing counted."""
    _counts.clear()
