"""Samples of CloudFront's resource types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Handle, ids, ready
from provisioner.engine.resource import Resource
from provisioner.resources.cloudfront.distribution import BY_CACHE_CONTROL, Distribution
from provisioner.resources.cloudfront.vpc_origin import VpcOrigin
from provisioner.resources.ec2.network import InternetGateway
from provisioner.resources.elbv2.balancer import LoadBalancer
from tests.cloud.project import web_acl
from tests.cloud.samples.network import closed, subnets
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"


def _inside(here: Here) -> Handle:
    subnets(here, "acd")
    balancer = LoadBalancer("inside", "inside", ids(subnets(here)), [closed(here, "inside").id], "internal")
    return here.ensure(balancer)


def _vpc_origin(here: Here, name: str = NAME) -> Handle:
    origin = VpcOrigin(name, name, ready(_inside(here)).id)
    return here.ensure(origin, after=[ready(here[InternetGateway])])


def _distribution(here: Here) -> Handle:
    _vpc_origin(here, "other")
    return here.ensure(Distribution(NAME, "sample", _inside(here).dns_name, ready(here[VpcOrigin]).id))


def _changed(hand: ByHand, change: Any) -> None:
    cloudfront = hand("cloudfront")
    shown = cloudfront.get_distribution_config(Id=hand.id)
    config = shown["DistributionConfig"]
    change(config)
    cloudfront.update_distribution(Id=hand.id, IfMatch=shown["ETag"], DistributionConfig=config)


def _top(hand: ByHand, **values: Any) -> None:
    _changed(hand, lambda config: config.update(values))


def _behavior(hand: ByHand, **values: Any) -> None:
    _changed(hand, lambda config: config["DefaultCacheBehavior"].update(values))


def _origin(hand: ByHand, **values: Any) -> None:
    _changed(hand, lambda config: config["Origins"]["Items"][0].update(values))


def _by_vpc_origin(hand: ByHand, **values: Any) -> None:
    _changed(hand, lambda config: config["Origins"]["Items"][0]["VpcOriginConfig"].update(values))


def _reads_only(hand: ByHand) -> None:
    methods = {"Quantity": 2, "Items": ["GET", "HEAD"], "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]}}
    _behavior(hand, AllowedMethods=methods)


EDGE: Mapping[type[Resource], Sample] = {
    VpcOrigin: Sample(_vpc_origin),
    Distribution: Sample(
        _distribution,
        {
            "comment": lambda hand: _top(hand, Comment="other"),
            "origin_domain_name": lambda hand: _origin(hand, DomainName="other.example.com"),
            "vpc_origin_id": lambda hand: _by_vpc_origin(hand, VpcOriginId=hand["vpc_origin/other"]),
            "cache_policy_id": lambda hand: _behavior(hand, CachePolicyId=BY_CACHE_CONTROL),
            "origin_request_policy_id": lambda hand: _behavior(hand, OriginRequestPolicyId=ALL_VIEWER),
            "origin_read_timeout": lambda hand: _by_vpc_origin(hand, OriginReadTimeout=60),
            "web_acl_id": lambda hand: _top(hand, WebACLId=web_acl(hand.cloud, "edge", "CLOUDFRONT")),
            "viewer_protocol_policy": lambda hand: _behavior(hand, ViewerProtocolPolicy="allow-all"),
            "allowed_methods": _reads_only,
            "compress": lambda hand: _behavior(hand, Compress=False),
            "http_version": lambda hand: _top(hand, HttpVersion="http1.1"),
            "enabled": lambda hand: _top(hand, Enabled=False),
        },
    ),
}
