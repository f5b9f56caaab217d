"""Distributions of CloudFront as a way to load balancers: their names, and why one does not answer.

A distribution that is disabled counts as down at once: the first edge locations know it within seconds. A change of its
settings interrupts nothing; until the first one has reached all edge locations, a new one does not answer everywhere
(CloudFront developer guide, "Update a distribution").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecs_emulator.clock import passed
from ecs_emulator.security_groups import admit


def names(account: str, dns_name: str) -> Iterator[str]:
    """Yield the names of the distributions that lead to a load balancer with this name."""
    for one in _distributions(account):
        if any(origin["DomainName"].lower() == dns_name.lower() for origin in one.config["Origins"]["Items"]):
            yield one.domain_name


def leads(account: str, name: str) -> bool:
    """Return whether a name is a distribution's."""
    return any(one.domain_name == name for one in _distributions(account))


def shut(account: str, ec2: Any, balancer: Any, name: str) -> str:
    """Return the reason why requests under a distribution's name do not reach its load balancer; empty if they do."""
    one = next(one for one in _distributions(account) if one.domain_name == name)
    if not one.config["Enabled"]:
        return "its distribution is disabled"
    if not passed(one.first_deployed_at):
        return "its distribution is not deployed yet"
    there = _vpc_origins(account)
    used = [there[each] for each in one.vpc_origins if each in there]
    if not any(each.status == "Deployed" and each.config["Arn"] == balancer.arn for each in used):
        return "its VPC origin does not lead to the load balancer"
    if not admit(ec2, balancer.security_groups, 80):
        return "no security group of its load balancer lets CloudFront in on port 80"
    return ""


def _distributions(account: str) -> Iterator[Any]:
    from moto.cloudfront.models import cloudfront_backends

    yield from cloudfront_backends[account]["aws"].distributions.values()


def _vpc_origins(account: str) -> dict[str, Any]:
    from moto.cloudfront.models import cloudfront_backends

    backend: Any = cloudfront_backends[account]["aws"]
    return dict(backend.vpc_origins)
