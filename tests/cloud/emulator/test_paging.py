"""Lists of the embedded cloud in pages: AWS's sizes, tokens that nobody can read, nothing twice and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud, Network, refused
from tests.cloud.faults.life import set_faults

DIMENSION = "ecs:service:DesiredCount"


def pages(client: Any, operation: str, **arguments: Any) -> list[dict[str, Any]]:
    """All pages of a list, as boto3 walks through them."""
    return list(client.get_paginator(operation).paginate(**arguments))


@pytest.fixture
def targets(network: Network, ecs: Any) -> Any:
    """An Application Auto Scaling client with 120 scalable targets, and as many policies and scheduled actions."""
    network.definition("web")
    client = network.cloud.client("application-autoscaling")
    for number in range(120):
        name = f"web-{number:03d}"
        ecs.create_service(
            cluster="main",
            serviceName=name,
            taskDefinition="web",
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration=network.awsvpc(),
        )
        target = {"ServiceNamespace": "ecs", "ResourceId": f"service/main/{name}", "ScalableDimension": DIMENSION}
        client.register_scalable_target(**target, MinCapacity=0, MaxCapacity=1)
        client.put_scaling_policy(
            **target,
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 70,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        )
        client.put_scheduled_action(
            **target,
            ScheduledActionName="day",
            Schedule="cron(0 8 * * ? *)",
            ScalableTargetAction={"MinCapacity": 0},
        )
    return client


def test_each_list_comes_in_pages_of_its_own_size(ecs: Any, targets: Any) -> None:
    """API references: 50 scalable targets, 50 scheduled actions, 10 policies, 10 services."""
    for client, operation, key, size in (
        (targets, "describe_scalable_targets", "ScalableTargets", 50),
        (targets, "describe_scheduled_actions", "ScheduledActions", 50),
        (targets, "describe_scaling_policies", "ScalingPolicies", 10),
        (ecs, "list_services", "serviceArns", 10),
    ):
        arguments = {"cluster": "main"} if client is ecs else {"ServiceNamespace": "ecs"}
        found = pages(client, operation, **arguments)
        assert {len(page[key]) for page in found[:-1]} == {size}
        ids = [one if client is ecs else one["ResourceId"] for page in found for one in page[key]]
        assert len({*ids}) == len(ids) == 120
        tokens = [page.get("NextToken") or page.get("nextToken") for page in found]
        assert tokens.pop() is None
        assert len({*tokens}) == len(tokens)
        assert all(len(token or "") > 40 for token in tokens), "nobody can read or guess a token"
    with refused("ValidationException"):
        targets.describe_scaling_policies(ServiceNamespace="ecs", MaxResults=11)


def test_what_goes_between_two_pages_hides_nothing(cloud: EmbeddedCloud) -> None:
    logs = cloud.client("logs")
    names = [f"/app/{number:03d}" for number in range(60)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    first = logs.describe_log_groups()
    assert len(first["logGroups"]) == 50
    for name in names[:10]:
        logs.delete_log_group(logGroupName=name)
    second = logs.describe_log_groups(nextToken=first["nextToken"])
    assert [group["logGroupName"] for group in second["logGroups"]] == names[50:]
    again = logs.describe_log_groups(nextToken=first["nextToken"])
    assert again["logGroups"] == second["logGroups"], "who lost the answer asks with the same token again"


def test_a_token_is_good_for_its_own_list_only(cloud: EmbeddedCloud) -> None:
    ec2, iam, ecs, rds = (cloud.client(name) for name in ("ec2", "iam", "ecs", "rds"))
    for number in range(6):
        ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
    token = ec2.describe_vpcs(MaxResults=5)["NextToken"]
    refusals: list[tuple[Callable[[], Any], str]] = [
        (lambda: ec2.describe_subnets(NextToken=token), "InvalidParameterValue"),
        (lambda: iam.list_roles(Marker=token), "ValidationError"),
        (lambda: ecs.list_clusters(nextToken="5"), "InvalidParameterException"),
        (lambda: ec2.describe_tags(MaxResults=4), "InvalidParameterValue"),
        (lambda: rds.describe_db_clusters(MaxRecords=10), "InvalidParameterValue"),
    ]
    for call, code in refusals:
        with refused(code):
            call()


def test_pages_may_be_small_and_the_first_one_empty(cloud: EmbeddedCloud) -> None:
    """EC2's guide, "Pagination": the token counts, not the number of items on a page."""
    ec2 = cloud.client("ec2")
    made = {ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in range(4)}
    set_faults(cloud, "small-pages")
    found = pages(ec2, "describe_vpcs")
    assert [len(page["Vpcs"]) for page in found][:3] == [0, 2, 2]
    assert {vpc["VpcId"] for page in found for vpc in page["Vpcs"]} >= made
