"""The capacity's types, beyond the contract: versions, refreshes, minima, zones that are left, failed launches."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.errors import Failed, SomeFailed
from provisioner.operations.planning import dry_run
from provisioner.resources.autoscaling import AutoScalingGroup, MinimumSize, left_outdated
from provisioner.resources.ec2.launch import LaunchTemplate
from provisioner.resources.ecs.cluster import Cluster
from provisioner.steps.stack import Stack
from tests.cloud.capacity_rig import declared, profile
from tests.cloud.faults.life import set_faults
from tests.cloud.rig import Rig

pytestmark = pytest.mark.slow

NAME = "ecs-sample-dev"


@pytest.fixture
def ready_rig(rig: Rig) -> Rig:
    """A rig whose account has the instance profile."""
    profile(rig.cloud)
    return rig


def group_of(rig: Rig) -> dict[str, Any]:
    groups = rig.cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])
    group: dict[str, Any] = groups["AutoScalingGroups"][0]
    return group


def test_a_template_version_not_yet_in_force_is_used(ready_rig: Rig) -> None:
    ready_rig.up(declared).ok()
    ready_rig.up(lambda stack: declared(stack, disk=40)).ok()
    ec2, template = ready_rig.cloud.client("ec2"), ready_rig.state().records["launch_template/main"].id
    ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="1")
    mended = ready_rig.up(lambda stack: declared(stack, disk=40)).ok()
    assert mended.writes == ["ModifyLaunchTemplate"]
    assert len(ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]) == 2


def test_outdated_instances_stay_until_a_refresh_is_asked_for(ready_rig: Rig) -> None:
    def changed(stack: Stack, disk: int = 40, most: int = 5) -> None:
        declared(stack, least=1, disk=disk, most=most)

    def serving() -> dict[str, str]:
        here = [one for one in group_of(ready_rig)["Instances"] if one["LifecycleState"] == "InService"]
        return {one["InstanceId"]: one["LaunchTemplate"]["Version"] for one in here}

    ready_rig.up(lambda stack: declared(stack, least=1)).ok()
    first = serving()
    ready_rig.up(changed).ok()
    aws = ready_rig.aws()
    dry_run.show_plan(aws, ready_rig.state().records, ready_rig.declare(changed))
    (note,) = left_outdated(aws)
    assert note == (
        f"launched from an earlier version of the launch template: {', '.join(first)}. "
        "`provision up --new-ami` replaces them"
    )
    assert ready_rig.up(changed).ok().writes == []
    ready_rig.new_ami = True
    assert [(item.address, list(item.changes)) for item in ready_rig.plan(changed)] == [
        ("auto_scaling_group/main", ["outdated_instances"])
    ]
    assert ready_rig.up(changed).ok().writes == ["StartInstanceRefresh"]
    second = serving()
    assert (list(second.values()), len(first | second)) == (["2"], 2)
    assert ready_rig.up(changed).ok().writes == []

    def all_at_once(stack: Stack) -> None:
        changed(stack, disk=50, most=6)

    planned = {item.address: list(item.changes) for item in ready_rig.plan(all_at_once)}
    assert planned == {
        "launch_template/main": ["launch_template_data"],
        "auto_scaling_group/main": ["max_size", "outdated_instances"],
    }
    assert ready_rig.up(all_at_once).ok().writes == [
        *("CreateLaunchTemplateVersion", "ModifyLaunchTemplate"),
        *("UpdateAutoScalingGroup", "StartInstanceRefresh"),
    ]
    assert list(serving().values()) == ["3"]


def bought(rig: Rig) -> dict[str, tuple[str, str]]:
    """Type and purchase option of each instance in service."""
    ids = [one["InstanceId"] for one in group_of(rig)["Instances"] if one["LifecycleState"] == "InService"]
    reservations = rig.cloud.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    found = [instance for reservation in reservations for instance in reservation["Instances"]]
    return {i["InstanceId"]: (i["InstanceType"], i.get("InstanceLifecycle", "on-demand")) for i in found}


@pytest.mark.parametrize(
    ("changed", "after"),
    [
        ({"spot": False}, ("c5.large", "on-demand")),
        ({"types": ("m5.large",)}, ("m5.large", "spot")),
        ({"types": ("m5.large",), "spot": False}, ("m5.large", "on-demand")),
        ({"types": ("m5.large", "c5.large")}, ("c5.large", "spot")),
    ],
    ids=["purchase option", "type", "both", "a further type"],
)
def test_instances_of_another_type_or_purchase_are_replaced(
    ready_rig: Rig, changed: dict[str, Any], after: tuple[str, str]
) -> None:
    """An instance stays as long as its type and its purchase option are declared."""

    def other(stack: Stack) -> None:
        declared(stack, least=2, **changed)

    ready_rig.up(lambda stack: declared(stack, least=2)).ok()
    before = bought(ready_rig)
    assert set(before.values()) == {("c5.large", "spot")}
    goes = after != ("c5.large", "spot")
    fields = ["mixed_instances_policy", *(["outdated_instances"] if goes else [])]
    (item,) = ready_rig.plan(other)
    assert (item.address, sorted(item.changes)) == ("auto_scaling_group/main", fields)
    aws = ready_rig.aws()
    dry_run.show_plan(aws, ready_rig.state().records, ready_rig.declare(other))
    notes = left_outdated(aws)
    assert [note.partition(": ")[2] for note in notes] == [
        f"{', '.join(sorted(before))}. `provision up` replaces them, each by a new one first" for _ in range(goes)
    ]
    writes = ready_rig.up(other).ok().writes
    assert writes == ["UpdateAutoScalingGroup", *(["StartInstanceRefresh"] if goes else [])]
    now = bought(ready_rig)
    assert set(now.values()) == {after}
    assert bool(now.keys() & before.keys()) is not goes
    assert ready_rig.plan(other) == []
    assert ready_rig.up(other).ok().writes == []


@pytest.mark.parametrize("scenario", ["lost", "reset", "server-error", "throttle", "lag"])
def test_a_refresh_is_started_once_whatever_becomes_of_the_call(ready_rig: Rig, scenario: str) -> None:
    ready_rig.up(lambda stack: declared(stack, least=1)).ok()
    ready_rig.new_ami = True
    set_faults(ready_rig.cloud, scenario, only="" if scenario == "lag" else "StartInstanceRefresh")
    ready_rig.up(lambda stack: declared(stack, least=1, disk=40)).ok()
    set_faults(ready_rig.cloud, "")
    scaling = ready_rig.cloud.client("autoscaling")
    refreshes = scaling.describe_instance_refreshes(AutoScalingGroupName=NAME)["InstanceRefreshes"]
    assert [one["Status"] for one in refreshes] == ["Successful"]
    assert {one["LaunchTemplate"]["Version"] for one in group_of(ready_rig)["Instances"]} == {"2"}


def test_an_instance_in_standby_is_left_alone(ready_rig: Rig) -> None:
    ready_rig.up(lambda stack: declared(stack, least=1)).ok()
    (aside,) = [one["InstanceId"] for one in group_of(ready_rig)["Instances"]]
    ready_rig.up(lambda stack: declared(stack, least=1, disk=40)).ok()
    scaling = ready_rig.cloud.client("autoscaling")
    scaling.enter_standby(AutoScalingGroupName=NAME, InstanceIds=[aside], ShouldDecrementDesiredCapacity=False)
    ready_rig.new_ami = True
    assert ready_rig.up(lambda stack: declared(stack, least=1, disk=40)).ok().writes == []
    states = {one["InstanceId"]: one["LifecycleState"] for one in group_of(ready_rig)["Instances"]}
    assert states[aside] == "Standby"


def test_a_launched_instance_has_the_tags_and_agent_settings(ready_rig: Rig) -> None:
    ready_rig.up(lambda stack: declared(stack, least=1)).ok()
    ec2 = ready_rig.cloud.client("ec2")
    instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags["ManagedBy"] == "provisioner"
    assert tags["Project"] == "ecs-sample"
    assert "AmazonECSManaged" in tags
    assert "provisioner:address" not in tags
    template = ready_rig.state().records["launch_template/main"].id
    version = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Default"])
    specifications = version["LaunchTemplateVersions"][0]["LaunchTemplateData"]["TagSpecifications"]
    assert {s["ResourceType"] for s in specifications} == {"instance", "volume"}


def test_the_groups_size_belongs_to_the_capacity_provider(ready_rig: Rig) -> None:
    ready_rig.up(declared).ok()
    ready_rig.cloud.client("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)
    assert ready_rig.plan(declared) == []
    assert ready_rig.up(declared).ok().writes == []
    assert ready_rig.up(lambda stack: declared(stack, most=6)).ok().writes == ["UpdateAutoScalingGroup"]
    assert group_of(ready_rig)["DesiredCapacity"] == 2


def one(stack: Stack) -> None:
    declared(stack, least=1)


def test_a_minimum_is_waited_for(ready_rig: Rig) -> None:
    writes = ready_rig.up(one).ok().writes
    assert writes[-2:] == ["PutClusterCapacityProviders", "UpdateAutoScalingGroup"], "none before it has its provider"
    assert [i["LifecycleState"] for i in group_of(ready_rig)["Instances"]] == ["InService"]
    assert ready_rig.up(one).ok().writes == []
    assert [item.address for item in ready_rig.plan(declared)] == ["minimum_size/main"]
    assert ready_rig.up(declared).ok().summary.counts["deleted"] == 1
    assert group_of(ready_rig)["MinSize"] == 0


def test_minimum_and_maximum_are_lowered_together(ready_rig: Rig) -> None:
    ready_rig.up(lambda stack: declared(stack, least=3)).ok()
    ready_rig.up(lambda stack: declared(stack, least=1, most=2)).ok()
    assert (group_of(ready_rig)["MinSize"], group_of(ready_rig)["MaxSize"]) == (1, 2)


def test_instances_in_a_zone_that_the_group_leaves_are_replaced(ready_rig: Rig) -> None:
    """Also when the former run ended between the two calls."""
    ready_rig.up(lambda stack: declared(stack, least=2)).ok()
    by_zone = {i["AvailabilityZone"][-1]: i["InstanceId"] for i in group_of(ready_rig)["Instances"]}
    assert set(by_zone) == {"a", "c"}
    ec2, scaling = ready_rig.cloud.client("ec2"), ready_rig.cloud.client("autoscaling")
    (reservation,) = ec2.describe_instances(InstanceIds=[by_zone["a"]])["Reservations"]
    remaining = reservation["Instances"][0]["SubnetId"]
    scaling.update_auto_scaling_group(AutoScalingGroupName=NAME, VPCZoneIdentifier=remaining)

    def fewer(stack: Stack) -> None:
        declared(stack, least=2, zones="a")

    (item,) = ready_rig.plan(fewer)
    assert (item.address, item.changes["outside"].old) == ("auto_scaling_group/main", [by_zone["c"]])
    ready_rig.up(fewer).ok()
    assert {i["AvailabilityZone"][-1] for i in group_of(ready_rig)["Instances"]} == {"a"}
    assert ready_rig.up(fewer).ok().writes == []


def test_the_instances_of_a_minimum_belong_to_the_provider(ready_rig: Rig) -> None:
    ready_rig.up(one).ok()
    ecs = ready_rig.cloud.client("ecs")

    def registered() -> list[str]:
        arns = ecs.list_container_instances(cluster=NAME)["containerInstanceArns"]
        return list(arns)

    arns = ready_rig.cloud.wait(registered, "the instance to register")
    (instance,) = ecs.describe_container_instances(cluster=NAME, containerInstances=arns)["containerInstances"]
    assert instance.get("capacityProviderName") == f"asg-{NAME}"
    assert ready_rig.down().ok().summary.leftovers == []


def test_a_launch_that_failed_is_reported_in_the_words_of_aws(ready_rig: Rig) -> None:
    ready_rig.up(one).ok()
    ec2, autoscaling = ready_rig.cloud.client("ec2"), ready_rig.cloud.client("autoscaling")
    template = ready_rig.state().records["launch_template/main"].id
    version = ec2.create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData={"ImageId": "ami-1", "SecurityGroupIds": ["sg-0123456789abcdef0"]}
    )["LaunchTemplateVersion"]["VersionNumber"]
    ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion=str(version))
    ec2.terminate_instances(InstanceIds=[group_of(ready_rig)["Instances"][0]["InstanceId"]])

    def failed() -> bool:
        activities = autoscaling.describe_scaling_activities(AutoScalingGroupName=NAME)["Activities"]
        return any(activity["StatusCode"] == "Failed" for activity in activities)

    ready_rig.cloud.wait(failed, "a launch that fails")
    [minimum] = ready_rig.aws().live(MinimumSize)
    awaited = MinimumSize.pending(minimum) or ""
    assert awaited.startswith("0/1 instances in service (Failed: ")
    assert "sg-0123456789abcdef0" in awaited
    ready_rig.up(one).ok()
    assert "InService" in [i["LifecycleState"] for i in group_of(ready_rig)["Instances"]]


def test_foreign_resources_under_our_names_are_refused(ready_rig: Rig) -> None:
    client = ready_rig.cloud.client
    template = client("ec2").create_launch_template(
        LaunchTemplateName=NAME, LaunchTemplateData={"ImageId": "ami-9", "InstanceType": "c5.large"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    client("ecs").create_cluster(clusterName=NAME)
    zone = [{"Name": "availability-zone", "Values": ["ap-northeast-1a"]}]
    subnet = client("ec2").describe_subnets(Filters=zone)["Subnets"][0]["SubnetId"]
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=NAME,
        LaunchTemplate={"LaunchTemplateId": template},
        MinSize=0,
        MaxSize=3,
        VPCZoneIdentifier=subnet,
    )

    def alone(stack: Stack) -> None:
        stack.ensure(LaunchTemplate("main", NAME, {"ImageId": "ami-1"}, ""))
        stack.ensure(Cluster("main", NAME, []))
        stack.ensure(AutoScalingGroup("main", NAME, {}, [subnet], 9))

    refused = ready_rig.up(alone).refused()
    assert refused.keys() == {"launch_template/main", "cluster/main", "auto_scaling_group/main"}
    assert all("not the tags of this stack" in why for why in refused.values())
    assert group_of(ready_rig)["MaxSize"] == 3
    ready_rig.down()
    assert group_of(ready_rig)["MaxSize"] == 3
    assert client("ecs").describe_clusters(clusters=[NAME])["clusters"][0]["status"] == "ACTIVE"


def test_a_provider_used_by_a_foreign_cluster_is_told_at_once(ready_rig: Rig) -> None:
    ready_rig.up(declared).ok()
    ecs = ready_rig.cloud.client("ecs")
    ecs.create_cluster(clusterName="theirs", capacityProviders=[f"asg-{NAME}"])
    error = ready_rig.down().summary.error
    assert isinstance(error, SomeFailed)
    failed = error.failures["capacity_provider/main"]
    assert isinstance(failed, Failed)
    assert "associated with cluster: theirs" in str(failed)
    ecs.delete_cluster(cluster="theirs")
    assert ready_rig.down().ok().summary.leftovers == []
