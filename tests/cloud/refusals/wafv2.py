"""Refusals by WAF."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once
from tests.cloud.refusals.network import balancer

case = partial(Case, "wafv2")
GONE = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/none/1234567890abcdef"
NONE = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/none/1234abcd-12ab-34cd-56ef-1234567890ab"
VISIBLE = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "x"}


@once
def acl(scene: Scene) -> dict[str, Any]:
    """A web ACL."""
    made = scene.client("wafv2").create_web_acl(
        Name="refused", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBLE, Rules=[]
    )
    return dict(made["Summary"])


@once
def used(scene: Scene) -> dict[str, Any]:
    """The web ACL, with a load balancer that has it."""
    elb, arn, made = scene.client("elbv2"), balancer(scene), acl(scene)
    state = "active"
    scene.wait(
        lambda: elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"] == state
    )
    scene.client("wafv2").associate_web_acl(WebACLArn=made["ARN"], ResourceArn=arn)
    return made


CASES = (
    case("AssociateWebACL", "with an unknown load balancer", "WAFNonexistentItemException", ERRORS,
        lambda s, c: c.associate_web_acl(WebACLArn=acl(s)["ARN"], ResourceArn=GONE)),
    case("AssociateWebACL", "of an unknown one", "WAFNonexistentItemException", ERRORS,
        lambda s, c: (used(s), c.associate_web_acl(WebACLArn=NONE, ResourceArn=balancer(s)))),
    case("GetWebACL", "that is unknown", "WAFNonexistentItemException", ERRORS,
        lambda s, c: c.get_web_acl(Name="none", Scope="REGIONAL", Id="1234abcd-12ab-34cd-56ef-1234567890ab")),
    case("GetWebACLForResource", "of an unknown load balancer", "WAFNonexistentItemException", ERRORS,
        lambda s, c: c.get_web_acl_for_resource(ResourceArn=GONE)),
    case("DeleteWebACL", "while a load balancer has it", "WAFAssociatedItemException", ERRORS,
        lambda s, c: c.delete_web_acl(
            Name="refused", Scope="REGIONAL", Id=used(s)["Id"], LockToken=acl(s)["LockToken"])),
)  # fmt: skip
