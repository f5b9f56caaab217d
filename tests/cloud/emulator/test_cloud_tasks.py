"""ECS tasks of the embedded cloud, their tags, and where they are placed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import REGION, Network, refused
from tests.cloud.ecs_rig import cluster, create, steady, tasks


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network and the cluster `main`, which has Fargate's two providers."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    return client


def test_run_task_runs_and_stops(network: Network, ecs: Any) -> None:
    network.definition("job", tags=[{"key": "From", "value": "definition"}])
    answer = ecs.run_task(
        cluster="main",
        taskDefinition="job",
        count=2,
        launchType="FARGATE",
        networkConfiguration=network.awsvpc(),
        startedBy="me",
        propagateTags="TASK_DEFINITION",
        overrides={"containerOverrides": [{"name": "web", "command": ["true"]}]},
    )
    arns = [task["taskArn"] for task in answer["tasks"]]
    assert (len(arns), answer["failures"]) == (2, [])
    assert answer["tasks"][0]["overrides"]["containerOverrides"] == [{"name": "web", "command": ["true"]}]
    network.cloud.wait(
        lambda: {one["lastStatus"] for one in ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]} == {"RUNNING"},
        "tasks RUNNING",
    )
    assert sorted(ecs.list_tasks(cluster="main", startedBy="me")["taskArns"]) == sorted(arns)
    assert ecs.list_tasks(cluster="main", family="other")["taskArns"] == []
    (first,) = ecs.describe_tasks(cluster="main", tasks=arns[:1], include=["TAGS"])["tasks"]
    assert (first["group"], first["tags"]) == ("family:job", [{"key": "From", "value": "definition"}])
    with refused("InvalidParameterException", "execute command was not enabled"):
        ecs.execute_command(cluster="main", task=arns[0], command="sh", interactive=True)
    ecs.stop_task(cluster="main", task=arns[0])
    assert ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"] == arns[:1]
    with refused("InvalidParameterException", "The referenced task was not found."):
        ecs.stop_task(cluster="main", task="nothing")
    assert ecs.describe_tasks(cluster="main", tasks=["nothing"])["failures"][0]["reason"] == "MISSING"
    with refused("InvalidParameterException", "No Container Instances were found in your cluster."):
        network.definition("ec2", "EC2")
        ecs.run_task(cluster="main", taskDefinition="ec2", launchType="EC2", networkConfiguration=network.awsvpc())


def test_tags_of_everything(network: Network, ecs: Any) -> None:
    definition = network.definition("web")
    made = create(network, desiredCount=1)
    steady(network, running=1)
    arns = [cluster(network)["clusterArn"], definition, made["serviceArn"], tasks(network)[0]["taskArn"]]
    for arn in arns:
        ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
        ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}], arn
    with refused("InvalidParameterException"):
        ecs.tag_resource(resourceArn=made["serviceArn"] + "x", tags=[{"key": "a", "value": "1"}])


def test_weights_and_bases_share_tasks_between_providers(network: Network, ecs: Any) -> None:
    network.definition("web")
    request = {
        "cluster": "main",
        "serviceName": "web",
        "taskDefinition": "web",
        "desiredCount": 7,
        "networkConfiguration": network.awsvpc(),
        "capacityProviderStrategy": [
            {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 2},
        ],
    }
    ecs.create_service(**request)
    steady(network, running=7)
    used = [task["capacityProviderName"] for task in tasks(network)]
    assert (used.count("FARGATE"), used.count("FARGATE_SPOT")) == (3, 4)


def test_a_base_without_a_weight_gets_no_task(network: Network, ecs: Any) -> None:
    network.definition("web")
    ecs.create_service(
        cluster="main",
        serviceName="web",
        taskDefinition="web",
        desiredCount=2,
        networkConfiguration=network.awsvpc(),
        capacityProviderStrategy=[
            {"capacityProvider": "FARGATE", "base": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 1},
        ],
    )
    steady(network, running=2)
    assert {task["capacityProviderName"] for task in tasks(network)} == {"FARGATE_SPOT"}


def test_a_full_subnet_has_no_interface_for_a_task(network: Network, ecs: Any) -> None:
    """Developer guide, TaskFailedToStart errors; AWS keeps five addresses of each subnet (VPC guide, subnet sizing)."""
    ec2 = network.cloud.client("ec2")
    made = ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.250.0/28", AvailabilityZone=f"{REGION}a")["Subnet"]
    assert made["AvailableIpAddressCount"] == 11
    network.definition("web")
    where = {"awsvpcConfiguration": {"subnets": [made["SubnetId"]], "securityGroups": [network.group]}}
    create(network, desiredCount=12, networkConfiguration=where)
    (task,) = network.cloud.wait(lambda: tasks(network, status="STOPPED")[:1], "the twelfth to fail")
    assert task["stoppedReason"] == (
        "Unexpected EC2 error while attempting to Create Network Interface in subnet "
        f"'{made['SubnetId']}': InsufficientFreeAddressesInSubnet"
    )
    assert len([one for one in tasks(network) if one["attachments"][0]["status"] == "ATTACHED"]) == 11
