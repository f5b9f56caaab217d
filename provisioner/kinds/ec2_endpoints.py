"""EC2's VPC endpoints: the private subnets' only way to AWS's own services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from provisioner.aws import Aws, tag_map
from provisioner.engine.errors import Failed
from provisioner.engine.kind import Changes, Kind, Live
from provisioner.engine.waits import since
from provisioner.kinds.ec2_network import Vpc, interfaces


@dataclass(frozen=True)
class VpcEndpoint(Kind):
    """An endpoint of the stack's VPC: of type Interface in subnets, or of type Gateway in route tables.

    A gateway's route tables all go into the one create call: AWS works on later ones one after the other, for minutes.
    """

    vpc_id: str
    service_name: str
    vpc_endpoint_type: str
    route_table_ids: Sequence[str] = ()
    subnet_ids: Sequence[str] = ()
    security_group_ids: Sequence[str] = ()
    private_dns_enabled: bool = False

    service: ClassVar[str] = "ec2"
    identity: ClassVar[Sequence[str]] = ("vpc_id", "service_name")
    fixed: ClassVar[frozenset[str]] = frozenset({"vpc_id", "service_name", "vpc_endpoint_type"})
    unordered: ClassVar[frozenset[str]] = frozenset({"route_table_ids", "subnet_ids", "security_group_ids"})
    update_when_ready: ClassVar[bool] = True
    budget: ClassVar[float] = 600
    removal_budget: ClassVar[float] = 1200
    interval: ClassVar[float] = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Live]:
        vpcs = [vpc.id for vpc in aws.live(Vpc)]
        if not vpcs:
            return
        filters = [{"Name": "vpc-id", "Values": vpcs}]
        for endpoint in aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters):
            if endpoint["State"].lower() != "deleted":
                yield cls._live(aws, endpoint)

    @staticmethod
    def _live(aws: Aws, endpoint: Mapping[str, Any]) -> Live:
        attributes = {
            "vpc_id": endpoint["VpcId"],
            # those of VPC Lattice have none
            "service_name": endpoint.get("ServiceName"),
            "vpc_endpoint_type": endpoint["VpcEndpointType"],
            "route_table_ids": endpoint.get("RouteTableIds", []),
            "subnet_ids": endpoint.get("SubnetIds", []),
            "security_group_ids": [group["GroupId"] for group in endpoint.get("Groups", ())],
            "private_dns_enabled": endpoint.get("PrivateDnsEnabled", False),
        }
        tags, reason = tag_map(endpoint.get("Tags")), endpoint.get("LastError", {}).get("Message", "")
        # the reference spells states with a capital, the service answers without
        state = endpoint["State"].lower()
        return Live(
            endpoint["VpcEndpointId"],
            attributes,
            address=aws.address_in(tags),
            owned=aws.owns(tags),
            status=f"{state}: {reason}" if reason else state,
            deleting=state == "deleting",
        )

    def create(self, aws: Aws, token: str) -> Live:
        parts = {
            "RouteTableIds": self.route_table_ids,
            "SubnetIds": self.subnet_ids,
            "SecurityGroupIds": self.security_group_ids,
        }
        if self.vpc_endpoint_type == "Interface":
            parts["PrivateDnsEnabled"] = self.private_dns_enabled  # type: ignore[assignment]
        endpoint = aws.client("ec2").create_vpc_endpoint(
            VpcId=self.vpc_id,
            ServiceName=self.service_name,
            VpcEndpointType=self.vpc_endpoint_type,
            ClientToken=token,
            TagSpecifications=aws.tag_specification("vpc-endpoint", self.address),
            **{name: value for name, value in parts.items() if value != ()},
        )["VpcEndpoint"]
        return self._live(aws, endpoint)

    def update(self, aws: Aws, live: Live, changes: Changes) -> None:
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
        given = {name: value for name, value in arguments.items() if value != []}
        aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=live.id, **given)

    @classmethod
    def delete(cls, aws: Aws, live: Live) -> None:
        # what AWS refuses here comes with a good answer, in `Unsuccessful`
        for item in aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[live.id])["Unsuccessful"]:
            raise ClientError({"Error": item["Error"]}, "DeleteVpcEndpoints")

    @classmethod
    def pending(cls, live: Live) -> str | None:
        state = live.status.partition(":")[0]
        if state in ("rejected", "failed", "expired"):
            raise Failed(f"the endpoint of {live.attributes['service_name']} is {live.status}")
        return None if state == "available" else live.status

    @classmethod
    def delays(cls, aws: Aws, live: Live) -> str:
        (shown,) = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[live.id])["VpcEndpoints"]
        error = shown.get("LastError", {}).get("Message", "")
        said = f"{live.id} is {shown['State']}{since(shown.get('CreationTimestamp'))}"
        return "; ".join(filter(None, [said, error, cls.blockers(aws, live)]))

    @classmethod
    def blockers(cls, aws: Aws, live: Live) -> str:
        # an endpoint's interfaces name it in their description
        return interfaces(aws, "description", f"VPC Endpoint Interface {live.id}")
