"""EC2: the network, security groups, endpoints, launch templates and instances."""

from __future__ import annotations

from ecs_emulator.services.ec2 import texts
from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_form


def _not_found(operation: str, parameter: str, code: str, what: str) -> Refusal:
    """Return the refusal of an operation in the first seconds, while EC2 does not know a new resource yet."""
    message = f"The {what} '{{}}' does not exist"
    return Refusal("ec2", operation, 3, code, message, in_form(parameter), "EC2 developer guide, eventual consistency")


def _in_use(operation: str, parameter: str, message: str, seconds: float, source: str) -> Refusal:
    return Refusal("ec2", operation, seconds, "DependencyViolation", message, in_form(parameter), source)


API = EmulatedApi(
    "ec2",
    responses="ec2.responses:EC2Response",
    too_long="InvalidParameterValue",
    # guide, "Pagination": a page may be empty; without a page size all entries come, of most lists 1,000 at most
    pages=Pages(Bounds(1000, 5, 1000), "InvalidParameterValue", "InvalidParameterValue", empty=True),
    lists={
        "DescribeAddressesAttribute": Bounds(1000, 1, 1000),
        "DescribeCapacityReservations": Bounds(1000, 1, 1000),
        "DescribeEgressOnlyInternetGateways": Bounds(255, 5, 255),
        # API reference, DescribeHosts, MaxResults; all others as the model says
        "DescribeHosts": Bounds(500, 5, 500),
        "DescribeInstanceTypes": Bounds(100, 5, 100),
        "DescribeLaunchTemplates": Bounds(200, 1, 200),
        "DescribeLaunchTemplateVersions": Bounds(200, 1, 200),
        "DescribeManagedPrefixLists": Bounds(100, 1, 100),
        "DescribeRouteTables": Bounds(100, 5, 100),
        "DescribeSpotFleetInstances": Bounds(1000, 1, 1000),
        "DescribeVpcClassicLinkDnsSupport": Bounds(255, 5, 255),
    },
    more_lists={"DescribeFleetInstances": ("NextToken", "MaxResults", "ActiveInstances")},
    codes=Codes(
        "RequestLimitExceeded", "InternalError", "Unavailable", 503, "UnauthorizedOperation", "RequestExpired", 403
    ),
    refusals=(
        _not_found("ModifyVpcAttribute", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
        _not_found("CreateSubnet", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
        _not_found("CreateSecurityGroup", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
        _not_found("CreateRouteTable", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
        _not_found(
            "AttachInternetGateway", "InternetGatewayId", "InvalidInternetGatewayID.NotFound", "internetGateway ID"
        ),
        Refusal(
            "ec2",
            "CreateTags",
            3,
            "InvalidVpcID.NotFound",
            texts.NO_VPC,
            r"(?m)^ResourceId\.1=(vpc-.+)$",
            "coreos-assembler#2566",
        ),
        Refusal(
            "ec2",
            "CreateRoute",
            3,
            "InvalidParameterValue",
            "route table {} and network gateway belong to different networks",
            in_form("RouteTableId"),
            "buildkite/elastic-ci-stack-for-aws#336",
        ),
        _not_found("CreateRoute", "RouteTableId", "InvalidRouteTableID.NotFound", "routeTable ID"),
        _not_found("CreateNatGateway", "SubnetId", "InvalidSubnetID.NotFound", "subnet ID"),
        _not_found("AssociateRouteTable", "SubnetId", "InvalidSubnetID.NotFound", "subnet ID"),
        _not_found("AuthorizeSecurityGroupIngress", "GroupId", "InvalidGroup.NotFound", "security group"),
        _not_found("AuthorizeSecurityGroupEgress", "GroupId", "InvalidGroup.NotFound", "security group"),
        _not_found("RevokeSecurityGroupEgress", "GroupId", "InvalidGroup.NotFound", "security group"),
        _not_found("CreateVpcEndpoint", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
        Refusal(
            "ec2",
            "CreateVpcEndpoint",
            20,
            "InvalidParameter",
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC",
            r"(?m)^ServiceName=(.+\.(?:ssm|logs))$",
            "terraform-provider-aws#17535",
        ),
        Refusal(
            "ec2",
            "CreateVpcEndpoint",
            5,
            "InvalidParameter",
            texts.PRIVATE_DNS_NEEDS,
            r"(?ms)(?=.*^PrivateDnsEnabled=true$).*^VpcId=([^\n]+)$",
            "EC2 developer guide, eventual consistency",
        ),
        Refusal(
            "ec2",
            "CreateFlowLogs",
            5,
            "InvalidParameter",
            texts.CANNOT_ASSUME_ROLE,
            in_form("DeliverLogsPermissionArn"),
            "terraform-provider-aws#29323",
        ),
        _in_use("DeleteSecurityGroup", "GroupId", texts.HAS_DEPENDENT, 35, "alchemy#1125"),
        _in_use(
            "DetachInternetGateway",
            "VpcId",
            texts.ADDRESSES_MAPPED,
            60,
            "terraform-aws-eks-jx#36",
        ),
        _in_use("DeleteSubnet", "SubnetId", texts.SUBNET_IN_USE, 30, "cloud-nuke#285"),
        _in_use(
            "DeleteRouteTable",
            "RouteTableId",
            texts.ROUTE_TABLE_IN_USE,
            5,
            "EC2 API",
        ),
        _in_use(
            "DeleteVpc",
            "VpcId",
            texts.VPC_IN_USE,
            10,
            "terraform-provider-aws#8536",
        ),
    ),
    modules=(
        "dry_run",
        "tagging",
        "groups",
        "network",
        "options",
        "public_access",
        "gateways",
        "nat",
        "endpoints",
        "flow_logs",
        "templates",
        "images",
        "instances",
        "spot",
        "members",
        "ids",
        "filters",
        "offered",
    ),
)
