"""Tags of rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.events.models import events_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a rule."""
    return events_backends[account][region].tagger.get_tag_dict_for_resource(arn)


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each rule."""
    backend = events_backends[account][region]
    for bus in backend.event_buses.values():
        for rule in bus.rules.values():
            yield rule.arn, backend.tagger.get_tag_dict_for_resource(rule.arn), "events:rule"
