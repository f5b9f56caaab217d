"""Capacity for services: Fargate; for services with `launch = "ec2"` a launch template and an Auto Scaling group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner import Handle, Network, Roles, SecurityGroups, Stack, ready, step
from provisioner.resources.autoscaling import AutoScalingGroup
from provisioner.resources.ec2.launch import Instances, LaunchTemplate
from provisioner.resources.ecs.cluster import CapacityProvider, ClusterCapacityProviders
from provisioner.steps.account import Account
from provisioner.steps.cluster import Cluster
from provisioner.steps.guardduty import Guardduty
from provisioner.steps.service_roles import ServiceRoles

ROOT_DEVICE = "/dev/xvda"
"""The root device of Amazon Linux 2023."""
FARGATE, FARGATE_SPOT = "FARGATE", "FARGATE_SPOT"

MANAGED_SCALING = {
    "status": "ENABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10000,
    "instanceWarmupPeriod": 300,
}
"""The instances that the tasks need and none to spare; the other settings are AWS's defaults, written out."""


@dataclass(frozen=True)
class Capacity:
    """The group and its capacity provider's name, None without instances; and the attachment of providers."""

    group: Handle | None
    provider: str | None
    attached: Handle


@step
def capacity(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    roles: Roles,
    service_roles: ServiceRoles,
    account: Account,
    cluster: Cluster,
    guardduty: Guardduty,
) -> Capacity:
    """Declare the cluster's capacity providers: Fargate's two, and one with an instance group if a service needs it.

    The capacity provider sets the group's size; `steps/minimum.py` declares its lower bound at the end. The instances
    are declared before their group, so that a teardown handles them after the group is gone; and after the endpoint
    that GuardDuty watches them through.
    """
    profile, group_id = roles.instance_profile, security_groups.instances
    if profile is None or group_id is None:
        on_demand = [{"capacityProvider": FARGATE, "weight": 1, "base": 0}]
        providers = ClusterCapacityProviders("main", cluster.name, [FARGATE, FARGATE_SPOT], on_demand)
        return Capacity(None, None, stack.ensure(providers))
    config = stack.config.capacity
    acting = [role for role in (service_roles.autoscaling, service_roles.spot) if role]
    template = stack.ensure(
        LaunchTemplate("main", stack.name, _template(stack, group_id, profile), _user_data(stack.name))
    )
    instances = stack.ensure(
        Instances(stack.name, template.id, network.private), after=[*filter(None, [cluster.handle, guardduty.handle])]
    )
    group = stack.ensure(
        AutoScalingGroup(
            "main",
            stack.name,
            # an instance refresh comes after the template version that it rolls out
            _policy(ready(template).id, config.instance_types, spot=config.spot),
            network.private,
            config.max,
        ),
        after=[instances, *acting, *account.settled],
    )
    # AWS reserves provider names that begin with aws, ecs or fargate; a project's name may begin with these
    provider = stack.ensure(CapacityProvider("main", f"asg-{stack.name}", group.arn, MANAGED_SCALING))
    attached = stack.ensure(
        ClusterCapacityProviders(
            "main",
            cluster.name,
            # a provider that is still PROVISIONING cannot be attached to a cluster
            [ready(provider).id, FARGATE, FARGATE_SPOT],
            [{"capacityProvider": ready(provider).id, "weight": 1, "base": 0}],
        )
    )
    return Capacity(group, provider.id, attached)


def _template(stack: Stack, security_group: str, instance_profile: str) -> dict[str, Any]:
    """Return the launch template's data. It has no key pair, since Session Manager gives a shell."""
    disk = {"VolumeSize": 30, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}
    if stack.facts.kms_key:
        disk["KmsKeyId"] = stack.facts.kms_key
    return {
        "ImageId": stack.facts.image_id,
        "IamInstanceProfile": {"Name": instance_profile},
        "SecurityGroupIds": [security_group],
        "BlockDeviceMappings": [{"DeviceName": ROOT_DEVICE, "Ebs": disk}],
        # hop limit 1: a container in bridge mode cannot reach the instance's credentials
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    }


def _user_data(cluster: str) -> str:
    """Return the agent's settings; the ECS-optimised AMI already enables task ENIs and execution roles for logs."""
    return f"""#!/bin/bash
cat <<'END' >> /etc/ecs/ecs.config
ECS_CLUSTER={cluster}
ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
ECS_AWSVPC_BLOCK_IMDS=true
END
"""


def _policy(template_id: str, instance_types: tuple[str, ...], *, spot: bool) -> dict[str, Any]:
    """Return a policy with only Spot or only On-Demand instances; On-Demand ones follow the order of instance types."""
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template_id, "Version": "$Default"},
            "Overrides": [{"InstanceType": name} for name in instance_types],
        },
        "InstancesDistribution": {
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": 0 if spot else 100,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    }
