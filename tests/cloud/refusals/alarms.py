"""Refusals by CloudWatch and SNS about alarms and subscriptions."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, Case, Scene, once, parameter

watch, tell = partial(Case, "cloudwatch"), partial(Case, "sns")
NO_TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:nothing"
QUEUE = "arn:aws:sqs:ap-northeast-1:123456789012:refused"
RAW = "https://github.com/aws-controllers-k8s/community/issues/2192"
OTHERWISE = "https://github.com/localstack/localstack/issues/8816"
PENDING = "https://github.com/go-to-k/cdkd/issues/1301"
NO_ARN = "https://github.com/crossplane-contrib/provider-upjet-aws/issues/935"


def put(client: Any, **change: Any) -> Any:
    """Put an alarm."""
    usual = {
        "AlarmName": "refused",
        "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 5,
        "Threshold": 90,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    wanted = {**usual, **change}
    return client.put_metric_alarm(**{name: value for name, value in wanted.items() if value is not None})


@once
def topic(scene: Scene) -> str:
    """A topic with tags."""
    tags = [{"Key": "is", "Value": "one"}]
    return str(scene.client("sns").create_topic(Name="refused", Tags=tags)["TopicArn"])


@once
def pending(scene: Scene) -> str:
    """The ARN of a subscription that nobody has confirmed."""
    made = scene.client("sns").subscribe(
        TopicArn=topic(scene), Protocol="email", Endpoint="refused@example.com", ReturnSubscriptionArn=True
    )
    return str(made["SubscriptionArn"])


def otherwise(scene: Scene, sns: Any) -> None:
    """Subscribe a queue twice, each time with another way of delivery."""
    for raw in ("true", "false"):
        sns.subscribe(TopicArn=topic(scene), Protocol="sqs", Endpoint=QUEUE, Attributes={"RawMessageDelivery": raw})


CASES = (
    watch("PutMetricAlarm", "with a period of 45 s", "ValidationError", parameter("Period"),
        lambda s, c: put(c, Period=45)),
    watch("PutMetricAlarm", "over more than a day", "ValidationError", parameter("EvaluationPeriods"),
        lambda s, c: put(c, EvaluationPeriods=1441)),
    watch("PutMetricAlarm", "without a statistic", "ValidationError", parameter("Statistic"),
        lambda s, c: put(c, Statistic=None)),
    watch("PutMetricAlarm", "with more data points than periods", "ValidationError", parameter("DatapointsToAlarm"),
        lambda s, c: put(c, DatapointsToAlarm=6)),
    watch("PutMetricAlarm", "with another way to treat missing data", "ValidationError",
        parameter("TreatMissingData"), lambda s, c: put(c, TreatMissingData="zero")),
    watch("PutMetricAlarm", "with an action that is no ARN", "ValidationError", parameter("AlarmActions"),
        lambda s, c: put(c, AlarmActions=["ops@example.com"])),
    watch("SetAlarmState", "of an unknown name", "ResourceNotFound", ERRORS,
        lambda s, c: c.set_alarm_state(AlarmName="nothing", StateValue="ALARM", StateReason="tried")),
    tell("GetTopicAttributes", "of an unknown topic", "NotFound", ERRORS,
        lambda s, c: c.get_topic_attributes(TopicArn=NO_TOPIC)),
    tell("CreateTopic", "with a blank in its name", "InvalidParameter", parameter("Name"),
        lambda s, c: c.create_topic(Name="no name")),
    tell("CreateTopic", "of one that is there, with other tags", "InvalidParameter", ERRORS,
        lambda s, c: (topic(s), c.create_topic(Name="refused", Tags=[{"Key": "is", "Value": "two"}])),
        says="Topic already exists with different tags"),
    tell("Subscribe", "to an unknown topic", "NotFound", ERRORS,
        lambda s, c: c.subscribe(TopicArn=NO_TOPIC, Protocol="email", Endpoint="refused@example.com")),
    tell("Subscribe", "of what is no address", "InvalidParameter", parameter("Endpoint"),
        lambda s, c: c.subscribe(TopicArn=topic(s), Protocol="email", Endpoint="nobody"), says="Email address"),
    tell("Subscribe", "of an address, with raw delivery", "InvalidParameter", RAW,
        lambda s, c: c.subscribe(TopicArn=topic(s), Protocol="email", Endpoint="refused@example.com",
                                 Attributes={"RawMessageDelivery": "true"}), says="raw message delivery"),
    tell("Subscribe", "of a queue again, with other attributes", "InvalidParameter", OTHERWISE, otherwise,
        says="already exists with different attributes"),
    tell("Unsubscribe", "of one that is pending", "InvalidParameter", PENDING,
        lambda s, c: c.unsubscribe(SubscriptionArn=pending(s)), says="pending confirmation"),
    tell("Unsubscribe", "of what is no ARN", "InvalidParameter", NO_ARN,
        lambda s, c: c.unsubscribe(SubscriptionArn="PendingConfirmation"), says="SubscriptionArn"),
    tell("ConfirmSubscription", "with an unknown token", "InvalidParameter", TEXT,
        lambda s, c: c.confirm_subscription(TopicArn=topic(s), Token="nothing"), says="Token"),
    tell("ListSubscriptionsByTopic", "of an unknown topic", "NotFound", ERRORS,
        lambda s, c: c.list_subscriptions_by_topic(TopicArn=NO_TOPIC)),
)  # fmt: skip
