"""Container instances of the embedded cloud, and managed scaling of their groups."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator import durations
from tests.cloud.conftest import Network, refused
from tests.cloud.groups_rig import (
    bind,
    container_instances,
    ec2_service,
    group_is,
    provider,
    resource,
    running,
)


def test_a_provider_scales_its_group_from_zero_in_order(network: Network, ecs: Any, scaling: Any) -> None:
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


def test_tasks_fill_the_interfaces_of_at_most_the_maximum(network: Network, ecs: Any) -> None:
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


@pytest.mark.parametrize(("memory", "grows"), [("7000", True), ("9000", False)])
def test_the_smallest_type_is_the_least_of_each_parameter(network: Network, ecs: Any, memory: str, grows: bool) -> None:
    """Of r5.large (2 vCPU, 16 GiB) and c5.xlarge (4 vCPU, 8 GiB), ECS plans with 2 vCPU and 8 GiB."""
    template = {"LaunchTemplateName": "web", "Version": "$Latest"}
    overrides = [{"InstanceType": "r5.large"}, {"InstanceType": "c5.xlarge"}]
    network.template("web", "main")
    network.cloud.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=5,
        MixedInstancesPolicy={"LaunchTemplate": {"LaunchTemplateSpecification": template, "Overrides": overrides}},
        VPCZoneIdentifier=",".join(network.subnets),
    )
    provider(network)
    bind(network, "spot", default="spot")
    ec2_service(network, 1, taskDefinition=network.definition("large", "EC2", memory=memory))
    network.cloud.advance(600)
    assert network.group_named("web")["DesiredCapacity"] == (2 if grows else 0)


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


@pytest.mark.parametrize(("instance_type", "room"), [("c5n.large", 2), ("m6i.8xlarge", 90), ("c5.9xlarge", 60)])
def test_the_type_decides_how_many_interfaces_there_are(
    network: Network, ecs: Any, instance_type: str, room: int
) -> None:
    """Developer guide, container-instance-eni: the c5n family has no trunk, later generations have more interfaces."""
    ecs.put_account_setting_default(name="awsvpcTrunking", value="enabled")
    network.template("web", "main", instance_type)
    template = {"LaunchTemplateName": "web", "Version": "$Latest"}
    network.cloud.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=1,
        MaxSize=1,
        LaunchTemplate=template,
        VPCZoneIdentifier=network.subnets[0],
    )
    provider(network)
    bind(network, "spot", default="spot")
    ec2_service(network, room + 1, taskDefinition=network.definition("small", "EC2", cpu="128", memory="128"))
    running(network, room)


def test_a_task_that_waits_too_long_for_room_says_what_it_lacked(network: Network, ecs: Any) -> None:
    """Between 10 and 30 minutes (containers-roadmap#2381); the scheduler starts another one."""
    network.auto_scaling_group("web", "main", MaxSize=1)
    provider(network)
    bind(network, "spot", default="spot")
    ec2_service(network, 3)
    running(network, 2)

    def stopped() -> Any:
        arns = ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
        return ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else None

    (task,) = network.cloud.wait(stopped, "the third to be stopped")
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", "TaskFailedToStart: RESOURCE:ENI")
    assert 600 <= (task["stoppingAt"] - task["createdAt"]).total_seconds() <= 1800
    network.cloud.wait(lambda: len(ecs.list_tasks(cluster="main")["taskArns"]) == 3, "another one")


def test_a_task_without_any_instance_is_stopped_too(network: Network, ecs: Any) -> None:
    network.auto_scaling_group("web", "main", MaxSize=0)
    provider(network)
    bind(network, "spot", default="spot")
    ec2_service(network, 1)
    network.cloud.wait(lambda: ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"], "it to be stopped")
    arns = ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    (task,) = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]
    assert task["stoppedReason"] == "TaskFailedToStart: EMPTY CAPACITY PROVIDER"


def test_a_draining_instance_loses_its_tasks_to_others(network: Network, ecs: Any) -> None:
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
    by_id = f"ec2InstanceId == {drained['ec2InstanceId']} and attribute:ecs.instance-type =~ c5.*"
    assert ecs.list_container_instances(cluster="main", filter=by_id)["containerInstanceArns"] == [first]
    by_group = "task:group == service:web and not(runningTasksCount == 0)"
    assert len(ecs.list_container_instances(cluster="main", filter=by_group)["containerInstanceArns"]) == 2
    elsewhere = "attribute:ecs.availability-zone == nowhere"
    assert ecs.list_container_instances(cluster="main", filter=elsewhere)["containerInstanceArns"] == []
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


def test_idle_instances_leave_after_fifteen_minutes(network: Network, ecs: Any) -> None:
    network.auto_scaling_group("web", "main", NewInstancesProtectedFromScaleIn=True)
    provider(network, managedTerminationProtection="ENABLED")
    bind(network, "spot", default="spot")
    ec2_service(network, 1)
    running(network, 1)
    joined = max(one["registeredAt"].timestamp() for one in container_instances(network, 2))
    network.cloud.wait(lambda: network.group_named("web")["DesiredCapacity"] == 1, "one to leave")
    # it is looked at once a minute, and the fifteen minutes begin with such a look
    assert 900 <= network.cloud.time() - joined <= 900 + 2 * durations.SCALING_LOOK.aws
    container_instances(network, 1)
    (left,) = group_is(network, ["InService"])
    assert left["ProtectedFromScaleIn"]
    assert running(network, 1)["pendingCount"] == 0


def test_service_of_launch_type_ec2_without_instances_says_so(network: Network, ecs: Any) -> None:
    ec2_service(network, 1, launchType="EC2")

    def failed() -> Any:
        (found,) = ecs.describe_services(cluster="main", services=["web"])["services"]
        return found if found["deployments"][0]["failedTasks"] > 1 else None

    found = network.cloud.wait(failed, "it to count as failed tasks")
    assert "No Container Instances were found in your cluster" in found["events"][0]["message"]
    assert [ecs.list_tasks(cluster="main", desiredStatus=one)["taskArns"] for one in ("RUNNING", "STOPPED")] == [[], []]


def test_a_task_with_a_mount_of_ecs_exec_never_starts_on_ec2(network: Network, ecs: Any) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=1)
    container_instances(network, 1)
    mount = {"sourceVolume": "logs", "containerPath": "/var/log/amazon/ssm"}
    container = {"name": "web", "image": "web:1", "mountPoints": [mount]}
    network.definition("logs", "EC2", volumes=[{"name": "logs"}], containerDefinitions=[container])
    where = {"cluster": "main", "taskDefinition": "logs", "networkConfiguration": network.awsvpc()}

    def ran(**more: Any) -> str:
        (task,) = ecs.run_task(**where, **more)["tasks"]

        def ended() -> Any:
            (found,) = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
            return found if found["lastStatus"] in ("RUNNING", "STOPPED") else None

        return str(network.cloud.wait(ended, "the task to run or to fail").get("stoppedReason", ""))

    assert "Duplicate mount point: /var/log/amazon/ssm" in ran(launchType="EC2", enableExecuteCommand=True)
    assert ran(launchType="EC2") == ""
