"""Account-wide settings: trunking, which lets an instance run more tasks, is the only one."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, ready, step
from provisioner.resources.ecs.account import AccountSetting


@dataclass(frozen=True)
class Account:
    """The handle that container instances must wait for: the setting; none if it is not declared."""

    settled: list[Handle]


@step
def account(stack: Stack, network: Network) -> Account:
    """Declare trunk interfaces for container instances, if there are any.

    A c5.large then has room for 10 tasks instead of 2.

    Only instances launched afterwards have them (ECS developer guide, container-instance-eni). The setting's former
    value is kept, and restored when the stack is torn down.
    """
    # the former value is kept in a tag of the VPC; a VPC that existed before the stack is not changed
    if network.vpc is None or not stack.config.account.trunking or not stack.config.on_instances:
        return Account([])
    setting = stack.ensure(AccountSetting("trunking", network.vpc_id, "awsvpcTrunking", "enabled"))
    return Account([ready(setting)])
