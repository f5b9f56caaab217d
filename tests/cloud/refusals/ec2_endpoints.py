"""Refusals by EC2 about endpoints, launch templates, tags, instances and interfaces."""

from __future__ import annotations

from typing import Any

from tests.cloud.refusals.case import Scene, once, parameter
from tests.cloud.refusals.ec2 import (
    CODES,
    NOWHERE,
    S3,
    SSM,
    TAGS,
    TOKENS,
    bare,
    case,
    endpoint,
    free_table,
    interface_endpoint,
    second_token,
)
from tests.cloud.refusals.network import balancer, subnets, twin_subnet, vpc

AGENT = "com.amazonaws.ap-northeast-1.ecs-agent"
FULL_ACCESS = "https://github.com/awslabs/landing-zone-accelerator-on-aws/issues/224"
POLICY = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}'
DATA = {"ImageId": "ami-12345678", "InstanceType": "c5.large"}


@once
def template(scene: Scene) -> str:
    """A launch template."""
    made = scene.client("ec2").create_launch_template(LaunchTemplateName="web", LaunchTemplateData=DATA)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


@once
def agents(scene: Scene) -> str:
    """An endpoint of a service that takes no policies."""
    ec2 = scene.client("ec2")
    made = interface_endpoint(scene, ec2, ServiceName=AGENT, PrivateDnsEnabled=False, SubnetIds=[subnets(scene)[0]])
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def deleted_endpoint(scene: Scene, ec2: Any) -> Any:
    made = interface_endpoint(scene, ec2, SubnetIds=[subnets(scene)[0]], PrivateDnsEnabled=False)
    unwanted = made["VpcEndpoint"]["VpcEndpointId"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[unwanted])
    return ec2.modify_vpc_endpoint(VpcEndpointId=unwanted, AddSubnetIds=[subnets(scene)[1]])


