"""Auto Scaling groups, capacity providers over them, container instances, and scalable targets of services."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from provisioner.cloud import manage
from tests.cloud.conftest import EmbeddedCloud, Network, make_network, refused

Answer = dict[str, Any]
MANAGED = {"status": "ENABLED", "targetCapacity": 100}


def provider(network: Network, name: str = "spot", group: str = "web", **more: Any) -> Answer:
    """A capacity provider over a group of that name, ACTIVE; the group is made when it is not there."""
    found = network.group_named(group)
    arn = found["AutoScalingGroupARN"] if found else network.auto_scaling_group(group, "main")
    settings = {"autoScalingGroupArn": arn, "managedScaling": MANAGED, **more}
    ecs = network.cloud.client("ecs")
    ecs.create_capacity_provider(name=name, autoScalingGroupProvider=settings)

    def active() -> Answer | None:
        answer = described(network, name)
        return answer if answer["status"] == "ACTIVE" else None

    answer: Answer = network.cloud.wait(active, "provider ACTIVE")
    return answer


def described(network: Network, name: str) -> Answer:
    client = network.cloud.client("ecs")
    answer: Answer = client.describe_capacity_providers(capacityProviders=[name])["capacityProviders"][0]
    return answer


def attachments(network: Network) -> Answer:
    client = network.cloud.client("ecs")
    answer: Answer = client.describe_clusters(clusters=["main"], include=["ATTACHMENTS"])["clusters"][0]
    return answer


def bind(network: Network, *names: str, default: str | None = None) -> Answer:
    """Put the providers on the cluster and wait until they are attached."""
    strategy = [{"capacityProvider": default, "weight": 1}] if default else []
    answer = network.cloud.client("ecs").put_cluster_capacity_providers(
        cluster="main", capacityProviders=list(names), defaultCapacityProviderStrategy=strategy
    )["cluster"]
    network.cloud.wait(lambda: attachments(network)["attachmentsStatus"] == "UPDATE_COMPLETE", "attached")
    result: Answer = answer
    return result


def group_is(network: Network, states: list[str], name: str = "web") -> list[Answer]:
    """Wait until the group's instances are in exactly these states, and return them."""

    def reached() -> Any:
        members = network.group_named(name).get("Instances", [])
        return [members] if sorted(one["LifecycleState"] for one in members) == sorted(states) else None

    (members,) = network.cloud.wait(reached, f"group in {states}")
    result: list[Answer] = members
    return result


def container_instances(network: Network, number: int) -> list[Answer]:
    """Wait until the cluster has so many container instances, and describe them."""
    client = network.cloud.client("ecs")

    def reached() -> Any:
        arns = client.list_container_instances(cluster="main")["containerInstanceArns"]
        return [arns] if len(arns) == number else None

    (arns,) = network.cloud.wait(reached, f"{number} container instances")
    if not arns:
        return []
    found: list[Answer] = client.describe_container_instances(cluster="main", containerInstances=arns)[
        "containerInstances"
    ]
    return found


def resource(instance: Answer, kind: str, name: str) -> int:
    return next(int(one["integerValue"]) for one in instance[kind] if one["name"] == name)


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network and the empty cluster `main`."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main")
    return client


@pytest.fixture
def scaling(network: Network, ecs: Any) -> Any:
    """An Auto Scaling client in the same cloud."""
    return network.cloud.client("autoscaling")


def ec2_service(network: Network, desired: int, **more: Any) -> None:
    network.definition("web", "EC2")
    request: dict[str, Any] = {
        "cluster": "main",
        "serviceName": "web",
        "taskDefinition": "web",
        "desiredCount": desired,
        "networkConfiguration": network.awsvpc(),
        **more,
    }
    network.cloud.client("ecs").create_service(**request)


def running(network: Network, number: int, seconds: float = 20) -> Answer:
    client = network.cloud.client("ecs")

    def reached() -> Any:
        (found,) = client.describe_services(cluster="main", services=["web"])["services"]
        return found if found["runningCount"] == number and len(found["deployments"]) == 1 else None

    answer: Answer = network.cloud.wait(reached, f"{number} running", seconds)
    return answer


# Auto Scaling groups


