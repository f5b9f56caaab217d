"""The operations of the Cloud Control API, and CloudFormation's DescribeType."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from ecs_emulator import calls, cloudformation
from ecs_emulator.cloudcontrol import on_behalf, requests
from ecs_emulator.cloudcontrol.on_behalf import Api
from ecs_emulator.cloudcontrol.patches import NoSuchPath, patched
from ecs_emulator.cloudcontrol.requests import REQUESTS, Refused, Request
from ecs_emulator.cloudcontrol.schemas import Model, Schema, at, known_names, schema_of
from ecs_emulator.cloudcontrol.types import TYPES
from ecs_emulator.cloudcontrol.types.handlers import Handlers
from ecs_emulator.errors import Answer, error_answer, unknown_operation
from ecs_emulator.patch import on_reset
from ecs_emulator.wsgi import Environ

_NO_RESOURCE = "Resource of type '{}' with identifier '{}' was not found."
_NO_TYPE = "The type '{}' cannot be found."

Asked = Mapping[str, Any]
PAGE = 100
"""Entries per page (API_ListResourceRequests: 100 at most; ListResources documents no number)."""
_PAGES: dict[str, list[Any]] = {}
on_reset(_PAGES.clear)


class Service:
    """The Cloud Control API of one embedded cloud.

    Args:
        call: answers each API call that a handler makes.
    """

    def __init__(self, call: Callable[[Environ], Answer]) -> None:
        self._clients = cache(lambda key, region, host: on_behalf.clients(call, key, region, host))

    def answer(self, environ: Environ, operation: str) -> Answer:
        """Answer one call. Callers hold the cloud's lock."""
        service, region = calls.scope(environ)
        requests.settle()
        try:
            if service == "cloudformation":
                return _described(environ)
            if operation not in _OPERATIONS:
                return unknown_operation(environ, operation)
            asked = json.loads(environ["wsgi.input"].getvalue() or b"{}")
            found = _OPERATIONS[operation](
                asked, region, self._clients(calls.signer(environ), region, environ["HTTP_HOST"])
            )
        except Refused as refusal:
            return error_answer(environ, 400, refusal.code, str(refusal))
        except ClientError as error:
            code, words = requests.handler_error(error)
            return error_answer(environ, 400, _EXCEPTIONS.get(code, "GeneralServiceException"), words)
        except ParamValidationError as error:
            return error_answer(environ, 400, "InvalidRequestException", str(error))
        except BotoCoreError as error:
            return error_answer(environ, 400, "NetworkFailureException", str(error))
        return 200, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(found).encode()


# the errors of a read, which come in the answer and not in an event (API reference, errors of GetResource)
_EXCEPTIONS = {
    "AccessDenied": "AccessDeniedException",
    "InvalidRequest": "InvalidRequestException",
    "NotFound": "ResourceNotFoundException",
    "ServiceInternalError": "ServiceInternalErrorException",
    "Throttling": "ThrottlingException",
}


def _type(asked: Asked, action: str) -> tuple[Schema, Handlers]:
    """Return the schema and the handlers of the type in the request.

    Raises:
        Refused: the type does not exist, is not offered here, or does not support the action.
    """
    name = str(asked.get("TypeName", ""))
    schema = schema_of(name)
    if schema is None and name not in known_names():
        raise Refused("TypeNotFoundException", _NO_TYPE.format(name))
    if schema is None:
        raise Refused("UnsupportedActionException", f"The embedded cloud does not offer {name} by Cloud Control.")
    if not schema.offers(action):
        raise Refused("UnsupportedActionException", f"Resource type {name} does not support {action} action")
    return schema, TYPES[name]


def _begin(request: Request) -> dict[str, Any]:
    return {"ProgressEvent": requests.begin(request).event()}


def _request(asked: Asked, region: str, operation: str, content: str, act: Callable[[Request], None]) -> Request:
    token = str(asked.get("ClientToken") or secrets.token_hex(16))
    identifier = str(asked.get("Identifier", ""))
    return Request(region, str(asked["TypeName"]), operation, f"{identifier} {content}", token, act, identifier)


