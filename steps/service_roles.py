"""The roles that AWS's services act with in this account, made before a service needs them for the first time."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, step
from provisioner.resources.iam import ServiceLinkedRole


@dataclass(frozen=True)
class ServiceRoles:
    """The roles, each of which must exist before its service is used; `spot` is None without Spot capacity."""

    ecs: Handle
    autoscaling: Handle
    load_balancing: Handle
    rds: Handle
    task_scaling: Handle
    spot: Handle | None


@step
def service_roles(stack: Stack) -> ServiceRoles:
    """Declare the service-linked roles. In an account that is new to a service its first calls fail without them."""

    def role(name: str, service: str, role_name: str) -> Handle:
        return stack.ensure(ServiceLinkedRole(name, f"{service}.amazonaws.com", f"AWSServiceRoleFor{role_name}"))

    return ServiceRoles(
        ecs=role("ecs", "ecs", "ECS"),
        autoscaling=role("autoscaling", "autoscaling", "AutoScaling"),
        load_balancing=role("elasticloadbalancing", "elasticloadbalancing", "ElasticLoadBalancing"),
        rds=role("rds", "rds", "RDS"),
        task_scaling=role("task-scaling", "ecs.application-autoscaling", "ApplicationAutoScaling_ECSService"),
        spot=role("spot", "spot", "EC2Spot") if stack.config.capacity.spot else None,
    )
