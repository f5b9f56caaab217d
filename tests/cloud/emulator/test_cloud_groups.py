"""Auto Scaling groups of the embedded cloud."""

from __future__ import annotations

from typing import Any

from tests.cloud.conftest import Network, refused
from tests.cloud.groups_rig import (
    Answer,
    group_is,
)


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
    assert len(page["Activities"]) == 1
    assert page["NextToken"]


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


def test_mixed_instances_are_spot_and_survive_an_update(network: Network, scaling: Any) -> None:
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


def test_an_empty_group_loses_its_metrics_and_needs_no_force(network: Network, scaling: Any) -> None:
    network.auto_scaling_group("web", "main")
    web = {"AutoScalingGroupName": "web"}
    metrics = ["GroupMinSize", "GroupMaxSize", "GroupTotalInstances"]
    scaling.enable_metrics_collection(**web, Metrics=metrics, Granularity="1Minute")
    scaling.disable_metrics_collection(**web, Metrics=metrics[:1])
    assert [one["Metric"] for one in network.group_named("web")["EnabledMetrics"]] == metrics[1:]
    scaling.disable_metrics_collection(**web)
    assert network.group_named("web")["EnabledMetrics"] == []
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    network.cloud.wait(lambda: network.group_named("web") == {}, "group gone")
    with refused("ValidationError", "not found"):
        scaling.delete_auto_scaling_group(AutoScalingGroupName="web")


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


def test_a_group_that_leaves_a_zone_keeps_protected_instances(network: Network, scaling: Any) -> None:
    network.auto_scaling_group("web", "main", DesiredCapacity=2, NewInstancesProtectedFromScaleIn=True)
    before = {one["AvailabilityZone"]: one["InstanceId"] for one in group_is(network, ["InService", "InService"])}
    web = {"AutoScalingGroupName": "web"}
    scaling.update_auto_scaling_group(**web, VPCZoneIdentifier=network.subnets[0])
    (zone,) = network.group_named("web")["AvailabilityZones"]
    (left,) = before.keys() - {zone}
    scaling.set_desired_capacity(**web, DesiredCapacity=3)
    members = group_is(network, ["InService"] * 3)
    assert before[left] in {one["InstanceId"] for one in members}
    scaling.set_instance_protection(**web, InstanceIds=[before[left]], ProtectedFromScaleIn=False)
    network.cloud.wait(lambda: members_in(network, left) == 0, "the zone left")
    assert len(group_is(network, ["InService"] * 3)) == members_in(network, zone)


def members_in(network: Network, zone: str) -> int:
    return sum(one["AvailabilityZone"] == zone for one in network.group_named("web")["Instances"])
