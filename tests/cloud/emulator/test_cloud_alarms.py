"""Alarms of the embedded cloud go off by its own measurements, and tell topics that let them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cloud.conftest import Network
from tests.cloud.ecs_rig import create
from tests.cloud.listening import listen

ACCOUNT, REGION = "123456789012", "ap-northeast-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops"


class Watched:
    """A service with one task, an alarm on how many run, and a queue that is told by a topic."""

    def __init__(self, network: Network) -> None:
        self.cloud = network.cloud
        self.watch, self.ecs, self.sqs = (self.cloud.client(name) for name in ("cloudwatch", "ecs", "sqs"))
        self.ecs.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
        network.definition("web")
        create(network, desiredCount=1)
        self.runs(1)
        self.queue = self.sqs.create_queue(QueueName="told")["QueueUrl"]
        self.sns = self.cloud.client("sns")
        self.sns.create_topic(Name="ops")
        listen(self.sns, self.sqs, TOPIC, f"arn:aws:sqs:{REGION}:{ACCOUNT}:told")

    def runs(self, count: int) -> None:
        def reached() -> bool:
            (shown,) = self.ecs.describe_services(cluster="main", services=["web"])["services"]
            return bool(shown["runningCount"] == count)

        self.cloud.wait(reached, f"{count} running")

    def alarm(self, **more: Any) -> None:
        dimensions = {"ClusterName": "main", "ServiceName": "web"}
        self.watch.put_metric_alarm(
            **{
                "AlarmName": "few", "Namespace": "ECS/ContainerInsights", "MetricName": "RunningTaskCount",
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                "Statistic": "Average", "Period": 60, "EvaluationPeriods": 2, "Threshold": 1,
                "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching",
                "AlarmActions": [TOPIC], "OKActions": [TOPIC], **more,
            }
        )  # fmt: skip

    def state(self) -> str:
        (found,) = self.watch.describe_alarms(AlarmNames=["few"])["MetricAlarms"]
        return str(found["StateValue"])

    def told(self) -> list[str]:
        """Return the subjects of the messages that the queue got since the last call."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", ())
        for one in found:
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=one["ReceiptHandle"])
        return [json.loads(one["Body"])["Subject"] for one in found]


@pytest.fixture
def watched(network: Network) -> Watched:
    """The service and its alarm, which was not evaluated yet."""
    found = Watched(network)
    found.alarm()
    return found


def test_an_alarm_goes_off_by_what_runs_and_ends(watched: Watched) -> None:
    assert watched.state() == "INSUFFICIENT_DATA"
    watched.cloud.advance(240)
    assert (watched.state(), watched.told()) == ("OK", [f'OK: "few" in {REGION}'])
    watched.ecs.update_service(cluster="main", service="web", desiredCount=0)
    watched.runs(0)
    watched.cloud.advance(60)
    assert watched.state() == "OK", "one minute of two"
    watched.cloud.advance(120)
    (found,) = watched.watch.describe_alarms(AlarmNames=["few"])["MetricAlarms"]
    assert found["StateReason"].startswith("Threshold Crossed: 2 datapoint [0.0 (")
    assert (found["StateValue"], watched.told()) == ("ALARM", [f'ALARM: "few" in {REGION}'])
    watched.cloud.advance(600)
    assert watched.told() == [], "a state that stays is told once"


def test_a_state_set_by_hand_lasts_until_the_next_minute(watched: Watched) -> None:
    watched.cloud.advance(240)
    watched.told()
    watched.watch.set_alarm_state(AlarmName="few", StateValue="ALARM", StateReason="tried")
    assert (watched.state(), watched.told()) == ("ALARM", [f'ALARM: "few" in {REGION}'])
    watched.cloud.advance(60)
    assert (watched.state(), watched.told()) == ("OK", [f'OK: "few" in {REGION}'])


def test_an_alarm_whose_actions_are_disabled_is_quiet(watched: Watched) -> None:
    watched.watch.disable_alarm_actions(AlarmNames=["few"])
    watched.cloud.advance(240)
    assert (watched.state(), watched.told()) == ("OK", [])
    watched.watch.enable_alarm_actions(AlarmNames=["few"])
    watched.cloud.advance(120)
    assert watched.told() == [], "only a change is told"


@pytest.mark.parametrize(
    ("principal", "condition", "heard"),
    [
        ("cloudwatch.amazonaws.com", {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ("cloudwatch.amazonaws.com", {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:f*"}}, True),
        ("cloudwatch.amazonaws.com", {"StringEquals": {"aws:SourceAccount": "1" * 12}}, False),
        ("events.amazonaws.com", {}, False),
    ],
)
def test_a_topic_hears_whom_its_policy_lets(
    watched: Watched, principal: str, condition: dict[str, Any], *, heard: bool
) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sns:Publish", "Resource": TOPIC}
    document = {
        "Version": "2012-10-17",
        "Statement": [{**statement, **({"Condition": condition} if condition else {})}],
    }
    watched.sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=json.dumps(document))
    watched.cloud.advance(240)
    assert (watched.state(), bool(watched.told())) == ("OK", heard)


def test_alarms_of_the_types_asked_for_are_described(watched: Watched) -> None:
    """API reference, DescribeAlarms: without AlarmTypes only metric alarms; no composite one can be made here."""

    def names(**more: Any) -> list[str]:
        found = watched.watch.describe_alarms(AlarmNames=["few"], **more)
        return [one["AlarmName"] for one in (*found["MetricAlarms"], *found["CompositeAlarms"])]

    assert names() == names(AlarmTypes=["CompositeAlarm", "MetricAlarm"]) == ["few"]
    assert names(AlarmTypes=["CompositeAlarm"]) == []
