"""Capacity providers in the answers of other clouds than AWS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from provisioner.engine.clock import Pace
from provisioner.resources.ecs.cluster import CapacityProvider
from provisioner.resources.ecs.hosts import lacking
from tests.ways import way


def test_a_provider_without_a_group_is_none_of_ours() -> None:
    aws = way(pace=Pace())
    # ministack's answer, which is against the model
    fargate = {"name": "FARGATE", "status": "ACTIVE", "autoScalingGroupProvider": {}}
    answers = {
        "DescribeCapacityProviders": {"capacityProviders": [fargate]},
        "ListContainerInstances": {"containerInstanceArns": []},
    }

    def answer(model: Any, **_: Any) -> Any:
        return SimpleNamespace(status_code=200), answers[model.name]

    aws.client("ecs").meta.events.register("before-call.ecs", answer)
    assert aws.live(CapacityProvider) == []
    service = {"clusterArn": "main", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}
    assert lacking(aws, service, waits=False) == ""


@pytest.mark.parametrize(
    ("there", "desired", "waits", "words"),
    [
        (5, 5, True, "5 of at most 5 instances: raise capacity.max, or lower services.*.scaling"),
        (2, 3, True, "2 of at most 5 instances (Failed: no Spot capacity)"),
        (3, 3, True, "3 of at most 5 instances"),
        (5, 5, False, ""),
    ],
)
def test_how_many_instances_there_may_be_for_tasks_that_wait(there: int, desired: int, waits: bool, words: str) -> None:
    aws = way(pace=Pace())
    arn = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1:autoScalingGroupName/web"
    provider = {"name": "asg", "status": "ACTIVE", "autoScalingGroupProvider": {"autoScalingGroupArn": arn}}
    group = {
        "AutoScalingGroupName": "web",
        "MaxSize": 5,
        "DesiredCapacity": desired,
        "Instances": [{"InstanceId": f"i-{number}"} for number in range(there)],
    }
    activity = {"StatusCode": "Failed", "StatusMessage": "no Spot capacity", "Description": "Launching"}
    answers = {
        "DescribeCapacityProviders": {"capacityProviders": [provider]},
        "DescribeAutoScalingGroups": {"AutoScalingGroups": [group]},
        "DescribeScalingActivities": {"Activities": [activity]},
        "ListContainerInstances": {"containerInstanceArns": ["arn:1"]},
        "DescribeContainerInstances": {"containerInstances": [{"status": "ACTIVE", "agentConnected": True}]},
    }

    def answer(model: Any, **_: Any) -> Any:
        return SimpleNamespace(status_code=200), answers[model.name]

    for service in ("ecs", "autoscaling"):
        aws.client(service).meta.events.register(f"before-call.{service}", answer)
    served = {"clusterArn": "main", "capacityProviderStrategy": [{"capacityProvider": "asg"}]}
    assert lacking(aws, served, waits=waits) == (f"Auto Scaling group web has {words}" if words else "")
