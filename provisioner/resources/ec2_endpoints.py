"""EC2's VPC endpoints: the private subnets' only way to AWS's own services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from provisioner.aws.client import Aws
from provisioner.aws.errors import refused
from provisioner.aws.tagging import tag_map
from provisioner.engine.clock import since
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.ec2_network import Vpc, interfaces
from provisioner.resources.iam import Policy, normal

FULL_ACCESS = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
"""The statement of the policy that AWS attaches when none is given; it is the only one of services that take none."""


@dataclass(frozen=True)
class VpcEndpoint(Resource):
    """An endpoint of the stack's VPC: of type Interface in subnets, or of type Gateway in route tables.

    A gateway's route tables all go into the one create call: AWS works on later ones one after the other, for minutes.

    Attributes:
        policy_document: what may be done by way of it; None for all. Not every service takes one.
    """

    vpc_id: str
    service_name: str
    vpc_endpoint_type: str
    route_table_ids: Sequence[str] = ()
    subnet_ids: Sequence[str] = ()
    security_group_ids: Sequence[str] = ()
    private_dns_enabled: bool = False
    policy_document: Policy | None = None

    service: ClassVar[str] = "ec2"
    identity: ClassVar[Sequence[str]] = ("vpc_id", "service_name")
    create_only: ClassVar[frozenset[str]] = frozenset({"vpc_id", "service_name", "vpc_endpoint_type"})
    unordered: ClassVar[frozenset[str]] = frozenset({"route_table_ids", "subnet_ids", "security_group_ids"})
    update_when_ready: ClassVar[bool] = True
    create_timeout: ClassVar[float] = 600
    delete_timeout: ClassVar[float] = 1200
    poll_interval: ClassVar[float] = 5

    def __post_init__(self) -> None:
        if self.policy_document is not None:
            object.__setattr__(self, "policy_document", normal(self.policy_document))

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        vpcs = [vpc.id for vpc in aws.live(Vpc)]
        if not vpcs:
            return
        filters = [{"Name": "vpc-id", "Values": vpcs}]
        for endpoint in aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters):
            if endpoint["State"].lower() != "deleted":
                yield cls._live(aws, endpoint)

    @staticmethod
    def _live(aws: Aws, endpoint: Mapping[str, Any]) -> Observed:
        attributes = {
            "vpc_id": endpoint["VpcId"],
            # those of VPC Lattice have none
            "service_name": endpoint.get("ServiceName"),
            "vpc_endpoint_type": endpoint["VpcEndpointType"],
            "route_table_ids": endpoint.get("RouteTableIds", []),
            "subnet_ids": endpoint.get("SubnetIds", []),
            "security_group_ids": [group["GroupId"] for group in endpoint.get("Groups", ())],
            "private_dns_enabled": endpoint.get("PrivateDnsEnabled", False),
            "policy_document": _policy(endpoint.get("PolicyDocument")),
        }
        tags, reason = tag_map(endpoint.get("Tags")), endpoint.get("LastError", {}).get("Message", "")
        # the reference spells states with a capital, the service answers without
        state = endpoint["State"].lower()
        return Observed(
            endpoint["VpcEndpointId"],
            attributes,
            address=aws.address_in(tags),
            owned=aws.owns(tags),
            status=f"{state}: {reason}" if reason else state,
            deleting=state == "deleting",
        )

    def create(self, aws: Aws, token: str) -> Observed:
        parts: dict[str, Any] = {
            "RouteTableIds": self.route_table_ids,
            "SubnetIds": self.subnet_ids,
            "SecurityGroupIds": self.security_group_ids,
        }
        if self.vpc_endpoint_type == "Interface":
            parts["PrivateDnsEnabled"] = self.private_dns_enabled
        if self.policy_document is not None:
            parts["PolicyDocument"] = json.dumps(self.policy_document)
        endpoint = aws.client("ec2").create_vpc_endpoint(
            VpcId=self.vpc_id,
            ServiceName=self.service_name,
            VpcEndpointType=self.vpc_endpoint_type,
            ClientToken=token,
            TagSpecifications=aws.tag_specification("vpc-endpoint", self.address),
            **{name: value for name, value in parts.items() if value != ()},
        )["VpcEndpoint"]
        return self._live(aws, endpoint)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        arguments: dict[str, Any] = {}
        for name, part in (
            ("route_table_ids", "RouteTableIds"),
            ("subnet_ids", "SubnetIds"),
            ("security_group_ids", "SecurityGroupIds"),
        ):
            if name in changes:
                wanted, there = set(getattr(self, name)), set(live.attributes[name])
                arguments |= {f"Add{part}": sorted(wanted - there), f"Remove{part}": sorted(there - wanted)}
        if "private_dns_enabled" in changes:
            arguments["PrivateDnsEnabled"] = self.private_dns_enabled
        if "policy_document" in changes:
            arguments |= self._policy_change()
        given = {name: value for name, value in arguments.items() if value != []}
        aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=live.id, **given)

    def _policy_change(self) -> dict[str, Any]:
        if self.policy_document is not None:
            return {"PolicyDocument": json.dumps(self.policy_document)}
        # the reset is for gateways only (ModifyVpcEndpoint)
        return {"ResetPolicy": True} if self.vpc_endpoint_type == "Gateway" else {"PolicyDocument": _full_access()}

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # what AWS refuses here comes with a good answer, in `Unsuccessful`
        for item in aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[live.id])["Unsuccessful"]:
            raise refused(item["Error"], "DeleteVpcEndpoints")

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        state = live.status.partition(":")[0]
        if state in ("rejected", "failed", "expired"):
            raise Failed(f"the endpoint of {live.attributes['service_name']} is {live.status}")
        return None if state == "available" else live.status

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[live.id])["VpcEndpoints"]
        error = shown.get("LastError", {}).get("Message", "")
        said = f"{live.id} is {shown['State']}{since(shown.get('CreationTimestamp'))}"
        return "; ".join(filter(None, [said, error, cls.blockers(aws, live)]))

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        # an endpoint's interfaces name it in their description
        return interfaces(aws, "description", f"VPC Endpoint Interface {live.id}")


def _policy(document: str | None) -> Policy | str | None:
    """Return an endpoint's policy in one form: None for that which lets everything pass."""
    try:
        found = normal(json.loads(document)) if document else None
    except ValueError:
        return document
    return None if found is None or found["Statement"] == [FULL_ACCESS] else found


def _full_access() -> str:
    return json.dumps({"Version": "2008-10-17", "Statement": [FULL_ACCESS]})