def test_group_launches_instances_that_are_whole(network: Network, scaling: Any) -> None:
    network.auto_scaling_group(
        "web",
        "main",
        DesiredCapacity=2,
        NewInstancesProtectedFromScaleIn=True,
        DefaultInstanceWarmup=60,
        Tags=[{"Key": "Project", "Value": "p", "PropagateAtLaunch": True}],
    )
    members = group_is(network, ["InService", "InService"])
    assert all(one["ProtectedFromScaleIn"] and one["HealthStatus"] == "Healthy" for one in members)
    assert len({one["AvailabilityZone"] for one in members}) == 2
    assert network.group_named("web")["DefaultInstanceWarmup"] == 60
    ids = [one["InstanceId"] for one in members]
    reservations = network.cloud.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    for instance in [one for reservation in reservations for one in reservation["Instances"]]:
        assert instance["State"]["Name"] == "running"
        assert instance["SubnetId"] in network.subnets
        assert [one["GroupId"] for one in instance["SecurityGroups"]] == [network.group]
        assert instance["IamInstanceProfile"]["Arn"].endswith(":instance-profile/instances")
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert (tags["Project"], tags["aws:autoscaling:groupName"]) == ("p", "web")
    activities = scaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    assert [one["StatusCode"] for one in activities] == ["Successful", "Successful"]
    assert all(one["EndTime"] > one["StartTime"] for one in activities)
    assert activities[0]["Description"].startswith("Launching a new EC2 instance: i-")
    page = scaling.describe_scaling_activities(AutoScalingGroupName="web", MaxRecords=1)
    assert (len(page["Activities"]), page["NextToken"]) == (1, "1")


def test_the_public_ecs_image_is_found_and_launches(network: Network, scaling: Any) -> None:
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    image = network.cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    ec2 = network.cloud.client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName="image", LaunchTemplateData={"ImageId": image, "InstanceType": "c5.large"}
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="image",
        MinSize=1,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": "image"},
        VPCZoneIdentifier=network.subnets[0],
    )
    (member,) = group_is(network, ["InService"], "image")
    (reservation,) = ec2.describe_instances(InstanceIds=[member["InstanceId"]])["Reservations"]
    assert reservation["Instances"][0]["ImageId"] == image


def test_mixed_instances_are_spot_of_the_first_type_and_survive_an_update(network: Network, scaling: Any) -> None:
    template = network.template("mixed", "main", instance_type="m5.large")
    policy: dict[str, Any] = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "$Latest"},
            "Overrides": [{"InstanceType": "c5.large"}, {"InstanceType": "c5a.large"}],
        },
        "InstancesDistribution": {
            "OnDemandPercentageAboveBaseCapacity": 0,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    }
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="mixed",
        MinSize=0,
        MaxSize=3,
        DesiredCapacity=1,
        MixedInstancesPolicy=policy,
        VPCZoneIdentifier=network.subnets[0],
    )
    (member,) = group_is(network, ["InService"], "mixed")
    (reservation,) = network.cloud.client("ec2").describe_instances(InstanceIds=[member["InstanceId"]])["Reservations"]
    (instance,) = reservation["Instances"]
    assert (instance["InstanceType"], instance["InstanceLifecycle"]) == ("c5.large", "spot")
    scaling.update_auto_scaling_group(AutoScalingGroupName="mixed", MaxSize=4)
    found = network.group_named("mixed")
    assert (found["MaxSize"], found["DesiredCapacity"]) == (4, 1)
    assert found["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"] == policy["LaunchTemplate"]["Overrides"]
    assert found["MixedInstancesPolicy"]["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 0


def test_protected_instances_survive_a_smaller_capacity(network: Network, scaling: Any) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=3, NewInstancesProtectedFromScaleIn=True)
    members = group_is(network, ["InService"] * 3)
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    doomed = members[1]["InstanceId"]
    scaling.set_instance_protection(AutoScalingGroupName="web", InstanceIds=[doomed], ProtectedFromScaleIn=False)
    left = group_is(network, ["InService", "InService"])
    assert doomed not in [one["InstanceId"] for one in left]
    assert network.group_named("web")["DesiredCapacity"] == 0
    with refused("ValidationError", "not part of Auto Scaling group"):
        scaling.set_instance_protection(AutoScalingGroupName="web", InstanceIds=[doomed], ProtectedFromScaleIn=True)
    with refused("ValidationError", "less than or equal to 50"):
        many = [f"i-{number:017x}" for number in range(51)]
        scaling.set_instance_protection(AutoScalingGroupName="web", InstanceIds=many, ProtectedFromScaleIn=True)


