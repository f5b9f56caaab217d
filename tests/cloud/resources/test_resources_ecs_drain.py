"""The teardown of resources that the tool did not make: left tasks, container instances, instances of the group."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine.events import Event, ResourceStarted, ResourceWaiting
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.ec2.launch import Instances
from provisioner.resources.ecs.cluster import Cluster
from provisioner.resources.ecs.drain import ContainerInsights, ContainerInstances, RunningTasks
from provisioner.resources.logs import LogGroup, performance_log
from provisioner.steps.stack import Stack
from tests.cloud.capacity_rig import declared, profile
from tests.cloud.faults.life import set_faults
from tests.cloud.rig import Rig

pytestmark = pytest.mark.slow

NAME = "ecs-sample-dev"


def two(stack: Stack) -> None:
    declared(stack, least=2)


@pytest.fixture
def busy(rig: Rig) -> Rig:
    """A stack with two container instances, three tasks on them and one on Fargate, none of a service."""
    profile(rig.cloud)
    rig.up(two).ok()
    ecs = rig.cloud.client("ecs")
    rig.cloud.wait(
        lambda: len(ecs.list_container_instances(cluster=NAME, status="ACTIVE")["containerInstanceArns"]) == 2,
        "two instances",
    )
    container = {"name": "job", "image": "busybox:1", "memory": 64, "essential": True}
    ecs.register_task_definition(family="job", networkMode="bridge", containerDefinitions=[container])
    ecs.register_task_definition(
        family="away",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )
    ecs.run_task(cluster=NAME, taskDefinition="job", count=3, launchType="EC2")
    subnet = rig.state().records["subnet/a"].id
    ecs.run_task(
        cluster=NAME,
        taskDefinition="away",
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )
    rig.cloud.wait(lambda: describe(rig)["runningTasksCount"] == 4, "four tasks")
    return rig


def describe(rig: Rig) -> dict[str, Any]:
    cluster: dict[str, Any] = rig.cloud.client("ecs").describe_clusters(clusters=[NAME])["clusters"][0]
    return cluster


def status(rig: Rig, resource_type: type[Resource]) -> tuple[str, bool]:
    """Return the status of the resource type's one resource, and whether it only has to be waited for."""
    [live] = rig.aws().exhaustive().live(resource_type)
    return live.status, live.deleting


def nothing_left(rig: Rig) -> None:
    ec2 = rig.cloud.client("ec2")
    states = {i["State"]["Name"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]}
    assert states == {"terminated"}
    assert describe(rig)["status"] == "INACTIVE"
    assert [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []


def test_up_leaves_tasks_and_instances_alone(busy: Rig) -> None:
    assert busy.up(two).ok().writes == []
    assert busy.plan(two) == []
    assert describe(busy)["runningTasksCount"] == 4


def test_what_is_left_is_counted(busy: Rig) -> None:
    assert status(busy, RunningTasks) == ("4 tasks running, 0 stopping", False)
    assert status(busy, ContainerInstances) == ("2 ACTIVE with 3 tasks", False)
    ecs = busy.cloud.client("ecs")
    arns = ecs.list_container_instances(cluster=NAME)["containerInstanceArns"]
    ecs.update_container_instances_state(cluster=NAME, containerInstances=arns, status="DRAINING")
    hosts = ecs.describe_container_instances(cluster=NAME, containerInstances=arns)["containerInstances"]
    all_busy = all(host["runningTasksCount"] for host in hosts)
    assert status(busy, ContainerInstances) == ("2 DRAINING with 3 tasks", all_busy)
    assert ContainerInstances.blockers(busy.aws(), Observed(NAME, {})).count("tasks on i-") == sum(
        host["runningTasksCount"] > 0 for host in hosts
    )


def test_down_stops_drains_detaches_and_terminates_in_order(busy: Rig) -> None:
    down = busy.down().ok()
    assert down.summary.leftovers == []
    order = [
        "StopTask",
        "UpdateContainerInstancesState",
        "DeregisterContainerInstance",
        "PutClusterCapacityProviders",
        "DeleteCapacityProvider",
        "SetInstanceProtection",
        "DeleteAutoScalingGroup",
        "DeleteLaunchTemplate",
    ]
    assert sorted(order, key=down.writes.index) == order
    assert down.writes.index("DeleteCluster") > down.writes.index("DeleteAutoScalingGroup")
    assert down.writes.count("StopTask") == 4
    assert down.writes.count("DeregisterContainerInstance") == 2
    nothing_left(busy)


@pytest.mark.parametrize("draining", [False, True], ids=["active", "draining already"])
def test_a_task_that_nobody_can_stop_does_not_hold_up_the_rest(busy: Rig, draining: bool) -> None:
    ecs, ec2 = busy.cloud.client("ecs"), busy.cloud.client("ec2")
    arns = ecs.list_container_instances(cluster=NAME)["containerInstanceArns"]
    hosts = ecs.describe_container_instances(cluster=NAME, containerInstances=arns)["containerInstances"]
    silent = next(host for host in hosts if host["runningTasksCount"])
    # in the group it would be replaced
    autoscaling = busy.cloud.client("autoscaling")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=NAME, MinSize=0)
    autoscaling.detach_instances(
        AutoScalingGroupName=NAME, InstanceIds=[silent["ec2InstanceId"]], ShouldDecrementDesiredCapacity=True
    )
    if draining:
        one = [silent["containerInstanceArn"]]
        ecs.update_container_instances_state(cluster=NAME, containerInstances=one, status="DRAINING")
    ec2.stop_instances(InstanceIds=[silent["ec2InstanceId"]])

    def disconnected() -> bool:
        now = ecs.describe_container_instances(cluster=NAME, containerInstances=[silent["containerInstanceArn"]])
        return not now["containerInstances"][0]["agentConnected"]

    busy.cloud.wait(disconnected, "an agent that is disconnected")
    if draining:
        for other in set(arns) - {silent["containerInstanceArn"]}:
            ecs.deregister_container_instance(cluster=NAME, containerInstance=other, force=True)
        # nothing is to be waited for: its tasks will never be seen to stop
        assert status(busy, ContainerInstances)[1] is False
    assert busy.down().ok().summary.leftovers == []
    nothing_left(busy)


