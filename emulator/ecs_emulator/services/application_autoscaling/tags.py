"""Tags of scalable targets, which the tagging API does not list here."""

from __future__ import annotations

from collections.abc import Mapping

from moto.applicationautoscaling.models import applicationautoscaling_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a scalable target."""
    dimensions = applicationautoscaling_backends[account][region].targets.values()
    known = (target for targets in dimensions for target in targets.values() if target.arn == arn)
    return getattr(next(known, None), "tags", {})
