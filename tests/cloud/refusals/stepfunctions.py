"""Refusals by Step Functions."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene

case = partial(Case, "stepfunctions")
SPEC = "https://states-language.net/"
TRUST = "https://github.com/awsdocs/aws-step-functions-developer-guide/issues/23"
NOTHING = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:nothing"


def definition(**more: Any) -> dict[str, Any]:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {"TaskDefinition": "any"},
        "End": True,
    }
    return {"StartAt": "Run", "States": {"Run": {**state, **more}}}


def create(scene: Scene, states: Any, text: str = "", **more: Any) -> Any:
    asked = {"name": scene.name("machine"), "definition": text or json.dumps(definition()), "roleArn": NOTHING}
    return states.create_state_machine(**{**asked, **more})


CASES = (
    case("CreateStateMachine", "with a definition that is no JSON", "InvalidDefinition", ERRORS,
        lambda s, c: create(s, c, "StartAt: Run"), "INVALID_JSON_DESCRIPTION"),
    case("CreateStateMachine", "without a first state", "InvalidDefinition", SPEC,
        lambda s, c: create(s, c, json.dumps({"States": {}})), "StartAt"),
    case("CreateStateMachine", "with a state that goes nowhere", "InvalidDefinition", SPEC,
        lambda s, c: create(s, c, json.dumps(definition(End=False))), "End"),
    case("CreateStateMachine", "with a retrier for no error", "InvalidDefinition", SPEC,
        lambda s, c: create(s, c, json.dumps(definition(Retry=[{"MaxAttempts": 1}]))), "ErrorEquals"),
    case("CreateStateMachine", "with a blank in the name", "InvalidName", ERRORS,
        lambda s, c: create(s, c, name="by night")),
    case("CreateStateMachine", "with a role that does not exist", "AccessDeniedException", TRUST,
        lambda s, c: create(s, c, roleArn="arn:aws:iam::123456789012:role/nobody"), "assume the provided role"),
    case("DescribeStateMachine", "that is unknown", "StateMachineDoesNotExist", ERRORS,
        lambda s, c: c.describe_state_machine(stateMachineArn=NOTHING)),
    case("StartExecution", "of an unknown state machine", "StateMachineDoesNotExist", ERRORS,
        lambda s, c: c.start_execution(stateMachineArn=NOTHING)),
    case("StopExecution", "that is unknown", "ExecutionDoesNotExist", ERRORS,
        lambda s, c: c.stop_execution(executionArn=NOTHING.replace("stateMachine", "execution") + ":one")),
    case("TagResource", "of an unknown state machine", "ResourceNotFound", ERRORS,
        lambda s, c: c.tag_resource(resourceArn=NOTHING, tags=[{"key": "a", "value": "1"}])),
)  # fmt: skip