def test_terminated_instances_are_replaced(network: Network, scaling: Any) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=1)
    (first,) = group_is(network, ["InService"])
    ec2 = network.cloud.client("ec2")
    state = ec2.terminate_instances(InstanceIds=[first["InstanceId"]])["TerminatingInstances"][0]["CurrentState"]
    assert state["Name"] == "shutting-down"
    (found,) = ec2.describe_instances(InstanceIds=[first["InstanceId"]])["Reservations"]
    assert found["Instances"][0]["State"]["Name"] == "shutting-down"

    def replaced() -> bool:
        members = network.group_named("web")["Instances"]
        return [one["LifecycleState"] for one in members if one["InstanceId"] != first["InstanceId"]] == ["InService"]

    network.cloud.wait(replaced, "a replacement")
    network.cloud.wait(lambda: len(network.group_named("web")["Instances"]) == 1, "the old one gone")
    (second,) = group_is(network, ["InService"])
    activity = scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=second["InstanceId"], ShouldDecrementDesiredCapacity=True
    )["Activity"]
    assert second["InstanceId"] in activity["Description"]
    group_is(network, [])
    assert network.group_named("web")["DesiredCapacity"] == 0


def test_group_with_instances_is_deleted_only_by_force(network: Network, scaling: Any) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=2, NewInstancesProtectedFromScaleIn=True)
    members = group_is(network, ["InService", "InService"])
    volumes = network.cloud.client("ec2").describe_volumes()["Volumes"]
    assert [(one["Size"], one["VolumeType"], one["Encrypted"]) for one in volumes] == [(30, "gp3", True)] * 2
    with refused("ResourceInUse", "while there are instances"):
        scaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert network.group_named("web")["Status"] == "Delete in progress"
    group_is(network, ["Terminating", "Terminating"])
    with refused("AlreadyExists"):
        template = {"LaunchTemplateName": "web", "Version": "$Latest"}
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="web",
            MinSize=0,
            MaxSize=1,
            LaunchTemplate=template,
            VPCZoneIdentifier=network.subnets[0],
        )
    ec2 = network.cloud.client("ec2")
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=network.group)
    network.cloud.wait(lambda: network.group_named("web") == {}, "group gone")
    reservations = ec2.describe_instances(InstanceIds=[one["InstanceId"] for one in members])["Reservations"]
    assert {one["State"]["Name"] for each in reservations for one in each["Instances"]} == {"terminated"}
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert ec2.describe_volumes()["Volumes"] == []
    ec2.delete_security_group(GroupId=network.group)


def test_empty_group_is_deleted_without_force(network: Network, scaling: Any) -> None:
    network.auto_scaling_group("web", "main")
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    network.cloud.wait(lambda: network.group_named("web") == {}, "group gone")
    with refused("ValidationError", "not found"):
        scaling.delete_auto_scaling_group(AutoScalingGroupName="web")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("set_desired_capacity", {"DesiredCapacity": 1}),
        ("update_auto_scaling_group", {"MaxSize": 1}),
        ("set_instance_protection", {"InstanceIds": ["i-1"], "ProtectedFromScaleIn": True}),
        ("suspend_processes", {}),
        ("describe_scaling_activities", {}),
    ],
)
def test_unknown_group_is_a_validation_error(cloud: EmbeddedCloud, operation: str, arguments: dict[str, Any]) -> None:
    with refused("ValidationError", "not found"):
        getattr(cloud.client("autoscaling"), operation)(AutoScalingGroupName="nothing", **arguments)


def test_group_refusals(network: Network, scaling: Any) -> None:
    network.auto_scaling_group("web", "main", MaxSize=2)
    with refused("AlreadyExists", "already exists"):
        network.template("other", "main")
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="web",
            MinSize=0,
            MaxSize=1,
            LaunchTemplate={"LaunchTemplateName": "other"},
            VPCZoneIdentifier=network.subnets[0],
        )
    with refused("ValidationError", "above max value 2"):
        scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    with refused("ValidationError", "between the specified min size"):
        network.auto_scaling_group("sizes", "main", MaxSize=1, DesiredCapacity=2)
    with refused("ValidationError", "Invalid IAM Instance Profile name"):
        identifier = network.template("profile", "main", profile="nobody")
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="profile",
            MinSize=0,
            MaxSize=1,
            LaunchTemplate={"LaunchTemplateId": identifier},
            VPCZoneIdentifier=network.subnets[0],
        )
    with refused("ValidationError", "valid fully-formed launch template"):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="template",
            MinSize=0,
            MaxSize=1,
            LaunchTemplate={"LaunchTemplateName": "nothing"},
            VPCZoneIdentifier=network.subnets[0],
        )
    assert [one["AutoScalingGroupName"] for one in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]] == [
        "web"
    ]


