"""ECS clusters and account settings of the embedded cloud."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud, Network, refused
from tests.cloud.ecs_rig import cluster, create, gone


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network and the cluster `main`, which has Fargate's two providers."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    return client


def test_account_setting_default_is_set_listed_and_taken_back(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    name = "awsvpcTrunking"

    def in_force() -> str:
        (setting,) = ecs.list_account_settings(name=name, effectiveSettings=True)["settings"]
        value: str = setting["value"]
        return value

    assert in_force() == "disabled"
    answer = ecs.put_account_setting_default(name=name, value="enabled")["setting"]
    assert (answer["value"], answer["principalArn"]) == ("enabled", "arn:aws:iam::123456789012:root")
    assert in_force() == "enabled"
    assert ecs.list_account_settings(name=name)["settings"] == []
    ecs.put_account_setting(name=name, value="disabled")
    assert in_force() == "disabled"
    ecs.delete_account_setting(name=name)
    assert in_force() == "enabled"
    pages = ecs.get_paginator("list_account_settings").paginate(effectiveSettings=True)
    assert len([setting for page in pages for setting in page["settings"]]) > 10
    with refused("InvalidParameterException", "should be one of"):
        ecs.put_account_setting_default(name=name, value="perhaps")


def test_cluster_keeps_tags_settings_and_configuration(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    configuration = {"executeCommandConfiguration": {"logging": "DEFAULT"}}
    made = ecs.create_cluster(
        clusterName="main",
        tags=[{"key": "Project", "value": "p"}],
        settings=[{"name": "containerInsights", "value": "enabled"}],
        configuration=configuration,
    )["cluster"]
    assert made["status"] == "ACTIVE"
    (plain,) = ecs.describe_clusters(clusters=["main"])["clusters"]
    assert (plain["tags"], plain["settings"], "configuration" in plain) == ([], [], False)
    include = ["TAGS", "SETTINGS", "CONFIGURATIONS"]
    (full,) = ecs.describe_clusters(clusters=[made["clusterArn"]], include=include)["clusters"]
    assert full["tags"] == [{"key": "Project", "value": "p"}]
    assert full["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert full["configuration"] == configuration
    changed = ecs.update_cluster_settings(
        cluster="main", settings=[{"name": "containerInsights", "value": "disabled"}]
    )["cluster"]
    assert changed["settings"] == [{"name": "containerInsights", "value": "disabled"}]
    assert ecs.create_cluster(clusterName="main")["cluster"]["clusterArn"] == made["clusterArn"]
    with refused("InvalidParameterException", "idempotent"):
        ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}])


def test_a_deleted_cluster_is_described_but_no_longer_listed(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    arn = ecs.create_cluster(clusterName="main")["cluster"]["clusterArn"]
    assert ecs.delete_cluster(cluster="main")["cluster"]["status"] == "INACTIVE"
    assert ecs.list_clusters()["clusterArns"] == []
    assert ecs.describe_clusters(clusters=["main"])["clusters"][0]["status"] == "INACTIVE"
    assert ecs.describe_clusters(clusters=["other"])["failures"][0]["reason"] == "MISSING"
    with refused("ClusterNotFoundException"):
        ecs.delete_cluster(cluster="main")
    assert ecs.create_cluster(clusterName="main")["cluster"]["status"] == "ACTIVE"
    assert ecs.list_clusters()["clusterArns"] == [arn]


def test_a_watched_cluster_makes_its_performance_log_again(network: Network, ecs: Any) -> None:
    logs, name = network.cloud.client("logs"), "/aws/ecs/containerinsights/main/performance"
    ecs.update_cluster_settings(cluster="main", settings=[{"name": "containerInsights", "value": "enabled"}])
    network.definition("web")
    ecs.run_task(cluster="main", taskDefinition="web", launchType="FARGATE", networkConfiguration=network.awsvpc())

    def there() -> list[dict[str, Any]]:
        return list(logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"])

    for _ in range(2):
        (group,) = network.cloud.wait(there, "the performance log")
        assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {}
        logs.delete_log_group(logGroupName=name)


def test_lists_are_paged(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    for number in range(5):
        ecs.create_cluster(clusterName=f"c{number}")
    pages = list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["clusterArns"]) for page in pages] == [2, 2, 1]


def test_cluster_with_a_service_or_a_task_is_not_deleted(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=0)
    with refused("ClusterContainsServicesException", "Services are active"):
        ecs.delete_cluster(cluster="main")
    ecs.delete_service(cluster="main", service="web")
    gone(network)
    (task,) = ecs.run_task(
        cluster="main", taskDefinition="web", launchType="FARGATE", networkConfiguration=network.awsvpc()
    )["tasks"]
    with refused("ClusterContainsTasksException", "Tasks are active"):
        ecs.delete_cluster(cluster="main")
    ecs.stop_task(cluster="main", task=task["taskArn"])
    network.cloud.wait(lambda: cluster(network)["pendingTasksCount"] == 0, "no task")
    network.cloud.wait(
        lambda: ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"][0]["lastStatus"] == "STOPPED",
        "task STOPPED",
    )
    network.cloud.wait(lambda: cluster(network)["attachmentsStatus"] == "UPDATE_COMPLETE", "attachments")
    assert ecs.delete_cluster(cluster="main")["cluster"]["status"] == "INACTIVE"
