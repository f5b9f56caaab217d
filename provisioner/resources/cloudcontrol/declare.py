"""`CloudControl(...)`: declare a resource of any AWS type in a step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import Resource
from provisioner.resources.cloudcontrol import schemas
from provisioner.resources.cloudcontrol.resource import HOLDS, type_of_aws
from provisioner.resources.cloudcontrol.schemas import Schema

NEEDED = ("create", "read", "delete")
"""The handlers that a type must have to be managed here."""


def CloudControl(  # noqa: N802 (it reads as the resource types do, which are classes)
    name: str,
    type_name: str,
    properties: Mapping[str, Any],
    *,
    schema: str | None = None,
    holds_data: bool | None = None,
) -> Resource:
    """Return a wanted resource of any type that Cloud Control serves.

    >>> stack.ensure(CloudControl("jobs", "AWS::SQS::Queue", {"QueueName": f"{stack.name}-jobs"}))

    Its handle has AWS's read-only properties as outputs, such as `QueueUrl` and `Arn`, and its `id`.

    Args:
        name: its name within the stack; its address is `AWS::SQS::Queue/jobs`.
        type_name: AWS's name of the type.
        properties: AWS's properties, as in CloudFormation. They may hold references.
        schema: the type's schema as JSON, for a type that is newer than this version (DescribeType, `Schema`).
        holds_data: whether data are lost with it, so that `up` keeps it until `--delete` names it, once it is no longer
            declared. None: as `data_free` says of its type; a type that is not in there holds some.

    Raises:
        ConfigurationError: there is no such type or property, one is missing, or one cannot be set.
    """
    address = f"{type_name}/{name}"
    known = _given(type_name, schema) if schema else schemas.shipped(type_name)
    if known is None:
        found = schemas.near(type_name)
        hint = f"did you mean {' or '.join(found)}?" if found else "see the reference of CloudFormation."
        raise ConfigurationError(
            f"{address}: Cloud Control has no type {type_name} that this version knows: {hint} For a newer type pass "
            f"the output of `aws cloudformation describe-type` as schema="
        )
    if lacking := [handler for handler in NEEDED if not known.serves(handler)]:
        cannot = " or ".join(lacking)
        raise ConfigurationError(f"{address}: Cloud Control cannot {cannot} {type_name}, so take it out")
    _check(address, known, properties)
    return type_of_aws(type_name, known)(name, **properties, **{HOLDS: holds_data})


def recoverable(resource: Resource) -> bool:
    """Say whether `recover` can find a resource without a state, by its tags or its name."""
    schema = getattr(resource, "schema", None)
    return not isinstance(schema, Schema) or bool(schema.tag_property)


def _given(type_name: str, text: str) -> Schema:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{type_name}: schema is not JSON ({error}): pass the output of `aws cloudformation describe-type`"
        ) from None
    if not isinstance(content, dict) or content.get("typeName") != type_name or "properties" not in content:
        raise ConfigurationError(
            f"{type_name}: schema is not the schema of this type: pass the output of `aws cloudformation describe-type`"
        )
    return Schema(type_name, content)


def _check(address: str, schema: Schema, properties: Mapping[str, Any]) -> None:
    for name in properties:
        if name in schema.settable:
            continue
        if name in schema.content["properties"]:
            raise ConfigurationError(f"{address}: {name} is read-only, it is AWS that sets it: take it out")
        found = get_close_matches(name, schema.settable, 3, 0.5)
        hint = f"did you mean {' or '.join(found)}?" if found else f"choose from {', '.join(schema.settable)}"
        raise ConfigurationError(f"{address}: {schema.name} has no property {name}: {hint}")
    if missing := [name for name in schema.required if properties.get(name) is None]:
        raise ConfigurationError(f"{address}: {', '.join(missing)} must be set")