def test_launch_that_fails_is_an_activity(network: Network, scaling: Any) -> None:
    network.auto_scaling_group("web", "main")
    iam = network.cloud.client("iam")
    network.cloud.client("ec2").delete_subnet(SubnetId=network.subnets[0])
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)

    def failed() -> list[Answer]:
        found = scaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
        return [one for one in found if one["StatusCode"] == "Failed"]

    (activity, *_) = network.cloud.wait(failed, "a failed activity")
    assert network.subnets[0] in activity["StatusMessage"]
    assert network.group_named("web")["Instances"] == []
    assert iam.get_instance_profile(InstanceProfileName="instances")


# Capacity providers


def test_provider_becomes_active_marks_its_group_and_keeps_its_settings(network: Network, ecs: Any) -> None:
    arn = network.auto_scaling_group("web", "main", NewInstancesProtectedFromScaleIn=True)
    settings = {
        "autoScalingGroupArn": arn,
        "managedScaling": MANAGED,
        "managedTerminationProtection": "ENABLED",
        "managedDraining": "ENABLED",
    }
    tags = [{"key": "Project", "value": "p"}]
    made = ecs.create_capacity_provider(name="spot", autoScalingGroupProvider=settings, tags=tags)["capacityProvider"]
    assert (made["status"], made["tags"]) == ("PROVISIONING", tags)
    with refused("InvalidParameterException", "is not in an ACTIVE state"):
        ecs.put_cluster_capacity_providers(
            cluster="main", capacityProviders=["spot"], defaultCapacityProviderStrategy=[]
        )
    network.cloud.wait(lambda: described(network, "spot")["status"] == "ACTIVE", "ACTIVE")
    found = described(network, "spot")["autoScalingGroupProvider"]
    assert (found["managedTerminationProtection"], found["managedDraining"]) == ("ENABLED", "ENABLED")
    assert found["managedScaling"]["instanceWarmupPeriod"] == 300
    marks = {tag["Key"]: tag["PropagateAtLaunch"] for tag in network.group_named("web")["Tags"]}
    assert marks["AmazonECSManaged"] is True
    everything = ecs.describe_capacity_providers(include=["TAGS"])["capacityProviders"]
    assert {one["name"] for one in everything} == {"FARGATE", "FARGATE_SPOT", "spot"}
    assert next(one for one in everything if one["name"] == "spot")["tags"] == tags
    missing = ecs.describe_capacity_providers(capacityProviders=["nothing"])
    assert (missing["capacityProviders"], missing["failures"][0]["reason"]) == ([], "MISSING")
    changed = ecs.update_capacity_provider(
        name="spot", autoScalingGroupProvider={"managedScaling": {"status": "ENABLED", "targetCapacity": 80}}
    )["capacityProvider"]
    assert changed["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 80
    assert changed["autoScalingGroupProvider"]["managedTerminationProtection"] == "ENABLED"
    network.cloud.wait(lambda: described(network, "spot")["updateStatus"] == "UPDATE_COMPLETE", "updated")


def test_provider_refusals(network: Network, ecs: Any) -> None:
    provider(network)

    def make(name: str, arn: str, **more: Any) -> None:
        ecs.create_capacity_provider(name=name, autoScalingGroupProvider={"autoScalingGroupArn": arn, **more})

    taken = network.group_named("web")["AutoScalingGroupARN"]
    free = network.auto_scaling_group("free", "main")
    with refused("ClientException", "already being used by another capacity provider"):
        make("second", taken)
    with refused("ClientException", "already exists"):
        make("spot", free)
    with refused("ClientException", "is invalid"):
        make("second", free + "x")
    with refused("ClientException", 'cannot be prefixed with "aws"'):
        make("ecs-spot", free)
    with refused("InvalidParameterException", "instance protection from scale in"):
        make("second", free, managedScaling=MANAGED, managedTerminationProtection="ENABLED")
    with refused("InvalidParameterException", "without managed scaling"):
        make("second", free, managedTerminationProtection="ENABLED")
    for name in ("FARGATE", "FARGATE_SPOT"):
        with refused("ClientException", "reserved"):
            ecs.delete_capacity_provider(capacityProvider=name)
    with refused("ClientException", "does not exist"):
        ecs.delete_capacity_provider(capacityProvider="nothing")


def test_put_providers_attaches_policy_and_hook_and_takes_them_back(network: Network, ecs: Any, scaling: Any) -> None:
    provider(network)
    ecs.put_cluster_capacity_providers(
        cluster="main",
        capacityProviders=["spot", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "spot", "weight": 1}],
    )
    assert attachments(network)["attachmentsStatus"] == "UPDATE_IN_PROGRESS"
    with refused("UpdateInProgressException", "busy state"):
        ecs.put_cluster_capacity_providers(cluster="main", capacityProviders=[], defaultCapacityProviderStrategy=[])
    network.cloud.wait(lambda: attachments(network)["attachmentsStatus"] == "UPDATE_COMPLETE", "attached")
    found = attachments(network)
    assert found["capacityProviders"] == ["spot", "FARGATE_SPOT"]
    assert found["defaultCapacityProviderStrategy"] == [{"capacityProvider": "spot", "weight": 1, "base": 0}]
    assert {one["type"] for one in found["attachments"]} == {"as_policy", "managed_draining"}
    (policy,) = scaling.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"]
    assert policy["PolicyName"].startswith("ECSManagedAutoScalingPolicy-")
    metric = policy["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]["MetricName"]
    assert metric == "CapacityProviderReservation"
    (hook,) = scaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"]
    assert hook["LifecycleHookName"] == "ecs-managed-draining-termination-hook"
    failed = ecs.delete_capacity_provider(capacityProvider="spot")["capacityProvider"]
    assert (failed["status"], failed["updateStatus"]) == ("ACTIVE", "DELETE_FAILED")
    assert "associated with cluster: main" in failed["updateStatusReason"]
    bind(network)
    assert scaling.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"] == []
    assert scaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"] == []
    ecs.delete_capacity_provider(capacityProvider="spot")
    network.cloud.wait(lambda: described(network, "spot")["status"] == "INACTIVE", "INACTIVE")
    assert described(network, "spot")["updateStatus"] == "DELETE_COMPLETE"
    assert provider(network)["status"] == "ACTIVE"


def test_put_providers_refusals(network: Network, ecs: Any) -> None:
    provider(network)
    bind(network, "spot", "FARGATE_SPOT")

    def put(providers: list[str], *strategy: str) -> None:
        entries = [{"capacityProvider": name, "weight": 1} for name in strategy]
        ecs.put_cluster_capacity_providers(
            cluster="main", capacityProviders=providers, defaultCapacityProviderStrategy=entries
        )

    with refused("InvalidParameterException", "was not found"):
        put(["nothing"])
    with refused("InvalidParameterException", "cannot contain a mix"):
        put(["spot", "FARGATE_SPOT"], "spot", "FARGATE_SPOT")
    with refused("InvalidParameterException", "not associated with the cluster"):
        put(["FARGATE_SPOT"], "spot")
    network.definition("web")
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    ec2_service(network, 0, taskDefinition=network.definition("web"), capacityProviderStrategy=strategy)
    with refused("ResourceInUseException", "is in use and cannot be removed."):
        put(["spot"])
    ecs.delete_service(cluster="main", service="web")
    network.cloud.wait(
        lambda: ecs.describe_services(cluster="main", services=["web"])["services"][0]["status"] == "INACTIVE", "gone"
    )
    put(["spot"])


# Container instances and managed scaling


def test_provider_scales_its_group_from_zero_and_everything_goes_in_order(
    network: Network, ecs: Any, scaling: Any
) -> None:
    """The life of a stack on instances: scale-out, registration, protection, refusals, teardown."""
    ecs.put_account_setting_default(name="awsvpcTrunking", value="enabled")
    network.auto_scaling_group("web", "main", NewInstancesProtectedFromScaleIn=True, MaxSize=3)
    provider(network, managedTerminationProtection="ENABLED")
    bind(network, "spot", default="spot")
    ec2_service(network, 1)
    network.cloud.wait(lambda: ecs.list_tasks(cluster="main")["taskArns"], "a task")
    (waiting,) = ecs.describe_tasks(cluster="main", tasks=ecs.list_tasks(cluster="main")["taskArns"])["tasks"]
    assert (waiting["lastStatus"], waiting["launchType"]) == ("PROVISIONING", "EC2")
    assert "containerInstanceArn" not in waiting
    # From zero ECS asks for two, whatever one task needs.
    network.cloud.wait(lambda: network.group_named("web")["DesiredCapacity"] == 2, "scaled out to 2")
    instances = container_instances(network, 2)
    running(network, 1)
    instances = container_instances(network, 2)
    for instance in instances:
        assert (instance["status"], instance["agentConnected"]) == ("ACTIVE", True)
        assert instance["capacityProviderName"] == "spot"
        attributes = {one["name"]: one.get("value") for one in instance["attributes"]}
        assert attributes["ecs.instance-type"] == "c5.large"
        assert attributes["ecs.awsvpc-trunk-id"].startswith("eni-")
        assert (resource(instance, "registeredResources", "CPU"), attributes["ecs.vpc-id"]) == (2048, network.vpc)
        assert 3600 < resource(instance, "registeredResources", "MEMORY") < 4096
    busy = [one for one in instances if one["runningTasksCount"] == 1]
    assert len(busy) == 1
    assert resource(busy[0], "remainingResources", "CPU") == 2048 - 256
    (task,) = ecs.list_tasks(cluster="main", containerInstance=busy[0]["containerInstanceArn"])["taskArns"]
    with refused("InvalidParameterException", "Found running tasks on the instance."):
        ecs.deregister_container_instance(cluster="main", containerInstance=busy[0]["containerInstanceArn"])
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    ecs.delete_service(cluster="main", service="web", force=True)
    network.cloud.wait(
        lambda: ecs.describe_services(cluster="main", services=["web"])["services"][0]["status"] == "INACTIVE", "gone"
    )
    assert ecs.describe_tasks(cluster="main", tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED"
    with refused("ClusterContainsContainerInstancesException", "active or draining"):
        ecs.delete_cluster(cluster="main")
    members = group_is(network, ["InService", "InService"])
    ids = [one["InstanceId"] for one in members]
    scaling.set_instance_protection(AutoScalingGroupName="web", InstanceIds=ids, ProtectedFromScaleIn=False)
    container_instances(network, 0)
    group_is(network, [])
    bind(network)
    assert ecs.delete_cluster(cluster="main")["cluster"]["status"] == "INACTIVE"
    network.cloud.client("ec2").delete_subnet(SubnetId=network.subnets[0])


def test_tasks_fill_instances_by_interfaces_and_the_group_stops_at_its_maximum(network: Network, ecs: Any) -> None:
    network.auto_scaling_group("web", "main", MaxSize=2)
    provider(network)
    bind(network, "spot", default="spot")
    # Without trunking a c5.large has room for 2 task interfaces: 5 tasks want 3 instances, the group ends at 2.
    ec2_service(network, 5)
    network.cloud.wait(
        lambda: ecs.describe_services(cluster="main", services=["web"])["services"][0]["runningCount"] == 4, "4 run"
    )
    (found,) = ecs.describe_services(cluster="main", services=["web"])["services"]
    assert (found["pendingCount"], found["desiredCount"]) == (1, 5)
    assert network.group_named("web")["DesiredCapacity"] == 2
    assert sorted(one["runningTasksCount"] for one in container_instances(network, 2)) == [2, 2]


def test_trunked_instance_holds_ten_tasks_and_memory_counts_too(network: Network, ecs: Any) -> None:
    ecs.put_account_setting_default(name="awsvpcTrunking", value="enabled")
    network.auto_scaling_group("web", "main", DesiredCapacity=1, MaxSize=1)
    provider(network)
    bind(network, "spot", default="spot")
    container_instances(network, 1)
    small = network.definition("small", "EC2", cpu="64", memory="128")
    ec2_service(network, 11, taskDefinition=small)
    network.cloud.wait(
        lambda: ecs.describe_services(cluster="main", services=["web"])["services"][0]["runningCount"] == 10, "10 run"
    )
    ecs.update_service(cluster="main", service="web", desiredCount=8)
    running(network, 8)
    network.cloud.wait(lambda: container_instances(network, 1)[0]["runningTasksCount"] == 8, "8 on the instance")
    network.cloud.wait(
        lambda: resource(container_instances(network, 1)[0], "remainingResources", "CPU") == 2048 - 8 * 64, "room back"
    )
    answer = ecs.run_task(
        cluster="main",
        taskDefinition=network.definition("large", "EC2", cpu="256", memory="3000"),
        launchType="EC2",
        networkConfiguration=network.awsvpc(),
    )
    assert (answer["tasks"], answer["failures"][0]["reason"]) == ([], "RESOURCE:MEMORY")


def test_draining_instance_gets_no_tasks_and_its_service_tasks_move(network: Network, ecs: Any) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=2)
    provider(network)
    bind(network, "spot", default="spot")
    container_instances(network, 2)
    ec2_service(network, 2)
    running(network, 2)
    first, second = (one["containerInstanceArn"] for one in container_instances(network, 2))
    (drained,) = ecs.update_container_instances_state(cluster="main", containerInstances=[first], status="DRAINING")[
        "containerInstances"
    ]
    assert drained["status"] == "DRAINING"
    assert ecs.list_container_instances(cluster="main", status="DRAINING")["containerInstanceArns"] == [first]

    def moved() -> bool:
        arns = ecs.list_tasks(cluster="main", containerInstance=second)["taskArns"]
        return len(arns) == 2 and not ecs.list_tasks(cluster="main", containerInstance=first)["taskArns"]

    network.cloud.wait(moved, "both tasks on the other")
    ecs.update_container_instances_state(cluster="main", containerInstances=[first], status="ACTIVE")
    answer = ecs.deregister_container_instance(cluster="main", containerInstance=second, force=True)
    assert answer["containerInstance"]["status"] == "INACTIVE"
    assert ecs.list_container_instances(cluster="main")["containerInstanceArns"] == [first]
    running(network, 2)
    with refused("InvalidParameterException", "Referenced container instance not found."):
        ecs.deregister_container_instance(cluster="main", containerInstance="nothing")


@pytest.mark.parametrize(("draining", "states"), [("ENABLED", {"Terminating:Wait"}), ("DISABLED", {"Terminating"})])
def test_managed_draining_waits_for_tasks(
    network: Network, ecs: Any, scaling: Any, draining: str, states: set[str]
) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=1)
    provider(network, managedDraining=draining)
    bind(network, "spot", default="spot")
    container_instances(network, 1)
    # A standalone task is not moved: it holds a draining instance until somebody stops it.
    definition = network.definition("job", "EC2")
    (task,) = ecs.run_task(cluster="main", taskDefinition=definition, networkConfiguration=network.awsvpc())["tasks"]
    (member,) = group_is(network, ["InService"])
    scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=member["InstanceId"], ShouldDecrementDesiredCapacity=True
    )
    assert {one["LifecycleState"] for one in network.group_named("web")["Instances"]} == states
    if draining == "ENABLED":
        (instance,) = container_instances(network, 1)
        assert (instance["status"], instance["agentConnected"]) == ("DRAINING", True)
        ecs.stop_task(cluster="main", task=task["taskArn"])
    container_instances(network, 0)
    group_is(network, [])
    (stopped,) = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
    assert stopped["lastStatus"] == "STOPPED"
    expected = "Task stopped by user" if draining == "ENABLED" else "terminated."
    assert expected in stopped["stoppedReason"]


