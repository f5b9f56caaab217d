"""The permissions of types by Cloud Control: whole lives under the printed policies, and the use of each part."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.declaration import STEPS
from provisioner.engine.own_code import PACKAGE
from provisioner.permissions.printed import printed
from provisioner.permissions.table import needed
from provisioner.resources.cloudcontrol.declare import CloudControl
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud, refused
from tests.cloud.policies import allowing, asked, denied, enforce, policy
from tests.cloud.rig import CONFIG, Rig
from tests.cloud.samples.cloudcontrol import PROPERTIES, declared


@pytest.fixture(autouse=True)
def own_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of the user's own, which declares one resource of each type."""
    for function in (everything, otherwise):
        monkeypatch.setattr(function, "__module__", f"{PACKAGE}.own")
    monkeypatch.setitem(STEPS, "own", everything)


def everything(stack: Stack) -> None:
    for name in PROPERTIES:
        stack.ensure(declared(name))


def otherwise(stack: Stack) -> None:
    stack.ensure(declared("AWS::SQS::Queue", VisibilityTimeout=60))
    stack.ensure(declared("AWS::SSM::Parameter", Value="changed"))
    for name in PROPERTIES.keys() - {"AWS::SQS::Queue", "AWS::SSM::Parameter"}:
        stack.ensure(declared(name))


def under(rig: Rig, **more: Any) -> None:
    """Put the printed policies in force."""
    enforce(rig.cloud, *printed(CONFIG, account=None, **more).values())


def test_whole_life_passes_under_the_printed_policy(rig: Rig) -> None:
    under(rig)
    rig.up(everything).ok()
    rig.up(otherwise).ok()
    assert rig.plan(otherwise) == []
    rig.down().ok()
    assert denied(asked(rig.cloud)) == []


def test_the_plan_passes_under_the_policy_for_readers(rig: Rig) -> None:
    rig.up(everything).ok()
    under(rig, read_only=True)
    assert rig.plan(everything) == []
    outcome = rig.up(otherwise)
    assert "AccessDenied" in str(list(outcome.failures().values()))


def test_the_handlers_permissions_are_of_no_use_directly(rig: Rig) -> None:
    under(rig)
    with refused("AccessDenied"):
        rig.cloud.client("sqs").create_queue(QueueName="mine")


def test_a_handler_is_refused_what_its_caller_may_not(cloud: EmbeddedCloud) -> None:
    enforce(cloud, policy(allowing("cloudformation:*")))
    control = cloud.client("cloudcontrol")
    event = control.create_resource(TypeName="AWS::SQS::Queue", DesiredState='{"QueueName": "jobs"}')["ProgressEvent"]
    cloud.advance(60)
    event = control.get_resource_request_status(RequestToken=event["RequestToken"])["ProgressEvent"]
    assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "AccessDenied")
    assert "not authorized to perform: sqs:" in event["StatusMessage"]
    via = allowing("sqs:*") | {"Condition": {"Bool": {"aws:ViaAWSService": "true"}}}
    enforce(cloud, policy(allowing("cloudformation:*"), via))
    with refused("AccessDenied"):
        cloud.client("sqs").create_queue(QueueName="jobs")
    event = control.create_resource(TypeName="AWS::SQS::Queue", DesiredState='{"QueueName": "jobs"}')["ProgressEvent"]
    cloud.advance(60)
    event = control.get_resource_request_status(RequestToken=event["RequestToken"])["ProgressEvent"]
    assert event["OperationStatus"] == "SUCCESS"


def test_nothing_is_asked_for_where_no_such_type_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(STEPS, "own")
    assert [it.name for it in needed(CONFIG) if it.service == "cloudformation"] == []


def test_a_role_is_passed_to_the_types_own_service_only() -> None:
    function = CloudControl("work", "AWS::Lambda::Function", {"Code": {}, "Role": "arn:aws:iam::123456789012:role/x"})
    (passed,) = [it for it in type(function).permissions if it.name == "iam:PassRole"]
    assert passed.resources == ("arn:{partition}:iam::{account}:role{role_path}{stack}-*",)
    assert passed.conditions == (("StringEquals", "iam:PassedToService", ("lambda.amazonaws.com",)),)
    statements = [it for one in printed(CONFIG, account=None).values() for it in one["Statement"]]
    assert all(it["Resource"] != "*" for it in statements if "iam:PassRole" in it["Action"])
