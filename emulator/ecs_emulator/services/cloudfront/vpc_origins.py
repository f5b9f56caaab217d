"""VPC origins: the way from CloudFront to an internal load balancer, through interfaces in its subnets.

CloudFront places an interface in each of the load balancer's subnets, with a security group of its own
(CloudFront developer guide, "Restrict access with VPC origins").
"""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime
from typing import Any

from moto.cloudfront import urls
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace
from ecs_emulator.services.cloudfront import texts
from ecs_emulator.services.cloudfront.rules import distributions, page, same_version, version
from ecs_emulator.services.ec2.interfaces import create_interface, remove

GROUP = "CloudFront-VPCOrigins-Service-SG"
"""The name of CloudFront's group, one in each VPC (terraform-provider-aws#40683)."""
OWNER_TAG = "aws.cloudfront.vpcorigin"
"""The tag of CloudFront's resources in a VPC (AWS managed policy AWSCloudFrontVPCOriginServiceRolePolicy)."""
WITHOUT = {
    "us-east-1": ("use1-az3",),
    "us-west-1": ("usw1-az2",),
    "ap-northeast-1": ("apne1-az3",),
    "ap-northeast-2": ("apne2-az1",),
    "ca-central-1": ("cac1-az3",),
}
"""The zones that VPC origins do not support (CloudFront developer guide, "Supported AWS Regions for VPC origins";
amazon-bedrock-samples#606).
"""
_PATHS = ("vpc-origin$", "vpc-origin/(?P<id>[^/]+)$", "distributionsByVpcOriginId/(?P<id>[^/]+)$")

replace(urls, "url_paths")(
    {**urls.url_paths, **{f"{{0}}/2020-05-31/{path}": CloudFrontResponse.dispatch for path in _PATHS}}
)


class VpcOrigin:
    """A VPC origin: its settings, its version, its interfaces, and the moments at which it is deployed and gone."""

    def __init__(self, account: str, region: str, config: dict[str, Any]) -> None:
        letters = string.ascii_letters + string.digits
        self.id = "vo_" + "".join(secrets.choice(letters) for _ in range(22))
        self.arn = f"arn:aws:cloudfront::{account}:vpcorigin/{self.id}"
        self.account, self.region, self.config, self.etag = account, region, config, version()
        self.created = datetime.now(UTC)
        self.deployed_at, self.gone_at = later(durations.VPC_ORIGIN_DEPLOY), float("inf")
        self.interfaces: list[str] = []

    @property
    def status(self) -> str:
        """The word for its state: while it is deleted, it is Deploying again (terraform-provider-aws, vpc_origin)."""
        return "Deployed" if passed(self.deployed_at) and self.gone_at == float("inf") else "Deploying"

    def summary(self) -> dict[str, Any]:
        """Return it as ListVpcOrigins shows it."""
        return {
            "Id": self.id,
            "Name": self.config["Name"],
            "Status": self.status,
            "CreatedTime": self.created,
            "LastModifiedTime": self.created,
            "Arn": self.arn,
            "AccountId": self.account,
            "OriginEndpointArn": self.config["Arn"],
        }

    def shown(self) -> dict[str, Any]:
        """Return it as GetVpcOrigin shows it."""
        plain = {key: value for key, value in self.summary().items() if key not in ("Name", "OriginEndpointArn")}
        return {**plain, "VpcOriginEndpointConfig": self.config}


def settle(backend: Any) -> None:
    """Remove the VPC origins whose time has come, with their interfaces, and with the last one in a VPC its group."""
    for one in [one for one in backend.vpc_origins.values() if passed(one.gone_at)]:
        del backend.vpc_origins[one.id]
        ec2 = ec2_backends[one.account][one.region]
        groups = set()
        for interface in [ec2.enis[each] for each in one.interfaces if each in ec2.enis]:
            groups |= {group.id for group in interface.group_set}
            remove(ec2, interface)
        for group in groups:
            if not any(group in [g.id for g in other.group_set] for other in ec2.enis.values()):
                ec2.delete_security_group(group_id=group)


def settle_all() -> None:
    """Remove the VPC origins of all accounts whose time has come."""
    from moto.cloudfront.models import cloudfront_backends

    for account in list(cloudfront_backends):
        settle(cloudfront_backends[account]["aws"])


def _there(backend: Any, id: str) -> VpcOrigin:
    settle(backend)
    found = backend.vpc_origins.get(id)
    if found is None:
        refuse("EntityNotFound", texts.NO_ENTITY)
    one: VpcOrigin = found
    return one


def _answer(one: VpcOrigin) -> ActionResult:
    place = f"https://cloudfront.amazonaws.com/2020-05-31/vpc-origin/{one.id}"
    return ActionResult({"VpcOrigin": one.shown(), "ETag": one.etag, "Location": place})


