"""Refusals of EC2 by the parameters that all its requests share: DryRun, filters, ids, pages."""

from __future__ import annotations

from functools import partial

from tests.cloud.refusals.case import Case, parameter
from tests.cloud.refusals.network import vpc

CODES = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"
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
    case("DescribeInstances", "with ids, in pages", "InvalidParameterCombination",
        "https://github.com/getmoto/moto/issues/6282",
        lambda s, c: c.describe_instances(InstanceIds=["i-00000000000000000"], MaxResults=5),
        "The parameter instancesSet cannot be used with the parameter maxResults"),
    case("DescribeVolumes", "with ids, in pages", "InvalidParameterCombination",
        "https://github.com/aws/aws-cli/issues/1976",
        lambda s, c: c.describe_volumes(VolumeIds=["vol-00000000000000000"], MaxResults=5), "volumeSet"),
    case("DescribeImages", "with ids, in pages", "InvalidParameterCombination",
        "https://github.com/aws/aws-sdk-ruby/issues/3028",
        lambda s, c: c.describe_images(ImageIds=["ami-00000000000000000"], MaxResults=5)),
    case("DescribeVolumes", "of an unknown ID", "InvalidVolume.NotFound", CODES,
        lambda s, c: c.describe_volumes(VolumeIds=["vol-00000000000000000"]),
        "The volume 'vol-00000000000000000' does not exist"),
    case("DescribeSnapshots", "of an unknown ID", "InvalidSnapshot.NotFound", CODES,
        lambda s, c: c.describe_snapshots(SnapshotIds=["snap-00000000000000000"]), "snap-00000000000000000"),
    case("DescribeNetworkAcls", "of an unknown ID", "InvalidNetworkAclID.NotFound", CODES,
        lambda s, c: c.describe_network_acls(NetworkAclIds=["acl-00000000000000000"])),
    case("DescribeKeyPairs", "of an unknown name", "InvalidKeyPair.NotFound",
        "https://github.com/hashicorp/vault-guides/issues/260",
        lambda s, c: c.describe_key_pairs(KeyNames=["nothing"]), "The key pair 'nothing' does not exist"),
    case("DescribeKeyPairs", "of an unknown ID", "InvalidKeyPair.NotFound", CODES,
        lambda s, c: c.describe_key_pairs(KeyPairIds=["key-00000000000000000"])),
    case("DescribeVpcPeeringConnections", "of an unknown ID", "InvalidVpcPeeringConnectionID.NotFound", CODES,
        lambda s, c: c.describe_vpc_peering_connections(VpcPeeringConnectionIds=["pcx-00000000000000000"])),
    case("DescribeVpnGateways", "of an unknown ID", "InvalidVpnGatewayID.NotFound", CODES,
        lambda s, c: c.describe_vpn_gateways(VpnGatewayIds=["vgw-00000000000000000"])),
    case("DescribeCustomerGateways", "of an unknown ID", "InvalidCustomerGatewayID.NotFound", CODES,
        lambda s, c: c.describe_customer_gateways(CustomerGatewayIds=["cgw-00000000000000000"])),
    case("DescribeTransitGateways", "of an unknown ID", "InvalidTransitGatewayID.NotFound",
        "https://github.com/gruntwork-io/cloud-nuke/issues/361",
        lambda s, c: c.describe_transit_gateways(TransitGatewayIds=["tgw-00000000000000000"]),
        "Transit Gateway tgw-00000000000000000 was deleted or does not exist"),
    case("DescribeInstanceTypes", "in pages of more than 100", "InvalidParameterValue", parameter("MaxResults"),
        lambda s, c: c.describe_instance_types(MaxResults=101)),
)
# fmt: on
