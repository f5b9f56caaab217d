"""Refusals by CloudFront."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, Case, Scene, once, parameter
from tests.cloud.refusals.network import gateway, group, subnets

case = partial(Case, "cloudfront")
_GUIDE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
GUIDE = f"{_GUIDE}private-content-vpc-origins.html"
DELETING = f"{_GUIDE}HowToDeleteDistribution.html"
GONE = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/none/1234567890abcdef"
ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/none/1234abcd-12ab-34cd-56ef-1234567890ab"
NO_CACHE, ALL = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "216adef6-5c7f-47e4-b989-5492eafa07d3"
UNKNOWN = "00000000-0000-0000-0000-000000000000"
OLD = "E0000000000000"


def _endpoint(name: str, arn: str) -> dict[str, Any]:
    return {"Name": name, "Arn": arn, "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}


@once
def balancer(scene: Scene, number: int = 0) -> str:
    """An internal load balancer that is active; in the first network there is a gateway."""
    elb = scene.client("elbv2")
    made = elb.create_load_balancer(
        Name=f"inside-{number}",
        Scheme="internal",
        Subnets=subnets(scene, number),
        SecurityGroups=[group(scene, number)],
    )
    arn = str(made["LoadBalancers"][0]["LoadBalancerArn"])
    scene.wait(
        lambda: elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"] == "active"
    )
    return arn


@once
def new_balancer(scene: Scene) -> str:
    """An internal load balancer that is still being set up."""
    made = scene.client("elbv2").create_load_balancer(
        Name="new", Scheme="internal", Subnets=subnets(scene), SecurityGroups=[group(scene)]
    )
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


@once
def origin(scene: Scene) -> str:
    """A VPC origin that is deployed."""
    gateway(scene)
    cloudfront = scene.client("cloudfront")
    made = cloudfront.create_vpc_origin(VpcOriginEndpointConfig=_endpoint("there", balancer(scene)))
    there = str(made["VpcOrigin"]["Id"])
    scene.wait(lambda: cloudfront.get_vpc_origin(Id=there)["VpcOrigin"]["Status"] == "Deployed")
    return there


def new_origin(scene: Scene) -> str:
    """A VPC origin that is not deployed yet."""
    gateway(scene)
    endpoint = _endpoint(scene.name("origin"), balancer(scene))
    return str(scene.client("cloudfront").create_vpc_origin(VpcOriginEndpointConfig=endpoint)["VpcOrigin"]["Id"])


def settings(scene: Scene, reference: str, **more: Any) -> dict[str, Any]:
    """The settings of a distribution with the VPC origin, with other values for some of its parts."""
    used = {"VpcOriginId": origin(scene), **more.pop("vpc", {})}
    one = {"Id": "main", "DomainName": "inside.example", "VpcOriginConfig": used, **more.pop("origin", {})}
    behavior = {
        "TargetOriginId": "main",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": NO_CACHE,
        "OriginRequestPolicyId": ALL,
        **more.pop("behavior", {}),
    }
    return {
        "CallerReference": reference,
        "Comment": "refused",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [{k: v for k, v in one.items() if v is not None}]},
        "DefaultCacheBehavior": {name: value for name, value in behavior.items() if value is not None},
        **more,
    }


@once
def used(scene: Scene) -> str:
    """The id of a distribution that uses the VPC origin."""
    made = scene.client("cloudfront").create_distribution(DistributionConfig=settings(scene, "used"))
    return str(made["Distribution"]["Id"])


def disabled(scene: Scene) -> tuple[str, str]:
    """The id and the version of a distribution that is just being disabled."""
    cloudfront, name = scene.client("cloudfront"), scene.name("disabled")
    made = cloudfront.create_distribution(DistributionConfig=settings(scene, name))
    one, off = made["Distribution"]["Id"], {**made["Distribution"]["DistributionConfig"], "Enabled": False}
    return one, cloudfront.update_distribution(Id=one, IfMatch=made["ETag"], DistributionConfig=off)["ETag"]


def _created(scene: Scene, client: Any, **more: Any) -> Any:
    return client.create_distribution(DistributionConfig=settings(scene, scene.name("wrong"), **more))


def _updated(scene: Scene, client: Any, version: str = "", **changes: Any) -> Any:
    shown = client.get_distribution_config(Id=used(scene))
    config = {**shown["DistributionConfig"], **changes}
    return client.update_distribution(Id=used(scene), IfMatch=version or shown["ETag"], DistributionConfig=config)


CASES = (
    case("CreateVpcOrigin", "of an unknown load balancer", "InvalidArgument", ERRORS,
        lambda s, c: (gateway(s), c.create_vpc_origin(VpcOriginEndpointConfig=_endpoint("none", GONE)))),
    case("CreateVpcOrigin", "of one that is not active yet", "InvalidArgument", GUIDE,
        lambda s, c: (gateway(s), c.create_vpc_origin(VpcOriginEndpointConfig=_endpoint("new", new_balancer(s))))),
    case("CreateVpcOrigin", "in a VPC without an internet gateway", "InvalidArgument", GUIDE,
        lambda s, c: c.create_vpc_origin(VpcOriginEndpointConfig=_endpoint("shut", balancer(s, 1)))),
    case("CreateVpcOrigin", "of a used name", "EntityAlreadyExists", ERRORS,
        lambda s, c: (origin(s), c.create_vpc_origin(VpcOriginEndpointConfig=_endpoint("there", balancer(s))))),
    case("GetVpcOrigin", "that is unknown", "EntityNotFound", ERRORS, lambda s, c: c.get_vpc_origin(Id="vo_none")),
    case("DeleteVpcOrigin", "that is unknown", "EntityNotFound", ERRORS,
        lambda s, c: c.delete_vpc_origin(Id="vo_none", IfMatch=OLD)),
    case("DeleteVpcOrigin", "of another version", "PreconditionFailed", ERRORS,
        lambda s, c: c.delete_vpc_origin(Id=origin(s), IfMatch=OLD)),
    case("DeleteVpcOrigin", "that a distribution uses", "CannotDeleteEntityWhileInUse", ERRORS,
        lambda s, c: (used(s), c.delete_vpc_origin(
            Id=origin(s), IfMatch=c.get_vpc_origin(Id=origin(s))["ETag"]))),
    case("CreateDistribution", "with a used reference", "DistributionAlreadyExists", ERRORS,
        lambda s, c: (used(s), c.create_distribution(DistributionConfig=settings(s, "used")))),
    case("CreateDistribution", "with an unknown VPC origin", "EntityNotFound", ERRORS,
        lambda s, c: _created(s, c, vpc={"VpcOriginId": "vo_none"})),
    case("CreateDistribution", "with one that is not deployed yet", "InvalidArgument", GUIDE,
        lambda s, c: _created(s, c, vpc={"VpcOriginId": new_origin(s)})),
    case("CreateDistribution", "with a read timeout of 121 seconds", "InvalidOriginReadTimeout",
        parameter("DistributionConfig"), lambda s, c: _created(s, c, vpc={"OriginReadTimeout": 121})),
    case("CreateDistribution", "with a keep-alive of 0 seconds", "InvalidOriginKeepaliveTimeout",
        parameter("DistributionConfig"), lambda s, c: _created(s, c, vpc={"OriginKeepaliveTimeout": 0})),
    case("CreateDistribution", "to an origin that it does not have", "NoSuchOrigin", ERRORS,
        lambda s, c: _created(s, c, behavior={"TargetOriginId": "other"})),
    case("CreateDistribution", "with an unknown cache policy", "NoSuchCachePolicy", ERRORS,
        lambda s, c: _created(s, c, behavior={"CachePolicyId": UNKNOWN})),
    case("CreateDistribution", "without a cache policy", "InvalidArgument", parameter("DistributionConfig"),
        lambda s, c: _created(s, c, behavior={"CachePolicyId": None})),
    case("CreateDistribution", "with an unknown origin request policy", "NoSuchOriginRequestPolicy", ERRORS,
        lambda s, c: _created(s, c, behavior={"OriginRequestPolicyId": UNKNOWN})),
    case("CreateDistribution", "with an unknown web ACL", "InvalidWebACLId", ERRORS,
        lambda s, c: _created(s, c, WebACLId=ACL)),
    case("CreateDistribution", "with a quantity that is not that of the items", "InconsistentQuantities", ERRORS,
        lambda s, c: _created(s, c, Aliases={"Quantity": 1})),
    case("CreateDistribution", "with an origin of no kind", "InvalidArgument", parameter("DistributionConfig"),
        lambda s, c: _created(s, c, origin={"VpcOriginConfig": None})),
    case("GetDistribution", "that is unknown", "NoSuchDistribution", ERRORS,
        lambda s, c: c.get_distribution(Id="ENONE")),
    case("UpdateDistribution", "of another version", "PreconditionFailed", ERRORS,
        lambda s, c: _updated(s, c, OLD, Comment="other")),
    case("UpdateDistribution", "with another reference", "IllegalUpdate", TEXT,
        lambda s, c: _updated(s, c, CallerReference="other")),
    case("UpdateDistribution", "with an unknown web ACL", "InvalidWebACLId", ERRORS,
        lambda s, c: _updated(s, c, WebACLId=ACL)),
    case("DeleteDistribution", "that is unknown", "NoSuchDistribution", ERRORS,
        lambda s, c: c.delete_distribution(Id="ENONE", IfMatch=OLD)),
    case("DeleteDistribution", "without its version", "InvalidIfMatchVersion", ERRORS,
        lambda s, c: c.delete_distribution(Id=used(s))),
    case("DeleteDistribution", "of another version", "PreconditionFailed", ERRORS,
        lambda s, c: c.delete_distribution(Id=used(s), IfMatch=OLD)),
    case("DeleteDistribution", "that is enabled", "DistributionNotDisabled", DELETING,
        lambda s, c: c.delete_distribution(Id=used(s), IfMatch=c.get_distribution(Id=used(s))["ETag"])),
    case("DeleteDistribution", "that is just being disabled", "DistributionNotDisabled", DELETING,
        lambda s, c: [c.delete_distribution(Id=one, IfMatch=version) for one, version in [disabled(s)]]),
)  # fmt: skip
