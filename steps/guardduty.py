"""What GuardDuty may have put into the VPC by the time it is to go."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, step
from provisioner.resources.guardduty import GuardDutyEndpoints, GuardDutyGroups


@dataclass(frozen=True)
class Guardduty:
    """What instances and tasks come after, so that at teardown they come before it."""

    handle: Handle | None


@step
def guardduty(stack: Stack, network: Network) -> Guardduty:
    """Declare what nobody here makes: once nothing is left to be watched, the endpoint goes, its group, the subnets.

    In a VPC that was there before they are its owner's business.
    """
    if network.vpc is None:
        return Guardduty(None)
    group = stack.ensure(GuardDutyGroups(stack.name, network.vpc_id))
    subnets = [*network.public, *network.private, *network.database]
    return Guardduty(stack.ensure(GuardDutyEndpoints(stack.name, network.vpc_id, subnets), after=[group]))
