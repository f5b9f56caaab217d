"""Tags of schedule groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecs_emulator.services.scheduler.schedules import schedules


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a group."""
    return next((group.tags for group in schedules(account, region).groups.values() if group.arn == arn), {})


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each group."""
    for group in schedules(account, region).groups.values():
        yield group.arn, dict(group.tags), "scheduler:schedule-group"
