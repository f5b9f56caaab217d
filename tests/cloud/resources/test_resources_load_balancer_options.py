"""Options of a load balancer: access logs in a bucket of the stack's own, and somebody's web ACL."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.config.models import Config
from provisioner.engine.declaration import ids, ready
from provisioner.engine.errors import ConfigurationError, Protected
from provisioner.operations.prerequisites.references import check_tls_policy, check_web_acl
from provisioner.resources.ec2.network import InternetGateway, Subnet, Vpc
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.target_groups import TargetGroup
from provisioner.resources.policies import policy
from provisioner.resources.s3 import BLOCKED, Bucket
from provisioner.resources.wafv2 import WebAclAssociation
from provisioner.steps.stack import Stack
from tests.cloud.project import web_acl
from tests.cloud.rig import Rig
from tests.ways import calls

NAME = "ecs-sample-dev-123456789012-ap-northeast-1-logs"
DELIVER = {
    "Effect": "Allow",
    "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{NAME}/AWSLogs/123456789012/*",
}


def bucket(stack: Stack, *, protect: bool = False) -> Any:
    return stack.ensure(Bucket("access-logs", NAME, policy(DELIVER), 7, deletion_protection=protect))


def balanced(stack: Stack, *, logged: bool = False, acl: str = "") -> None:
    logs = bucket(stack) if logged else None
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16", enable_dns_hostnames=False))
    gateway = stack.ensure(InternetGateway("main", vpc.id))
    subnets = [
        stack.ensure(Subnet(zone, vpc.id, f"ap-northeast-1{zone}", f"10.0.{number * 16}.0/20"))
        for number, zone in enumerate("ac")
    ]
    group = stack.ensure(SecurityGroup("alb", vpc.id, "alb", "Load balancer", [], []))
    name = ready(logs).id if logs else None
    balancer = stack.ensure(
        LoadBalancer("main", "web", ids(subnets), [group.id], access_logs_bucket=name), after=[ready(gateway)]
    )
    if acl:
        stack.ensure(WebAclAssociation("main", ready(balancer).id, acl))


def attributes(rig: Rig) -> dict[str, str]:
    elb = rig.cloud.client("elbv2")
    (arn,) = [one["LoadBalancerArn"] for one in elb.describe_load_balancers()["LoadBalancers"]]
    found = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return {one["Key"]: one["Value"] for one in found}


def buckets(rig: Rig) -> list[str]:
    return [one["Name"] for one in rig.cloud.client("s3").list_buckets()["Buckets"]]


# -- the bucket --------------------------------------------------------------------------------------------------------


def test_a_bucket_is_created_closed_and_then_left_alone(rig: Rig) -> None:
    assert rig.up(bucket).ok().writes == ["CreateBucket", "PutBucketPolicy", "PutBucketLifecycleConfiguration"]
    s3 = rig.cloud.client("s3")
    assert {"Key": "provisioner:address", "Value": "bucket/access-logs"} in s3.get_bucket_tagging(Bucket=NAME)["TagSet"]
    assert json.loads(s3.get_bucket_policy(Bucket=NAME)["Policy"])["Statement"] == [DELIVER]
    assert s3.get_public_access_block(Bucket=NAME)["PublicAccessBlockConfiguration"] == BLOCKED
    owned = s3.get_bucket_ownership_controls(Bucket=NAME)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert rig.up(bucket).ok().writes == []
    assert rig.plan(bucket) == []


def test_a_bucket_that_was_opened_is_closed_first_of_all(rig: Rig) -> None:
    rig.up(bucket).ok()
    s3 = rig.cloud.client("s3")
    s3.delete_public_access_block(Bucket=NAME)
    s3.delete_bucket_policy(Bucket=NAME)
    s3.delete_bucket_lifecycle(Bucket=NAME)
    assert rig.up(bucket).ok().writes[0] == "PutPublicAccessBlock"


def test_anybody_is_the_same_in_both_ways_of_writing_it() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{NAME}"}
    longer = {**deny, "Principal": {"AWS": "*"}}
    assert Bucket("a", NAME, policy(deny), 7).policy == Bucket("a", NAME, policy(longer), 7).policy


def test_a_full_bucket_goes_with_all_versions_of_its_objects(rig: Rig) -> None:
    rig.up(bucket).ok()
    s3 = rig.cloud.client("s3")
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    for number in range(3):
        s3.put_object(Bucket=NAME, Key="log", Body=str(number).encode())
        s3.put_object(Bucket=NAME, Key=f"log-{number}", Body=b"x")
    s3.delete_object(Bucket=NAME, Key="log-0")
    down = rig.down().ok()
    assert down.writes == ["DeleteObjects", "DeleteBucket"]
    assert down.summary.leftovers == []
    assert buckets(rig) == []


def test_somebody_elses_bucket_is_left_alone(rig: Rig) -> None:
    place = {"LocationConstraint": "ap-northeast-1"}
    rig.cloud.client("s3").create_bucket(Bucket=NAME, CreateBucketConfiguration=place)
    assert [item.action for item in rig.plan(bucket)] == ["refused"]
    rig.down().ok()
    assert buckets(rig) == [NAME]


def test_a_protected_bucket_goes_only_when_that_is_said(rig: Rig) -> None:
    rig.up(lambda stack: bucket(stack, protect=True)).ok()
    kept = rig.down()
    assert isinstance(kept.summary.error, Protected)
    assert kept.writes == []
    assert rig.down(unprotect=True).ok().summary.leftovers == []


# -- the load balancer -------------------------------------------------------------------------------------------------


def test_access_logs_are_switched_on_and_off_and_leave_nothing(rig: Rig) -> None:
    rig.up(balanced).ok()
    assert attributes(rig)["access_logs.s3.enabled"] == "false"
    on = rig.up(lambda stack: balanced(stack, logged=True)).ok()
    assert on.writes[-1] == "ModifyLoadBalancerAttributes"
    assert attributes(rig)["access_logs.s3.bucket"] == NAME
    (tried,) = rig.cloud.client("s3").list_objects_v2(Bucket=NAME)["Contents"]
    assert tried["Key"] == "AWSLogs/123456789012/ELBAccessLogTestFile"
    assert rig.plan(lambda stack: balanced(stack, logged=True)) == []
    off = rig.up(balanced).ok()
    assert off.writes == ["ModifyLoadBalancerAttributes"], "the logs outlive the switch"
    assert rig.plan(balanced) == []
    rig.up(lambda stack: balanced(stack, logged=True)).ok()
    assert rig.down().ok().summary.leftovers == []
    assert buckets(rig) == []


def test_an_acl_that_somebody_else_associated_is_not_looked_at(rig: Rig) -> None:
    rig.up(balanced).ok()
    acl, waf = web_acl(rig.cloud, "theirs"), rig.cloud.client("wafv2")
    (arn,) = [one["LoadBalancerArn"] for one in rig.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]]
    waf.associate_web_acl(WebACLArn=acl, ResourceArn=arn)
    aws = rig.aws()
    assert list(WebAclAssociation.list(aws, ())) == []
    assert calls(aws) == []
    assert rig.up(balanced).ok().writes == []
    assert waf.get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["ARN"] == acl


def test_a_missing_web_acl_is_reported_by_its_setting(rig: Rig) -> None:
    web = {"services": {"web": {"image": "nginx:1", "port": 80, "public": True}}}
    aws, acl = rig.aws(), web_acl(rig.cloud, "there")
    check_web_acl(aws, Config.model_validate(web))
    assert calls(aws) == []
    check_web_acl(aws, Config.model_validate({**web, "load_balancer": {"waf_acl": acl}}))
    wrong = f"{acl}x"
    with pytest.raises(ConfigurationError, match="there is no such web ACL"):
        check_web_acl(aws, Config.model_validate({**web, "load_balancer": {"waf_acl": wrong}}))


def test_a_missing_tls_policy_is_reported_by_its_setting(rig: Rig) -> None:
    stack = {"services": {"web": {"image": "nginx:1", "port": 80, "public": True}}, "dns": {"domain": "example.com"}}
    aws = rig.aws()
    check_tls_policy(aws, Config.model_validate(stack))
    assert calls(aws) == []
    named = {"tls_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}
    check_tls_policy(aws, Config.model_validate({**stack, "load_balancer": named}))
    wrong = {"tls_policy": "ELBSecurityPolicy-TLS13-1-2-2021-07"}
    with pytest.raises(ConfigurationError, match='did you mean "ELBSecurityPolicy-TLS13-1-2-2021-06"'):
        check_tls_policy(aws, Config.model_validate({**stack, "load_balancer": wrong}))


def test_clients_stay_by_a_cookie(rig: Rig) -> None:
    def grouped(seconds: int) -> Callable[[Stack], None]:
        def declare(stack: Stack) -> None:
            vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
            stack.ensure(TargetGroup("web", "ecs-sample-dev-web", vpc.id, "/health", stickiness=seconds))

        return declare

    def attributes() -> dict[str, str]:
        (group,) = elb.describe_target_groups()["TargetGroups"]
        shown = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
        return {one["Key"].removeprefix("stickiness."): one["Value"] for one in shown if "stickiness" in one["Key"]}

    elb = rig.cloud.client("elbv2")
    rig.up(grouped(3600)).ok()
    assert rig.plan(grouped(3600)) == []
    found = attributes()
    assert (found["enabled"], found["type"], found["lb_cookie.duration_seconds"]) == ("true", "lb_cookie", "3600")
    assert rig.up(grouped(0)).ok().writes == ["ModifyTargetGroupAttributes"]
    assert attributes()["enabled"] == "false"
    assert rig.plan(grouped(0)) == []
    # somebody else's kind of stickiness is drift
    (group,) = elb.describe_target_groups()["TargetGroups"]
    theirs = {"enabled": "true", "type": "app_cookie", "app_cookie.cookie_name": "theirs"}
    elb.modify_target_group_attributes(
        TargetGroupArn=group["TargetGroupArn"],
        Attributes=[{"Key": f"stickiness.{key}", "Value": value} for key, value in theirs.items()],
    )
    assert rig.up(grouped(60)).ok().writes == ["ModifyTargetGroupAttributes"]
    assert attributes()["type"] == "lb_cookie"


def test_the_cloud_refuses_to_delete_a_web_acl_in_use(rig: Rig) -> None:
    acl, waf = web_acl(rig.cloud, "used"), rig.cloud.client("wafv2")
    with pytest.raises(ClientError, match="WAFNonexistentItemException"):
        waf.associate_web_acl(
            WebACLArn=acl,
            ResourceArn="arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/none/1",
        )
    rig.up(lambda stack: balanced(stack, acl=acl)).ok()
    number = acl.rpartition("/")[2]
    token = waf.get_web_acl(Name="used", Scope="REGIONAL", Id=number)["LockToken"]
    with pytest.raises(ClientError, match="WAFAssociatedItemException"):
        waf.delete_web_acl(Name="used", Scope="REGIONAL", Id=number, LockToken=token)