def _parsed(text: Any, what: str) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        raise Refused("ValidationException", f"{what} is not valid JSON") from None


def _invalid(wrong: Iterable[str]) -> str:
    joined = "\n".join(wrong)
    return f"Model validation failed ({joined})"


def _create(asked: Asked, region: str, api: Api) -> dict[str, Any]:
    """CreateResource: report errors of the model in the event, like the errors of a handler."""
    schema, handlers = _type(asked, "CREATE")
    desired = _parsed(asked.get("DesiredState"), "DesiredState")

    def act(request: Request) -> None:
        if wrong := schema.mistakes(desired):
            raise Refused("InvalidRequest", _invalid(wrong))
        if fixed := [name for name in desired if name in schema.whole("readOnlyProperties")]:
            words = f"Encountered unsupported properties in {{/}}: [{', '.join(fixed)}]"
            raise Refused("InvalidRequest", words)
        if (there := handlers.named(api, desired)) and handlers.read(api, there) is not None:
            words = f"Resource of type '{schema.name}' with identifier '{there}' already exists."
            raise Refused("AlreadyExists", words)
        request.identifier = handlers.create(api, desired)

    return _begin(_request(asked, region, "CREATE", str(asked["DesiredState"]), act))


def _read(schema: Schema, handlers: Handlers, asked: Asked, api: Api) -> dict[str, Any]:
    identifier = str(asked.get("Identifier", ""))
    model = handlers.read(api, identifier)
    if model is None:
        words = _NO_RESOURCE.format(schema.name, identifier)
        raise Refused("ResourceNotFoundException", words)
    hidden = schema.whole("writeOnlyProperties")
    return {name: value for name, value in model.items() if value is not None and name not in hidden}


def _get(asked: Asked, region: str, api: Api) -> dict[str, Any]:
    """Answer GetResource."""
    schema, handlers = _type(asked, "READ")
    model = _read(schema, handlers, asked, api)
    described = {"Identifier": asked["Identifier"], "Properties": json.dumps(model)}
    return {"TypeName": schema.name, "ResourceDescription": described}


def _list(asked: Asked, region: str, api: Api) -> dict[str, Any]:
    """ListResources: show only the identifier of each resource; AWS promises no more."""
    schema, handlers = _type(asked, "LIST")
    (primary,) = schema.paths("primaryIdentifier")
    found = [
        {"Identifier": one, "Properties": json.dumps({primary[0]: one})}
        for one in ([] if "NextToken" in asked else handlers.list(api))
    ]
    return {"TypeName": schema.name, **_page(asked, found, "ResourceDescriptions", PAGE)}


def _update(asked: Asked, region: str, api: Api) -> dict[str, Any]:
    """UpdateResource: apply the patch to the present model and check the result before answering.

    Messages: pulumi-aws-native#2936, cloudformation-coverage-roadmap#2205, java-json-tools/json-patch#31.
    """
    schema, handlers = _type(asked, "UPDATE")
    before = _read(schema, handlers, asked, api)
    document = _parsed(asked.get("PatchDocument"), "PatchDocument")
    try:
        after = patched(before, document)
    except NoSuchPath:
        raise Refused("ValidationException", "no such path in target JSON document") from None
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("ValidationException", f"Invalid patch document: {error}") from None
    for key in ("readOnlyProperties", "createOnlyProperties"):
        if barred := [path for path in schema.paths(key) if [*at(before, path)] != [*at(after, path)]]:
            named = ", ".join(f"/properties/{'/'.join(path)}" for path in barred)
            raise Refused("NotUpdatableException", f"Invalid patch update: {key} [{named}] cannot be updated")
    if wrong := schema.mistakes(after):
        raise Refused("ValidationException", _invalid(wrong))
    identifier = str(asked["Identifier"])

    def act(request: Request) -> None:
        handlers.update(api, identifier, before, after)

    return _begin(_request(asked, region, "UPDATE", str(asked["PatchDocument"]), act))


