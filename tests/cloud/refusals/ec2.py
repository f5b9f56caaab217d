"""Refusals by EC2."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import TEXT, Case, Scene, once, parameter
from tests.cloud.refusals.network import balancer, gateway, group, subnets, vpc

CODES = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"
TOKENS = "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html"
ROLES = "https://github.com/hashicorp/terraform-provider-aws/issues/29323"
TAGS = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html"
case = partial(Case, "ec2")

TCP = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
WORLD = [{"CidrIp": "0.0.0.0/0"}]
NOWHERE = {
    "vpc": "vpc-00000000000000000", "subnet": "subnet-00000000000000000", "sg": "sg-00000000000000000",
    "rtb": "rtb-00000000000000000", "igw": "igw-00000000000000000", "eni": "eni-00000000000000000",
    "vpce": "vpce-00000000000000000", "i": "i-00000000000000000", "lt": "lt-00000000000000000",
}  # fmt: skip
SSM, S3 = "com.amazonaws.ap-northeast-1.ssm", "com.amazonaws.ap-northeast-1.s3"


@once
def bare(scene: Scene, number: int) -> str:
    """A VPC of its own, with DNS hostnames off."""
    return str(scene.client("ec2").create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"])


@once
def table(scene: Scene) -> str:
    """A route table with which the first subnet is associated, with a route out."""
    ec2 = scene.client("ec2")
    made: str = ec2.create_route_table(VpcId=vpc(scene))["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=made, SubnetId=subnets(scene)[0])
    ec2.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway(scene))
    return made


@once
def free_table(scene: Scene) -> str:
    """A route table with nothing but the endpoint of S3."""
    ec2 = scene.client("ec2")
    made: str = ec2.create_route_table(VpcId=vpc(scene))["RouteTable"]["RouteTableId"]
    ec2.create_vpc_endpoint(VpcId=vpc(scene), ServiceName=S3, VpcEndpointType="Gateway", RouteTableIds=[made])
    return made


@once
def loose_gateway(scene: Scene) -> str:
    """An internet gateway that is attached to nothing."""
    return str(scene.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"])


@once
def named_group(scene: Scene) -> str:
    """A security group that the rule of another one names."""
    ec2 = scene.client("ec2")
    made = [ec2.create_security_group(GroupName=n, Description=n, VpcId=vpc(scene))["GroupId"] for n in ("from", "to")]
    rule = {**TCP, "UserIdGroupPairs": [{"GroupId": made[0]}]}
    ec2.authorize_security_group_ingress(GroupId=made[1], IpPermissions=[rule])
    return str(made[0])


@once
def ruled_group(scene: Scene) -> str:
    """A security group with port 80 open to the world, both ways."""
    ec2 = scene.client("ec2")
    made: str = ec2.create_security_group(GroupName="ruled", Description="ruled", VpcId=vpc(scene))["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[{**TCP, "IpRanges": WORLD}])
    ec2.authorize_security_group_egress(GroupId=made, IpPermissions=[{**TCP, "IpRanges": WORLD}])
    return made


@once
def endpoint(scene: Scene) -> str:
    """An interface endpoint with private DNS."""
    made = interface_endpoint(scene, scene.client("ec2"), SubnetIds=[subnets(scene)[0]])
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def interface_endpoint(scene: Scene, ec2: Any, **more: Any) -> Any:
    """Create the interface endpoint of Systems Manager with private DNS."""
    request = {"VpcId": vpc(scene), "ServiceName": SSM, "SecurityGroupIds": [group(scene)], "PrivateDnsEnabled": True}
    return ec2.create_vpc_endpoint(VpcEndpointType="Interface", **{**request, **more})


def default_group(scene: Scene) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc(scene)]}, {"Name": "group-name", "Values": ["default"]}]
    return str(scene.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])


def main_table(scene: Scene) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc(scene)]}, {"Name": "association.main", "Values": ["true"]}]
    return str(scene.client("ec2").describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"])


def ingress(scene: Scene, ec2: Any, **rule: Any) -> Any:
    return ec2.authorize_security_group_ingress(GroupId=ruled_group(scene), IpPermissions=[{**TCP, **rule}])


def egress(scene: Scene, ec2: Any, **rule: Any) -> Any:
    return ec2.authorize_security_group_egress(GroupId=ruled_group(scene), IpPermissions=[{**TCP, **rule}])


def full_vpc(scene: Scene, ec2: Any, number: int, kind: str) -> Any:
    """Put one thing into a VPC and try to delete that."""
    inside = bare(scene, number)
    if kind == "gateway":
        made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=inside)
    elif kind == "table":
        ec2.create_route_table(VpcId=inside)
    elif kind == "group":
        ec2.create_security_group(GroupName="web", Description="web", VpcId=inside)
    elif kind == "endpoint":
        ec2.create_vpc_endpoint(VpcId=inside, ServiceName=S3, VpcEndpointType="Gateway")
    return ec2.delete_vpc(VpcId=inside)


def second_token(scene: Scene, create: Any, first: dict[str, Any], second: dict[str, Any]) -> Any:
    """Use a client token again for another request."""
    token = scene.name("token")
    create(ClientToken=token, **first)
    return create(ClientToken=token, **second)


def from_cloudfront_twice(scene: Scene, client: Any) -> Any:
    """Let CloudFront's servers in on two ports: each of the rules counts as 55."""
    which = [{"Name": "prefix-list-name", "Values": ["com.amazonaws.global.cloudfront.origin-facing"]}]
    (listed,) = client.describe_managed_prefix_lists(Filters=which)["PrefixLists"]
    lists = [{"PrefixListId": listed["PrefixListId"]}]
    made = client.create_security_group(GroupName=scene.name("edge"), Description="edge", VpcId=vpc(scene))["GroupId"]
    rules = [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "PrefixListIds": lists} for port in (80, 443)]
    return client.authorize_security_group_ingress(GroupId=made, IpPermissions=rules)


