"""EventBridge in the embedded cloud: rules, ECS's events about tasks, and the number of matches."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud, Network, refused
from tests.cloud.policies import enforce

PLACE = "ap-northeast-1:123456789012"
STOPPED = {"source": ["aws.ecs"], "detail": {"lastStatus": ["STOPPED"], "containers": {"exitCode": [3]}}}


def put(cloud: EmbeddedCloud, pattern: Any = STOPPED, **more: Any) -> str:
    arn = cloud.client("events").put_rule(Name="watch", EventPattern=json.dumps(pattern), **more)["RuleArn"]
    return str(arn)


def triggered(cloud: EmbeddedCloud) -> float:
    """Count the rule's matches in the last hour."""
    metric = {
        "Namespace": "AWS/Events",
        "MetricName": "TriggeredRules",
        "Dimensions": [{"Name": "RuleName", "Value": "watch"}],
    }
    query = {"Id": "watch", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    now = datetime.fromtimestamp(cloud.time(), UTC)
    (found,) = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=now - timedelta(hours=1), EndTime=now
    )["MetricDataResults"]
    return float(sum(found["Values"]))


@pytest.fixture
def run(network: Network) -> Any:
    """Run a task of this image to its end."""
    ecs = network.cloud.client("ecs")
    ecs.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])

    def to_its_end(image: str) -> None:
        network.definition("job", containerDefinitions=[{"name": "job", "image": image}])
        ecs.run_task(
            cluster="main", taskDefinition="job", launchType="FARGATE", networkConfiguration=network.awsvpc(),
            startedBy="tests",
        )  # fmt: skip
        network.cloud.advance(600)

    return to_its_end


def test_a_rule_hears_of_tasks_and_counts(network: Network, run: Any) -> None:
    cloud = network.cloud
    put(cloud)
    queue = cloud.client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    cloud.client("events").put_targets(Rule="watch", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:{PLACE}:heard"}])
    run("job-exits-with-3:1")
    assert triggered(cloud) == 1
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"]) == ("aws.ecs", "ECS Task State Change")
    detail = event["detail"]
    assert event["resources"] == [detail["taskArn"]]
    assert (detail["group"], detail["startedBy"]) == ("family:job", "tests")
    assert (detail["lastStatus"], detail["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert detail["clusterArn"] == f"arn:aws:ecs:{PLACE}:cluster/main"
    assert [(one["name"], one["exitCode"]) for one in detail["containers"]] == [("job", 3)]
    assert not {"tags", "healthStatus"} & detail.keys()
    run("job:1")
    assert triggered(cloud) == 1, "that one ended with 0"


def test_a_rule_hears_of_each_state(network: Network, run: Any) -> None:
    put(network.cloud, {"detail": {"lastStatus": [{"exists": True}], "desiredStatus": ["RUNNING"]}})
    run("job:1")
    assert triggered(network.cloud) == 3, "PENDING, ACTIVATING, RUNNING"


def test_a_rule_that_is_disabled_hears_nothing(network: Network, run: Any) -> None:
    put(network.cloud, State="DISABLED")
    run("job-exits-with-3:1")
    assert triggered(network.cloud) == 0
    network.cloud.client("events").enable_rule(Name="watch")
    run("job-exits-with-3:1")
    assert triggered(network.cloud) == 1


def test_a_rule_hears_of_events_that_others_put(cloud: EmbeddedCloud) -> None:
    put(cloud, {"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}})
    entries = [{"Source": "shop", "DetailType": "Order", "Detail": json.dumps({"total": n})} for n in (50, 150, 250)]
    cloud.client("events").put_events(Entries=entries)
    cloud.advance(120)
    assert triggered(cloud) == 2


def test_a_rule_that_is_put_again_keeps_its_tags(cloud: EmbeddedCloud) -> None:
    events = cloud.client("events")
    arn = put(cloud, Description="first", Tags=[{"Key": "a", "Value": "1"}])
    put(cloud, {"source": ["aws.ec2"]}, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "2"}])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    shown = events.describe_rule(Name="watch")
    assert ("Description" in shown, json.loads(shown["EventPattern"])) == (False, {"source": ["aws.ec2"]})
    tagged = cloud.client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["events:rule"])
    assert [one["ResourceARN"] for one in tagged["ResourceTagMappingList"]] == [arn]
    # each time it succeeds
    events.delete_rule(Name="watch")
    events.delete_rule(Name="watch")


def test_what_is_allowed_is_asked_of_the_rule(cloud: EmbeddedCloud) -> None:
    arn = f"arn:aws:events:{PLACE}:rule/watch"
    one = {"Effect": "Allow", "Action": "events:PutRule", "Resource": arn}
    enforce(cloud, {"Version": "2012-10-17", "Statement": [one]})
    put(cloud)
    with refused("AccessDeniedException", f"events:TagResource on resource: {arn}"):
        put(cloud, Tags=[{"Key": "a", "Value": "1"}])
    with refused("AccessDeniedException", f"events:DescribeRule on resource: {arn}"):
        cloud.client("events").describe_rule(Name="watch")
    enforce(cloud)
