"""Further permissions that calls of the options need: keys, flow logs, buckets, web ACLs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud, Network
from tests.cloud.policies import ALL, PLACE, allowing, answer, asked, denied, denying, enforce, policy
from tests.cloud.project import kms_key, web_acl

ALIAS = "alias/example"
PARAMETER = f"arn:aws:ssm:{PLACE}:parameter/a"


def found(cloud: EmbeddedCloud, service: str) -> set[tuple[str, str]]:
    """Return the checked actions of a service, each with its resource."""
    return {(it.check.action, it.check.resource) for it in asked(cloud) if it.check.action.startswith(f"{service}:")}


def using(cloud: EmbeddedCloud, key: str, via: str) -> set[str]:
    """Return the actions on a key that were checked by way of a service."""
    checks = [it.check for it in asked(cloud) if it.check.resource == key]
    assert {it.context.get("kms:ViaService") for it in checks} == {(f"{via}.ap-northeast-1.amazonaws.com",)}
    assert {it.context.get("kms:ResourceAliases") for it in checks} == {(ALIAS,)}
    return {it.action for it in checks}


@pytest.fixture
def key(cloud: EmbeddedCloud) -> str:
    """The ARN of a key with an alias."""
    made = kms_key(cloud)
    cloud.client("kms").create_alias(AliasName=ALIAS, TargetKeyId=made)
    return made


def test_a_key_is_asked_for_by_its_arn_whatever_it_is_named_by(cloud: EmbeddedCloud, key: str) -> None:
    for named in (key, ALIAS, key.rpartition("/")[2], key.rpartition(":")[0] + f":{ALIAS}"):
        enforce(cloud, policy(ALL))
        cloud.client("kms").describe_key(KeyId=named)
        assert found(cloud, "kms") == {("kms:DescribeKey", key)}
    own = {**allowing("kms:DescribeKey"), "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ALIAS}}}
    enforce(cloud, policy(own, allowing("kms:CreateKey")))
    cloud.client("kms").describe_key(KeyId=ALIAS)
    other = kms_key(cloud)
    assert answer(cloud, "kms", "describe_key", KeyId=other)[1] == "AccessDeniedException"


def test_a_repository_takes_grants_and_retires_them(cloud: EmbeddedCloud, key: str) -> None:
    made = {"repositoryName": "shop", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": ALIAS}}
    enforce(cloud, policy(allowing("ecr:*", "kms:DescribeKey")))
    assert f"kms:CreateGrant on resource: {key} because" in answer(cloud, "ecr", "create_repository", **made)[2]
    enforce(cloud, policy(allowing("ecr:*", "kms:DescribeKey", "kms:CreateGrant")))
    cloud.client("ecr").create_repository(**made)
    assert using(cloud, key, "ecr") == {"kms:DescribeKey", "kms:CreateGrant"}
    assert f"kms:RetireGrant on resource: {key} because" in answer(
        cloud, "ecr", "delete_repository", repositoryName="shop"
    )[2]  # fmt: skip
    enforce(cloud, policy(ALL))
    cloud.client("ecr").delete_repository(repositoryName="shop")
    assert using(cloud, key, "ecr") == {"kms:RetireGrant"}


def test_a_database_is_created_with_its_callers_use_of_the_key(cloud: EmbeddedCloud, key: str) -> None:
    enforce(cloud, policy(allowing("rds:*", "kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey")))
    made: dict[str, Any] = {"DBClusterIdentifier": "a", "Engine": "aurora-mysql", "KmsKeyId": key}
    assert f"kms:CreateGrant on resource: {key} because" in answer(cloud, "rds", "create_db_cluster", **made)[2]
    assert using(cloud, key, "rds") == {
        f"kms:{it}" for it in ("CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")
    }


def test_a_parameter_is_encrypted_and_decrypted_by_who_calls(cloud: EmbeddedCloud, key: str) -> None:
    ssm = cloud.client("ssm")
    secret = {"Name": "/a", "Value": "a", "Type": "SecureString"}
    enforce(cloud, policy(allowing("ssm:*")))
    ssm.put_parameter(**secret)
    ssm.get_parameter(Name="/a", WithDecryption=True)
    assert found(cloud, "kms") == set(), "whoever may use Parameter Store may use its own key"
    again = {**secret, "KeyId": ALIAS, "Overwrite": True}
    assert f"kms:Encrypt on resource: {key} because" in answer(cloud, "ssm", "put_parameter", **again)[2]
    enforce(cloud, policy(allowing("ssm:*", "kms:Encrypt")))
    ssm.put_parameter(**again)
    ssm.get_parameter(Name="/a")
    told = answer(cloud, "ssm", "get_parameter", Name="/a", WithDecryption=True)[2]
    assert f"kms:Decrypt on resource: {key} because" in told
    assert using(cloud, key, "ssm") == {"kms:Encrypt", "kms:Decrypt"}
    contexts = [it.check.context for it in asked(cloud) if it.check.resource == key]
    assert {it["kms:EncryptionContext:PARAMETER_ARN"] for it in contexts} == {(PARAMETER,)}
    assert answer(cloud, "ssm", "put_parameter", **{**again, "KeyId": "alias/none"})[1] == "InvalidKeyId"


def test_a_flow_log_is_authorized_by_its_role_and_its_vpc(network: Network) -> None:
    cloud = network.cloud
    trust = {"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = cloud.client("iam").create_role(RoleName="flow", AssumeRolePolicyDocument=json.dumps(policy(trust)))["Role"]
    cloud.client("logs").create_log_group(logGroupName="/flow")
    tags = [{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "Project", "Value": "shop"}]}]
    made = {
        "ResourceType": "VPC", "ResourceIds": [network.vpc], "TrafficType": "ALL", "LogGroupName": "/flow",
        "DeliverLogsPermissionArn": role["Arn"], "TagSpecifications": tags,
    }  # fmt: skip
    to_ec2 = {**allowing("iam:PassRole"), "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    enforce(cloud, policy(allowing("ec2:*"), to_ec2))
    assert f"iam:PassRole on resource: {role['Arn']}" in answer(cloud, "ec2", "create_flow_logs", **made)[2]
    enforce(cloud, policy(ALL))
    (log,) = cloud.client("ec2").create_flow_logs(**made)["FlowLogIds"]
    new, vpc = f"arn:aws:ec2:{PLACE}:vpc-flow-log/*", f"arn:aws:ec2:{PLACE}:vpc/{network.vpc}"
    assert found(cloud, "ec2") == {("ec2:CreateFlowLogs", new), ("ec2:CreateFlowLogs", vpc), ("ec2:CreateTags", new)}
    own = {**allowing("ec2:DeleteFlowLogs"), "Condition": {"StringEquals": {"aws:ResourceTag/Project": "shop"}}}
    enforce(cloud, policy(own))
    cloud.client("ec2").delete_flow_logs(FlowLogIds=[log])
    assert found(cloud, "ec2") == {("ec2:DeleteFlowLogs", new.replace("*", log))}


def test_a_bucket_without_access_lists_is_one_permission_more(cloud: EmbeddedCloud) -> None:
    place = {"CreateBucketConfiguration": {"LocationConstraint": "ap-northeast-1"}}
    enforce(cloud, policy(allowing("s3:CreateBucket")))
    cloud.client("s3").create_bucket(Bucket="a-bucket", **place)
    told = answer(cloud, "s3", "create_bucket", Bucket="b-bucket", ObjectOwnership="BucketOwnerEnforced", **place)[2]
    assert "s3:PutBucketOwnershipControls on resource: arn:aws:s3:::b-bucket because" in told


def test_an_object_version_is_deleted_by_a_permission_of_its_own(cloud: EmbeddedCloud) -> None:
    s3, bucket = cloud.client("s3"), {"Bucket": "a-bucket"}
    s3.create_bucket(**bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(**bucket, Key="a", Body=b"")
    one = {"Objects": [{"Key": "a", "VersionId": "null"}]}
    enforce(cloud, policy(ALL, denying("s3:DeleteObjectVersion")))
    on = "s3:DeleteObjectVersion on resource: arn:aws:s3:::a-bucket/a"
    assert on in answer(cloud, "s3", "delete_objects", **bucket, Delete=one)[2]
    assert on in answer(cloud, "s3", "delete_object", **bucket, Key="a", VersionId="null")[2]
    enforce(cloud, policy(allowing("s3:DeleteObjectVersion")))
    assert answer(cloud, "s3", "delete_objects", **bucket, Delete=one)[1] == "AccessDenied"
    s3.delete_object(**bucket, Key="a", VersionId="null")


def test_a_web_acl_needs_permission_on_the_load_balancer_too(network: Network) -> None:
    cloud = network.cloud
    acl, elb = web_acl(cloud, "a"), cloud.client("elbv2")
    balancer = elb.create_load_balancer(Name="a", Subnets=network.subnets, Scheme="internal")["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    cloud.wait(lambda: elb.describe_load_balancers()["LoadBalancers"][0]["State"]["Code"] == "active", "the balancer")
    both = {"WebACLArn": acl, "ResourceArn": balancer}
    refusals(cloud, "associate_web_acl", both, balancer, ("CreateWebACLAssociation", "SetWebAcl"))
    enforce(cloud, policy(ALL))
    cloud.client("wafv2").get_web_acl_for_resource(ResourceArn=balancer)
    assert found(cloud, "wafv2") == {
        ("wafv2:GetWebACLForResource", acl), ("wafv2:GetWebACLForResource", balancer), ("wafv2:GetWebACL", acl)
    }  # fmt: skip
    of = {"ResourceArn": balancer}
    refusals(cloud, "get_web_acl_for_resource", of, balancer, ("GetLoadBalancerWebACL",))
    refusals(cloud, "disassociate_web_acl", of, balancer, ("DeleteWebACLAssociation", "SetWebAcl"))
    assert denied(asked(cloud)) == []


def refusals(
    cloud: EmbeddedCloud, operation: str, parameters: dict[str, Any], balancer: str, actions: Iterable[str]
) -> None:
    """A call is refused without each of the actions on the load balancer, and made with all of them."""
    for action in actions:
        enforce(cloud, policy(ALL, denying(f"elasticloadbalancing:{action}")))
        told = answer(cloud, "wafv2", operation, **parameters)[2]
        assert f"elasticloadbalancing:{action} on resource: {balancer} with an explicit deny" in told
    enforce(cloud, policy(allowing("wafv2:*", *(f"elasticloadbalancing:{it}" for it in actions))))
    getattr(cloud.client("wafv2"), operation)(**parameters)