@add(CloudFrontResponse, "create_vpc_origin")
def create_vpc_origin(self: Any) -> ActionResult:
    """CreateVpcOrigin: refuse a load balancer out of CloudFront's reach, and place its interfaces."""
    backend, config = self.backend, dict(self._get_param("VpcOriginEndpointConfig", {}))
    settle(backend)
    if any(other.config["Name"] == config["Name"] for other in backend.vpc_origins.values()):
        # the code is in the operation's list of errors; that it is about the name is a guess
        refuse("EntityAlreadyExists", f"The VPC origin {config['Name']} already exists.")
    region = str(config["Arn"]).split(":")[3]
    balancer = _checked(backend, region, config)
    config.setdefault("OriginSslProtocols", {"Quantity": 1, "Items": ["TLSv1.2"]})
    config.setdefault("IpAddressType", "ipv4")
    made = VpcOrigin(backend.account_id, region, config)
    ec2 = ec2_backends[backend.account_id][region]
    group = _group(ec2, balancer.vpc_id)
    for subnet in balancer.interfaces:
        owner = "amazon-aws-cloudfront-vpcorigin"
        interface = create_interface(ec2, ec2.get_subnet(subnet), [group], f"CloudFront VPC origin {made.id}", owner)
        made.interfaces.append(interface.id)
    backend.vpc_origins[made.id] = made
    backend.tagger.tag_resource(made.arn, (self._get_param("Tags") or {}).get("Items") or [])
    return _answer(made)


def _checked(backend: Any, region: str, config: dict[str, Any]) -> Any:
    """Return the load balancer; refuse a missing or inactive one, and zones and VPCs that have no VPC origins.

    CloudFront developer guide, "Restrict access with VPC origins", prerequisites. The code is in the operation's list
    of errors; which one belongs to which of these is not said.
    """
    balancer: Any = elbv2_backends[backend.account_id][region].load_balancers.get(config["Arn"])
    if balancer is None:
        refuse("InvalidArgument", f"The resource {config['Arn']} was not found.")
    balancer.activate()
    if balancer.state != "active":
        refuse("InvalidArgument", f"The resource {config['Arn']} is not active.")
    ec2 = ec2_backends[backend.account_id][region]
    gateways = ec2.describe_internet_gateways(filters={"attachment.vpc-id": [balancer.vpc_id]})
    if not gateways:
        refuse("InvalidArgument", f"The VPC {balancer.vpc_id} has no internet gateway.")
    zones = {ec2.get_subnet(subnet).availability_zone_id for subnet in balancer.interfaces}
    if missing := sorted(zones & {*WITHOUT.get(region, ())}):
        refuse("InvalidArgument", f"VPC origins are not supported in the Availability Zone {missing[0]}.")
    return balancer


def _group(ec2: Any, vpc_id: str) -> str:
    """Return the id of CloudFront's group in a VPC, which it makes with the first VPC origin there."""
    found = ec2.get_security_group_from_name(GROUP, vpc_id)
    if found is None:
        found = ec2.create_security_group(GROUP, "Managed by CloudFront VPC origins", vpc_id=vpc_id)
        ec2.create_tags([found.id], {OWNER_TAG: "enabled"})
    return str(found.id)


@add(CloudFrontResponse, "get_vpc_origin")
def get_vpc_origin(self: Any) -> ActionResult:
    """GetVpcOrigin: show all settings, and their version."""
    return _answer(_there(self.backend, self._get_param("Id")))


@add(CloudFrontResponse, "list_vpc_origins")
def list_vpc_origins(self: Any) -> ActionResult:
    """ListVpcOrigins: show summaries."""
    settle(self.backend)
    shown, members = page(self, "ListVpcOrigins", self.backend.vpc_origins.values())
    items = {"Items": [one.summary() for one in shown]} if shown else {}
    return ActionResult({"VpcOriginList": {**members, **items}})


@add(CloudFrontResponse, "list_distributions_by_vpc_origin_id")
def list_distributions_by_vpc_origin_id(self: Any) -> ActionResult:
    """ListDistributionsByVpcOriginId: show the ids of the distributions that use it."""
    used = _there(self.backend, self._get_param("VpcOriginId")).id
    users = [one for one in distributions(self.backend) if used in one.vpc_origins]
    shown, members = page(self, "ListDistributionsByVpcOriginId", users)
    items = {"Items": [one.id for one in shown]} if shown else {}
    return ActionResult({"DistributionIdList": {**members, **items}})


@add(CloudFrontResponse, "delete_vpc_origin")
def delete_vpc_origin(self: Any) -> ActionResult:
    """DeleteVpcOrigin: refuse while a distribution uses it; it is gone minutes later."""
    one = _there(self.backend, self._get_param("Id"))
    same_version(self._get_param("IfMatch"), one.etag)
    if any(one.id in other.vpc_origins for other in distributions(self.backend)):
        refuse("CannotDeleteEntityWhileInUse", "The entity cannot be deleted while it is in use.")
    if one.gone_at == float("inf"):
        one.gone_at = later(durations.VPC_ORIGIN_DELETE)
    return _answer(one)
