"""AWS's recorded refusals: the embedded cloud refuses alike, and the tool reads their meaning correctly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.aws.errors import not_found
from tests.cloud.conftest import EmbeddedCloud, refused
from tests.cloud.refusals import CASES
from tests.contract.recorded import Refused, refusals

RECORDED = [one for one in refusals() if one.service != "s3"]
"""S3's refusals are about the state's bucket, whose errors no resource type meets."""
NOT_THERE = ("NotFound", "NoSuch")
"""Parts of the codes for a missing resource."""
CALLS: Mapping[tuple[str, str, str], Callable[[Any], Any]] = {
    ("ec2", "CreateTags", "MissingParameter"): lambda c: c.create_tags(Resources=[], Tags=[{"Key": "a", "Value": "b"}]),
    ("ec2", "DescribeInstances", "InvalidInstanceID.Malformed"): lambda c: c.describe_instances(InstanceIds=["foobar"]),
    ("ec2", "DescribeInternetGateways", "InvalidInternetGatewayID.NotFound"): lambda c: c.describe_internet_gateways(
        InternetGatewayIds=["igw-5bce113f"]
    ),
    ("ec2", "DescribeLaunchTemplateVersions", "InvalidLaunchTemplateId.NotFound"): lambda c: (
        c.describe_launch_template_versions(LaunchTemplateId="lt-0a49586208137d8de")
    ),
    ("iam", "ListInstanceProfilesForRole", "NoSuchEntity"): lambda c: c.list_instance_profiles_for_role(
        RoleName="test"
    ),
    ("rds", "DescribeDBClusterParameterGroups", "DBParameterGroupNotFound"): lambda c: (
        c.describe_db_cluster_parameter_groups(DBClusterParameterGroupName="pg-cluster-test")
    ),
}
"""The calls of recorded refusals that have no case in the catalogue (`tests/cloud/refusals`), as they were made."""
OPEN: Mapping[tuple[str, str, str], str] = {
    ("logs", "DescribeLogGroups", "ThrottlingException"): "only when it is started with rate-limits",
    ("route53", "GetHostedZone", "InvalidInput"): "the embedded cloud says NoSuchHostedZone of any id",
}
"""Recorded refusals that the embedded cloud does not make."""


def test_each_recorded_refusal_is_raised_or_listed() -> None:
    cases = {(case.service, case.operation, case.code) for case in CASES}
    assert {(one.service, one.operation, one.code) for one in RECORDED} - cases == CALLS.keys() | OPEN.keys()


@pytest.mark.parametrize("what", CALLS, ids=".".join)
def test_the_embedded_cloud_refuses_with_the_recorded_code(running_cloud: EmbeddedCloud, what: Any) -> None:
    service, _, code = what
    with refused(code):
        CALLS[what](running_cloud.client(service))


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: f"{one.service}.{one.operation} {one.code} {one.date}")
def test_absence_is_told_only_by_the_errors_that_mean_it(one: Refused) -> None:
    answer = {"Error": {"Code": one.code, "Message": one.message}, "ResponseMetadata": {"HTTPStatusCode": one.status}}
    error = ClientError(answer, one.operation)  # type: ignore[arg-type]
    assert not_found(error, one.service) == any(word in one.code for word in NOT_THERE)
