"""The service-linked roles, which AWS's services use in this account: create them before the first use."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, step
from provisioner.resources.iam import ServiceLinkedRole


@dataclass(frozen=True)
class ServiceRoles:
    """The roles, each of which must exist before its service is used; None for services that the stack does not use."""

    ecs: Handle
    autoscaling: Handle | None
    load_balancing: Handle | None
    rds: Handle | None
    task_scaling: Handle | None
    spot: Handle | None
    vpc_origin: Handle | None = None
    elasticache: Handle | None = None


@step
def service_roles(stack: Stack) -> ServiceRoles:
    """Declare the service-linked roles. In an account that never used a service, its first calls fail without them."""

    def role(name: str, service: str, role_name: str) -> Handle:
        return stack.ensure(ServiceLinkedRole(name, f"{service}.amazonaws.com", f"AWSServiceRoleFor{role_name}"))

    config = stack.config
    scales = any(service.scaling for service in config.services.values())
    # the owner's load balancer has made it already
    balances = config.public and config.listener is None
    balancing, scaling = "elasticloadbalancing", "ecs.application-autoscaling"
    return ServiceRoles(
        ecs=role("ecs", "ecs", "ECS"),
        autoscaling=role("autoscaling", "autoscaling", "AutoScaling") if config.on_instances else None,
        load_balancing=role(balancing, balancing, "ElasticLoadBalancing") if balances else None,
        rds=role("rds", "rds", "RDS") if config.own_database else None,
        task_scaling=role("task-scaling", scaling, "ApplicationAutoScaling_ECSService") if scales else None,
        vpc_origin=role("vpc-origin", "vpcorigin.cloudfront", "CloudFrontVPCOrigin") if config.distributed else None,
        elasticache=role("elasticache", "elasticache", "ElastiCache") if config.redis else None,
        spot=role("spot", "spot", "EC2Spot") if config.on_instances and config.capacity.spot else None,
    )