@pytest.mark.parametrize("drained", [False, True], ids=["instead of drained", "instead of deregistered"])
def test_what_somebody_else_deregisters_meanwhile_is_waited_for(busy: Rig, drained: bool) -> None:
    ecs, waits = busy.cloud.client("ecs"), list[str]()
    arns = ecs.list_container_instances(cluster=NAME)["containerInstanceArns"]
    if drained:
        for task in ecs.list_tasks(cluster=NAME)["taskArns"]:
            ecs.stop_task(cluster=NAME, task=task)
        busy.cloud.wait(lambda: describe(busy)["runningTasksCount"] == 0, "no tasks")
        ecs.update_container_instances_state(cluster=NAME, containerInstances=arns, status="DRAINING")

    def meanwhile(event: Event) -> None:
        if isinstance(event, ResourceStarted) and event.address == f"container_instances/{NAME}":
            while arns:
                ecs.deregister_container_instance(cluster=NAME, containerInstance=arns.pop(), force=True)
        elif isinstance(event, ResourceWaiting):
            waits.append(event.why)

    # lists are behind: they show the instances as they were, and ECS refuses the call
    set_faults(busy.cloud, "lag")
    down = replace(busy, heard=meanwhile).down().ok()
    assert any("the container instances are changing" in why for why in waits), waits
    assert not {"UpdateContainerInstancesState", "DeregisterContainerInstance"} & {*down.writes}
    assert busy.state().records == {}


def test_container_insights_is_switched_off_first_of_all(rig: Rig) -> None:
    def watched(stack: Stack) -> None:
        log = stack.ensure(LogGroup("insights", performance_log(stack.name), 7))
        settings = [{"name": "containerInsights", "value": "enabled"}]
        cluster = stack.ensure(Cluster("main", stack.name, settings), after=[log])
        stack.ensure(ContainerInsights(stack.name, cluster.id))

    rig.up(watched).ok()
    assert rig.up(watched).ok().writes == []
    down = rig.down().ok()
    assert down.writes == ["UpdateClusterSettings", "DeleteCluster", "DeleteLogGroup"]
    assert down.summary.leftovers == []


def test_an_instance_that_registers_late_goes_with_the_cluster(rig: Rig) -> None:
    insights = [{"name": "containerInsights", "value": "disabled"}]
    rig.up(lambda stack: stack.ensure(Cluster("main", NAME, insights))).ok()
    ec2, ecs = rig.cloud.client("ec2"), rig.cloud.client("ecs")
    made = ec2.run_instances(ImageId="ami-1", InstanceType="c5.large", MinCount=1, MaxCount=1)["Instances"][0]
    document = json.dumps({"instanceId": made["InstanceId"]})
    ecs.register_container_instance(cluster=NAME, instanceIdentityDocument=document)
    down = rig.down().ok()
    assert down.writes == ["DeregisterContainerInstance", "DeleteCluster"]
    assert down.summary.leftovers == []
    # an instance without our tags is not ours to terminate
    [there] = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"]
    assert there["State"]["Name"] == "running"


def test_instances_that_the_group_left_behind_are_terminated(rig: Rig) -> None:
    profile(rig.cloud)
    rig.up(declared).ok()
    subnet = rig.state().records["subnet/a"].id
    ours = {"Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner"}
    tags = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in ours.items()]}]
    ec2 = rig.cloud.client("ec2")
    made = ec2.run_instances(
        ImageId="ami-1", InstanceType="c5.large", MinCount=1, MaxCount=1, SubnetId=subnet, TagSpecifications=tags
    )["Instances"][0]
    rig.cloud.wait(lambda: "running" in status(rig, Instances)[0], "an instance that runs")
    assert status(rig, Instances) == (f"EC2 instances: {made['InstanceId']} running", False)
    assert "TerminateInstances" in rig.down().ok().writes
    nothing_left(rig)
