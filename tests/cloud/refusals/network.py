"""The network that the cases of several services need around them."""

from __future__ import annotations

import json
from typing import Any

from tests.cloud.conftest import REGION
from tests.cloud.refusals.case import Scene, once

ZONES = tuple(f"{REGION}{letter}" for letter in "acd")


@once
def vpc(scene: Scene, number: int = 0) -> str:
    """A VPC with DNS on; the network 10.0.0.0/16, or another one a number."""
    ec2 = scene.client("ec2")
    made: str = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=made, **{name: {"Value": True}})
    return made


@once
def subnets(scene: Scene, number: int = 0) -> list[str]:
    """A subnet in each of three zones of a VPC."""
    ec2, inside = scene.client("ec2"), vpc(scene, number)
    blocks = enumerate(ZONES)
    made = [
        ec2.create_subnet(VpcId=inside, CidrBlock=f"10.{number}.{place}.0/24", AvailabilityZone=zone)
        for place, zone in blocks
    ]
    return [one["Subnet"]["SubnetId"] for one in made]


@once
def twin_subnet(scene: Scene) -> str:
    """A second subnet in the first zone."""
    ec2 = scene.client("ec2")
    made = ec2.create_subnet(VpcId=vpc(scene), CidrBlock="10.0.9.0/24", AvailabilityZone=ZONES[0])
    return str(made["Subnet"]["SubnetId"])


@once
def group(scene: Scene, number: int = 0) -> str:
    """A security group of a VPC."""
    ec2 = scene.client("ec2")
    return str(ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc(scene, number))["GroupId"])


@once
def gateway(scene: Scene) -> str:
    """An internet gateway, attached to the VPC."""
    ec2 = scene.client("ec2")
    made: str = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc(scene))
    return made


@once
def zone(scene: Scene) -> str:
    """The id of a public zone."""
    made = scene.client("route53").create_hosted_zone(Name="refused.example", CallerReference="refused")
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def trust(principal: Any = None, action: str = "sts:AssumeRole", **more: Any) -> str:
    """A trust policy, for ECS tasks and instances unless another principal is given."""
    who = principal or {"Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]}
    statement = {"Effect": "Allow", "Principal": who, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@once
def role(scene: Scene, name: str = "tasks") -> str:
    """The ARN of a role."""
    role = str(scene.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust())["Role"]["Arn"])
    scene.advance(10)  # until the other services know it
    return role


@once
def balancer(scene: Scene, name: str = "web") -> str:
    """The ARN of an internet-facing load balancer."""
    gateway(scene)
    made = scene.client("elbv2").create_load_balancer(Name=name, Subnets=subnets(scene))
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


@once
def target_group(scene: Scene, name: str = "web") -> str:
    """The ARN of a target group of addresses."""
    made = scene.client("elbv2").create_target_group(
        Name=name, Protocol="HTTP", Port=80, VpcId=vpc(scene), TargetType="ip"
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


@once
def listener(scene: Scene) -> str:
    """The ARN of a listener that forwards to the target group."""
    made = scene.client("elbv2").create_listener(
        LoadBalancerArn=balancer(scene),
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group(scene)}],
    )
    return str(made["Listeners"][0]["ListenerArn"])
