"""EC2's NAT gateways, which let private subnets reach the internet but not the reverse, and their public addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.permissions import ASKED, OURS, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.clock import since
from provisioner.engine.costs import Around, Cost, by_load, hourly
from provisioner.engine.resource import Observed, Resource
from provisioner.engine.traits import CreatedLater
from provisioner.resources.ec2.api import API, tagged
from provisioner.resources.ec2.common import list_by_tags, read_by_id
from provisioner.resources.phrases import because
from provisioner.resources.sized import public_addresses

_LEFT = "down looks at the end for leftover resources of any stack"
_WHY = "`[network] egress`"
_TAGGED = tagged("AllocateAddress", "CreateNatGateway")
_OVER = ("deleted", "failed")
"""The states of a NAT gateway that is deleted, or could not be created."""


@dataclass(frozen=True)
class ElasticIp(Resource):
    """A public IPv4 address of the account's own. It costs the same whether or not it is in use."""

    type_name = "elastic_ip"
    api = API
    arn = "elastic-ip/*"
    permissions = (
        *_TAGGED,
        *grants("ec2", "DescribeAddresses", use=Use.OTHER, why=_LEFT),
        *grants("ec2", "AllocateAddress", OWN, conditions=ASKED, use=Use.OPTION, why=_WHY),
        *grants("ec2", "ReleaseAddress", OWN, conditions=OURS, use=Use.OPTION, why=_WHY),
    )
    outputs = ("public_ip",)

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield public_addresses(1)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        return list_by_tags(cls, aws, cls._live, "describe_addresses", "Addresses", "allocation-id")

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return read_by_id(aws, cls._live, "describe_addresses", "Addresses", AllocationIds=[id])

    @staticmethod
    def _live(aws: Aws, address: Mapping[str, Any]) -> Observed:
        outputs = {"public_ip": address["PublicIp"]}
        user = address.get("NetworkInterfaceId")
        status = f"in use by {user}" if user else ""
        return observed(aws, address["AllocationId"], {}, tag_map(address.get("Tags")), outputs, status=status)

    def create(self, aws: Aws, token: str) -> Observed:
        tags = aws.tag_specification("elastic-ip", self.address)
        made = aws.client("ec2").allocate_address(Domain="vpc", TagSpecifications=tags)
        return Observed(made["AllocationId"], {}, {"public_ip": made["PublicIp"]}, address=self.address)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ec2").release_address(AllocationId=live.id)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return f"{live.outputs['public_ip']} is {live.status}" if live.status else ""


@dataclass(frozen=True)
class NatGateway(CreatedLater, Resource):
    """A NAT gateway in a public subnet, with one address.

    AWS still shows a deleted or failed one for about an hour (VPC user guide, NAT gateways).
    """

    subnet_id: str
    allocation_id: str

    type_name = "nat_gateway"
    api = API
    takes = Takes(ready=(durations.NAT_GATEWAY_CREATE,), gone=(durations.NAT_GATEWAY_DELETE,))
    arn = "natgateway/*"
    permissions = (
        *_TAGGED,
        *grants("ec2", "DescribeNatGateways", use=Use.OTHER, why=_LEFT),
        *grants("ec2", "CreateNatGateway", OWN, conditions=ASKED, use=Use.OPTION, why=_WHY),
        *grants(
            "ec2", "CreateNatGateway", "elastic-ip/*", "subnet/*", "vpc/*", conditions=OURS, use=Use.OPTION, why=_WHY
        ),
        *grants("ec2", "DeleteNatGateway", OWN, conditions=OURS, use=Use.OPTION, why=_WHY),
    )
    create_only = frozenset({"subnet_id", "allocation_id"})
    outputs = ("nat_gateway_id",)
    create_timeout = 900
    poll_interval = 5

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield hourly("a NAT gateway", "nat.hour")
        yield by_load("data through NAT gateways", "nat.gb", "nat_gb")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        found = list_by_tags(cls, aws, cls._live, "describe_nat_gateways", "NatGateways", "nat-gateway-id", by="Filter")
        return (live for live in found if live.status not in _OVER)

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        live = read_by_id(aws, cls._live, "describe_nat_gateways", "NatGateways", NatGatewayIds=[id])
        return None if live is None or live.status in _OVER else live

    @staticmethod
    def _live(aws: Aws, gateway: Mapping[str, Any]) -> Observed:
        addresses = [one.get("AllocationId") for one in gateway.get("NatGatewayAddresses", ())]
        attributes = {
            "subnet_id": gateway.get("SubnetId"),
            # a new gateway has no address yet
            **({"allocation_id": addresses[0]} if addresses and addresses[0] else {}),
        }
        outputs, state = {"nat_gateway_id": gateway["NatGatewayId"]}, gateway["State"]
        tags = tag_map(gateway.get("Tags"))
        return observed(
            aws, gateway["NatGatewayId"], attributes, tags, outputs, status=state, deleting=state == "deleting"
        )

    def create(self, aws: Aws, token: str) -> Observed:
        made = aws.client("ec2").create_nat_gateway(
            SubnetId=self.subnet_id,
            AllocationId=self.allocation_id,
            ClientToken=token,
            TagSpecifications=aws.tag_specification("natgateway", self.address),
        )["NatGateway"]
        return self._live(aws, made)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ec2").delete_nat_gateway(NatGatewayId=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return None if live.status == "available" else live.status

    @classmethod
    def creation_failed(cls, aws: Aws, outputs: Mapping[str, Any]) -> str:
        name = outputs.get("nat_gateway_id")
        for shown in aws.pages("ec2", "describe_nat_gateways", "NatGateways", NatGatewayIds=[name]) if name else ():
            if shown["State"] == "failed":
                why = " ".join(filter(None, (shown.get("FailureMessage"), f"({shown.get('FailureCode', 'unknown')})")))
                return because(f"NAT gateway {name} could not be created", why)
        return ""

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        shown = aws.pages("ec2", "describe_nat_gateways", "NatGateways", NatGatewayIds=[live.id])
        return ", ".join(f"{live.id} is {one['State']}{since(one.get('CreateTime'))}" for one in shown)
