"""Instance refreshes of the embedded cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.cloud.conftest import Network, refused
from tests.cloud.faults.life import set_faults
from tests.cloud.groups_rig import Answer, bind, container_instances, ec2_service, group_is, provider, running

NAME = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


def start(scaling: Any, **preferences: Any) -> str:
    preferences = {"InstanceWarmup": 10, **preferences}
    answer = scaling.start_instance_refresh(AutoScalingGroupName="web", Preferences=preferences)
    return str(answer["InstanceRefreshId"])


def newest(scaling: Any) -> Answer:
    found: Answer = scaling.describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"][0]
    return found


def until(network: Network, scaling: Any, *statuses: str) -> Answer:
    """Wait until the newest refresh is in one of the states, and return it."""

    def reached() -> Answer | None:
        found = newest(scaling)
        return found if found["Status"] in statuses else None

    found: Answer = network.cloud.wait(reached, f"a refresh that is {' or '.join(statuses)}")
    return found


def members(network: Network) -> dict[str, str]:
    """The version of the launch template of each instance."""
    return {one["InstanceId"]: one["LaunchTemplate"]["Version"] for one in network.group_named("web")["Instances"]}


def watched(network: Network, scaling: Any, count: Callable[[], int]) -> tuple[Answer, set[int]]:
    """Wait until the refresh has ended; return it with all the counts that were seen meanwhile."""
    seen = set[int]()

    def ended() -> Answer | None:
        seen.add(count())
        found = newest(scaling)
        return found if found["Status"] not in ("Pending", "InProgress") else None

    return network.cloud.wait(ended, "the end of the refresh"), seen


def new_version(network: Network) -> None:
    """Make a second version of the group's template the default one."""
    ec2 = network.cloud.client("ec2")
    image = network.cloud.client("ssm").get_parameter(Name=NAME)["Parameter"]["Value"]
    data = {"ImageId": image}
    ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=data, SourceVersion="1")
    ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="2")


def made(network: Network, number: int, *, protected: bool = False) -> None:
    """A group of so many instances on the template's default version."""
    template = {"LaunchTemplateName": "web", "Version": "$Default"}
    network.template("web", "main")
    network.cloud.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=5,
        DesiredCapacity=number,
        LaunchTemplate=template,
        NewInstancesProtectedFromScaleIn=protected,
        VPCZoneIdentifier=",".join(network.subnets),
    )
    group_is(network, ["InService"] * number)


def test_instances_are_replaced_one_by_one_and_launched_first(network: Network, scaling: Any) -> None:
    made(network, 2, protected=True)
    before = members(network)
    new_version(network)
    assert set(members(network).values()) == {"1"}
    identifier = start(scaling, MinHealthyPercentage=100, MaxHealthyPercentage=110, ScaleInProtectedInstances="Refresh")
    pending = newest(scaling)
    assert (pending["InstanceRefreshId"], pending["Status"]) == (identifier, "Pending")
    assert "PercentageComplete" not in pending
    begun = until(network, scaling, "InProgress")
    assert (begun["PercentageComplete"], begun["InstancesToUpdate"]) == (0, 2)
    half = network.cloud.wait(lambda: (now := newest(scaling))["InstancesToUpdate"] == 1 and now, "half")
    assert half["PercentageComplete"] == 50

    def in_service() -> int:
        return sum(one["LifecycleState"] == "InService" for one in network.group_named("web")["Instances"])

    ended, seen = watched(network, scaling, in_service)
    assert (ended["Status"], ended["PercentageComplete"], ended["InstancesToUpdate"]) == ("Successful", 100, 0)
    assert seen <= {2, 3}
    after = members(network)
    assert set(after.values()) == {"2"}
    assert len(after) == 2
    assert not before.keys() & after.keys()
    assert all(one["ProtectedFromScaleIn"] for one in network.group_named("web")["Instances"])


def test_without_a_largest_percentage_one_goes_first(network: Network, scaling: Any) -> None:
    made(network, 2)
    new_version(network)
    start(scaling)
    ended, seen = watched(network, scaling, lambda: len(group_states(network, "InService")))
    assert ended["Status"] == "Successful"
    assert ended["Preferences"]["MinHealthyPercentage"] == 90
    assert 1 in seen
    assert max(seen) == 2
    assert set(members(network).values()) == {"2"}


def group_states(network: Network, state: str) -> list[Answer]:
    return [one for one in network.group_named("web")["Instances"] if one["LifecycleState"] == state]


