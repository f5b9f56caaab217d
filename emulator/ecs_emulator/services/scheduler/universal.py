"""Universal targets: operations of APIs, called with the permissions of the execution role.

Source: EventBridge Scheduler user guide, "Using universal targets in EventBridge Scheduler".
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import ListShape, MapShape, ServiceModel, StructureShape

from ecs_emulator.authorization import sessions
from ecs_emulator.cloudcontrol import on_behalf
from ecs_emulator.errors import Answer
from ecs_emulator.services.scheduler.schedules import Schedules, Shape
from ecs_emulator.wsgi import Environ

_ARN = re.compile(r"arn:[^:]+:scheduler:::aws-sdk:([a-z0-9]+):([a-zA-Z0-9]+)")
_READS = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover",
    "validate", "batchget", "batchdescribe", "batchread", "transactget", "adminget", "adminlist", "testmigration",
    "retrieve", "testconnection", "translatedocument", "isauthorized", "invokemodel",
)  # fmt: skip
"""The beginnings of the operations that are no targets (user guide, "Unsupported actions")."""


class Universal:
    """The caller of universal targets.

    Attributes:
        call: answers the calls of schedules; None until the cloud is loaded.
    """

    call: Callable[[Environ], Answer] | None = None

    def invoke(self, kept: Schedules, target: Shape) -> None:
        """Call a target's operation in a session of its role.

        Raises:
            ValueError: there is no such operation, or the input does not fit it.
            ClientError: the API refuses it.
        """
        model, operation = operation_of(target["Arn"])
        role = target["RoleArn"]
        session = sessions.begin(kept.account, kept.region, role, "AmazonEventBridgeScheduler")
        if self.call is None:
            raise ValueError("no cloud answers")
        api = on_behalf.clients(self.call, session.key, kept.region, "127.0.0.1")(str(model.service_name))
        shape = model.operation_model(operation).input_shape
        given = json.loads(target.get("Input") or "{}")
        getattr(api, xform_name(operation))(**(_members(shape, given) if shape else {}))


UNIVERSAL = Universal()


def is_universal(arn: str) -> bool:
    """Return whether a target's ARN names an API's operation."""
    return ":scheduler:::aws-sdk:" in arn


def operation_of(arn: str) -> tuple[ServiceModel, str]:
    """Return the API and the operation that an ARN names.

    Raises:
        ValueError: there is no such operation, or it only reads.
    """
    found = _ARN.fullmatch(arn)
    model = _model(found[1]) if found else None
    if found is None or model is None:
        raise ValueError(f"{arn} names no API")
    operation = found[2][0].upper() + found[2][1:]
    if operation not in model.operation_names or found[2].lower().startswith(_READS):
        raise ValueError(f"{arn} names no operation that changes anything")
    return model, operation


@functools.cache
def _model(name: str) -> ServiceModel | None:
    """Return the model of an API, by its SDK's name, which has no hyphens; None if there is no such API."""
    session = botocore.session.Session()
    client = next((one for one in session.get_available_services() if one.replace("-", "") == name), None)
    return session.get_service_model(client) if client else None


def _members(shape: Any, given: Any) -> Any:
    """Return an input for botocore; the input names members as AWS's SDK for Java does.

    Raises:
        ValueError: a structure has no member with this name.
    """
    if isinstance(shape, StructureShape) and isinstance(given, Mapping):
        known = {sdk_name(name): name for name in shape.members}
        if unknown := given.keys() - known.keys():
            raise ValueError(f"{min(unknown)} is no member of {shape.name}")
        return {known[name]: _members(shape.members[known[name]], value) for name, value in given.items()}
    if isinstance(shape, ListShape) and isinstance(given, list):
        return [_members(shape.member, one) for one in given]
    if isinstance(shape, MapShape) and isinstance(given, Mapping):
        return {key: _members(shape.value, one) for key, one in given.items()}
    return given


def sdk_name(member: str) -> str:
    """Return a member's name in an input: capitalized, with one capital per acronym, as `DbClusterIdentifier`.

    Source: published schedules; no AWS document says it.
    """
    words = re.sub(r"[A-Z]{2,}(?=[A-Z][a-z]|$)", lambda found: found[0].capitalize(), member)
    return words[0].upper() + words[1:]
