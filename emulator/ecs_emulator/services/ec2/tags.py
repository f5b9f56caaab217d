"""Tags of EC2's resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.ec2.models import ec2_backends

from ecs_emulator.services.ec2.groups import all_rules


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of the resource with this ARN."""
    return ec2_backends[account][region].tags.get(resource.rpartition("/")[2], {})


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each resource that moto does not list."""
    ec2, base = ec2_backends[account][region], f"arn:aws:ec2:{region}:{account}"
    ec2.describe_vpc_endpoints(None)
    for name, resources in (
        ("vpc-endpoint", ec2.vpc_end_points),
        ("launch-template", ec2.launch_templates),
        ("vpc-flow-log", ec2.flow_logs),
    ):
        for resource_id in resources:
            yield f"{base}:{name}/{resource_id}", dict(ec2.tags.get(resource_id, {})), f"ec2:{name}"
    for rule in all_rules(ec2):
        yield f"{base}:security-group-rule/{rule.id}", dict(ec2.tags.get(rule.id, {})), "ec2:security-group-rule"
