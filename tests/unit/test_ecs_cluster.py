"""Capacity providers as other clouds than AWS answer for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from provisioner.engine.clock import Pace
from provisioner.resources.ecs_cluster import CapacityProvider
from provisioner.resources.ecs_hosts import without_hosts
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
    assert without_hosts(aws, service) == ""
