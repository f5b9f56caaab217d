"""Resources of others that keep EC2 from deleting a part of the stack's network, until somebody deletes them.

A resource that AWS makes and deletes by itself is no obstacle (GuardDuty's endpoint, the groups of ECS's load balancers
and of CloudFront's VPC origins). Nor is a network interface: AWS deletes it with its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.tagging import tag_map
from provisioner.engine.words import names
from provisioner.resources.ec2.common import in_vpcs

BY_AWS = frozenset({"GuardDutyManaged", "AmazonECSManaged", "aws.cloudfront.vpcorigin"})
"""The tags of resources that AWS makes in a stack's network and deletes by itself."""
GOING = ("deleting", "deleted")
"""The states of an endpoint that AWS deletes (EC2 API reference, VpcEndpoint)."""

Kept = Callable[[Mapping[str, Any]], bool]
"""Says whether a resource stands in the way, by how EC2 shows it."""


def in_vpc(aws: Aws, vpc_id: str) -> str:
    """Return the obstacles in a VPC by id and name; empty if there are none (API reference, DeleteVpc)."""
    kinds: tuple[tuple[str, str, str, str, Kept], ...] = (
        ("security group", "describe_security_groups", "SecurityGroups", "GroupId", _made),
        ("endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", _stays),
        ("subnet", "describe_subnets", "Subnets", "SubnetId", lambda shown: True),
        ("route table", "describe_route_tables", "RouteTables", "RouteTableId", _second),
    )
    return names([one for kind in kinds for one in _of_others(aws, vpc_id, *kind)])


def in_subnet(aws: Aws, vpc_id: str, subnet_id: str) -> str:
    """Return the endpoints of others in a subnet; empty if there are none."""

    def there(shown: Mapping[str, Any]) -> bool:
        return _stays(shown) and subnet_id in shown.get("SubnetIds", ())

    found = _of_others(aws, vpc_id, "endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", there)
    return names([*found])


def naming_group(aws: Aws, vpc_id: str, group_id: str) -> str:
    """Return the security groups of others with a rule that names this group; empty if there are none."""

    def names_it(shown: Mapping[str, Any]) -> bool:
        rules = (*shown.get("IpPermissions", ()), *shown.get("IpPermissionsEgress", ()))
        peers = (pair.get("GroupId") for rule in rules for pair in rule.get("UserIdGroupPairs", ()))
        return shown["GroupId"] != group_id and group_id in peers

    kind = ("security group", "describe_security_groups", "SecurityGroups", "GroupId", names_it)
    return names([*_of_others(aws, vpc_id, *kind)])


def _of_others(aws: Aws, vpc_id: str, word: str, operation: str, key: str, id: str, kept: Kept) -> Iterator[str]:
    """Yield the resources of one kind in a VPC that are not this stack's, and stay until somebody deletes them."""
    ours = {record.id for record in list(aws.knowledge.records.values())}
    for shown in _sorted(in_vpcs(aws, [vpc_id], operation, key), id):
        tags = tag_map(shown.get("Tags"))
        if kept(shown) and shown[id] not in ours and not aws.owns(tags) and not BY_AWS & tags.keys():
            name = shown.get("GroupName") or tags.get("Name")
            yield f"{word} {shown[id]}{f' ({name})' if name else ''}"


def _sorted(found: Iterable[Mapping[str, Any]], id: str) -> list[Mapping[str, Any]]:
    return sorted(found, key=lambda shown: str(shown[id]))


def _made(group: Mapping[str, Any]) -> bool:
    """Return whether somebody has made a group: each VPC has one by itself, which goes with it."""
    return bool(group.get("GroupName") != "default")


def _stays(endpoint: Mapping[str, Any]) -> bool:
    return str(endpoint.get("State", "")).lower() not in GOING


def _second(table: Mapping[str, Any]) -> bool:
    """Return whether a route table is not the main one, which goes with its VPC."""
    return not any(one.get("Main") for one in table.get("Associations", ()))
