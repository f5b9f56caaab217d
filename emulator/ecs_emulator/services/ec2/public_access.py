"""VPC Block Public Access: an account's mode in a Region, and the VPCs and subnets that are excluded from it.

VPC user guide, "Block public access to VPCs and subnets". A subnet's own exclusion wins over its VPC's.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import add, refuse
from ecs_emulator.services.ec2 import texts

_MODES = ("off", "block-bidirectional", "block-ingress")
_EXCLUSIONS = ("allow-bidirectional", "allow-egress")


def _options(backend: Any) -> dict[str, Any]:
    """Return the account's options in the Region."""
    options: dict[str, Any] = backend.__dict__.setdefault(
        "block_public_access",
        {
            "AwsAccountId": backend.account_id,
            "AwsRegion": backend.region_name,
            "State": "default-state",
            "InternetGatewayBlockMode": "off",
            "LastUpdateTimestamp": utcnow(),
            "ManagedBy": "account",
            "ExclusionsAllowed": "allowed",
        },
    )
    return options


def _mode(backend: Any, *ids: str) -> dict[str, str]:
    """Return the mode in force for a VPC, or for a subnet of a VPC."""
    exclusions = backend.__dict__.get("public_access_exclusions", {})
    mode = _options(backend)["InternetGatewayBlockMode"]
    excluded = next((exclusions[one] for one in ids if one in exclusions), None)
    if excluded == "allow-bidirectional":
        mode = "off"
    elif excluded and mode == "block-bidirectional":
        mode = "block-ingress"
    return {"InternetGatewayBlockMode": mode}


add(VPC, "block_public_access_states")(property(lambda self: _mode(self.ec2_backend, self.id)))
add(Subnet, "block_public_access_states")(property(lambda self: _mode(self.ec2_backend, self.id, self.vpc_id)))


@add(EC2Response, "describe_vpc_block_public_access_options")
def describe_options(self: Any) -> ActionResult:
    """DescribeVpcBlockPublicAccessOptions: return `off` until the account sets another mode."""
    return ActionResult({"VpcBlockPublicAccessOptions": _options(self.ec2_backend)})


@add(EC2Response, "modify_vpc_block_public_access_options")
def modify_options(self: Any) -> ActionResult:
    """ModifyVpcBlockPublicAccessOptions: set the mode of all VPCs that are not excluded."""
    mode = self._get_param("InternetGatewayBlockMode")
    if mode not in _MODES:
        refuse("InvalidParameterValue", f"Value ({mode}) for parameter InternetGatewayBlockMode is invalid.")
    options = _options(self.ec2_backend)
    options |= {"InternetGatewayBlockMode": mode, "State": "update-complete", "LastUpdateTimestamp": utcnow()}
    return ActionResult({"VpcBlockPublicAccessOptions": options})


@add(EC2Response, "create_vpc_block_public_access_exclusion")
def create_exclusion(self: Any) -> ActionResult:
    """CreateVpcBlockPublicAccessExclusion: exclude an existing VPC or subnet."""
    backend, mode = self.ec2_backend, self._get_param("InternetGatewayExclusionMode")
    excluded = self._get_param("SubnetId") or self._get_param("VpcId")
    if mode not in _EXCLUSIONS:
        refuse("InvalidParameterValue", f"Value ({mode}) for parameter InternetGatewayExclusionMode is invalid.")
    kind = "subnet" if self._get_param("SubnetId") else "vpc"
    there = backend.get_subnet(excluded) if kind == "subnet" else backend.get_vpc(excluded)
    if there is None:
        refuse("InvalidVpcID.NotFound", texts.NO_VPC.format(excluded))
    backend.__dict__.setdefault("public_access_exclusions", {})[excluded] = mode
    made = {
        "ExclusionId": f"vpcbpa-exclude-{excluded.partition('-')[2]}",
        "InternetGatewayExclusionMode": mode,
        "ResourceArn": f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:{kind}/{excluded}",
        "State": "create-complete",
        "CreationTimestamp": utcnow(),
        "LastUpdateTimestamp": utcnow(),
    }
    return ActionResult({"VpcBlockPublicAccessExclusion": made})