def test_what_matches_already_is_skipped_if_asked(network: Network, scaling: Any) -> None:
    made(network, 1)
    new_version(network)
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    group_is(network, ["InService", "InService"])
    new = {one for one, version in members(network).items() if version == "2"}
    assert len(new) == 1
    start(scaling, SkipMatching=True)
    assert until(network, scaling, "InProgress")["InstancesToUpdate"] == 1
    assert until(network, scaling, "Successful", "Failed")["Status"] == "Successful"
    assert new < members(network).keys()
    start(scaling, SkipMatching=True)
    assert until(network, scaling, "Successful", "Failed")["Status"] == "Successful"
    assert new < members(network).keys()
    assert len(scaling.describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"]) == 2


@pytest.mark.parametrize(("choice", "status"), [("Ignore", "Successful"), ("Wait", "InProgress")])
def test_a_refresh_skips_protected_instances_unless_told(
    network: Network, scaling: Any, choice: str, status: str
) -> None:
    made(network, 2, protected=True)
    before = members(network)
    free = next(iter(before))
    scaling.set_instance_protection(AutoScalingGroupName="web", InstanceIds=[free], ProtectedFromScaleIn=False)
    new_version(network)
    start(scaling, ScaleInProtectedInstances=choice)

    def moved() -> bool:
        here = group_states(network, "InService")
        ended = newest(scaling)
        waits = ended["Status"] == "Successful" or "protection" in ended.get("StatusReason", "")
        there = network.group_named("web")["Instances"]
        return waits and len(here) == len(there) == 2 and free not in {one["InstanceId"] for one in here}

    network.cloud.wait(moved, "the free instance replaced")
    assert newest(scaling)["Status"] == status
    assert sorted(members(network).values()) == ["1", "2"]
    if choice == "Wait":
        left = [one["InstanceId"] for one in network.group_named("web")["Instances"]]
        scaling.set_instance_protection(AutoScalingGroupName="web", InstanceIds=left, ProtectedFromScaleIn=False)
        assert until(network, scaling, "Successful")["PercentageComplete"] == 100


def test_a_refresh_is_cancelled_once_what_is_under_way_has_ended(network: Network, scaling: Any) -> None:
    made(network, 2)
    new_version(network)
    identifier = start(scaling, MinHealthyPercentage=100, MaxHealthyPercentage=150)
    until(network, scaling, "InProgress")
    network.cloud.wait(lambda: group_states(network, "Pending"), "a launch")
    assert scaling.cancel_instance_refresh(AutoScalingGroupName="web")["InstanceRefreshId"] == identifier
    assert newest(scaling)["Status"] == "Cancelling"
    until(network, scaling, "Cancelled")
    assert "1" in members(network).values()
    with refused("ActiveInstanceRefreshNotFound"):
        scaling.cancel_instance_refresh(AutoScalingGroupName="web")


def test_a_refresh_can_fail(network: Network, scaling: Any) -> None:
    made(network, 1)
    new_version(network)
    set_faults(network.cloud, "operations-fail", only="StartInstanceRefresh")
    start(scaling)
    assert until(network, scaling, "Failed")["StatusReason"]
    assert set(members(network).values()) == {"1"}


def test_tasks_leave_before_their_instance_does(network: Network, ecs: Any, scaling: Any) -> None:
    made(network, 1, protected=True)
    provider(network, managedDraining="ENABLED", managedTerminationProtection="ENABLED")
    network.cloud.wait(lambda: ecs.describe_capacity_providers(capacityProviders=["spot"])["capacityProviders"], "it")
    bind(network, "spot", default="spot")
    container_instances(network, 1)
    ec2_service(network, 1, capacityProviderStrategy=[{"capacityProvider": "spot", "weight": 1}])
    running(network, 1)
    new_version(network)
    start(scaling, MinHealthyPercentage=100, MaxHealthyPercentage=110, ScaleInProtectedInstances="Refresh")

    def tasks() -> int:
        (found,) = ecs.describe_services(cluster="main", services=["web"])["services"]
        return int(found["runningCount"])

    ended, seen = watched(network, scaling, tasks)
    assert ended["Status"] == "Successful"
    assert 0 not in seen
    assert set(members(network).values()) == {"2"}
    running(network, 1)


def test_a_newer_image_is_recommended_and_the_former_one_stays(network: Network) -> None:
    ec2, ssm = network.cloud.client("ec2"), network.cloud.client("ssm")

    def recommended() -> Answer:
        parameter: Answer = ssm.get_parameter(Name=NAME)["Parameter"]
        return parameter

    former = recommended()
    image = network.cloud.release_image()
    assert recommended()["Value"] == image != former["Value"]
    assert recommended()["Version"] == former["Version"] + 1
    old, new = (ec2.describe_images(ImageIds=[one])["Images"][0] for one in (former["Value"], image))
    assert old["Name"] < new["Name"]
    assert old["CreationDate"] < new["CreationDate"]
    assert old["OwnerId"] == new["OwnerId"]
    for region in ("", "mars-1"):
        with pytest.raises(HTTPError, match="400"):
            network.cloud.release_image(region)
