"""The embedded cloud's CloudFormation: stacks that make nothing, their outputs, and their exports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.conftest import EmbeddedCloud

NOTHING = {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}


def create(cloud: EmbeddedCloud, name: str, outputs: dict[str, Any], resources: Any = None) -> str:
    template = {"Resources": NOTHING if resources is None else resources, "Outputs": outputs}
    made = cloud.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template), Tags=[{"Key": "team", "Value": "shop & co"}]
    )
    return str(made["StackId"])


def refusal(cloud: EmbeddedCloud, name: str, resources: Any = None, outputs: Any = None) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        create(cloud, name, outputs or {}, resources)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_outputs_and_exports_of_stacks(cloud: EmbeddedCloud) -> None:
    made = create(cloud, "one", {"A": {"Value": "<1>", "Export": {"Name": "one-a"}}, "B": {"Value": "2"}})
    create(cloud, "two", {"A": {"Value": "3"}})
    client = cloud.client("cloudformation")
    for name in ("one", made):
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
        assert (found["StackName"], found["StackStatus"], found["StackId"]) == ("one", "CREATE_COMPLETE", made)
        assert found["Outputs"] == [
            {"OutputKey": "A", "OutputValue": "<1>", "ExportName": "one-a"},
            {"OutputKey": "B", "OutputValue": "2"},
        ]
        assert found["Tags"] == [{"Key": "team", "Value": "shop & co"}]
    assert {one["StackName"] for one in client.describe_stacks()["Stacks"]} == {"one", "two"}
    assert client.list_exports()["Exports"] == [{"ExportingStackId": made, "Name": "one-a", "Value": "<1>"}]
    assert cloud.client("cloudformation", "eu-west-1").list_exports()["Exports"] == []


def test_an_export_has_one_stack(cloud: EmbeddedCloud) -> None:
    exported = {"A": {"Value": "1", "Export": {"Name": "a"}}}
    create(cloud, "one", exported)
    create(cloud, "two", exported)
    (found,) = cloud.client("cloudformation").describe_stacks(StackName="two")["Stacks"]
    assert (found["StackStatus"], found["Outputs"]) == ("ROLLBACK_COMPLETE", [])


def test_what_it_refuses(cloud: EmbeddedCloud) -> None:
    with pytest.raises(ClientError, match="Stack with id gone does not exist") as caught:
        cloud.client("cloudformation").describe_stacks(StackName="gone")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    create(cloud, "one", {})
    assert refusal(cloud, "one") == ("AlreadyExistsException", "Stack [one] already exists")
    bucket = {"B": {"Type": "AWS::S3::Bucket"}}
    assert "Unrecognized resource types: [AWS::S3::Bucket]" in refusal(cloud, "two", bucket)[1]
    assert "At least one Resources member" in refusal(cloud, "two", {})[1]
    assert "every Outputs member must evaluate to a String" in refusal(cloud, "two", outputs={"A": {"Value": ["1"]}})[1]
    named = {"Value": "1", "Export": {"Name": ["a"]}}
    assert "Output A is malformed. The Name field" in refusal(cloud, "two", outputs={"A": named})[1]
    cloud.reset()
    assert cloud.client("cloudformation").describe_stacks()["Stacks"] == []
