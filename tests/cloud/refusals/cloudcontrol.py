"""Refusals by Cloud Control: of the call, or in the event of the request."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter

case = partial(Case, "cloudcontrol")
QUEUE, SETTING = "AWS::SQS::Queue", "AWS::SSM::Parameter"
PATCH = "https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/resource-operations-update.html"
HANDLERS = "https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html"
FIXED = "https://github.com/pulumi/pulumi-aws-native/issues/2936"
REQUIRED = "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2205"


def ended(scene: Scene, c: Any, answer: Any) -> dict[str, Any]:
    """Let a request end, and return its last event."""
    scene.advance(60)
    token = answer["ProgressEvent"]["RequestToken"]
    return dict(c.get_resource_request_status(RequestToken=token)["ProgressEvent"])


def create(scene: Scene, c: Any, model: dict[str, Any], name: str = QUEUE, **more: Any) -> dict[str, Any]:
    """Create a resource, and return the last event of the request."""
    return ended(scene, c, c.create_resource(TypeName=name, DesiredState=json.dumps(model), **more))


def code(event: dict[str, Any]) -> str:
    """Return the error code of a failed request."""
    return str(event.get("ErrorCode", "(accepted)"))


@once
def queue(scene: Scene) -> str:
    """A queue."""
    return str(create(scene, scene.client("cloudcontrol"), {"QueueName": scene.name("queue")})["Identifier"])


@once
def setting(scene: Scene) -> str:
    """A parameter."""
    model = {"Name": f"/{scene.name('setting')}", "Type": "String", "Value": "x"}
    return str(create(scene, scene.client("cloudcontrol"), model, SETTING)["Identifier"])


def patch(scene: Scene, c: Any, *operations: dict[str, Any]) -> Any:
    """Change the queue."""
    return c.update_resource(TypeName=QUEUE, Identifier=queue(scene), PatchDocument=json.dumps(operations))


def twice(scene: Scene, c: Any) -> Any:
    """Use a token for another resource."""
    token = scene.name("token")
    for name in (scene.name("queue"), scene.name("queue")):
        c.create_resource(TypeName=QUEUE, DesiredState=json.dumps({"QueueName": name}), ClientToken=token)


def meanwhile(scene: Scene, call: Callable[[], Any]) -> None:
    """Make a call about the queue while it is being changed."""
    patch(scene, scene.client("cloudcontrol"), {"op": "add", "path": "/DelaySeconds", "value": 3})
    try:
        call()
    finally:
        scene.advance(60)


def over(scene: Scene, c: Any) -> Any:
    """Cancel a request that has ended."""
    token = create(scene, c, {"QueueName": scene.name("queue")})["RequestToken"]
    c.cancel_resource_request(RequestToken=token)


def again(scene: Scene, c: Any) -> str:
    """Create a queue of a name in use."""
    name = queue(scene).rpartition("/")[2]
    return code(create(scene, c, {"QueueName": name}))


CASES = (
    case("GetResource", "of a type that does not exist", "TypeNotFoundException", ERRORS,
        lambda s, c: c.get_resource(TypeName="AWS::SQS::Nothing", Identifier="x")),
    case("GetResource", "of a resource that does not exist", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.get_resource(TypeName=SETTING, Identifier="/none")),
    case("UpdateResource", "of a resource that does not exist", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.update_resource(TypeName=SETTING, Identifier="/none", PatchDocument="[]")),
    case("UpdateResource", "of what only a creation sets", "NotUpdatableException", FIXED,
        lambda s, c: patch(s, c, {"op": "add", "path": "/QueueName", "value": "x"}), "createOnlyProperties"),
    case("UpdateResource", "of what only AWS sets", "NotUpdatableException", ERRORS,
        lambda s, c: patch(s, c, {"op": "remove", "path": "/Arn"}), "readOnlyProperties"),
    case("UpdateResource", "by a patch of what is not there", "ValidationException", PATCH,
        lambda s, c: patch(s, c, {"op": "replace", "path": "/RedrivePolicy/maxReceiveCount", "value": 1})),
    case("UpdateResource", "that leaves out what is required", "ValidationException", REQUIRED,
        lambda s, c: c.update_resource(TypeName=SETTING, Identifier=setting(s), PatchDocument=json.dumps(
            [{"op": "remove", "path": "/Value"}])), "required key [Value] not found"),
    case("UpdateResource", "while another operation goes on", "ConcurrentOperationException", ERRORS,
        lambda s, c: meanwhile(s, lambda: patch(s, c, {"op": "add", "path": "/DelaySeconds", "value": 9}))),
    case("DeleteResource", "while another operation goes on", "ConcurrentOperationException", ERRORS,
        lambda s, c: meanwhile(s, lambda: c.delete_resource(TypeName=QUEUE, Identifier=queue(s)))),
    case("DeleteResource", "of a resource that does not exist, in the event", "NotFound", HANDLERS,
        lambda s, c: code(ended(s, c, c.delete_resource(TypeName=SETTING, Identifier="/none")))),
    case("CreateResource", "with a client token of another request", "ClientTokenConflictException", ERRORS, twice),
    case("CreateResource", "with a name in use, in the event", "AlreadyExists", HANDLERS, again),
    case("CreateResource", "with a property that there is not, in the event", "InvalidRequest", HANDLERS,
        lambda s, c: code(create(s, c, {"Nonsense": 1}))),
    case("CreateResource", "with a property that only AWS sets, in the event", "InvalidRequest", HANDLERS,
        lambda s, c: code(create(s, c, {"Arn": "x"}))),
    case("CreateResource", "with a value of another sort, in the event", "InvalidRequest", HANDLERS,
        lambda s, c: code(create(s, c, {"DelaySeconds": "long"}))),
    case("CreateResource", "without what is required, in the event", "InvalidRequest", HANDLERS,
        lambda s, c: code(create(s, c, {"Name": "/x"}, SETTING))),
    case("CreateResource", "with what the type's own service refuses, in the event", "InvalidRequest", HANDLERS,
        lambda s, c: code(create(s, c, {"Name": "ends/", "Type": "String", "Value": "x"}, SETTING))),
    case("CreateResource", "with a desired state that is not JSON", "ValidationException", parameter("DesiredState"),
        lambda s, c: c.create_resource(TypeName=QUEUE, DesiredState="{")),
    case("GetResourceRequestStatus", "of a request that does not exist", "RequestTokenNotFoundException", ERRORS,
        lambda s, c: c.get_resource_request_status(RequestToken="none")),
    case("CancelResourceRequest", "of a request that has ended", "ConcurrentModificationException", ERRORS, over),
    case("CancelResourceRequest", "of a request that does not exist", "RequestTokenNotFoundException", ERRORS,
        lambda s, c: c.cancel_resource_request(RequestToken="none")),
)  # fmt: skip
