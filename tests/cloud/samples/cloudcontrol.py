"""Samples of AWS's types by Cloud Control, as a step declares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.engine.resource import Resource
from provisioner.resources.cloudcontrol.declare import CloudControl
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

TAGS = [{"Key": "team", "Value": "blue"}]
SECRET_TEXT = "correct-horse-battery-1"
PARAMETER_TEXT = "plain-looking value of a parameter"
PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "AWS::SQS::Queue": {"QueueName": "sample-jobs", "VisibilityTimeout": 45, "Tags": TAGS},
    "AWS::SNS::Topic": {"TopicName": "sample-news", "DisplayName": "Sample"},
    "AWS::DynamoDB::Table": {
        "TableName": "sample-things",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    },
    "AWS::SecretsManager::Secret": {
        "Name": "sample/key",
        "Description": "A sample",
        "SecretString": SECRET_TEXT,
    },
    "AWS::SSM::Parameter": {
        "Name": "/sample/setting",
        "Type": "String",
        "Value": PARAMETER_TEXT,
        "Tags": {"team": "blue"},
    },
    "AWS::S3::Bucket": {
        "BucketName": "sample-123456789012-things",
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": True},
    },
    "AWS::Events::Rule": {
        "Name": "sample-nightly",
        "ScheduleExpression": "rate(1 day)",
        "State": "ENABLED",
        "Description": "A sample",
    },
    "AWS::CloudWatch::Alarm": {
        "AlarmName": "sample-late",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Namespace": "AWS/SQS",
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [{"Name": "QueueName", "Value": "sample-jobs"}],
    },
    "AWS::Kinesis::Stream": {"Name": "sample-clicks", "ShardCount": 1, "RetentionPeriodHours": 24},
    "AWS::Logs::LogGroup": {"LogGroupName": "/sample/log", "RetentionInDays": 7},
}
"""The properties of each sample, by its type."""


def declared(type_name: str, **properties: Any) -> Resource:
    """The sample of a type, some of its properties otherwise."""
    return CloudControl(NAME, type_name, {**PROPERTIES[type_name], **properties})


def _queue(**attributes: str) -> Callable[[ByHand], object]:
    return lambda hand: hand("sqs").set_queue_attributes(QueueUrl=hand.id, Attributes=attributes)


def _retagged(hand: ByHand) -> None:
    hand("sqs").tag_queue(QueueUrl=hand.id, Tags={"team": "red"})


def _alarm(hand: ByHand) -> None:
    alarm = {**PROPERTIES["AWS::CloudWatch::Alarm"], "Threshold": 50}
    hand("cloudwatch").put_metric_alarm(**alarm)


def _rule(hand: ByHand) -> None:
    hand("events").disable_rule(Name="sample-nightly")


def _secret(hand: ByHand) -> None:
    hand("secretsmanager").update_secret(SecretId=hand.id, Description="Theirs")


def _parameter(hand: ByHand) -> None:
    hand("ssm").put_parameter(Name=hand.id, Value="theirs", Type="String", Overwrite=True)


def _table(hand: ByHand) -> None:
    off = {"PointInTimeRecoveryEnabled": False}
    hand("dynamodb").update_continuous_backups(TableName=hand.id, PointInTimeRecoverySpecification=off)


def _versions(hand: ByHand) -> None:
    hand("s3").put_bucket_versioning(Bucket=hand.id, VersioningConfiguration={"Status": "Suspended"})


def _stream(hand: ByHand) -> None:
    hand("kinesis").increase_stream_retention_period(StreamName=hand.id, RetentionPeriodHours=72)


DRIFTS: Mapping[str, Mapping[str, Callable[[ByHand], object]]] = {
    "AWS::SQS::Queue": {"VisibilityTimeout": _queue(VisibilityTimeout="99"), "Tags": _retagged},
    "AWS::SNS::Topic": {
        "DisplayName": lambda hand: hand("sns").set_topic_attributes(
            TopicArn=hand.id, AttributeName="DisplayName", AttributeValue="Theirs"
        )
    },
    "AWS::DynamoDB::Table": {"PointInTimeRecoverySpecification": _table},
    "AWS::SecretsManager::Secret": {"Description": _secret},
    "AWS::SSM::Parameter": {"Value": _parameter},
    "AWS::S3::Bucket": {
        "VersioningConfiguration": _versions,
        "PublicAccessBlockConfiguration": lambda hand: hand("s3").delete_public_access_block(Bucket=hand.id),
    },
    "AWS::Events::Rule": {"State": _rule},
    "AWS::CloudWatch::Alarm": {"Threshold": _alarm},
    "AWS::Kinesis::Stream": {"RetentionPeriodHours": _stream},
    "AWS::Logs::LogGroup": {"RetentionInDays": lambda hand: hand("logs").delete_retention_policy(logGroupName=hand.id)},
}
"""By type and property, how somebody changes it past the stack, by the type's own API."""
UNTRIED = "a property that the sample does not declare is AWS's"


def _sample(type_name: str) -> tuple[type[Resource], Sample]:
    def declare(here: Here) -> Any:
        return here.ensure(declared(type_name))

    resource_type = type(declared(type_name))
    drift, schema = DRIFTS[type_name], resource_type.schema  # type: ignore[attr-defined]
    plain = {name: UNTRIED for name in schema.settable if name not in {*drift, *resource_type.create_only}}
    return resource_type, Sample(declare, drift, untried=plain)


CLOUD_CONTROL: Mapping[type[Resource], Sample] = dict(_sample(name) for name in PROPERTIES)
