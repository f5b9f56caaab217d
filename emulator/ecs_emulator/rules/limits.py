"""Limits on names and values, as the services' own models state them: length, range, pattern, choice.

The lengths of lists hold for every service, whatever it checks otherwise: a caller that sends one too many is refused.
Services that are built on AWS's common framework check every member of a request by the model before anything else,
and answer alike (seen with IAM, Auto Scaling, ACM, Cloud Map and others: "1 validation error detected: Value 'x' at
'roleName' failed to satisfy constraint: Member must …"). ECR makes the same checks with messages of its own.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model

from ecs_emulator.patch import ServiceError, refuse, wrap
from ecs_emulator.rules import characters, offered
from ecs_emulator.services.apis import APIS

Fault = Callable[[Any, Any], str]

# Java's character classes, which Python's regular expressions lack; in patterns they stand inside brackets.
_JAVA = {
    r"\p{L}": "a-zA-Z\u00aa-\uffdc",
    r"\p{N}": "0-9",
    r"\p{Z}": " \u00a0\u2000-\u200a\u3000",
    r"\p{Print}": r"[\x20-\x7e]",
    r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
}


@wrap(BaseResponse, "call_action")
def call_action(original: Any, self: Any) -> TYPE_RESPONSE:
    """Check each request before its operation: by the service's model where AWS does, and for XML's characters."""
    answer: TYPE_RESPONSE = refused(self) or original(self)
    return answer


def refused(response: Any) -> TYPE_RESPONSE | None:
    """Return the error answer to a request that is not allowed by the service's model, XML or this cloud; else None."""
    service = response.boto3_service_name
    invalid = APIS[service].invalid if service in APIS else ""
    if service in APIS:
        model = get_service_model(service)
        action = response._get_action()
        # EC2's DryRun comes before
        if service != "ec2" and (words := offered.words(service, action, _request(response))):
            return _refused(response, words, invalid or "InvalidParameterValue")
        if action in model.operation_names and (errors := list(_errors(response, model.operation_model(action)))):
            return _refused(response, _message(service, errors), _code(service))
    words = characters.fault(response)
    return _refused(response, words, invalid or "InvalidParameterValue") if words else None


def check_lists(service: str, action: str, request: Any) -> None:
    """Refuse a parsed request with a list that is longer than the service's model allows."""
    shape = get_service_model(service).operation_model(action).input_shape
    if shape is not None and (errors := list(_check(shape, request, "", _too_long))):
        refuse(_code(service), _message(service, errors))


def _code(service: str) -> str:
    """Return the error code for requests that the service's model does not allow; of some, for too long lists only."""
    return APIS[service].invalid or APIS[service].too_long


def _refused(response: Any, words: str, code: str) -> TYPE_RESPONSE:
    answer: TYPE_RESPONSE = response.serialized(ActionResult(ServiceError(code, words)))
    return answer


def _message(service: str, errors: list[tuple[str, str, str]]) -> str:
    if service == "ecr":
        _, name, words = errors[0]
        return f"Invalid parameter at '{name}' failed to satisfy constraint: '{words.removeprefix('Member ')}'"
    texts = [
        f"Value '{characters.in_xml(str(value))}' at '{name}' failed to satisfy constraint: {words}"
        for value, name, words in errors
    ]
    return f"{len(texts)} validation error{'s' * (len(texts) > 1)} detected: {'; '.join(texts)}"


def _errors(response: Any, operation: Any) -> Iterator[tuple[str, str, str]]:
    if operation.input_shape is None:
        return
    request = _request(response)
    whole = bool(APIS[response.boto3_service_name].invalid)
    yield from _check(operation.input_shape, request, "", _fault if whole else _too_long)


def _request(response: Any) -> Any:
    """Return the members of a request; none if it cannot be read."""
    if response.automated_parameter_parsing:
        return response.params
    try:
        found = json.loads(response.body or "{}")
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _check(shape: Any, value: Any, path: str, fault: Fault) -> Iterator[tuple[str, str, str]]:
    """Yield (value, path, constraint) for each part of `value` that violates the model.

    Args:
        fault: returns the constraint that a single value violates.
    """
    if value is None:
        return
    words = fault(shape, value)
    if words:
        yield (value if isinstance(value, str | int | float) else "[...]"), path, f"Member {words}"  # type: ignore[misc]
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in shape.members.items():
            yield from _check(member, value.get(name), f"{path}.{_lower(name)}" if path else _lower(name), fault)
    if shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _check(shape.member, item, f"{path}.{number}.member", fault)
    if shape.type_name == "map" and isinstance(value, dict):
        for what, part, given in (("key", shape.key, value.keys()), ("value", shape.value, value.values())):
            if any(fault(part, one) for one in given):
                pairs = ", ".join(f"{name}={one}" for name, one in value.items())
                yield f"{{{pairs}}}", path, f"Map {what} must satisfy constraint: [{_constraints(part)}]"


def _constraints(shape: Any) -> str:
    """Return all constraints on a map's keys or values: AWS lists all if one is violated (cloud-custodian#2520)."""
    named = {
        "max": "Member must have length less than or equal to {}",
        "min": "Member must have length greater than or equal to {}",
        "pattern": "Member must satisfy regular expression pattern: {}",
    }
    return ", ".join(text.format(shape.metadata[name]) for name, text in named.items() if name in shape.metadata)


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _fault(shape: Any, value: Any) -> str:
    """Return the constraint that a value violates, as `must have length …`; empty if it violates none."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _outside("value", value, least, most)
    if isinstance(value, str | list | dict) and shape.type_name != "structure":
        return _outside("length", len(value), least, most) or (_misspelt(shape, value) if value else "")
    return ""


def _too_long(shape: Any, value: Any) -> str:
    """Return the constraint that a list violates by its length; empty for all other values."""
    return _outside("length", len(value), None, shape.metadata.get("max")) if isinstance(value, list) else ""


def _outside(what: str, size: float, least: float | None, most: float | None) -> str:
    if most is not None and size > most:
        return f"must have {what} less than or equal to {most}"
    return f"must have {what} greater than or equal to {least}" if least is not None and size < least else ""


def _misspelt(shape: Any, value: Any) -> str:
    choices, pattern = getattr(shape, "enum", None), shape.metadata.get("pattern")
    if choices and value not in choices:
        return f"must satisfy enum value set: [{', '.join(choices)}]"
    found = _compiled(pattern) if pattern and isinstance(value, str) else None
    return f"must satisfy regular expression pattern: {pattern}" if found and not found.fullmatch(value) else ""


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern of the model as a Python regular expression; None if Python cannot read it."""
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:
        return None
