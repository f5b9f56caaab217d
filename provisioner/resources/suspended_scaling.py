"""Suspended autoscaling: somebody has switched it off for a service, which then keeps its number of tasks.

This tool never suspends: `sleep` sets the bounds to none. Calls that leave the setting out do not change it
(API reference, RegisterScalableTarget), so that neither `up` nor `wake` ends it: it is named, with the way to end it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.engine.words import names
from provisioner.resources.application_autoscaling import SUSPENDED, ScalableTarget

if TYPE_CHECKING:
    from provisioner.aws.client import Aws


def read(aws: Aws) -> dict[str, Sequence[str]]:
    """Return the suspended kinds of scaling, by service; services that scale are left out."""
    found = [(live.id, live.details.get("suspended", ())) for live in aws.live(ScalableTarget) if live.owned]
    return {of.rpartition("/")[2]: what for of, what in sorted(found) if what}


def notes(aws: Aws, services: Collection[str] | None = None) -> list[str]:
    """Return a note for each service with suspended scaling.

    Args:
        services: the services to look at; None: all.
    """
    return [told(name, what) for name, what in read(aws).items() if services is None or name in services]


def told(service: str, suspended: Sequence[str]) -> str:
    """Return a note on one service with suspended scaling."""
    return (
        f"services.{service}: somebody has suspended {names(suspended)}, so that it keeps its number of tasks; "
        f"`provision doctor` says how to end that"
    )


def remedy(resource_id: str) -> str:
    """Return the command that ends the suspension of a scalable target."""
    state = ",".join(f"{member}=false" for member in SUSPENDED)
    return (
        f"`aws application-autoscaling register-scalable-target --service-namespace ecs --resource-id {resource_id} "
        f"--scalable-dimension ecs:service:DesiredCount --suspended-state {state}`"
    )


def read_targets(aws: Aws, resource_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the existing scalable targets of these services."""
    pages = aws.pages(
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        ServiceNamespace="ecs",
        ScalableDimension="ecs:service:DesiredCount",
        ResourceIds=resource_ids,
    )
    return [*pages]
