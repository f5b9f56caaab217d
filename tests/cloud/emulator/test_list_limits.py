"""Lists that are longer than AWS's models allow are refused, by every API that has such a limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ListShape, Shape, StructureShape

from ecs_emulator.services.apis import APIS
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud

pytestmark = world.EMPTY

MODELS = botocore.session.Session()
ARN = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/x/0123456789abcdef"
MOST = 1000
"""Longer lists are not tried."""


def value(shape: Shape, length: int | None = None) -> Any:
    """Return a value of a shape: of a list with so many entries."""
    if isinstance(shape, ListShape):
        return [value(shape.member)] * (shape.metadata.get("min", 1) if length is None else length)
    if isinstance(shape, StructureShape):
        return {
            name: ARN if name.endswith("Arn") else value(shape.members[name])
            for name in shape.required_members or [*shape.members][:1]
        }
    if shape.type_name == "map":
        return {}
    if shape.type_name in ("integer", "long", "float", "double"):
        return shape.metadata.get("min", 1)
    if shape.type_name in ("boolean", "timestamp", "blob"):
        return {"boolean": True, "timestamp": "2026-01-01T00:00:00Z", "blob": b"x"}[shape.type_name]
    choices = getattr(shape, "enum", None)
    return choices[0] if choices else "x" * max(shape.metadata.get("min", 1), 1)


def limited(service: str) -> Iterator[tuple[str, str, int]]:
    """Yield the operations of an API with a limited list among their parameters, its name and the limit."""
    model = MODELS.get_service_model(service)
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        for name, member in shape.members.items() if shape else ():
            most = member.metadata.get("max")
            if isinstance(member, ListShape) and most and most <= MOST and "x-amz" not in str(member.serialization):
                yield operation, name, most


SERVICES = [name for name in APIS if any(limited(name)) and name not in ("pricing", "stepfunctions")]
"""All but the Price List API, which answers one operation from a table, and Step Functions, whose aliases alone have
such lists, and are not offered."""


def told(cloud: EmbeddedCloud, service: str, operation: str, member: str, length: int) -> tuple[str, str]:
    """Return the code and the message of the refusal of a list of this length; empty if it is not refused."""
    shape = MODELS.get_service_model(service).operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    request = value(shape) | {member: value(shape.members[member], length)}
    try:
        getattr(cloud.client(service), xform_name(operation))(**request)
    except ParamValidationError:
        return "", ""
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return "", ""


@pytest.mark.parametrize("service", SERVICES)
def test_a_list_with_one_too_many_is_refused(cloud: EmbeddedCloud, service: str) -> None:
    wanted, answers = APIS[service].invalid or APIS[service].too_long, dict[str, tuple[str, str]]()
    for operation, member, most in limited(service):
        code, message = answers[operation] = told(cloud, service, operation, member, most + 1)
        # an operation that is missing here refuses everything
        if f"less than or equal to {most}" in message:
            assert code == wanted
            return
    pytest.fail(f"{answers}")


def test_a_hundred_alarms_are_enough_for_one_call(cloud: EmbeddedCloud) -> None:
    api = cloud.client("cloudwatch")
    names = [f"alarm-{number}" for number in range(101)]
    for call in (api.disable_alarm_actions, api.enable_alarm_actions):
        with pytest.raises(ClientError) as refused:
            call(AlarmNames=names)
        assert refused.value.response["Error"]["Code"] == "ValidationError"
        call(AlarmNames=names[:100])
