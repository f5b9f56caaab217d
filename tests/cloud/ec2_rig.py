"""EC2 as the tests of its requests ask it: an account with at least one of all that its lists show, and a client."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rules_rig import ZONES, Net, net

DONE, LACKED = "", "InvalidAction"
"""The codes of an answer without an error, and of an operation that is not offered."""
VALUES = {"integer": 5, "long": 5, "float": 1.0, "double": 1.0, "boolean": True, "map": {}, "blob": b"x"}
TAGS = [{"Key": "Owner", "Value": "me"}]


def request(shape: StructureShape, known: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest request: its required members, and standing parts under the names of members."""
    names = [name for name in shape.members if name in shape.required_members or name in known]
    sent = {name: known.get(name, value(shape.members[name], known)) for name in names}
    lists = [name for name in sent if isinstance(shape.members[name], ListShape) and isinstance(sent[name], str)]
    return {**sent, **{name: [sent[name]] for name in lists}}


def value(shape: Shape, known: dict[str, Any]) -> Any:
    """Return some value of a shape."""
    if isinstance(shape, StructureShape):
        return request(shape, known)
    if isinstance(shape, ListShape):
        return [value(shape.member, known)]
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else "x"
    return datetime(2026, 1, 1, tzinfo=UTC) if shape.type_name == "timestamp" else VALUES[shape.type_name]


def telling(shape: Shape, usual: Any = None) -> Any:
    """Return a value that asks for something: no structure is empty, and no choice is the usual one."""
    if isinstance(shape, StructureShape):
        name = next(iter(shape.members))
        return {name: telling(shape.members[name], usual.get(name) if isinstance(usual, dict) else usual)}
    if isinstance(shape, ListShape):
        return [telling(shape.member)]
    if isinstance(shape, MapShape):
        return {"x": telling(shape.value)}
    if isinstance(shape, StringShape) and shape.enum:
        return next(choice for choice in shape.enum if choice != usual)
    return value(shape, {}) if usual is not True else False


def unchecked(cloud: EmbeddedCloud, service: str = "ec2") -> Any:
    """Return a client that sends values of any length: they are the cloud's to judge."""
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return boto3.client(
        service, region_name=cloud.region, endpoint_url=cloud.endpoint, config=config, **cloud.credentials()
    )


