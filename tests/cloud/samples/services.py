"""Samples of types that serve requests: load balancer, cluster, capacity, task definitions, services, their scaling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Handle, ids, ready
from provisioner.engine.resource import Resource
from provisioner.resources.application_autoscaling import ScalableTarget, ScalingPolicy, ScheduledAction
from provisioner.resources.autoscaling import AutoScalingGroup, MinimumSize
from provisioner.resources.ec2.launch import Instances, LaunchTemplate
from provisioner.resources.ec2.network import RouteTable, Vpc
from provisioner.resources.ec2.security import OPEN, SecurityGroup
from provisioner.resources.ecs.cluster import CapacityProvider, Cluster, ClusterCapacityProviders
from provisioner.resources.ecs.drain import ContainerInsights, ContainerInstances, RunningTasks
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.sizes import (
    ExpiringStack,
    PausedWorkload,
    ProtectedStack,
    ScaledService,
    SleepingPart,
    SleepingStack,
)
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.iam import InstanceProfile, Role
from provisioner.resources.servicediscovery import DiscoveryService
from tests.cloud.samples.balancing import targets
from tests.cloud.samples.network import sending, subnets
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample
from tests.cloud.samples.stores import trust

CLUSTER, GROUP, PROVIDER = "sample", "sample", "sample-provider"
TASKS = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


# -- capacity ----------------------------------------------------------------------------------------------------------


def _template(here: Here) -> Handle:
    role = here.ensure(Role("hosts", "hosts", trust("ec2")))
    profile = here.ensure(InstanceProfile("hosts", "hosts", role.id))
    hosts = here.ensure(SecurityGroup("hosts", here[Vpc].id, "hosts", "Hosts", [], [OPEN]))
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True}}
    data = {
        "ImageId": here.stack.facts.image_id,
        "IamInstanceProfile": {"Name": ready(profile).id},
        "SecurityGroupIds": [hosts.id],
        "BlockDeviceMappings": [disk],
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    }
    user_data = f"#!/bin/bash\necho ECS_CLUSTER={CLUSTER} >> /etc/ecs/ecs.config\n"
    return here.ensure(LaunchTemplate(NAME, GROUP, data, user_data))


def _version(hand: ByHand, **data: Any) -> None:
    ec2 = hand("ec2")
    made = ec2.create_launch_template_version(
        LaunchTemplateId=hand.id, SourceVersion="$Default", LaunchTemplateData=data
    )["LaunchTemplateVersion"]["VersionNumber"]
    ec2.modify_launch_template(LaunchTemplateId=hand.id, DefaultVersion=str(made))


def _mixed(template: str, on_demand: int) -> Mapping[str, Any]:
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "$Default"},
            "Overrides": [{"InstanceType": "c5.large"}, {"InstanceType": "c5a.large"}],
        },
        "InstancesDistribution": {
            "OnDemandAllocationStrategy": "prioritized",
            "OnDemandBaseCapacity": 0,
            "OnDemandPercentageAboveBaseCapacity": on_demand,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    }


def _group(here: Here) -> Handle:
    policy, where = _mixed(here[LaunchTemplate].id, 0), ids(subnets(here))
    subnets(here, "acd")
    return here.ensure(AutoScalingGroup(NAME, GROUP, policy, where, 5), after=[here[Instances]])


def _grouped(hand: ByHand, **change: Any) -> None:
    hand("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP, **change)


def _in_three(hand: ByHand) -> None:
    _grouped(hand, VPCZoneIdentifier=",".join(hand[f"subnet/{name}"] for name in (NAME, "c", "d")))


def _minimum(here: Here) -> Handle:
    return here.ensure(MinimumSize(NAME, here[AutoScalingGroup].id, 1), after=[here[RunningTasks]])


# -- the cluster -------------------------------------------------------------------------------------------------------

SCALING = {
    "status": "ENABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10000,
    "instanceWarmupPeriod": 300,
}


def _provided(hand: ByHand, **change: Any) -> None:
    hand("ecs").update_capacity_provider(name=PROVIDER, autoScalingGroupProvider=change)


def _insights(value: str) -> list[dict[str, str]]:
    return [{"name": "containerInsights", "value": value}]


def _strategy(weight: int) -> list[dict[str, Any]]:
    return [{"capacityProvider": PROVIDER, "weight": weight, "base": 0}]


def _attached(here: Here) -> Handle:
    name = ready(here[CapacityProvider]).id
    strategy = [{"capacityProvider": name, "weight": 1, "base": 0}]
    return here.ensure(ClusterCapacityProviders(NAME, here[Cluster].id, [name, "FARGATE_SPOT"], strategy))


def _attach(hand: ByHand, providers: list[str], weight: int = 1) -> None:
    hand("ecs").put_cluster_capacity_providers(
        cluster=CLUSTER, capacityProviders=providers, defaultCapacityProviderStrategy=_strategy(weight)
    )


# -- task definitions and services -------------------------------------------------------------------------------------


def task_definition(here: Here, name: str) -> Handle:
    """A task definition of one container, called web, which listens on port 8080."""
    role = ready(here.ensure(Role("tasks", "tasks", trust("ecs-tasks"))))
    here.ensure(Role("others", "others", trust("ecs-tasks")))
    return here.ensure(
        TaskDefinition(
            name,
            family=f"sample-{name}",
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu="256",
            memory="1024",
            execution_role_arn=role.arn,
            task_role_arn=role.arn,
            runtime_platform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
            container_definitions=[_container("nginx:1")],
            volumes=[{"name": "tmp"}],
            ephemeral_storage={"sizeInGiB": 30},
        )
    )


def _container(image: str) -> Mapping[str, Any]:
    ports = [{"containerPort": 8080, "protocol": "tcp"}]
    return {"name": "web", "image": image, "essential": True, "portMappings": ports}


DAILY = "cron(0 8 * * ? *)"
OTHERS = "arn:aws:iam::123456789012:role/others"
BREAKER: Mapping[str, Any] = {
    "deploymentCircuitBreaker": {
        "enable": True,
        "rollback": True,
        "resetOnHealthyTask": True,
        "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
    }
}


def _service(here: Here) -> Handle:
    definition = task_definition(here, "web")
    _ = here[TaskDefinition], here[SecurityGroup], here[RouteTable]
    group, routes = targets(here)
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    return here.ensure(
        Service(
            NAME,
            cluster=here[Cluster].id,
            service_name="web",
            task_definition=definition.arn,
            desired_count=1,
            capacity_provider_strategy=strategy,
            # of these only the sample's subnet has a route to the internet
            subnets=ids(subnets(here))[:1],
            security_groups=[sending(here, "tasks").id],
            assign_public_ip="ENABLED",
            load_balancers=[{"targetGroupArn": group.id, "containerName": "web", "containerPort": 8080}],
            service_registries=[{"registryArn": here[DiscoveryService].arn}],
            health_check_grace_period_seconds=60,
            deployment_configuration={**BREAKER, "maximumPercent": 200, "minimumHealthyPercent": 100},
            availability_zone_rebalancing="ENABLED",
            enable_execute_command=True,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
        ),
        after=[ready(here[ClusterCapacityProviders]), here[RunningTasks], *routes],
    )


def _served(hand: ByHand, **change: Any) -> None:
    hand("ecs").update_service(cluster=CLUSTER, service="web", **change)


def _vpc(hand: ByHand, **change: Any) -> None:
    (shown,) = hand("ecs").describe_services(cluster=CLUSTER, services=["web"])["services"]
    within = {**shown["networkConfiguration"]["awsvpcConfiguration"], **change}
    _served(hand, networkConfiguration={"awsvpcConfiguration": within})


def _deployed(hand: ByHand, least: int) -> None:
    _served(hand, deploymentConfiguration={**BREAKER, "maximumPercent": 200, "minimumHealthyPercent": least})


def _tracking(percent: float) -> Mapping[str, Any]:
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    pauses = {"ScaleOutCooldown": 60, "ScaleInCooldown": 300}
    return {"TargetValue": percent, "PredefinedMetricSpecification": metric, **pauses, "DisableScaleIn": False}


def _range(hand: ByHand, **bound: int) -> None:
    hand("application-autoscaling").register_scalable_target(**TASKS, ResourceId=hand[ScalableTarget], **bound)


def _policy(hand: ByHand) -> None:
    hand("application-autoscaling").put_scaling_policy(
        **TASKS,
        ResourceId=hand[ScalableTarget],
        PolicyName="sample-cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=_tracking(20),
    )


def _time(hand: ByHand, **change: Any) -> None:
    settings = {
        "Schedule": DAILY,
        "Timezone": "Asia/Tokyo",
        "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4},
    }
    hand("application-autoscaling").put_scheduled_action(
        **TASKS, ResourceId=hand[ScalableTarget], ScheduledActionName="sample", **{**settings, **change}
    )


SERVICES: Mapping[type[Resource], Sample] = {
    LaunchTemplate: Sample(
        _template,
        {
            "launch_template_data": lambda hand: _version(hand, InstanceType="c5.xlarge"),
            "user_data": lambda hand: _version(hand, UserData="IyEvYmluL2Jhc2gK"),
            "tagged": lambda hand: _version(
                hand, TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}]
            ),
        },
    ),
    Instances: Sample(
        lambda here: here.ensure(
            Instances(here.stack.name, here[LaunchTemplate].id, ids(subnets(here))), after=[here[Cluster]]
        )
    ),
    AutoScalingGroup: Sample(
        _group,
        {
            # with another purchase option its instances are not as declared any more
            "mixed_instances_policy outdated_instances": lambda hand: _grouped(
                hand, MixedInstancesPolicy=_mixed(hand[LaunchTemplate], 50)
            ),
            "subnet_ids": _in_three,
            "max_size": lambda hand: _grouped(hand, MaxSize=4),
            "new_instances_protected_from_scale_in": lambda hand: _grouped(
                hand, NewInstancesProtectedFromScaleIn=False
            ),
            "health_check_type": lambda hand: _grouped(hand, HealthCheckType="ELB"),
            "health_check_grace_period": lambda hand: _grouped(hand, HealthCheckGracePeriod=77),
        },
        untried={"outside": "they are instances: tests/cloud/resources/test_resources_capacity.py"},
        problems=("outside", "outdated_instances"),
    ),
    MinimumSize: Sample(_minimum, {"min_size": lambda hand: _grouped(hand, MinSize=2)}),
    Cluster: Sample(
        lambda here: here.ensure(Cluster(NAME, CLUSTER, _insights("disabled"))),
        {"settings": lambda hand: hand("ecs").update_cluster_settings(cluster=CLUSTER, settings=_insights("enabled"))},
    ),
    CapacityProvider: Sample(
        lambda here: here.ensure(CapacityProvider(NAME, PROVIDER, here[AutoScalingGroup].arn, SCALING)),
        {
            "managed_scaling": lambda hand: _provided(hand, managedScaling={**SCALING, "targetCapacity": 77}),
            "managed_termination_protection": lambda hand: _provided(hand, managedTerminationProtection="DISABLED"),
            "managed_draining": lambda hand: _provided(hand, managedDraining="DISABLED"),
        },
    ),
    ClusterCapacityProviders: Sample(
        _attached,
        {
            "capacity_providers": lambda hand: _attach(hand, [PROVIDER, "FARGATE_SPOT", "FARGATE"]),
            "default_capacity_provider_strategy": lambda hand: _attach(hand, [PROVIDER, "FARGATE_SPOT"], 5),
        },
        untried={"failed": "only ECS makes it so: tests/cloud/emulator/test_cloud_providers.py"},
        problems=("failed",),
    ),
    ScaledService: Sample(lambda here: here.ensure(ScaledService(NAME, 3, 3, "count = 2"))),
    ExpiringStack: Sample(lambda here: here.ensure(ExpiringStack(NAME, 1_700_000_000))),
    ProtectedStack: Sample(lambda here: here.ensure(ProtectedStack(NAME))),
    SleepingStack: Sample(lambda here: here.ensure(SleepingStack(NAME))),
    SleepingPart: Sample(lambda here: here.ensure(SleepingPart(NAME, {}, {}, {}))),
    PausedWorkload: Sample(lambda here: here.ensure(PausedWorkload(NAME, 2))),
    ContainerInsights: Sample(lambda here: here.ensure(ContainerInsights(here.stack.name, here[Cluster].id))),
    ContainerInstances: Sample(
        lambda here: here.ensure(
            ContainerInstances(here.stack.name, here[Cluster].id), after=[ready(here[ClusterCapacityProviders])]
        )
    ),
    RunningTasks: Sample(
        lambda here: here.ensure(RunningTasks(here.stack.name, here[Cluster].id), after=[here[ContainerInstances]])
    ),
    TaskDefinition: Sample(
        lambda here: task_definition(here, NAME),
        # a revision never changes, and somebody else's is none of ours
        other={
            "cpu": "512",
            "memory": "2048",
            "execution_role_arn": OTHERS,
            "task_role_arn": OTHERS,
            "container_definitions": [_container("nginx:2")],
            "volumes": [],
            "ephemeral_storage": None,
            "runtime_platform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "requires_compatibilities": ["EC2"],
            "network_mode": "host",
        },
    ),
    Service: Sample(
        _service,
        {
            # of another family: a newer revision of its own would be somebody's deployment, and stay
            "task_definition": lambda hand: _served(hand, taskDefinition="sample-sample"),
            "capacity_provider_strategy": lambda hand: _served(
                hand,
                capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 2, "base": 0}],
                forceNewDeployment=True,
            ),
            "subnets": lambda hand: _vpc(hand, subnets=[hand["subnet/c"]]),
            "security_groups": lambda hand: _vpc(hand, securityGroups=[hand[SecurityGroup]]),
            "assign_public_ip": lambda hand: _vpc(hand, assignPublicIp="DISABLED"),
            "desired_count": lambda hand: _served(hand, desiredCount=2),
            "load_balancers health_check_grace_period_seconds": lambda hand: _served(hand, loadBalancers=[]),
            "service_registries": lambda hand: _served(hand, serviceRegistries=[]),
            "health_check_grace_period_seconds": lambda hand: _served(hand, healthCheckGracePeriodSeconds=77),
            "deployment_configuration": lambda hand: _deployed(hand, 50),
            "availability_zone_rebalancing": lambda hand: _served(hand, availabilityZoneRebalancing="DISABLED"),
            "enable_execute_command": lambda hand: _served(hand, enableExecuteCommand=False),
            "enable_ecs_managed_tags": lambda hand: _served(hand, enableECSManagedTags=False),
            "propagate_tags": lambda hand: _served(hand, propagateTags="TASK_DEFINITION"),
        },
        untried={
            "failed": "only ECS makes it so: tests/cloud/resources/test_resources_ecs_service.py",
            "service_connect": "it needs a namespace and a port with a name: tests/cloud/deployment/test_connect.py",
            "high_resolution_metrics": "they are read if asked for: tests/cloud/sizing/test_high_resolution.py",
            "scales": "it is not AWS's: it says whose desired_count is: tests/cloud/sizing/test_stack_scaling.py",
            "target_group": "it is on the way back from a strategy only: tests/cloud/deployment/test_strategies.py",
        },
        problems=("failed",),
    ),
    ScalableTarget: Sample(
        lambda here: here.ensure(ScalableTarget(NAME, here[Service].resource_id, 1, 10)),
        {
            "min_capacity": lambda hand: _range(hand, MinCapacity=0),
            "max_capacity": lambda hand: _range(hand, MaxCapacity=3),
        },
    ),
    ScalingPolicy: Sample(
        lambda here: here.ensure(ScalingPolicy(NAME, "sample-cpu", here[ScalableTarget].id, _tracking(70))),
        {"target_tracking_scaling_policy_configuration": _policy},
    ),
    ScheduledAction: Sample(
        lambda here: here.ensure(ScheduledAction(NAME, "sample", here[ScalableTarget].id, DAILY, "Asia/Tokyo", 2, 4)),
        {
            "schedule": lambda hand: _time(hand, Schedule="cron(0 9 * * ? *)"),
            "timezone": lambda hand: _time(hand, Timezone="Europe/Berlin"),
            "min_capacity": lambda hand: _time(hand, ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 4}),
            "max_capacity": lambda hand: _time(hand, ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 5}),
        },
    ),
}
