"""Declarations of the steps for the capacity, and the order of their removal."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from provisioner.config.facts import Facts
from provisioner.config.models import Config
from provisioner.engine.declaration import Declared
from provisioner.operations.planning import step_run
from provisioner.steps.endpoints import INTERFACE_SERVICES, service_name
from provisioner.steps.stack import Stack

FACTS = Facts(
    account="123456789012",
    partition="aws",
    region="eu-west-1",
    zones=("eu-west-1a", "eu-west-1b", "eu-west-1c"),
    image_id="ami-1",
    public_zone_id="Z1",
    allow=("192.0.2.1/32",),
    engine=False,
    local=False,
)


def stack_of(**tables: Any) -> Stack:
    services = {"services": {"web": {"image": "nginx:1", "port": 80, "public": True, "launch": "ec2"}}, "database": {}}
    return step_run.declare(Config.model_validate(services | tables), FACTS)


def needed(stack: Stack, address: str) -> set[str]:
    """Return the direct and indirect dependencies of a resource, which are removed after it."""
    found: set[str] = set()
    todo: list[Declared] = [stack.declared[address]]
    while todo:
        for need in todo.pop().dependencies:
            if need.address not in found:
                found.add(need.address)
                todo.append(stack.declared[need.address])
    return found


@pytest.mark.parametrize(
    ("partition", "region", "service", "name"),
    [
        ("aws", "eu-west-1", "ecr.api", "com.amazonaws.eu-west-1.ecr.api"),
        ("aws", "eu-west-1", "logs", "com.amazonaws.eu-west-1.logs"),
        ("aws-cn", "cn-north-1", "ecr.dkr", "cn.com.amazonaws.cn-north-1.ecr.dkr"),
        ("aws-cn", "cn-north-1", "logs", "com.amazonaws.cn-north-1.logs"),
        ("aws-cn", "cn-north-1", "s3", "com.amazonaws.cn-north-1.s3"),
    ],
)
def test_endpoint_services_have_each_partitions_names(partition: str, region: str, service: str, name: str) -> None:
    assert service_name(partition, region, service) == name


def test_teardown_goes_from_services_to_the_cluster() -> None:
    stack = stack_of()
    chain = [
        "service/web",
        "running_tasks/ecs-sample-dev",
        "container_instances/ecs-sample-dev",
        "cluster_capacity_providers/main",
        "capacity_provider/main",
        "auto_scaling_group/main",
        "instances/ecs-sample-dev",
        "cluster/main",
        "log_group/insights",
    ]
    for earlier, later in pairwise(chain):
        assert later in needed(stack, earlier), f"{earlier} must be removed before {later}"
    assert "security_group/ecs-instance" in needed(stack, "instances/ecs-sample-dev")
    # an agent without a connection stops no task
    assert {f"vpc_endpoint/{name}" for name in ("ecs", "ecs-agent")} <= needed(
        stack, "container_instances/ecs-sample-dev"
    )


def test_a_stack_has_container_insights_only_if_it_asks() -> None:
    for asked, value in ((True, "enabled"), (False, "disabled")):
        declared = stack_of(logs={"insights": asked}).declared
        cluster: Any = declared["cluster/main"].resource
        assert cluster.settings == [{"name": "containerInsights", "value": value}]
        assert ("log_group/insights" in declared) == ("container_insights/ecs-sample-dev" in declared) == asked


def test_the_first_instance_waits_for_setting_and_endpoints() -> None:
    assert "minimum_size/main" not in stack_of().declared
    stack = stack_of(capacity={"min": 1})
    awaited = {need.address for need in stack.declared["auto_scaling_group/main"].dependencies if need.ready}
    assert awaited == {"account_setting/trunking", "launch_template/main"}
    endpoints = {f"vpc_endpoint/{service}" for service in (*INTERFACE_SERVICES, "s3")}
    before = needed(stack, "minimum_size/main")
    assert endpoints | {"cluster_capacity_providers/main"} <= before
    ready = {need.address for address in before for need in stack.declared[address].dependencies if need.ready}
    assert endpoints | {"cluster_capacity_providers/main"} <= ready
    # at teardown it goes before instances are drained
    assert "container_instances/ecs-sample-dev" in before


def test_the_account_can_be_left_alone() -> None:
    stack = stack_of(account={"trunking": False})
    assert not [address for address in stack.declared if address.startswith("account_setting/")]


def test_instances_are_all_spot_or_none() -> None:
    for spot, share in ((True, 0), (False, 100)):
        stack = stack_of(capacity={"spot": spot, "instance_types": ["m5.large", "m5a.large"]})
        policy = stack.declared["auto_scaling_group/main"].resource.fields()["mixed_instances_policy"]
        assert policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == share
        assert [o["InstanceType"] for o in policy["LaunchTemplate"]["Overrides"]] == ["m5.large", "m5a.large"]
        assert ("service_linked_role/spot" in needed(stack, "auto_scaling_group/main")) == spot