def code(ec2: Any, operation: str, asked: dict[str, Any]) -> tuple[str, int]:
    """The code and the status of the answer."""
    try:
        getattr(ec2, xform_name(operation))(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return DONE, 200


def furnished(cloud: EmbeddedCloud) -> Net:
    """Make the resources of all lists, each in a network of its own."""
    place = net(cloud)
    _machines(cloud, place)
    _ways(cloud, place)
    _transit(cloud, place)
    _services(cloud, place)
    return place


def _tagged(kind: str) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": TAGS}]}


def _machines(cloud: EmbeddedCloud, place: Net) -> None:
    ec2, iam = cloud.client("ec2"), cloud.client("iam")
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    image = cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    ec2.create_key_pair(KeyName="one", **_tagged("key-pair"))
    iam.create_instance_profile(InstanceProfileName="one")
    one = {"ImageId": image, "InstanceType": "c5.large", "SubnetId": place.subnets[0], "MinCount": 1, "MaxCount": 1}
    ec2.run_instances(**one, InstanceMarketOptions={"MarketType": "spot"})
    made = ec2.run_instances(**one, KeyName="one", SecurityGroupIds=[place.group("one")], **_tagged("instance"))
    (instance,) = made["Instances"]
    ec2.associate_iam_instance_profile(InstanceId=instance["InstanceId"], IamInstanceProfile={"Name": "one"})
    volume = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    ec2.modify_volume(VolumeId=volume, Size=40)
    ec2.create_snapshot(VolumeId=volume, Description="one", **_tagged("snapshot"))
    ec2.create_image(InstanceId=instance["InstanceId"], Name="own")
    data = {
        "ImageId": image,
        "InstanceType": "c5.large",
        "EbsOptimized": True,
        "MetadataOptions": {"HttpTokens": "required"},
    }
    ec2.create_launch_template(LaunchTemplateName="one", LaunchTemplateData=data, **_tagged("launch-template"))
    ec2.allocate_hosts(AvailabilityZone=ZONES[0], Quantity=1, InstanceType="c5.large", AutoPlacement="on")
    template = {"LaunchTemplateSpecification": {"LaunchTemplateName": "one", "Version": "1"}}
    capacity = {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"}
    ec2.create_fleet(LaunchTemplateConfigs=[template], TargetCapacitySpecification=capacity)


def _ways(cloud: EmbeddedCloud, place: Net) -> None:
    ec2 = cloud.client("ec2")
    gateway, address = place.gateway(), ec2.allocate_address(Domain="vpc", **_tagged("elastic-ip"))["AllocationId"]
    table = ec2.create_route_table(VpcId=place.vpc, **_tagged("route-table"))["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=place.subnets[0])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.create_nat_gateway(SubnetId=place.subnets[0], AllocationId=address, **_tagged("natgateway"))
    for service, kind in (("s3", "Gateway"), ("logs", "Interface")):
        wanted = {"ServiceName": f"com.amazonaws.{cloud.region}.{service}", "VpcEndpointType": kind}
        ec2.create_vpc_endpoint(VpcId=place.vpc, **wanted, **_tagged("vpc-endpoint"))
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=place.group("web"), IpPermissions=[rule])
    ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": ["one.internal"]}])
    ec2.create_carrier_gateway(VpcId=place.vpc)
    ec2.create_egress_only_internet_gateway(VpcId=place.vpc)
    role = cloud.client("iam").create_role(RoleName="flow", AssumeRolePolicyDocument=json.dumps(_trust()))["Role"][
        "Arn"
    ]
    cloud.client("logs").create_log_group(logGroupName="flow")
    cloud.advance(30)
    where = {"ResourceIds": [place.vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": "flow"}
    ec2.create_flow_logs(**where, DeliverLogsPermissionArn=role)
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16", **_tagged("vpc"))["Vpc"]["VpcId"]
    ec2.create_vpc_peering_connection(VpcId=place.vpc, PeerVpcId=other)


def _trust() -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allowed]}


def _transit(cloud: EmbeddedCloud, place: Net) -> None:
    ec2 = cloud.client("ec2")
    transit = ec2.create_transit_gateway(Description="one")["TransitGateway"]["TransitGatewayId"]
    ec2.create_transit_gateway_route_table(TransitGatewayId=transit)
    ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=transit, VpcId=place.vpc, SubnetIds=place.subnets[:1])
    peer = {"PeerTransitGatewayId": transit, "PeerAccountId": "123456789012", "PeerRegion": cloud.region}
    ec2.create_transit_gateway_peering_attachment(TransitGatewayId=transit, **peer)
    customer = ec2.create_customer_gateway(Type="ipsec.1", IpAddress="192.0.2.1", BgpAsn=65000)["CustomerGateway"]
    private = ec2.create_vpn_gateway(Type="ipsec.1", AvailabilityZone=ZONES[0])["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=private, VpcId=place.vpc)
    ec2.create_vpn_connection(CustomerGatewayId=customer["CustomerGatewayId"], Type="ipsec.1", VpnGatewayId=private)
    interface = ec2.create_network_interface(SubnetId=place.subnets[1])["NetworkInterface"]["NetworkInterfaceId"]
    target = ec2.create_traffic_mirror_target(NetworkInterfaceId=interface)["TrafficMirrorTarget"]
    rules = ec2.create_traffic_mirror_filter(Description="one")["TrafficMirrorFilter"]
    ec2.create_traffic_mirror_session(
        NetworkInterfaceId=interface,
        TrafficMirrorTargetId=target["TrafficMirrorTargetId"],
        TrafficMirrorFilterId=rules["TrafficMirrorFilterId"],
        SessionNumber=1,
    )


def _services(cloud: EmbeddedCloud, place: Net) -> None:
    ec2, elb = cloud.client("ec2"), cloud.client("elbv2")
    balancer = elb.create_load_balancer(Name="net", Type="network", Subnets=place.subnets)["LoadBalancers"][0]
    made = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer["LoadBalancerArn"]])
    service = made["ServiceConfiguration"]["ServiceId"]
    allowed = ["arn:aws:iam::210987654321:root"]
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service, AddAllowedPrincipals=allowed)
