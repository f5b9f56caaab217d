"""Refusals of EC2 by the parameters that all its requests share: DryRun, filters."""

from __future__ import annotations

from functools import partial

from tests.cloud.refusals.case import Case
from tests.cloud.refusals.network import vpc

GUIDE = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html"
case = partial(Case, "ec2")


def of(name: str, *values: str) -> list[dict[str, object]]:
    """One filter."""
    return [{"Name": name, "Values": [*values]}]


# fmt: off
CASES = (
    case("DeleteVpc", "with DryRun, while it is allowed", "DryRunOperation",
        "https://github.com/getmoto/moto/issues/1980",
        lambda s, c: c.delete_vpc(VpcId=vpc(s), DryRun=True), "DryRun flag is set"),
    case("DescribeInstanceStatus", "with a filter of DescribeInstances", "InvalidParameterValue",
        "https://github.com/aws/aws-cli/issues/7225",
        lambda s, c: c.describe_instance_status(Filters=of("tag:Name", "xyz*")), "The filter 'tag:Name' is invalid"),
    case("DescribeInstances", "with a filter of DescribeAddresses", "InvalidParameterValue",
        "https://github.com/boto/boto3/issues/1299",
        lambda s, c: c.describe_instances(Filters=of("public-ip", "192.0.2.1")), "The filter 'public-ip' is invalid"),
    case("DescribeVpcs", "with a filter in other letters", "InvalidParameterValue",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html",
        lambda s, c: c.describe_vpcs(Filters=of("VPC-ID", vpc(s)))),
    case("DescribeSnapshots", "with a filter that has no name", "InvalidParameterValue",
        "https://github.com/aws/aws-sdk-js-v3/issues/6063",
        lambda s, c: c.describe_snapshots(Filters=[{"Values": ["x"]}]), "The filter 'null' is invalid"),
    case("DescribeSubnets", "with 51 filters", "FilterLimitExceeded", GUIDE,
        lambda s, c: c.describe_subnets(Filters=of("vpc-id", "x") * 51)),
    case("DescribeSubnets", "with 201 values in a filter", "FilterLimitExceeded", GUIDE,
        lambda s, c: c.describe_subnets(Filters=of("vpc-id", *["x"] * 201))),
)
# fmt: on