def sixty_first_rule(scene: Scene, ec2: Any) -> Any:
    made = ec2.create_security_group(GroupName=scene.name(), Description="x", VpcId=vpc(scene))["GroupId"]
    ranges = [{"CidrIp": f"10.1.{number}.0/24"} for number in range(61)]
    return ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[{**TCP, "IpRanges": ranges}])


def tagged(*tags: tuple[str, str], kind: str = "vpc") -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags]}]


def held_subnet(scene: Scene, ec2: Any) -> Any:
    balancer(scene)
    return ec2.delete_subnet(SubnetId=subnets(scene)[1])


CASES = (
    case("CreateVpc", "with a network larger than /16", "InvalidVpc.Range", parameter("CidrBlock"),
        lambda s, c: c.create_vpc(CidrBlock="10.0.0.0/15")),
    case("CreateVpc", "with a network smaller than /28", "InvalidVpc.Range", parameter("CidrBlock"),
        lambda s, c: c.create_vpc(CidrBlock="10.0.0.0/29")),
    case("CreateVpc", "with an invalid CIDR block", "InvalidParameterValue", CODES,
        lambda s, c: c.create_vpc(CidrBlock="10.0.0.0-10.0.0.9")),
    case("CreateVpc", "with tags for another resource type", "InvalidParameterValue", CODES,
        lambda s, c: c.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged(("a", "b"), kind="subnet")),
        "is not a valid taggable resource type"),
    case("CreateVpc", "with a tag key twice", "InvalidParameterValue", CODES,
        lambda s, c: c.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged(("a", "b"), ("a", "c"))),
        "Duplicate tag key"),
    case("CreateVpc", "with a tag key of AWS's own", "InvalidParameterValue", TAGS,
        lambda s, c: c.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged(("aws:a", "b"))), "aws:"),
    case("CreateVpc", "with a tag that has a control character", "InvalidParameterValue", CODES,
        lambda s, c: c.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged(("a", "b\x1b"))), "Tag.1.Value"),
    case("CreateTags", "with a control character", "InvalidParameterValue", CODES,
        lambda s, c: c.create_tags(Resources=[vpc(s)], Tags=[{"Key": "a\x07", "Value": "b"}]), "Tag.1.Key"),
    case("DeleteVpc", "of an unknown ID", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.delete_vpc(VpcId=NOWHERE["vpc"])),
    case("DeleteVpc", "while a subnet is in it", "DependencyViolation", CODES,
        lambda s, c: (subnets(s, 1), c.delete_vpc(VpcId=vpc(s, 1)))),
    case("DeleteVpc", "while an internet gateway is attached", "DependencyViolation", CODES,
        lambda s, c: full_vpc(s, c, 21, "gateway")),
    case("DeleteVpc", "while a route table other than the main one is in it", "DependencyViolation", CODES,
        lambda s, c: full_vpc(s, c, 22, "table")),
    case("DeleteVpc", "while a security group other than the default one is in it", "DependencyViolation", CODES,
        lambda s, c: full_vpc(s, c, 23, "group")),
    case("DeleteVpc", "while an endpoint is in it", "DependencyViolation", CODES,
        lambda s, c: full_vpc(s, c, 24, "endpoint")),
    case("ModifyVpcAttribute", "of an unknown ID", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.modify_vpc_attribute(VpcId=NOWHERE["vpc"], EnableDnsSupport={"Value": True})),
    case("ModifyVpcAttribute", "with both DNS attributes at once", "InvalidParameterCombination", TEXT,
        lambda s, c: c.modify_vpc_attribute(
            VpcId=vpc(s), EnableDnsSupport={"Value": True}, EnableDnsHostnames={"Value": True})),
    case("DescribeVpcs", "of an unknown ID", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.describe_vpcs(VpcIds=[NOWHERE["vpc"]])),
    case("DescribeVpcAttribute", "of an unknown ID", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.describe_vpc_attribute(VpcId=NOWHERE["vpc"], Attribute="enableDnsSupport")),

    case("CreateSubnet", "in an unknown VPC", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.create_subnet(VpcId=NOWHERE["vpc"], CidrBlock="10.0.0.0/24")),
    case("CreateSubnet", "over another subnet's addresses", "InvalidSubnet.Conflict", CODES,
        lambda s, c: c.create_subnet(VpcId=vpc(s), CidrBlock=(subnets(s), "10.0.1.128/25")[1])),
    case("CreateSubnet", "outside the VPC's network", "InvalidSubnet.Range", CODES,
        lambda s, c: c.create_subnet(VpcId=vpc(s), CidrBlock="192.168.0.0/24")),
    case("CreateSubnet", "smaller than /28", "InvalidSubnet.Range", CODES,
        lambda s, c: c.create_subnet(VpcId=vpc(s), CidrBlock="10.0.200.0/29")),
    case("CreateSubnet", "in a zone that does not exist", "InvalidParameterValue", CODES,
        lambda s, c: c.create_subnet(VpcId=vpc(s), CidrBlock="10.0.201.0/24", AvailabilityZone="ap-northeast-1z")),
    case("CreateSubnet", "with an invalid CIDR block", "InvalidParameterValue", CODES,
        lambda s, c: c.create_subnet(VpcId=vpc(s), CidrBlock="10.0.202.0")),
    case("DeleteSubnet", "of an unknown ID", "InvalidSubnetID.NotFound", CODES,
        lambda s, c: c.delete_subnet(SubnetId=NOWHERE["subnet"])),
    case("DeleteSubnet", "while a load balancer's interface is in it", "DependencyViolation",
        "https://github.com/gruntwork-io/cloud-nuke/issues/285", held_subnet, "has dependencies"),
    case("DeleteSubnet", "while an endpoint's interface is in it", "DependencyViolation",
        "https://github.com/gruntwork-io/cloud-nuke/pull/293",
        lambda s, c: (endpoint(s), c.delete_subnet(SubnetId=subnets(s)[0]))),
    case("DescribeSubnets", "of an unknown ID", "InvalidSubnetID.NotFound", CODES,
        lambda s, c: c.describe_subnets(SubnetIds=[NOWHERE["subnet"]])),

    case("CreateSecurityGroup", "with a name in use in the VPC", "InvalidGroup.Duplicate", CODES,
        lambda s, c: (group(s), c.create_security_group(GroupName="web", Description="x", VpcId=vpc(s)))),
    case("CreateSecurityGroup", "in an unknown VPC", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.create_security_group(GroupName="x", Description="x", VpcId=NOWHERE["vpc"])),
    case("CreateSecurityGroup", "with the name default", "InvalidParameterValue", parameter("GroupName"),
        lambda s, c: c.create_security_group(GroupName="default", Description="x", VpcId=vpc(s)), "reserved"),
    case("CreateSecurityGroup", "with a name that begins with sg-", "InvalidParameterValue", parameter("GroupName"),
        lambda s, c: c.create_security_group(GroupName="sg-web", Description="x", VpcId=vpc(s))),
    case("CreateSecurityGroup", "with a name of more than 255 characters", "InvalidParameterValue",
        parameter("GroupName"),
        lambda s, c: c.create_security_group(GroupName="x" * 256, Description="x", VpcId=vpc(s))),
    case("CreateSecurityGroup", "with invalid characters in the name", "InvalidParameterValue",
        parameter("GroupName"),
        lambda s, c: c.create_security_group(GroupName="wéb", Description="x", VpcId=vpc(s))),
    case("CreateSecurityGroup", "with invalid characters in the description", "InvalidParameterValue",
        parameter("Description"),
        lambda s, c: c.create_security_group(GroupName="x", Description="it's", VpcId=vpc(s))),
    case("DeleteSecurityGroup", "of an unknown ID", "InvalidGroup.NotFound", CODES,
        lambda s, c: c.delete_security_group(GroupId=NOWHERE["sg"])),
    case("DeleteSecurityGroup", "of the VPC's default group", "CannotDelete", CODES,
        lambda s, c: c.delete_security_group(GroupId=default_group(s))),
    case("DeleteSecurityGroup", "while another group's rule names it", "DependencyViolation", TEXT,
        lambda s, c: c.delete_security_group(GroupId=named_group(s)), "has a dependent object"),
    case("DeleteSecurityGroup", "while an endpoint's interface has it", "DependencyViolation", TEXT,
        lambda s, c: (endpoint(s), c.delete_security_group(GroupId=group(s))), "has a dependent object"),
    case("DescribeSecurityGroups", "of an unknown ID", "InvalidGroup.NotFound", CODES,
        lambda s, c: c.describe_security_groups(GroupIds=[NOWHERE["sg"]])),
    case("AuthorizeSecurityGroupIngress", "to an unknown group", "InvalidGroup.NotFound", CODES,
        lambda s, c: c.authorize_security_group_ingress(
            GroupId=NOWHERE["sg"], IpPermissions=[{**TCP, "IpRanges": WORLD}])),
    case("AuthorizeSecurityGroupIngress", "of an existing rule", "InvalidPermission.Duplicate", CODES,
        lambda s, c: ingress(s, c, IpRanges=WORLD)),
    case("AuthorizeSecurityGroupIngress", "from an unknown group", "InvalidGroup.NotFound", CODES,
        lambda s, c: ingress(s, c, UserIdGroupPairs=[{"GroupId": NOWHERE["sg"]}])),
    case("AuthorizeSecurityGroupIngress", "from an unknown prefix list", "InvalidPrefixListId.NotFound", CODES,
        lambda s, c: ingress(s, c, PrefixListIds=[{"PrefixListId": "pl-00000000"}])),
    case("AuthorizeSecurityGroupIngress", "from nothing", "MissingParameter", CODES, ingress),
    case("AuthorizeSecurityGroupIngress", "from an invalid CIDR block", "InvalidParameterValue", CODES,
        lambda s, c: ingress(s, c, IpRanges=[{"CidrIp": "10.0.0.0/33"}])),
    case("AuthorizeSecurityGroupIngress", "of TCP without ports", "InvalidParameterValue", CODES,
        lambda s, c: c.authorize_security_group_ingress(
            GroupId=ruled_group(s), IpPermissions=[{"IpProtocol": "tcp", "IpRanges": WORLD}]),
        "Must specify both from and to ports"),
    case("AuthorizeSecurityGroupIngress", "of a protocol that does not exist", "InvalidParameterValue", CODES,
        lambda s, c: ingress(s, c, IpProtocol="tpc", IpRanges=WORLD)),
    case("AuthorizeSecurityGroupIngress", "with invalid characters in the description",
        "InvalidParameterValue", CODES,
        lambda s, c: ingress(s, c, IpRanges=[{"CidrIp": "10.9.0.0/16", "Description": "it's"}])),
    case("AuthorizeSecurityGroupIngress", "of the same rule twice in one call", "InvalidParameterValue",
        "https://github.com/hashicorp/terraform-provider-aws/issues/29492",
        lambda s, c: ingress(s, c, IpRanges=[
            {"CidrIp": "10.7.0.0/16", "Description": "one"}, {"CidrIp": "10.7.0.0/16", "Description": "other"}]),
        "The same permission must not appear multiple times"),
    case("AuthorizeSecurityGroupIngress", "beyond 60 rules", "RulesPerSecurityGroupLimitExceeded", CODES,
        sixty_first_rule),
    case("AuthorizeSecurityGroupIngress", "from CloudFront on two ports", "RulesPerSecurityGroupLimitExceeded",
        "https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html",
        from_cloudfront_twice),
    case("AuthorizeSecurityGroupEgress", "of an existing rule", "InvalidPermission.Duplicate", CODES,
        lambda s, c: egress(s, c, IpRanges=WORLD)),
    case("AuthorizeSecurityGroupEgress", "to an unknown group", "InvalidGroup.NotFound", CODES,
        lambda s, c: egress(s, c, UserIdGroupPairs=[{"GroupId": NOWHERE["sg"]}])),
    case("AuthorizeSecurityGroupEgress", "to nothing", "MissingParameter", CODES, egress),
    case("RevokeSecurityGroupIngress", "of a rule that does not exist", "InvalidPermission.NotFound", CODES,
        lambda s, c: c.revoke_security_group_ingress(
            GroupId=ruled_group(s), IpPermissions=[{**TCP, "IpRanges": [{"CidrIp": "10.8.0.0/16"}]}])),
    case("RevokeSecurityGroupIngress", "from an unknown group", "InvalidGroup.NotFound", CODES,
        lambda s, c: c.revoke_security_group_ingress(
            GroupId=NOWHERE["sg"], IpPermissions=[{**TCP, "IpRanges": WORLD}])),
    case("RevokeSecurityGroupIngress", "of an unknown rule ID", "InvalidSecurityGroupRuleId.NotFound", CODES,
        lambda s, c: c.revoke_security_group_ingress(
            GroupId=ruled_group(s), SecurityGroupRuleIds=["sgr-00000000000000000"])),
    case("RevokeSecurityGroupEgress", "of a rule that does not exist", "InvalidPermission.NotFound", CODES,
        lambda s, c: c.revoke_security_group_egress(
            GroupId=ruled_group(s), IpPermissions=[{**TCP, "IpRanges": [{"CidrIp": "10.8.0.0/16"}]}])),

    case("AttachInternetGateway", "of an unknown ID", "InvalidInternetGatewayID.NotFound", CODES,
        lambda s, c: c.attach_internet_gateway(InternetGatewayId=NOWHERE["igw"], VpcId=vpc(s, 1))),
    case("AttachInternetGateway", "to an unknown VPC", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.attach_internet_gateway(InternetGatewayId=loose_gateway(s), VpcId=NOWHERE["vpc"])),
    case("AttachInternetGateway", "of one that is attached", "Resource.AlreadyAssociated", CODES,
        lambda s, c: c.attach_internet_gateway(InternetGatewayId=gateway(s), VpcId=vpc(s, 1))),
    case("AttachInternetGateway", "to a VPC that has one", "InvalidParameterValue", CODES,
        lambda s, c: (gateway(s), c.attach_internet_gateway(InternetGatewayId=loose_gateway(s), VpcId=vpc(s)))),
    case("DetachInternetGateway", "while public addresses are mapped", "DependencyViolation",
        "https://github.com/jenkins-x/terraform-aws-eks-jx/issues/36",
        lambda s, c: (balancer(s), c.detach_internet_gateway(InternetGatewayId=gateway(s), VpcId=vpc(s))),
        "mapped public address"),
    case("DetachInternetGateway", "of one that is not attached", "Gateway.NotAttached", CODES,
        lambda s, c: c.detach_internet_gateway(InternetGatewayId=loose_gateway(s), VpcId=vpc(s, 1))),
    case("DetachInternetGateway", "of an unknown ID", "InvalidInternetGatewayID.NotFound", CODES,
        lambda s, c: c.detach_internet_gateway(InternetGatewayId=NOWHERE["igw"], VpcId=vpc(s, 1))),
    case("DeleteInternetGateway", "of one that is attached", "DependencyViolation", CODES,
        lambda s, c: c.delete_internet_gateway(InternetGatewayId=gateway(s))),
    case("DeleteInternetGateway", "of an unknown ID", "InvalidInternetGatewayID.NotFound", CODES,
        lambda s, c: c.delete_internet_gateway(InternetGatewayId=NOWHERE["igw"])),

    case("CreateRouteTable", "in an unknown VPC", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.create_route_table(VpcId=NOWHERE["vpc"])),
    case("CreateRouteTable", "with the token of another request", "IdempotentParameterMismatch", TOKENS,
        lambda s, c: second_token(s, c.create_route_table, {"VpcId": vpc(s)}, {"VpcId": vpc(s, 1)})),
    case("CreateRoute", "to a destination that has one", "RouteAlreadyExists", CODES,
        lambda s, c: c.create_route(RouteTableId=table(s), DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway(s))),
    case("CreateRoute", "in an unknown table", "InvalidRouteTableID.NotFound", CODES,
        lambda s, c: c.create_route(
            RouteTableId=NOWHERE["rtb"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway(s))),
    case("CreateRoute", "to an unknown gateway", "InvalidGatewayID.NotFound", CODES,
        lambda s, c: c.create_route(
            RouteTableId=table(s), DestinationCidrBlock="192.0.2.0/24", GatewayId=NOWHERE["igw"])),
    case("CreateRoute", "to a gateway that is not attached to the table's VPC", "InvalidParameterValue", CODES,
        lambda s, c: c.create_route(
            RouteTableId=table(s), DestinationCidrBlock="192.0.2.0/24", GatewayId=loose_gateway(s)),
        "belong to different networks"),
    case("CreateRoute", "to an invalid CIDR block", "InvalidParameterValue", CODES,
        lambda s, c: c.create_route(RouteTableId=table(s), DestinationCidrBlock="192.0.2.0/40", GatewayId=gateway(s))),
    case("CreateRoute", "without a target", "MissingParameter", CODES,
        lambda s, c: c.create_route(RouteTableId=table(s), DestinationCidrBlock="192.0.2.0/24")),
    case("AssociateRouteTable", "of a subnet that has one", "Resource.AlreadyAssociated", CODES,
        lambda s, c: (table(s), c.associate_route_table(RouteTableId=free_table(s), SubnetId=subnets(s)[0]))),
    case("AssociateRouteTable", "of an unknown subnet", "InvalidSubnetID.NotFound", CODES,
        lambda s, c: c.associate_route_table(RouteTableId=table(s), SubnetId=NOWHERE["subnet"])),
    case("AssociateRouteTable", "of an unknown table", "InvalidRouteTableID.NotFound", CODES,
        lambda s, c: c.associate_route_table(RouteTableId=NOWHERE["rtb"], SubnetId=subnets(s)[1])),
    case("AssociateRouteTable", "of a subnet in another VPC", "InvalidParameterValue", CODES,
        lambda s, c: c.associate_route_table(RouteTableId=table(s), SubnetId=subnets(s, 1)[0])),
    case("DisassociateRouteTable", "of an unknown association", "InvalidAssociationID.NotFound", CODES,
        lambda s, c: c.disassociate_route_table(AssociationId="rtbassoc-00000000000000000")),
    case("DeleteRouteTable", "while a subnet is associated", "DependencyViolation", TEXT,
        lambda s, c: c.delete_route_table(RouteTableId=table(s)), "has dependencies"),
    case("CreateFlowLogs", "by an unknown role", "InvalidParameter", ROLES,
        lambda s, c: c.create_flow_logs(
            ResourceType="VPC", ResourceIds=[vpc(s)], TrafficType="ALL", LogGroupName="/flow",
            DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/nobody"), "Unable to assume given IAM role"),
    case("DescribeFlowLogs", "of an unknown ID", "InvalidFlowLogId.NotFound", CODES,
        lambda s, c: c.describe_flow_logs(FlowLogIds=["fl-00000000000000000"])),
    case("DeleteFlowLogs", "of an unknown ID", "InvalidFlowLogId.NotFound", CODES,
        lambda s, c: c.delete_flow_logs(FlowLogIds=["fl-00000000000000000"])),
    case("DeleteRouteTable", "of the VPC's main table", "DependencyViolation", TEXT,
        lambda s, c: c.delete_route_table(RouteTableId=main_table(s))),
    case("DeleteRouteTable", "of an unknown ID", "InvalidRouteTableID.NotFound", CODES,
        lambda s, c: c.delete_route_table(RouteTableId=NOWHERE["rtb"])),
    case("DescribeRouteTables", "of an unknown ID", "InvalidRouteTableID.NotFound", CODES,
        lambda s, c: c.describe_route_tables(RouteTableIds=[NOWHERE["rtb"]])),
)  # fmt: skip
