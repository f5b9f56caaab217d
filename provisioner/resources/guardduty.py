"""Resources that GuardDuty Runtime Monitoring leaves in a VPC: its endpoint and the endpoint's security group.

GuardDuty creates them for the first task or instance that it watches, tags them, and does not delete them (GuardDuty
user guide, runtime-monitoring-agent-resource-clean-up). They block the deletion of subnets and VPC
(terraform-provider-aws#46747).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.permissions import OWN, Conditions, Use, grants
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.ec2.api import API
from provisioner.resources.ec2.common import as_one_resource, check_all_done, in_vpcs, interfaces
from provisioner.resources.ec2.network import Vpc

TAG = "GuardDutyManaged"
SERVICE = ".guardduty-data"
"""The end of the endpoint service's name."""


_GUARDDUTY: Conditions = (("StringEquals", "aws:ResourceTag/GuardDutyManaged", ("true",)),)
"""The condition that a resource is GuardDuty's.

Source: GuardDuty user guide, runtime-monitoring-agent-resource-clean-up.
"""
_LEFT = "leftover resources of GuardDuty in the VPC"


@dataclass(frozen=True)
class GuardDutyEndpoints(Resource):
    """GuardDuty's endpoint in the stack's own VPC, deleted at teardown once no task or instance is left to be watched.

    Attributes:
        subnet_ids: the subnets of its interfaces.
    """

    vpc_id: str
    subnet_ids: Sequence[str]

    type_name = "guard_duty_endpoints"
    api = API
    arn = "vpc-endpoint/*"
    permissions = (
        *grants(
            "ec2",
            "DeleteVpcEndpoints",
            OWN,
            conditions=(*_GUARDDUTY, ("StringLike", "ec2:VpceServiceName", ("*.guardduty-data",))),
            use=Use.OTHER,
            why=_LEFT,
        ),
    )
    created_by_aws = True
    delete_timeout = 1200
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        found = [e for e in _tagged(aws, "describe_vpc_endpoints", "VpcEndpoints") if _guards(e)]
        states = {e["VpcEndpointId"]: e["State"].lower() for e in found}
        return as_one_resource(aws, states, "deleting", "GuardDuty's endpoint")

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        answer = aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=live.outputs["left"])
        check_all_done(answer, "DeleteVpcEndpoints")


@dataclass(frozen=True)
class GuardDutyGroups(Resource):
    """The security group of GuardDuty's endpoint in the stack's own VPC, deleted at teardown after the endpoint."""

    vpc_id: str

    type_name = "guard_duty_groups"
    api = API
    arn = "security-group/*"
    permissions = (*grants("ec2", "DeleteSecurityGroup", OWN, conditions=_GUARDDUTY, use=Use.OTHER, why=_LEFT),)
    created_by_aws = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for group in _tagged(aws, "describe_security_groups", "SecurityGroups"):
            if group["GroupName"] == f"GuardDutyManagedSecurityGroup-{group['VpcId']}":
                status = f"GuardDuty's group {group['GroupId']}"
                yield Observed(aws.name, {}, {"group_id": group["GroupId"]}, status=status)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ec2").delete_security_group(GroupId=live.outputs["group_id"])

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "group-id", live.outputs["group_id"])


def _tagged(aws: Aws, operation: str, key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the resources with GuardDuty's tag in the stack's own VPCs."""
    vpcs = [vpc.id for vpc in aws.live(Vpc) if vpc.owned]
    return in_vpcs(aws, vpcs, operation, key, {"Name": f"tag:{TAG}", "Values": ["true"]})


def _guards(endpoint: Mapping[str, Any]) -> bool:
    return str(endpoint.get("ServiceName")).endswith(SERVICE) and endpoint["State"].lower() != "deleted"