def test_force_delete_skips_draining_and_frees_what_tasks_held(network: Network, ecs: Any, scaling: Any) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=1, NewInstancesProtectedFromScaleIn=True)
    provider(network)
    bind(network, "spot", default="spot")
    ec2_service(network, 1)
    running(network, 1)
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert [one["LifecycleState"] for one in network.group_named("web")["Instances"]] == ["Terminating"]
    assert len(ecs.list_container_instances(cluster="main")["containerInstanceArns"]) == 1
    container_instances(network, 0)
    network.cloud.wait(lambda: network.group_named("web") == {}, "group gone")
    (found,) = ecs.describe_services(cluster="main", services=["web"])["services"]
    assert found["runningCount"] == 0
    ecs.delete_service(cluster="main", service="web", force=True)
    ec2 = network.cloud.client("ec2")
    network.cloud.wait(lambda: not ec2.describe_network_interfaces()["NetworkInterfaces"], "no interfaces")


def test_idle_instances_leave_after_fifteen_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_TIME_SCALE", "0.004")
    quick = EmbeddedCloud(manage.start(tmp_path, "example.com"))
    try:
        network = make_network(quick)
        ecs = quick.client("ecs")
        ecs.create_cluster(clusterName="main")
        network.auto_scaling_group("web", "main", NewInstancesProtectedFromScaleIn=True)
        provider(network, managedTerminationProtection="ENABLED")
        bind(network, "spot", default="spot")
        ec2_service(network, 1)
        running(network, 1)
        container_instances(network, 2)
        begin = monotonic()
        container_instances(network, 1)
        assert monotonic() - begin > 900 * 0.004 / 2
        (left,) = group_is(network, ["InService"])
        assert left["ProtectedFromScaleIn"]
        assert network.group_named("web")["DesiredCapacity"] == 1
        assert running(network, 1)["pendingCount"] == 0
    finally:
        manage.stop(tmp_path)