CASES = (
    case("CreateVpcEndpoint", "in an unknown VPC", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.create_vpc_endpoint(VpcId=NOWHERE["vpc"], ServiceName=S3, VpcEndpointType="Gateway")),
    case("CreateVpcEndpoint", "of a service that does not exist", "InvalidServiceName", CODES,
        lambda s, c: interface_endpoint(s, c, ServiceName="com.amazonaws.ap-northeast-1.smm")),
    case("CreateVpcEndpoint", "of a type that the service does not offer", "InvalidParameter", CODES,
        lambda s, c: c.create_vpc_endpoint(VpcId=vpc(s), ServiceName=SSM, VpcEndpointType="Gateway"),
        "does not match endpoint service supported types"),
    case("CreateVpcEndpoint", "with private DNS that another one has", "InvalidParameter",
        "https://github.com/hashicorp/terraform-provider-aws/issues/17535",
        lambda s, c: (endpoint(s), interface_endpoint(s, c, SubnetIds=[subnets(s)[1]])), "conflicting DNS domain"),
    case("CreateVpcEndpoint", "with private DNS in a VPC without DNS hostnames", "InvalidParameter",
        parameter("PrivateDnsEnabled"),
        lambda s, c: c.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=bare(s, 25), ServiceName=SSM, PrivateDnsEnabled=True),
        "enableDnsHostnames"),
    case("CreateVpcEndpoint", "with two subnets in one zone", "DuplicateSubnetsInSameZone", CODES,
        lambda s, c: interface_endpoint(
            s, c, PrivateDnsEnabled=False, SubnetIds=[subnets(s)[0], twin_subnet(s)])),
    case("CreateVpcEndpoint", "with an unknown subnet", "InvalidSubnetID.NotFound", CODES,
        lambda s, c: interface_endpoint(s, c, PrivateDnsEnabled=False, SubnetIds=[NOWHERE["subnet"]])),
    case("CreateVpcEndpoint", "with a subnet of another VPC", "InvalidParameter", CODES,
        lambda s, c: interface_endpoint(s, c, PrivateDnsEnabled=False, SubnetIds=[subnets(s, 1)[0]])),
    case("CreateVpcEndpoint", "with an unknown route table", "InvalidRouteTableID.NotFound", CODES,
        lambda s, c: c.create_vpc_endpoint(
            VpcId=vpc(s), ServiceName=S3, VpcEndpointType="Gateway", RouteTableIds=[NOWHERE["rtb"]])),
    case("CreateVpcEndpoint", "with a route table that has its route", "RouteAlreadyExists", CODES,
        lambda s, c: c.create_vpc_endpoint(
            VpcId=vpc(s), ServiceName=S3, VpcEndpointType="Gateway", RouteTableIds=[free_table(s)])),
    case("CreateVpcEndpoint", "with a policy that is not JSON", "InvalidPolicyDocument", CODES,
        lambda s, c: c.create_vpc_endpoint(
            VpcId=vpc(s), ServiceName=S3, VpcEndpointType="Gateway", PolicyDocument="{")),
    case("CreateVpcEndpoint", "with a policy for a service that takes none", "InvalidParameter", FULL_ACCESS,
        lambda s, c: interface_endpoint(
            s, c, ServiceName=AGENT, PrivateDnsEnabled=False, SubnetIds=[subnets(s)[0]], PolicyDocument=POLICY),
        "only supports the full-access endpoint policy"),
    case("CreateVpcEndpoint", "with the token of another request", "IdempotentParameterMismatch", TOKENS,
        lambda s, c: second_token(s, c.create_vpc_endpoint,
            {"VpcId": bare(s, 26), "ServiceName": S3, "VpcEndpointType": "Gateway"},
            {"VpcId": bare(s, 27), "ServiceName": S3, "VpcEndpointType": "Gateway"})),
    case("ModifyVpcEndpoint", "of an unknown ID", "InvalidVpcEndpointId.NotFound", CODES,
        lambda s, c: c.modify_vpc_endpoint(VpcEndpointId=NOWHERE["vpce"], AddSubnetIds=[subnets(s)[0]])),
    case("ModifyVpcEndpoint", "to a policy for a service that takes none", "InvalidParameter", FULL_ACCESS,
        lambda s, c: c.modify_vpc_endpoint(VpcEndpointId=agents(s), PolicyDocument=POLICY),
        "only supports the full-access endpoint policy"),
    case("ModifyVpcEndpoint", "to a policy that is not JSON", "InvalidPolicyDocument", CODES,
        lambda s, c: c.modify_vpc_endpoint(VpcEndpointId=endpoint(s), PolicyDocument="{")),
    case("ModifyVpcEndpoint", "of one that is being deleted", "InvalidParameter", CODES, deleted_endpoint),
    case("DeleteVpcEndpoints", "of an unknown ID, returned in `Unsuccessful`", "InvalidVpcEndpoint.NotFound", CODES,
        lambda s, c: c.delete_vpc_endpoints(VpcEndpointIds=[NOWHERE["vpce"]])["Unsuccessful"][0]["Error"]["Code"]),
    case("DescribeVpcEndpoints", "of an unknown ID", "InvalidVpcEndpointId.NotFound", CODES,
        lambda s, c: c.describe_vpc_endpoints(VpcEndpointIds=[NOWHERE["vpce"]])),
    case("DescribeVpcEndpointServices", "of a service that does not exist", "InvalidServiceName", CODES,
        lambda s, c: c.describe_vpc_endpoint_services(ServiceNames=["com.amazonaws.ap-northeast-1.smm"])),

    case("CreateLaunchTemplate", "with a name in use", "InvalidLaunchTemplateName.AlreadyExistsException", CODES,
        lambda s, c: (template(s), c.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=DATA))),
    case("CreateLaunchTemplate", "with invalid characters in the name",
        "InvalidLaunchTemplateName.MalformedException", CODES,
        lambda s, c: c.create_launch_template(LaunchTemplateName="web server", LaunchTemplateData=DATA)),
    case("CreateLaunchTemplate", "with user data that is not Base64", "InvalidUserData.Malformed",
        parameter("LaunchTemplateData"),
        lambda s, c: c.create_launch_template(
            LaunchTemplateName=s.name(), LaunchTemplateData={**DATA, "UserData": "#!/bin/bash"})),
    case("CreateLaunchTemplate", "with more than 16 KB of user data", "InvalidParameterValue",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html",
        lambda s, c: c.create_launch_template(
            LaunchTemplateName=s.name(), LaunchTemplateData={**DATA, "UserData": "QUFB" * 5462}),
        "User data is limited to 16384 bytes"),
    case("CreateLaunchTemplate", "with the token of another request", "IdempotentParameterMismatch", TOKENS,
        lambda s, c: second_token(s, c.create_launch_template,
            {"LaunchTemplateName": s.name(), "LaunchTemplateData": DATA},
            {"LaunchTemplateName": s.name(), "LaunchTemplateData": DATA})),
    case("CreateLaunchTemplateVersion", "of an unknown ID", "InvalidLaunchTemplateId.NotFound", CODES,
        lambda s, c: c.create_launch_template_version(LaunchTemplateId=NOWHERE["lt"], LaunchTemplateData=DATA)),
    case("CreateLaunchTemplateVersion", "from an unknown version", "InvalidLaunchTemplateId.VersionNotFound",
        CODES,
        lambda s, c: c.create_launch_template_version(
            LaunchTemplateId=template(s), SourceVersion="9", LaunchTemplateData=DATA)),
    case("ModifyLaunchTemplate", "to an unknown default version", "InvalidLaunchTemplateId.VersionNotFound",
        CODES, lambda s, c: c.modify_launch_template(LaunchTemplateId=template(s), DefaultVersion="9")),
    case("DeleteLaunchTemplate", "of an unknown name", "InvalidLaunchTemplateName.NotFoundException", CODES,
        lambda s, c: c.delete_launch_template(LaunchTemplateName="nothing")),
    case("DeleteLaunchTemplate", "of an unknown ID", "InvalidLaunchTemplateId.NotFound", CODES,
        lambda s, c: c.delete_launch_template(LaunchTemplateId=NOWHERE["lt"])),
    case("DeleteLaunchTemplate", "with neither id nor name", "MissingParameter", CODES,
        lambda s, c: c.delete_launch_template()),
    case("DeleteLaunchTemplate", "with both id and name", "InvalidParameterCombination", CODES,
        lambda s, c: c.delete_launch_template(LaunchTemplateId=template(s), LaunchTemplateName="web")),
    case("DescribeLaunchTemplates", "of an unknown ID", "InvalidLaunchTemplateId.NotFound", CODES,
        lambda s, c: c.describe_launch_templates(LaunchTemplateIds=[NOWHERE["lt"]])),
    case("DescribeLaunchTemplates", "of an unknown name", "InvalidLaunchTemplateName.NotFoundException", CODES,
        lambda s, c: c.describe_launch_templates(LaunchTemplateNames=["nothing"])),
    case("DescribeLaunchTemplateVersions", "of an unknown version", "InvalidLaunchTemplateId.VersionNotFound",
        CODES, lambda s, c: c.describe_launch_template_versions(LaunchTemplateId=template(s), Versions=["9"])),

    case("CreateTags", "on an unknown ID", "InvalidVpcID.NotFound", CODES,
        lambda s, c: c.create_tags(Resources=[NOWHERE["vpc"]], Tags=[{"Key": "a", "Value": "b"}])),
    case("CreateTags", "on an invalid ID", "InvalidID", CODES,
        lambda s, c: c.create_tags(Resources=["nothing"], Tags=[{"Key": "a", "Value": "b"}])),
    case("CreateTags", "with a key of AWS's own", "InvalidParameterValue", TAGS,
        lambda s, c: c.create_tags(Resources=[vpc(s)], Tags=[{"Key": "aws:a", "Value": "b"}]), "aws:"),
    case("CreateTags", "beyond 50 tags", "TagLimitExceeded", CODES,
        lambda s, c: c.create_tags(
            Resources=[vpc(s)], Tags=[{"Key": f"a{number}", "Value": "b"} for number in range(51)])),
    case("CreateTags", "with a key of more than 128 characters", "InvalidParameterValue", TAGS,
        lambda s, c: c.create_tags(Resources=[vpc(s)], Tags=[{"Key": "a" * 129, "Value": "b"}])),
    case("CreateTags", "with a value of more than 256 characters", "InvalidParameterValue", TAGS,
        lambda s, c: c.create_tags(Resources=[vpc(s)], Tags=[{"Key": "a", "Value": "b" * 257}])),
    case("DescribeInstances", "of an unknown ID", "InvalidInstanceID.NotFound", CODES,
        lambda s, c: c.describe_instances(InstanceIds=[NOWHERE["i"]])),
    case("DescribeInstanceStatus", "of an invalid ID", "InvalidInstanceID.Malformed", CODES,
        lambda s, c: c.describe_instance_status(InstanceIds=["foobar"])),
    case("DescribeSpotInstanceRequests", "of an unknown ID", "InvalidSpotInstanceRequestID.NotFound", CODES,
        lambda s, c: c.describe_spot_instance_requests(SpotInstanceRequestIds=["sir-08b93456"])),
    case("TerminateInstances", "of an unknown ID", "InvalidInstanceID.NotFound", CODES,
        lambda s, c: c.terminate_instances(InstanceIds=[NOWHERE["i"]])),
    case("TerminateInstances", "of an invalid ID", "InvalidInstanceID.Malformed", CODES,
        lambda s, c: c.terminate_instances(InstanceIds=["foobar"])),
    case("DescribeNetworkInterfaces", "of an unknown ID", "InvalidNetworkInterfaceID.NotFound", CODES,
        lambda s, c: c.describe_network_interfaces(NetworkInterfaceIds=[NOWHERE["eni"]])),
    case("DeleteNetworkInterface", "of one that a service holds", "InvalidParameterValue",
        "https://github.com/gruntwork-io/cloud-nuke/issues/431",
        lambda s, c: (balancer(s), c.delete_network_interface(NetworkInterfaceId=c.describe_network_interfaces(
            Filters=[{"Name": "subnet-id", "Values": [subnets(s)[2]]}])["NetworkInterfaces"][0]["NetworkInterfaceId"])),
        "is currently in use"),
)  # fmt: skip
