"""Cloud Control in the embedded cloud: operations on the clock, refusals, and ten types by their own APIs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud, refused

QUEUE = "AWS::SQS::Queue"
LONG = 60.0
"""Seconds after which every operation has come to its end."""
TAG = [{"Key": "by", "Value": "cc"}]
MODELS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    QUEUE: (
        {"QueueName": "jobs", "VisibilityTimeout": 45, "Tags": TAG},
        [{"op": "replace", "path": "/VisibilityTimeout", "value": 60}],
    ),
    "AWS::SNS::Topic": (
        {"TopicName": "news", "DisplayName": "News", "Tags": TAG},
        [{"op": "replace", "path": "/DisplayName", "value": "More"}],
    ),
    "AWS::DynamoDB::Table": (
        {
            "TableName": "things",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "Tags": TAG,
        },
        [{"op": "add", "path": "/DeletionProtectionEnabled", "value": False}, {"op": "remove", "path": "/Tags/0"}],
    ),
    "AWS::S3::Bucket": (
        {"BucketName": "cc-things", "VersioningConfiguration": {"Status": "Enabled"}, "Tags": TAG},
        [{"op": "replace", "path": "/VersioningConfiguration/Status", "value": "Suspended"}],
    ),
    "AWS::SecretsManager::Secret": (
        {"Name": "key", "Description": "A key", "SecretString": "hunter2-hunter2", "Tags": TAG},
        [{"op": "add", "path": "/SecretString", "value": "another-value"}],
    ),
    "AWS::SSM::Parameter": (
        {"Name": "/cc/setting", "Type": "String", "Value": "one", "Tags": {"by": "cc"}},
        [{"op": "replace", "path": "/Value", "value": "two"}],
    ),
    "AWS::Logs::LogGroup": (
        {"LogGroupName": "/cc/log", "RetentionInDays": 7, "Tags": TAG},
        [{"op": "replace", "path": "/RetentionInDays", "value": 30}],
    ),
    "AWS::CloudWatch::Alarm": (
        {
            "AlarmName": "late",
            "MetricName": "Age",
            "Namespace": "AWS/SQS",
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "Tags": TAG,
        },
        [{"op": "replace", "path": "/Threshold", "value": 6.0}],
    ),
    "AWS::Events::Rule": (
        {"Name": "nightly", "ScheduleExpression": "rate(1 day)", "State": "ENABLED", "Tags": TAG},
        [{"op": "replace", "path": "/State", "value": "DISABLED"}],
    ),
    "AWS::Kinesis::Stream": (
        {"Name": "clicks", "ShardCount": 1, "RetentionPeriodHours": 24, "Tags": TAG},
        [{"op": "replace", "path": "/RetentionPeriodHours", "value": 48}],
    ),
}


@pytest.fixture
def control(cloud: EmbeddedCloud) -> Any:
    return cloud.client("cloudcontrol")


def ended(cloud: EmbeddedCloud, answer: dict[str, Any]) -> dict[str, Any]:
    """Let a request end, and return its last event."""
    cloud.advance(LONG)
    token = answer["ProgressEvent"]["RequestToken"]
    event: dict[str, Any] = cloud.client("cloudcontrol").get_resource_request_status(RequestToken=token)
    return dict(event["ProgressEvent"])


def create(cloud: EmbeddedCloud, name: str, model: dict[str, Any], **more: str) -> dict[str, Any]:
    """Create a resource, and return the last event of the request."""
    control = cloud.client("cloudcontrol")
    return ended(cloud, control.create_resource(TypeName=name, DesiredState=json.dumps(model), **more))


def properties(control: Any, name: str, identifier: str) -> dict[str, Any]:
    found = control.get_resource(TypeName=name, Identifier=identifier)["ResourceDescription"]
    return dict(json.loads(found["Properties"]))


@pytest.mark.parametrize("name", MODELS)
def test_a_type_is_created_read_changed_and_deleted(cloud: EmbeddedCloud, control: Any, name: str) -> None:
    model, patch = MODELS[name]
    made = create(cloud, name, model)
    assert made["OperationStatus"] == "SUCCESS", made
    identifier = made["Identifier"]
    hidden = {"SecretString"}
    shown = properties(control, name, identifier)
    assert {key: value for key, value in model.items() if key not in hidden}.items() <= shown.items()
    assert not hidden & shown.keys()
    again = create(cloud, name, model)
    assert (again["OperationStatus"], again["ErrorCode"]) == ("FAILED", "AlreadyExists"), again
    listed = control.list_resources(TypeName=name)["ResourceDescriptions"]
    assert [one["Identifier"] for one in listed] == [identifier]
    if name == QUEUE:
        assert cloud.client("sqs").list_queues()["QueueUrls"] == [identifier], "where its caller reaches it"
    changed = ended(
        cloud, control.update_resource(TypeName=name, Identifier=identifier, PatchDocument=json.dumps(patch))
    )
    assert changed["OperationStatus"] == "SUCCESS", changed
    first = patch[0]
    if "SecretString" in first["path"]:
        value = cloud.client("secretsmanager").get_secret_value(SecretId=identifier)["SecretString"]
        assert value == first["value"]
    else:
        inside: Any = properties(control, name, identifier)
        for part in first["path"].strip("/").split("/"):
            inside = inside[part]
        assert inside == first["value"]
    gone = ended(cloud, control.delete_resource(TypeName=name, Identifier=identifier))
    assert gone["OperationStatus"] == "SUCCESS", gone
    with refused("ResourceNotFoundException"):
        control.get_resource(TypeName=name, Identifier=identifier)
    twice = ended(cloud, control.delete_resource(TypeName=name, Identifier=identifier))
    assert (twice["OperationStatus"], twice["ErrorCode"]) == ("FAILED", "NotFound")


def test_an_operation_takes_its_time(cloud: EmbeddedCloud, control: Any) -> None:
    begun = control.create_resource(TypeName=QUEUE, DesiredState='{"QueueName": "jobs"}')["ProgressEvent"]
    assert begun["OperationStatus"] == "PENDING"
    assert "QueueUrls" not in cloud.client("sqs").list_queues()
    cloud.advance(1.5)
    going = control.get_resource_request_status(RequestToken=begun["RequestToken"])["ProgressEvent"]
    assert (going["OperationStatus"], going["Identifier"].rpartition("/")[2]) == ("IN_PROGRESS", "jobs")
    wanted = {"OperationStatuses": ["IN_PROGRESS"], "Operations": ["CREATE"]}
    listed = control.list_resource_requests(ResourceRequestStatusFilter=wanted)["ResourceRequestStatusSummaries"]
    assert [one["RequestToken"] for one in listed] == [begun["RequestToken"]]
    with refused("ConcurrentOperationException"):
        control.delete_resource(TypeName=QUEUE, Identifier=going["Identifier"])
    cloud.advance(LONG)
    done = control.get_resource_request_status(RequestToken=begun["RequestToken"])["ProgressEvent"]
    assert done["OperationStatus"] == "SUCCESS"
    cloud.advance(8 * 86400)
    with refused("RequestTokenNotFoundException"):
        control.get_resource_request_status(RequestToken=begun["RequestToken"])


def test_a_client_token_stands_for_its_request(cloud: EmbeddedCloud, control: Any) -> None:
    asked = {"TypeName": QUEUE, "DesiredState": '{"QueueName": "jobs"}', "ClientToken": "once"}
    first = control.create_resource(**asked)["ProgressEvent"]["RequestToken"]
    assert control.create_resource(**asked)["ProgressEvent"]["RequestToken"] == first
    with refused("ClientTokenConflictException"):
        control.create_resource(**{**asked, "DesiredState": '{"QueueName": "others"}'})
    cloud.advance(37 * 3600)
    assert control.create_resource(**asked)["ProgressEvent"]["RequestToken"] != first


def test_what_has_not_begun_can_be_cancelled(cloud: EmbeddedCloud, control: Any) -> None:
    begun = control.create_resource(TypeName=QUEUE, DesiredState='{"QueueName": "jobs"}')["ProgressEvent"]
    token = {"RequestToken": begun["RequestToken"]}
    assert control.cancel_resource_request(**token)["ProgressEvent"]["OperationStatus"] == "CANCEL_IN_PROGRESS"
    cloud.advance(LONG)
    assert control.get_resource_request_status(**token)["ProgressEvent"]["OperationStatus"] == "CANCEL_COMPLETE"
    assert "QueueUrls" not in cloud.client("sqs").list_queues()
    with refused("ConcurrentModificationException"):
        control.cancel_resource_request(**token)
    with refused("RequestTokenNotFoundException"):
        control.cancel_resource_request(RequestToken="none")


def test_what_no_type_takes_is_refused(cloud: EmbeddedCloud, control: Any) -> None:
    with refused("TypeNotFoundException"):
        control.get_resource(TypeName="AWS::SQS::Nothing", Identifier="x")
    with refused("UnsupportedActionException"):
        control.get_resource(TypeName="AWS::EKS::Cluster", Identifier="x")
    with refused("ResourceNotFoundException"):
        control.update_resource(TypeName=QUEUE, Identifier="http://127.0.0.1/1/none", PatchDocument="[]")
    for model, words in (
        ({"Nonsense": 1}, "#: extraneous key [Nonsense] is not permitted"),
        ({"VisibilityTimeout": "long"}, "#/VisibilityTimeout: expected type: Integer, found: Str"),
        ({"Arn": "arn:aws:sqs:::x"}, "Encountered unsupported properties in {/}: [Arn]"),
    ):
        event = create(cloud, QUEUE, model)
        assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "InvalidRequest")
        assert words in event["StatusMessage"]
    event = create(cloud, "AWS::SSM::Parameter", {"Name": "/x"})
    assert "#: required key [Value] not found\n#: required key [Type] not found" in event["StatusMessage"]


def test_what_is_fixed_cannot_be_patched(cloud: EmbeddedCloud, control: Any) -> None:
    url = create(cloud, QUEUE, {"QueueName": "jobs"})["Identifier"]

    def patch(*operations: dict[str, Any]) -> Any:
        return control.update_resource(TypeName=QUEUE, Identifier=url, PatchDocument=json.dumps(operations))

    with refused("NotUpdatableException", "createOnlyProperties [/properties/QueueName] cannot be updated"):
        patch({"op": "replace", "path": "/QueueName", "value": "others"})
    with refused("NotUpdatableException", "readOnlyProperties [/properties/Arn] cannot be updated"):
        patch({"op": "remove", "path": "/Arn"})
    with refused("ValidationException", "no such path in target JSON document"):
        patch({"op": "replace", "path": "/RedrivePolicy/maxReceiveCount", "value": 3})
    with refused("ValidationException", "extraneous key"):
        patch({"op": "add", "path": "/Nonsense", "value": 3})


def test_a_handler_tells_what_its_service_says(cloud: EmbeddedCloud, control: Any) -> None:
    bad = create(cloud, "AWS::SSM::Parameter", {"Name": "ends/", "Type": "String", "Value": "x"})
    assert (bad["OperationStatus"], bad["ErrorCode"]) == ("FAILED", "InvalidRequest")
    cloud.control("POST", "faults", "scenarios=throttle&only=sqs:CreateQueue")
    event = create(cloud, QUEUE, {"QueueName": "jobs"})
    assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "Throttling")
    cloud.control("POST", "faults", "")
    assert create(cloud, QUEUE, {"QueueName": "jobs"})["OperationStatus"] == "SUCCESS"


def test_a_type_is_described_by_its_schema(cloud: EmbeddedCloud) -> None:
    described = cloud.client("cloudformation").describe_type(Type="RESOURCE", TypeName=QUEUE)
    assert json.loads(described["Schema"])["primaryIdentifier"] == ["/properties/QueueUrl"]
    with refused("TypeNotFoundException"):
        cloud.client("cloudformation").describe_type(Type="RESOURCE", TypeName="AWS::SQS::Nothing")
