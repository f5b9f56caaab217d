"""EC2's VPC endpoints, by which private subnets reach AWS's own services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.permissions import ASKED, CHANGED, OURS, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.clock import since
from provisioner.engine.costs import Around, Cost, by_load, hourly
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource, kept
from provisioner.resources.ec2.api import API, TAGGED
from provisioner.resources.ec2.common import check_all_done, in_vpcs, interfaces
from provisioner.resources.ec2.network import Vpc
from provisioner.resources.phrases import because
from provisioner.resources.policies import Policy, normal

FULL_ACCESS = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
"""The statement of AWS's default policy. Services without endpoint policies accept no other."""

PARTS = {"route_table_ids": "RouteTableIds", "subnet_ids": "SubnetIds", "security_group_ids": "SecurityGroupIds"}
"""The fields that CreateVpcEndpoint takes as a whole, and ModifyVpcEndpoint as additions and removals."""


@dataclass(frozen=True)
class VpcEndpoint(Resource):
    """An endpoint of the stack's VPC: of type Interface in subnets, or of type Gateway in route tables.

    A gateway's route tables all go into the create call: AWS handles later ones one after the other, for minutes.

    Attributes:
        policy_document: the actions allowed through the endpoint; None for all. Some services take no policy.
    """

    vpc_id: str
    service_name: str
    vpc_endpoint_type: str
    route_table_ids: Sequence[str] = ()
    subnet_ids: Sequence[str] = ()
    security_group_ids: Sequence[str] = ()
    private_dns_enabled: bool = False
    policy_document: Policy | None = None

    type_name = "vpc_endpoint"
    api = API
    takes = Takes(ready=(durations.ENDPOINT_CREATE,), gone=(durations.ENDPOINT_DELETE,))
    arn = "vpc-endpoint/*"
    permissions = (
        *TAGGED,
        *grants("ec2", "DescribeVpcEndpoints"),
        *grants("ec2", "CreateVpcEndpoint", OWN, conditions=ASKED),
        *grants(
            "ec2", "CreateVpcEndpoint", *("vpc/*", "route-table/*", "security-group/*", "subnet/*"), conditions=OURS
        ),
        *grants("ec2", "DeleteVpcEndpoints", OWN, conditions=OURS),
        *grants(
            "ec2",
            "ModifyVpcEndpoint",
            *(OWN, "route-table/*", "security-group/*", "subnet/*"),
            conditions=OURS,
            use=Use.OTHER,
            why=CHANGED,
        ),
    )
    identity = ("vpc_id", "service_name")
    create_only = frozenset({"vpc_id", "service_name", "vpc_endpoint_type"})
    unordered = frozenset({"route_table_ids", "subnet_ids", "security_group_ids"})
    update_when_ready = True
    create_timeout = 600
    delete_timeout = 1200
    poll_interval = 5

    def __post_init__(self) -> None:
        if self.policy_document is not None:
            object.__setattr__(self, "policy_document", normal(self.policy_document))

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        if settings.get("vpc_endpoint_type") != "Gateway":
            zones = len(settings.get("subnet_ids") or ())
            yield hourly(f"an interface in {zones} zones", "endpoint.hour", zones)
            yield by_load("data through interface endpoints", "endpoint.gb", "endpoint_gb")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        vpcs = [vpc.id for vpc in aws.live(Vpc)]
        for endpoint in in_vpcs(aws, vpcs, "describe_vpc_endpoints", "VpcEndpoints"):
            if endpoint["State"].lower() != "deleted":
                yield cls._live(aws, endpoint)

    @staticmethod
    def _live(aws: Aws, endpoint: Mapping[str, Any]) -> Observed:
        attributes = {
            "vpc_id": endpoint["VpcId"],
            # endpoints of VPC Lattice have none
            "service_name": endpoint.get("ServiceName"),
            "vpc_endpoint_type": endpoint["VpcEndpointType"],
            "route_table_ids": endpoint.get("RouteTableIds", []),
            "subnet_ids": endpoint.get("SubnetIds", []),
            "security_group_ids": [group["GroupId"] for group in endpoint.get("Groups", ())],
            "private_dns_enabled": endpoint.get("PrivateDnsEnabled", False),
            "policy_document": _policy(endpoint.get("PolicyDocument")),
        }
        # the reference spells states with a capital letter, the service answers without
        state = endpoint["State"].lower()
        status, tags = because(state, endpoint.get("LastError", {}).get("Message")), tag_map(endpoint.get("Tags"))
        return observed(aws, endpoint["VpcEndpointId"], attributes, tags, status=status, deleting=state == "deleting")

    def create(self, aws: Aws, token: str) -> Observed:
        parts: dict[str, Any] = {member: ids for name, member in PARTS.items() if (ids := getattr(self, name))}
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
            **parts,
        )["VpcEndpoint"]
        return self._live(aws, endpoint)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        arguments: dict[str, Any] = {}
        for name in PARTS.keys() & changes.keys():
            wanted, there = {*changes[name].new}, {*changes[name].old}
            arguments |= {f"Add{PARTS[name]}": sorted(wanted - there), f"Remove{PARTS[name]}": sorted(there - wanted)}
        if "private_dns_enabled" in changes:
            arguments["PrivateDnsEnabled"] = self.private_dns_enabled
        if "policy_document" in changes:
            arguments |= self._policy_change()
        given = {name: value for name, value in arguments.items() if value != []}
        aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=live.id, **given)

    def widened(self, before: Mapping[str, Any], live: Observed) -> VpcEndpoint:
        parts: dict[str, Any] = {
            name: kept(getattr(self, name), before.get(name), live.attributes[name]) for name in PARTS
        }
        return replace(self, **parts)

    def _policy_change(self) -> dict[str, Any]:
        if self.policy_document is not None:
            return {"PolicyDocument": json.dumps(self.policy_document)}
        if self.vpc_endpoint_type == "Gateway":
            # only gateways can be reset (ModifyVpcEndpoint)
            return {"ResetPolicy": True}
        return {"PolicyDocument": json.dumps({"Version": "2008-10-17", "Statement": [FULL_ACCESS]})}

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        check_all_done(aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[live.id]), "DeleteVpcEndpoints")

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        state = live.status.partition(":")[0]
        if state in ("rejected", "failed", "expired"):
            name = live.attributes["service_name"]
            raise Failed(f"the endpoint of {name} is {live.status}: delete it in the VPC console, then run again")
        return None if state == "available" else live.status

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[live.id])["VpcEndpoints"]
        error = shown.get("LastError", {}).get("Message", "")
        status_text = f"{live.id} is {shown['State']}{since(shown.get('CreationTimestamp'))}"
        return "; ".join(filter(None, [status_text, error, cls.blockers(aws, live)]))

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        # the description of an endpoint's interface contains the endpoint's id
        return interfaces(aws, "description", f"VPC Endpoint Interface {live.id}")


def _policy(document: str | None) -> Policy | str | None:
    """Return an endpoint's policy in a normal form; None for a policy that allows everything."""
    try:
        found = normal(json.loads(document)) if document else None
    except ValueError:
        return document
    return None if found is None or found["Statement"] == [FULL_ACCESS] else found
