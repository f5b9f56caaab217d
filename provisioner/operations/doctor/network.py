"""What the Region offers: instance types, endpoint services, zones that have both, Fargate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.operations.doctor.verdicts import ok, unknown
from provisioner.operations.zones import FARGATE_ZONES, with_endpoints, with_instances
from steps.endpoints import INTERFACE_SERVICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context


def instance_types(context: Context) -> Sequence[Checked]:
    """Say where the instance types are offered."""
    types = context.config.capacity.instance_types
    zones = with_instances(context.aws, types)
    return [ok("instance types", f"{', '.join(types)}: offered in {_letters(zones)}")]


def endpoint_services(context: Context) -> Sequence[Checked]:
    """Say where all endpoint services are."""
    zones = with_endpoints(context.aws)
    return [ok("endpoint services", f"all {len(INTERFACE_SERVICES)} offered in {_letters(zones)}")]


def zones(context: Context) -> Sequence[Checked]:
    """Say which zones the stack goes to, or is in."""
    chosen = context.zones.names
    return [ok("zones", f"{len(chosen)} of {context.config.network.zones}: {', '.join(chosen)}")]


def fargate(context: Context) -> Sequence[Checked]:
    """Say what is known of Fargate in the Region's zones: AWS has no call that tells."""
    if all(service.launch != "fargate" for service in context.config.services.values()):
        return []
    if known := FARGATE_ZONES.get(context.aws.region):
        return [ok("fargate", f"offered in {', '.join(sorted(known))} (ECS guide, Fargate Regions)")]
    text = f"AWS has no API for this; the ECS guide lists no zone of {context.aws.region} without it"
    return [unknown("fargate", text)]


def _letters(zones: set[str]) -> str:
    return ", ".join(sorted(zones)) or "no zone"
