"""Endpoints and security groups that GuardDuty may have created in the VPC: delete them during a teardown."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, step
from provisioner.resources.guardduty import GuardDutyEndpoints, GuardDutyGroups


@dataclass(frozen=True)
class Guardduty:
    """The handle that instances and tasks depend on, so that a teardown deletes them first."""

    handle: Handle | None


@step
def guardduty(stack: Stack, network: Network) -> Guardduty:
    """Declare GuardDuty's own resources, so that a teardown deletes the endpoint, then its group, then the subnets.

    In a VPC that existed before the stack, they are left to the VPC's owner.
    """
    if network.vpc is None:
        return Guardduty(None)
    group = stack.ensure(GuardDutyGroups(stack.name, network.vpc_id))
    subnets = [*network.public, *network.private, *network.database]
    return Guardduty(stack.ensure(GuardDutyEndpoints(stack.name, network.vpc_id, subnets), after=[group]))
