"""Samples of resource types that report problems: topics, subscriptions, alarms, rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Handle
from provisioner.engine.resource import Resource
from provisioner.resources.cloudwatch.alarms import Alarm
from provisioner.resources.events import EventRule
from provisioner.resources.policies import Policy, policy
from provisioner.resources.sns import Subscription, Topic
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:sample-topic"
QUEUE = "arn:aws:sqs:ap-northeast-1:123456789012:sample"
"""A subscriber that needs no confirmation."""
OTHER = "arn:aws:sns:ap-northeast-1:123456789012:other"
KEPT = (
    *("AlarmName", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions", "Namespace", "MetricName"),
    *("Dimensions", "Statistic", "Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"),
    *("ComparisonOperator", "TreatMissingData"),
)
"""Members of DescribeAlarms's answer that PutMetricAlarm takes."""


def _publish(service: str) -> Policy:
    whom = {"Service": f"{service}.amazonaws.com"}
    return policy({"Effect": "Allow", "Principal": whom, "Action": "sns:Publish", "Resource": TOPIC})


def _opened(hand: ByHand) -> None:
    document = json.dumps(_publish("events"))
    hand("sns").set_topic_attributes(TopicArn=hand.id, AttributeName="Policy", AttributeValue=document)


def _keyed(hand: ByHand) -> None:
    hand("sns").set_topic_attributes(TopicArn=hand.id, AttributeName="KmsMasterKeyId", AttributeValue=hand.others.key)


def _wrapped(hand: ByHand) -> None:
    (found,) = hand("sns").list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    hand("sns").set_subscription_attributes(
        SubscriptionArn=found["SubscriptionArn"], AttributeName="RawMessageDelivery", AttributeValue="false"
    )


def _alarm(here: Here) -> Handle:
    topic = here[Topic].arn
    return here.ensure(
        Alarm(
            NAME,
            alarm_name="sample-alarm",
            alarm_description="Sample",
            namespace="AWS/ECS",
            metric_name="CPUUtilization",
            dimensions={"ClusterName": "sample", "ServiceName": "web"},
            statistic="Average",
            comparison_operator="GreaterThanThreshold",
            threshold=90.0,
            treat_missing_data="missing",
            alarm_actions=[topic],
            ok_actions=[topic],
        )
    )


def _put(**change: Any) -> Any:
    def by_hand(hand: ByHand) -> None:
        (shown,) = hand("cloudwatch").describe_alarms(AlarmNames=[hand.id])["MetricAlarms"]
        hand("cloudwatch").put_metric_alarm(**{**{name: shown[name] for name in KEPT if name in shown}, **change})

    return by_hand


def _rule(here: Here) -> Handle:
    pattern = {"source": ["aws.ecs"], "detail": {"lastStatus": ["STOPPED"], "group": ["sample"]}}
    return here.ensure(EventRule(NAME, "sample-rule", "Sample", pattern))


def _matching(**change: Any) -> Any:
    def by_hand(hand: ByHand) -> None:
        shown = hand("events").describe_rule(Name=hand.id)
        kept = {name: shown[name] for name in ("Name", "Description", "EventPattern", "State")}
        hand("events").put_rule(**{**kept, **change})

    return by_hand


ALARMS: Mapping[type[Resource], Sample] = {
    Topic: Sample(
        lambda here: here.ensure(Topic(NAME, "sample-topic", _publish("cloudwatch"), "")),
        {"policy": _opened, "kms_master_key_id": _keyed},
    ),
    Subscription: Sample(
        lambda here: here.ensure(Subscription(NAME, here[Topic].arn, "sqs", QUEUE, raw_message_delivery=True)),
        {"raw_message_delivery": _wrapped},
    ),
    EventRule: Sample(
        _rule,
        {
            "description": _matching(Description="Theirs"),
            "event_pattern": _matching(EventPattern=json.dumps({"source": ["aws.ec2"]})),
            "state": lambda hand: hand("events").disable_rule(Name=hand.id),
        },
    ),
    Alarm: Sample(
        _alarm,
        {
            "alarm_description": _put(AlarmDescription="Theirs"),
            "namespace": _put(Namespace="AWS/Theirs"),
            "metric_name": _put(MetricName="MemoryUtilization"),
            "dimensions": _put(Dimensions=[{"Name": "ClusterName", "Value": "sample"}]),
            "statistic": _put(Statistic="Maximum"),
            "comparison_operator": _put(ComparisonOperator="GreaterThanOrEqualToThreshold"),
            "threshold": _put(Threshold=50),
            "treat_missing_data": _put(TreatMissingData="breaching"),
            "alarm_actions": _put(AlarmActions=[TOPIC, OTHER]),
            "ok_actions": _put(OKActions=[]),
            "period": _put(Period=120),
            "evaluation_periods": _put(EvaluationPeriods=10),
            "datapoints_to_alarm": _put(DatapointsToAlarm=1),
            "actions_enabled": lambda hand: hand("cloudwatch").disable_alarm_actions(AlarmNames=[hand.id]),
        },
    ),
}
