"""The chain from the launch template to the tasks that are left, declared as the steps do, for its types' tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from provisioner.engine.declaration import ids, ready
from provisioner.resources.autoscaling import AutoScalingGroup, MinimumSize
from provisioner.resources.ec2.launch import Instances, LaunchTemplate
from provisioner.resources.ec2.network import Subnet, Vpc
from provisioner.resources.ec2.security import OPEN, SecurityGroup
from provisioner.resources.ecs.account import AccountSetting
from provisioner.resources.ecs.cluster import CapacityProvider, Cluster, ClusterCapacityProviders
from provisioner.resources.ecs.drain import ContainerInstances, RunningTasks
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud

PROFILE = "hosts"
SCALING = {
    "status": "ENABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10000,
    "instanceWarmupPeriod": 300,
}


def profile(cloud: EmbeddedCloud) -> None:
    """An instance profile with a role, made by somebody else."""
    iam = cloud.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName=PROFILE, AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    iam.add_role_to_instance_profile(InstanceProfileName=PROFILE, RoleName=PROFILE)


def declared(
    stack: Stack,
    *,
    disk: int = 30,
    least: int = 0,
    most: int = 5,
    target: int = 100,
    joins: str = "",
    zones: str = "ac",
    types: Sequence[str] = ("c5.large", "c5a.large"),
    spot: bool = True,
) -> None:
    """Declare all of it; the instances' agents ask for the stack's cluster, or for another one.

    Args:
        zones: the letters of the group's zones; `a` and `c` have subnets.
    """
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    subnets = [
        stack.ensure(Subnet(zone, vpc.id, f"ap-northeast-1{zone}", block))
        for zone, block in (("a", "10.0.0.0/20"), ("c", "10.0.16.0/20"))
    ]
    hosts = stack.ensure(SecurityGroup("hosts", vpc.id, "hosts", "Hosts", [], [OPEN]))
    trunking = stack.ensure(AccountSetting("trunking", vpc.id, "awsvpcTrunking", "enabled"))
    cluster = stack.ensure(Cluster("main", stack.name, [{"name": "containerInsights", "value": "disabled"}]))
    data: dict[str, Any] = {
        "ImageId": stack.facts.image_id,
        "IamInstanceProfile": {"Name": PROFILE},
        "SecurityGroupIds": [hosts.id],
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": disk, "Encrypted": True}}],
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    }
    user_data = f"#!/bin/bash\necho ECS_CLUSTER={joins or stack.name} >> /etc/ecs/ecs.config\n"
    template = stack.ensure(LaunchTemplate("main", stack.name, data, user_data))
    instances = stack.ensure(Instances(stack.name, template.id, ids(subnets)), after=[cluster])
    within = [subnet.id for subnet in subnets if subnet.address[-1] in zones]
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template.id, "Version": "$Default"},
            "Overrides": [{"InstanceType": name} for name in types],
        },
        "InstancesDistribution": {
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": 0 if spot else 100,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    }
    group = stack.ensure(
        AutoScalingGroup("main", stack.name, policy, within, most),
        after=[instances, ready(trunking)],
    )
    scaling = {**SCALING, "targetCapacity": target}
    provider = stack.ensure(CapacityProvider("main", f"asg-{stack.name}", group.arn, scaling))
    name = ready(provider).id
    attached = stack.ensure(
        ClusterCapacityProviders(
            "main", cluster.id, [name, "FARGATE_SPOT"], [{"capacityProvider": name, "weight": 1, "base": 0}]
        )
    )
    drained = stack.ensure(ContainerInstances(stack.name, cluster.id), after=[ready(attached)])
    tasks = stack.ensure(RunningTasks(stack.name, cluster.id), after=[drained])
    if least:
        stack.ensure(MinimumSize("main", group.id, least), after=[tasks])
