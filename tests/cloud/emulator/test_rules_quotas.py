"""Service Quotas of the embedded cloud: AWS's codes and defaults, applied values, and unknown services and quotas."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud, refused

VPCS = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}


@pytest.fixture
def quotas(cloud: EmbeddedCloud) -> Any:
    return cloud.client("service-quotas")


def test_a_quota_has_its_default_until_another_value_is_applied(cloud: EmbeddedCloud, quotas: Any) -> None:
    quota = quotas.get_service_quota(**VPCS)["Quota"]
    assert (quota["QuotaName"], quota["Value"], quota["Adjustable"]) == ("VPCs per Region", 5.0, True)
    assert quota["QuotaArn"] == "arn:aws:servicequotas:ap-northeast-1:123456789012:vpc/L-F678F1CE"
    cloud.control("POST", "quota", "service=vpc&code=L-F678F1CE&value=2")
    assert quotas.get_service_quota(**VPCS)["Quota"]["Value"] == 2.0
    assert quotas.get_aws_default_service_quota(**VPCS)["Quota"]["Value"] == 5.0
    cloud.reset()
    assert quotas.get_service_quota(**VPCS)["Quota"]["Value"] == 5.0


def test_a_quota_without_an_applied_value_has_its_default_only(cloud: EmbeddedCloud, quotas: Any) -> None:
    cloud.control("POST", "quota", "service=vpc&code=L-F678F1CE")
    with refused("NoSuchResourceException"):
        quotas.get_service_quota(**VPCS)
    assert quotas.get_aws_default_service_quota(**VPCS)["Quota"]["Value"] == 5.0
    listed = quotas.list_service_quotas(ServiceCode="vpc")["Quotas"]
    defaults = quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]
    assert {q["QuotaCode"] for q in defaults} - {q["QuotaCode"] for q in listed} == {"L-F678F1CE"}


def test_what_does_not_exist_is_not_found(quotas: Any) -> None:
    for request in ({"ServiceCode": "vpc", "QuotaCode": "L-00000000"}, {"ServiceCode": "none", "QuotaCode": "L-1"}):
        with refused("NoSuchResourceException"):
            quotas.get_service_quota(**request)
        with refused("NoSuchResourceException"):
            quotas.get_aws_default_service_quota(**request)


def test_a_global_service_is_known_in_one_region(cloud: EmbeddedCloud, quotas: Any) -> None:
    roles = {"ServiceCode": "iam", "QuotaCode": "L-FE177D64"}
    with refused("NoSuchResourceException"):
        quotas.get_service_quota(**roles)
    quota = cloud.client("service-quotas", "us-east-1").get_service_quota(**roles)["Quota"]
    assert (quota["Value"], quota["GlobalQuota"]) == (1000.0, True)


def test_a_list_comes_in_pages(quotas: Any) -> None:
    page = quotas.list_service_quotas(ServiceCode="vpc", MaxResults=2)
    assert len(page["Quotas"]) == 2
    rest = quotas.list_service_quotas(ServiceCode="vpc", NextToken=page["NextToken"])
    assert len(rest["Quotas"]) == 6
    with refused("InvalidPaginationTokenException"):
        quotas.list_service_quotas(ServiceCode="vpc", NextToken="x")


@pytest.mark.parametrize(
    ("service", "call", "denied", "expired"),
    [
        ("ec2", "describe_vpcs", "UnauthorizedOperation", "RequestExpired"),
        ("sts", "get_caller_identity", "AccessDenied", "ExpiredToken"),
        ("ecs", "list_clusters", "AccessDeniedException", "ExpiredTokenException"),
        ("s3", "list_buckets", "AccessDenied", "ExpiredToken"),
    ],
)
def test_callers_are_refused_in_the_words_of_each_service(
    cloud: EmbeddedCloud, service: str, call: str, denied: str, expired: str
) -> None:
    for scenario, code in (("denied", denied), ("expired", expired)):
        cloud.control("POST", "faults", f"scenarios={scenario}")
        with refused(code):
            getattr(cloud.client(service), call)()


def test_rules_per_group_are_as_many_as_the_account_may_have(cloud: EmbeddedCloud) -> None:
    """A rule with a prefix list counts as well, by its weight, which is 1 for S3 (VPC guide, managed prefix lists)."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    tcp = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}

    def authorize(first: int, last: int) -> None:
        ranges = [{"CidrIp": f"10.{number}.0.0/16"} for number in range(first, last)]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**tcp, "IpRanges": ranges}])

    cloud.control("POST", "quota", "service=vpc&code=L-0EA8095F&value=70")
    authorize(0, 60)
    s3 = next(one for one in ec2.describe_prefix_lists()["PrefixLists"] if one["PrefixListName"].endswith(".s3"))
    listed = [{"PrefixListId": s3["PrefixListId"]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**tcp, "PrefixListIds": listed}])
    with refused("RulesPerSecurityGroupLimitExceeded"):
        authorize(60, 70)
    authorize(60, 69)
