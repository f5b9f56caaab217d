"""Characters that XML cannot hold: refused in names and tags, so that every answer can be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.conftest import REGION, EmbeddedCloud

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ODD = ["a\x1b]0;title\x07b", "\x00", "\x0bx", "x\x1f", "\ufffe", "x\uffff"]


def tags(text: str) -> list[dict[str, str]]:
    """Tags with a text as a value, and as a key."""
    return [{"Key": "a", "Value": text}, {"Key": text, "Value": "a"}]


def kinds(kind: str, text: str) -> list[dict[str, Any]]:
    """Return the same as EC2's specification of tags for a new resource."""
    return [{"ResourceType": kind, "Tags": tags(text)}]


def group(cloud: EmbeddedCloud, text: str, **more: Any) -> Any:
    """Create a target group."""
    (vpc,) = cloud.client("ec2").describe_vpcs()["Vpcs"]
    return cloud.client("elbv2").create_target_group(
        Name="odd", Protocol="HTTP", Port=80, VpcId=vpc["VpcId"], TargetType="ip", **more
    )


def vpc_of(cloud: EmbeddedCloud) -> str:
    """The default VPC's id."""
    return str(cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])


CALLS: dict[str, Callable[[EmbeddedCloud, str], Any]] = {
    "ec2 tags": lambda cloud, text: cloud.client("ec2").create_tags(Resources=[vpc_of(cloud)], Tags=tags(text)),
    "ec2 tags of a new vpc": lambda cloud, text: cloud.client("ec2").create_vpc(
        CidrBlock="10.9.0.0/16", TagSpecifications=kinds("vpc", text)
    ),
    "ec2 tags of a template's instances": lambda cloud, text: cloud.client("ec2").create_launch_template(
        LaunchTemplateName="odd",
        LaunchTemplateData={"InstanceType": "t3.micro", "TagSpecifications": kinds("instance", text)},
    ),
    "ec2 description": lambda cloud, text: cloud.client("ec2").create_security_group(
        GroupName="odd", Description=text, VpcId=vpc_of(cloud)
    ),
    "elbv2 tags": lambda cloud, text: group(cloud, text, Tags=tags(text)),
    "elbv2 path": lambda cloud, text: group(cloud, text, HealthCheckPath=f"/{text}"),
    "iam tags": lambda cloud, text: cloud.client("iam").create_role(
        RoleName="odd", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tags(text)
    ),
    "iam description": lambda cloud, text: cloud.client("iam").create_role(
        RoleName="odd", AssumeRolePolicyDocument=json.dumps(TRUST), Description=text
    ),
    "rds tags": lambda cloud, text: cloud.client("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName="odd", DBParameterGroupFamily="aurora-mysql8.0", Description="x", Tags=tags(text)
    ),
    "rds description": lambda cloud, text: cloud.client("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName="odd", DBParameterGroupFamily="aurora-mysql8.0", Description=text
    ),
    "autoscaling tags": lambda cloud, text: cloud.client("autoscaling").create_or_update_tags(
        Tags=[
            {"ResourceId": "odd", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True, **one}
            for one in tags(text)
        ]
    ),
    "route53 comment": lambda cloud, text: cloud.client("route53").create_hosted_zone(
        Name="odd.example", CallerReference="odd", HostedZoneConfig={"Comment": text}
    ),
    "s3 tags": lambda cloud, text: cloud.client("s3").put_bucket_tagging(Bucket="odd", Tagging={"TagSet": tags(text)}),
    "tagging": lambda cloud, text: cloud.client("resourcegroupstaggingapi").tag_resources(
        ResourceARNList=[f"arn:aws:ec2:{REGION}:123456789012:vpc/{vpc_of(cloud)}"], Tags={"a": text}
    ),
}


def read(cloud: EmbeddedCloud) -> None:
    """Make calls whose answers show all that the calls above could have left."""
    ec2, rds = cloud.client("ec2"), cloud.client("rds")
    for seen in (ec2.describe_vpcs, ec2.describe_security_groups, ec2.describe_launch_templates, ec2.describe_tags):
        seen()
    cloud.client("elbv2").describe_target_groups()
    cloud.client("iam").list_roles()
    rds.describe_db_cluster_parameter_groups()
    cloud.client("autoscaling").describe_tags()
    cloud.client("route53").list_hosted_zones()
    assert cloud.client("s3").list_buckets()["Buckets"]


@pytest.mark.parametrize("call", CALLS)
def test_no_name_and_no_tag_makes_an_answer_unreadable(cloud: EmbeddedCloud, call: str) -> None:
    cloud.client("s3").create_bucket(Bucket="odd", CreateBucketConfiguration={"LocationConstraint": REGION})
    for text in ODD:
        with pytest.raises(ClientError) as refused:
            CALLS[call](cloud, text)
        assert 400 <= refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500, refused.value
        read(cloud)


@pytest.mark.parametrize("text", ["two\nlines\tand more", "日本語", "\U0001f600", "a;b(c)", "\ufffd", "\x7f\x85"])
def test_what_xml_has_is_taken_and_shown_again(cloud: EmbeddedCloud, text: str) -> None:
    ec2 = cloud.client("ec2")
    ec2.create_tags(Resources=[vpc_of(cloud)], Tags=[{"Key": "a", "Value": text}])
    assert ec2.describe_vpcs()["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": text}]
