"""AWS's schemas: hidden properties, equal values, and the patch between two resources."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from provisioner.aws.redaction import redacted
from provisioner.engine.planning.actions import HIDDEN, HIDDEN_CHANGE
from provisioner.engine.resource import Change
from provisioner.resources.cloudcontrol import comparison, hidden, schemas
from provisioner.resources.cloudcontrol.resource import type_of_aws
from provisioner.resources.cloudcontrol.schemas import Schema


def schema(name: str) -> Schema:
    found = schemas.shipped(name)
    assert found is not None
    return found


TABLE, SECRET, FUNCTION = map(schema, ("AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Lambda::Function"))
MADE_UP = Schema(
    "AWS::Made::Up",
    {
        "properties": {
            "Sets": {"type": "array", "insertionOrder": False, "items": {"type": "object"}},
            "Lists": {"type": "array", "items": {"type": "string"}},
            "Whole": {"type": "object", "properties": {"Fixed": {"type": "string"}, "Free": {"type": "string"}}},
        },
        "createOnlyProperties": ["/properties/Whole/Fixed"],
        "writeOnlyProperties": ["/properties/Whole/Secret"],
        "handlers": {"update": {}},
    },
)


@pytest.mark.slow
def test_every_type_that_is_shipped_can_be_made() -> None:
    names = [name for service in schemas.services() for name in service]
    assert len(names) > 1700
    for name in names:
        made = type_of_aws(name)
        assert made.type_name == name
        assert {*made.identity} <= {*made.schema.settable}


def test_texts_are_held_as_digests_and_numbers_are_kept() -> None:
    how = {"PasswordLength": 20, "SecretStringTemplate": '{"user": "me"}'}
    kept = hidden.held(SECRET, {"Name": "key", "SecretString": "hunter2", "GenerateSecretString": how})
    assert kept["Name"] == "key"
    assert kept["GenerateSecretString"]["PasswordLength"] == 20
    for text in (kept["SecretString"], kept["GenerateSecretString"]["SecretStringTemplate"]):
        assert text.startswith("pbkdf2-sha256:")
    assert hidden.held(SECRET, kept) == kept, "what is held already stays"
    assert hidden.held(SECRET, {"Name": "other", "SecretString": "hunter2"})["SecretString"] != kept["SecretString"]


def test_what_looks_like_a_secret_is_hidden_where_aws_shows_it() -> None:
    variables = {"DB_PASSWORD": "hunter2", "LEVEL": "debug"}
    pairs = [{"Key": "API_TOKEN", "Value": "hunter2"}, {"Key": "team", "Value": "blue"}]
    kept = hidden.held(FUNCTION, {"Environment": {"Variables": variables}, "Tags": pairs})
    assert kept["Environment"]["Variables"]["LEVEL"] == "debug"
    assert kept["Tags"][1] == pairs[1]
    assert kept["Tags"][0]["Key"] == "API_TOKEN"
    assert "hunter2" not in repr(kept)
    change = Change({"Variables": {**variables, "LEVEL": "info"}}, {"Variables": variables})
    told = hidden.told(FUNCTION, "Environment", change)
    assert told.old["Variables"] == {"DB_PASSWORD": HIDDEN, "LEVEL": "info"}
    assert told.new["Variables"] == {"DB_PASSWORD": HIDDEN_CHANGE, "LEVEL": "debug"}


@pytest.mark.parametrize(
    ("name", "live", "wanted", "same"),
    [
        ("Sets", [{"a": 1, "more": 2}, {"a": 3}], [{"a": 3}, {"a": 1}], True),
        ("Sets", [{"a": 1}], [{"a": 1}, {"a": 1}], False),
        ("Lists", ["a", "b"], ["b", "a"], False),
        ("Lists", ["1", "true"], [1, True], True),
        ("Whole", {"Free": "x", "theirs": 1}, {"Free": "x"}, True),
        ("Whole", '{"Free": "x"}', {"Free": "x"}, True),
        ("Whole", {"Free": "x"}, '{"Free": "x"}', True),
        ("Whole", "no JSON", {"Free": "x"}, False),
        ("Whole", {"Free": "x"}, {"Free": "x", "Secret": "never shown"}, True),
        ("Whole", None, {"Free": "x"}, False),
    ],
)
def test_what_is_declared_is_compared_and_nothing_else(name: str, live: Any, wanted: Any, same: bool) -> None:
    assert comparison.same(MADE_UP, name, live, wanted) is same


def test_a_patch_goes_leaf_by_leaf() -> None:
    live = {"Free": "x", "Fixed": "aws's", "Old/way": 1}
    before = {"Free": "x", "Old/way": 1}
    assert comparison.patch(MADE_UP, "Whole", live, {"Free": "y"}, before) == [
        {"op": "add", "path": "/Whole/Free", "value": "y"},
        {"op": "remove", "path": "/Whole/Old~1way"},
    ]
    assert comparison.patch(MADE_UP, "Whole", None, {"Free": "y"}, None) == [
        {"op": "add", "path": "/Whole", "value": {"Free": "y"}}
    ]


def test_a_list_keeps_what_aws_added_to_its_items() -> None:
    live = [{"id": 1, "arn": "x"}, {"id": 2, "arn": "y"}]
    (whole,) = comparison.patch(MADE_UP, "Sets", live, [{"id": 2}, {"id": 3}], None)
    assert whole["value"] == [{"id": 2, "arn": "y"}, {"id": 3}]


def test_a_part_that_cannot_change_is_named() -> None:
    fixed = MADE_UP.create_only
    assert comparison.differing(MADE_UP, fixed, {"Whole": {"Fixed": "a"}}, "Whole", {"Fixed": "b"}) == [
        ("Whole", "Fixed")
    ]
    assert comparison.differing(MADE_UP, fixed, {"Whole": {"Fixed": "a"}}, "Whole", {"Free": "b"}) == []


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("CreateResource", {"TypeName": "AWS::SQS::Queue", "DesiredState": "hunter2"}),
        ("UpdateResource", {"TypeName": "AWS::SQS::Queue", "PatchDocument": "hunter2"}),
    ],
)
def test_the_log_of_calls_shows_no_properties(operation: str, asked: dict[str, str]) -> None:
    model = botocore.session.get_session().get_service_model("cloudcontrol").operation_model(operation)
    told = redacted(asked, model.input_shape)
    assert told["TypeName"] == asked["TypeName"]
    assert "hunter2" not in repr(told)


def test_a_schema_says_what_names_a_resource() -> None:
    assert TABLE.identity == ("TableName",)
    assert schema("AWS::SQS::Queue").identity == ("QueueName",)
    assert schema("AWS::SQS::Queue").primary == ("QueueUrl",)
    assert schema("AWS::SSM::Parameter").tags_are_map
    assert not TABLE.tags_are_map


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("AWS::SQS::queue", "AWS::SQS::Queue"),
        ("AWS::DynamoDb::Table", "AWS::DynamoDB::Table"),
        ("AWS::SNS::Topc", "AWS::SNS::Topic"),
    ],
)
def test_a_mistyped_type_is_guessed(written: str, meant: str) -> None:
    assert meant in schemas.near(written)