def test_service_of_launch_type_ec2_without_instances_says_so(network: Network, ecs: Any) -> None:
    ec2_service(network, 1, launchType="EC2")

    def event() -> list[str]:
        (found,) = ecs.describe_services(cluster="main", services=["web"])["services"]
        return [one["message"] for one in found["events"] if "unable to place a task" in one["message"]]

    assert "No Container Instances were found in your cluster" in network.cloud.wait(event, "an event")[0]
    assert ecs.list_tasks(cluster="main")["taskArns"] == []


# Application Auto Scaling

DIMENSION = "ecs:service:DesiredCount"
TARGET = {"ServiceNamespace": "ecs", "ResourceId": "service/main/web", "ScalableDimension": DIMENSION}


@pytest.fixture
def targets(network: Network, ecs: Any) -> Any:
    """An Application Auto Scaling client in a cloud with the Fargate service `web` of one task."""
    network.definition("web")
    ecs.create_service(
        cluster="main",
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=network.awsvpc(),
    )
    return network.cloud.client("application-autoscaling")


def policy(client: Any, name: str = "cpu", value: float = 70) -> Answer:
    answer: Answer = client.put_scaling_policy(
        **TARGET,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": value,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        },
    )
    return answer


def test_scalable_target_and_policy_live_and_go(network: Network, targets: Any) -> None:
    with refused("ValidationException", "ECS service doesn't exist"):
        missing = {**TARGET, "ResourceId": "service/main/other"}
        targets.register_scalable_target(**missing, MinCapacity=1, MaxCapacity=2)
    with refused("ObjectNotFoundException"):
        policy(targets)
    arn = targets.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=10, Tags={"Project": "p"})[
        "ScalableTargetARN"
    ]
    assert targets.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Project": "p"}
    targets.tag_resource(ResourceARN=arn, Tags={"a": "1", "b": "2"})
    targets.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert targets.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Project": "p", "b": "2"}
    with refused("ResourceNotFoundException"):
        targets.list_tags_for_resource(ResourceARN=arn + "x")
    first = policy(targets)
    assert policy(targets, value=50)["PolicyARN"] == first["PolicyARN"]
    (found,) = targets.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert found["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50
    assert len(found["Alarms"]) == 2
    assert (
        targets.describe_scaling_policies(ServiceNamespace="ecs", ResourceId="service/main/we")["ScalingPolicies"] == []
    )
    targets.delete_scaling_policy(**TARGET, PolicyName="cpu")
    with refused("ObjectNotFoundException"):
        targets.delete_scaling_policy(**TARGET, PolicyName="cpu")
    policy(targets, "again")
    targets.deregister_scalable_target(**TARGET)
    assert targets.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert targets.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    with refused("ObjectNotFoundException"):
        targets.deregister_scalable_target(**TARGET)
    assert targets.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"] == []


def test_target_outlives_its_service_and_bounds_it(network: Network, ecs: Any, targets: Any) -> None:
    with refused("ValidationException", "required"):
        targets.register_scalable_target(**TARGET, MinCapacity=1)
    targets.register_scalable_target(**TARGET, MinCapacity=2, MaxCapacity=3)
    running(network, 2)
    ecs.delete_service(cluster="main", service="web", force=True)
    network.cloud.wait(
        lambda: ecs.describe_services(cluster="main", services=["web"])["services"][0]["status"] == "INACTIVE", "gone"
    )
    (found,) = targets.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 3)
