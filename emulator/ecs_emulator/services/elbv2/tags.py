"""Tags of load balancers, target groups, listeners and rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.elbv2.models import elbv2_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of the resource with this ARN."""
    return elbv2_backends[account][region].describe_tags([arn])[arn]


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each resource."""
    elb = elbv2_backends[account][region]
    arns = dict.fromkeys(elb.target_groups, "targetgroup")
    for balancer in elb.load_balancers.values():
        arns[balancer.arn] = "loadbalancer"
        for listener in balancer.listeners.values():
            arns[listener.arn] = "listener"
            arns.update({rule.arn: "listener-rule" for rule in listener.rules.values()})
    for arn, resource_type in arns.items():
        yield arn, elb.tagging_service.get_tag_dict_for_resource(arn), f"elasticloadbalancing:{resource_type}"
