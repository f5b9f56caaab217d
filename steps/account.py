"""The one thing that is set for the whole account: trunking, which lets an instance hold many tasks."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, ready, step
from provisioner.resources.ecs.account import AccountSetting


@dataclass(frozen=True)
class Account:
    """What must be in force before the first instance is launched: the setting, or nothing."""

    settled: list[Handle]


@step
def account(stack: Stack, network: Network) -> Account:
    """Declare that container instances, if there are any, get trunk interfaces.

    A c5.large then has room for 10 tasks instead of 2.

    Only instances launched afterwards profit (ECS developer guide, container-instance-eni). The former value is kept,
    and put back when the stack goes.
    """
    # the former value is kept in a tag of the VPC, and one that was there before is not changed
    if network.vpc is None or not stack.config.account.trunking or not stack.config.on_instances:
        return Account([])
    setting = stack.ensure(AccountSetting("trunking", network.vpc_id, "awsvpcTrunking", "enabled"))
    return Account([ready(setting)])