def _delete(asked: Asked, region: str, api: Api) -> dict[str, Any]:
    """DeleteResource: report a missing resource in the event (CloudFormation CLI guide, delete handlers: NotFound)."""
    schema, handlers = _type(asked, "DELETE")
    identifier = str(asked.get("Identifier", ""))

    def act(request: Request) -> None:
        model = handlers.read(api, identifier)
        if model is None:
            words = _NO_RESOURCE.format(schema.name, identifier)
            raise Refused("NotFound", words)
        handlers.delete(api, identifier, model)

    return _begin(_request(asked, region, "DELETE", "", act))


def _known(asked: Asked, region: str) -> Request:
    request = REQUESTS.get(str(asked.get("RequestToken", "")))
    if request is None or request.region != region:
        raise Refused("RequestTokenNotFoundException", f"Request with token {asked.get('RequestToken')} was not found.")
    return request


def _status(asked: Asked, region: str, api: Api) -> dict[str, Any]:
    """Answer GetResourceRequestStatus."""
    return {"ProgressEvent": _known(asked, region).event()}


def _cancel(asked: Asked, region: str, api: Api) -> dict[str, Any]:
    """CancelResourceRequest: refuse a request that is neither PENDING nor IN_PROGRESS."""
    request = _known(asked, region)
    if request.status not in ("PENDING", "IN_PROGRESS"):
        words = f"Request with token {request.token} is {request.status} and cannot be cancelled."
        raise Refused("ConcurrentModificationException", words)
    request.cancel()
    return {"ProgressEvent": request.event()}


def _requests(asked: Asked, region: str, api: Api) -> dict[str, Any]:
    """Answer ListResourceRequests."""
    wanted = asked.get("ResourceRequestStatusFilter", {})
    found = [
        one.event()
        for one in REQUESTS.values()
        if one.region == region
        and one.status in (wanted.get("OperationStatuses") or [one.status])
        and one.operation in (wanted.get("Operations") or [one.operation])
    ]
    return _page(asked, found, "ResourceRequestStatusSummaries", int(asked.get("MaxResults", PAGE)))


def _page(asked: Asked, found: list[Any], name: str, size: int) -> dict[str, Any]:
    """Return one page of a list, and a token for the rest of the list as it is now."""
    if token := asked.get("NextToken"):
        if token not in _PAGES:
            raise Refused("ValidationException", "Invalid NextToken")
        found = _PAGES[token]
    if len(found) <= size:
        return {name: found}
    rest = secrets.token_urlsafe(24)
    _PAGES[rest] = found[size:]
    return {name: found[:size], "NextToken": rest}


_OPERATIONS: Mapping[str, Callable[[Asked, str, Api], dict[str, Any]]] = {
    "CancelResourceRequest": _cancel,
    "CreateResource": _create,
    "DeleteResource": _delete,
    "GetResource": _get,
    "GetResourceRequestStatus": _status,
    "ListResourceRequests": _requests,
    "ListResources": _list,
    "UpdateResource": _update,
}


def _described(environ: Environ) -> Answer:
    """Answer DescribeType with a resource type's schema: the only operation of CloudFormation that arrives here."""
    name = cloudformation.asked(environ).get("TypeName", "")
    schema = schema_of(name)
    if schema is None:
        return error_answer(environ, 404, "TypeNotFoundException", _NO_TYPE.format(name))
    arn = f"arn:aws:cloudformation:{calls.scope(environ)[1]}::type/resource/{name.replace('::', '-')}"
    shown: dict[str, Model | str] = {
        "Arn": arn,
        "Type": "RESOURCE",
        "TypeName": name,
        "Schema": json.dumps(schema.content),
        "ProvisioningType": "FULLY_MUTABLE" if schema.offers("UPDATE") else "IMMUTABLE",
        "DeprecatedStatus": "LIVE",
        "Visibility": "PUBLIC",
    }
    return cloudformation.answered("DescribeType", cloudformation.elements(shown))
