"""Values left out of the log and of messages: all that AWS's own models mark as sensitive, and no others."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from provisioner.aws.client import Aws
from provisioner.aws.errors import explained
from provisioner.aws.redaction import redacted, secrets_in, without_secret_variables, without_secrets
from provisioner.engine.planning.actions import HIDDEN, HIDDEN_CHANGE
from tests.ways import way

PASSWORD = "correct-horse-battery-staple-0001"


@cache
def model(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


@cache
def session() -> boto3.Session:
    return boto3.Session("testing", "testing", region_name="ap-northeast-1")


@pytest.fixture
def aws() -> Aws:
    return way(session(), endpoint="http://127.0.0.1:9")


CLUSTER = {"DBClusterIdentifier": "shop", "Engine": "aurora-mysql", "MasterUserPassword": PASSWORD}
CONTAINER = {"name": "web", "image": "web:1", "environment": [{"name": "API_KEY", "value": PASSWORD}]}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "shown"),
    [
        ("rds", "CreateDBCluster", CLUSTER, CLUSTER | {"MasterUserPassword": HIDDEN}),
        (
            "ssm",
            "PutParameter",
            {"Name": "/a", "Type": "SecureString", "Value": PASSWORD},
            {"Name": "/a", "Type": "SecureString", "Value": HIDDEN},
        ),
        (
            "ecs",
            "RegisterTaskDefinition",
            {"family": "web", "containerDefinitions": [CONTAINER]},
            {"family": "web", "containerDefinitions": [CONTAINER | {"environment": HIDDEN}]},
        ),
        (
            "ec2",
            "CreateLaunchTemplate",
            {"LaunchTemplateName": "a", "LaunchTemplateData": {"UserData": PASSWORD, "ImageId": "ami-1"}},
            {"LaunchTemplateName": "a", "LaunchTemplateData": {"UserData": HIDDEN, "ImageId": "ami-1"}},
        ),
        (
            "s3",
            "PutObject",
            {"Bucket": "a", "Key": "b", "Body": b"12345"},
            {"Bucket": "a", "Key": "b", "Body": "(5 bytes)"},
        ),
        ("ec2", "DescribeVpcs", {"VpcIds": ["vpc-1"], "NextToken": None}, {"VpcIds": ["vpc-1"], "NextToken": None}),
        ("ec2", "DescribeVpcs", {"Unheard": PASSWORD}, {"Unheard": HIDDEN}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_secrets_are_left_out_of_parameters(
    service: str, operation: str, parameters: dict[str, Any], shown: dict[str, Any]
) -> None:
    assert redacted(parameters, model(service, operation).input_shape) == shown


@pytest.mark.parametrize(
    ("service", "operation", "answer"),
    [
        ("ssm", "GetParameter", {"Parameter": {"Name": "/a", "Value": PASSWORD}}),
        ("ssm", "GetParametersByPath", {"Parameters": [{"Value": PASSWORD}]}),
        ("ecr", "GetAuthorizationToken", {"authorizationData": [{"authorizationToken": PASSWORD}]}),
        ("sts", "AssumeRole", {"Credentials": {"SecretAccessKey": PASSWORD, "SessionToken": PASSWORD}}),
        ("rds", "DescribeDBClusters", {"DBClusters": [{"PendingModifiedValues": {"MasterUserPassword": PASSWORD}}]}),
        ("ecs", "DescribeTaskDefinition", {"taskDefinition": {"containerDefinitions": [CONTAINER]}}),
        ("ecs", "ExecuteCommand", {"session": {"tokenValue": PASSWORD}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_secrets_are_left_out_of_answers(service: str, operation: str, answer: dict[str, Any]) -> None:
    shown = str(redacted(answer, model(service, operation).output_shape))
    assert PASSWORD not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    ("service", "operation", "path"),
    [
        ("rds", "CreateDBCluster", ["MasterUserPassword"]),
        ("rds", "ModifyDBCluster", ["MasterUserPassword"]),
        ("ssm", "PutParameter", ["Value"]),
        ("ecs", "RegisterTaskDefinition", ["containerDefinitions", "member", "environment"]),
        ("ec2", "CreateLaunchTemplate", ["LaunchTemplateData", "UserData"]),
        ("ec2", "CreateLaunchTemplateVersion", ["LaunchTemplateData", "UserData"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_aws_s_own_model_marks_what_this_stack_sends(service: str, operation: str, path: list[str]) -> None:
    shape = model(service, operation).input_shape
    for name in path:
        shape = shape.member if name == "member" else shape.members[name]
    assert shape.metadata.get("sensitive")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.just(PASSWORD),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["MasterUserPassword", "Value", "Parameter", "environment", "containerDefinitions", "x"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(anything)
def test_a_wrong_form_is_no_error_and_shows_no_secret(value: Any) -> None:
    for service, operation in (("rds", "CreateDBCluster"), ("ssm", "PutParameter")):
        shape = model(service, operation).input_shape
        redacted(value, shape)
        assert list(secrets_in({"MasterUserPassword": value}, model("rds", "CreateDBCluster").input_shape)) == [
            text for text in _texts(value) if len(text) >= 8
        ]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def test_short_values_are_not_looked_for_in_messages() -> None:
    parameters = {"containerDefinitions": [{"environment": [{"name": "PORT", "value": "80"}]}]}
    shape = model("ecs", "RegisterTaskDefinition").input_shape
    assert without_secrets("80 is no port", parameters, shape) == "80 is no port"


@pytest.mark.parametrize("password", [PASSWORD.encode(), [PASSWORD], {"a": PASSWORD}], ids=["bytes", "list", "table"])
def test_botocores_refusal_of_a_parameter_shows_no_secret(aws: Aws, password: Any) -> None:
    with pytest.raises(ParamValidationError) as caught:
        aws.client("rds").create_db_cluster(**CLUSTER | {"MasterUserPassword": password})
    assert PASSWORD not in str(caught.value) + str(explained(caught.value))
    assert "secret" in str(caught.value)


def test_botocore_s_refusal_of_another_parameter_says_which(aws: Aws) -> None:
    with pytest.raises(ParamValidationError, match="BackupRetentionPeriod, value: a week") as caught:
        aws.client("rds").create_db_cluster(**CLUSTER, BackupRetentionPeriod="a week", Unknown=PASSWORD)
    assert PASSWORD not in str(caught.value)
    with pytest.raises(ParamValidationError, match="Missing required parameter"):
        aws.client("rds").create_db_cluster(MasterUserPassword=PASSWORD)


@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [
        ("rds", "create_db_cluster", CLUSTER),
        ("ssm", "put_parameter", {"Name": "/a", "Type": "SecureString", "Value": PASSWORD}),
    ],
    ids=["rds", "ssm"],
)
def test_aws_s_refusal_does_not_repeat_a_secret(
    aws: Aws, service: str, method: str, parameters: dict[str, Any]
) -> None:
    client = aws.client(service)
    with Stubber(client) as stub:
        stub.add_client_error(method, "InvalidParameterValue", f"the value {PASSWORD} is refused")
        with pytest.raises(ClientError) as caught:
            getattr(client, method)(**parameters)
    assert PASSWORD not in str(caught.value) + str(caught.value.response) + str(explained(caught.value))
    assert f"the value {HIDDEN} is refused" in str(caught.value)


def containers(**variables: str) -> list[dict[str, Any]]:
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return [{"name": "web", "image": "web:1", "environment": environment}, {"name": "bare"}]


def test_variables_that_look_like_secrets_are_hidden() -> None:
    old = containers(API_KEY="one", LEVEL="info", OLD_TOKEN="two", SAME_TOKEN="three", LINK="https://a.example.com")
    new = containers(
        API_KEY="four", LEVEL="debug", NEW_TOKEN="five", SAME_TOKEN="three", LINK="https://u:p@a.example.com"
    )
    assert without_secret_variables(old, new) == (
        containers(API_KEY=HIDDEN, LEVEL="info", OLD_TOKEN=HIDDEN, SAME_TOKEN=HIDDEN, LINK=HIDDEN),
        containers(API_KEY=HIDDEN_CHANGE, LEVEL="debug", NEW_TOKEN=HIDDEN, SAME_TOKEN=HIDDEN, LINK=HIDDEN_CHANGE),
    )
    assert old[0]["environment"][0]["value"] == "one", "what is compared keeps its values"
    assert without_secret_variables(None, containers(API_KEY="one")) == (None, containers(API_KEY=HIDDEN))
    assert without_secret_variables(containers(A="b"), containers(A="c")) == (containers(A="b"), containers(A="c"))
