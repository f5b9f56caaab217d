"""CloudFront in front of the internal load balancer: HTTPS without a domain."""

from __future__ import annotations

from provisioner import Network, Stack, ready, step
from provisioner.resources.cloudfront.distribution import BY_CACHE_CONTROL, NO_CACHE, Distribution
from provisioner.resources.cloudfront.vpc_origin import VpcOrigin
from provisioner.steps.load_balancer import LoadBalancing
from provisioner.steps.service_roles import ServiceRoles


@step
def cloudfront(stack: Stack, network: Network, service_roles: ServiceRoles, load_balancer: LoadBalancing) -> None:
    """Declare the VPC origin and the distribution that leads to it; nothing without `[cloudfront]`."""
    settings, role = stack.config.cloudfront, service_roles.vpc_origin
    if settings is None or role is None or load_balancer.arn is None or load_balancer.dns_name is None:
        return
    # CloudFront looks for the gateway when it makes the VPC origin
    before = [role, *([ready(network.gateway)] if network.gateway else [])]
    origin = stack.ensure(VpcOrigin("main", stack.name, load_balancer.arn), after=before)
    stack.ensure(
        Distribution(
            "main",
            stack.name,
            load_balancer.dns_name,
            ready(origin).id,
            BY_CACHE_CONTROL if settings.cache else NO_CACHE,
            origin_read_timeout=settings.read_timeout,
            web_acl_id=settings.waf_acl or "",
        )
    )
