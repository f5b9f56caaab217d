"""Systems Manager: parameters, the instances that it manages, and sessions."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_json
from ecs_emulator.services.ssm import texts

API = EmulatedApi(
    "ssm",
    responses="ssm.responses:SimpleSystemManagerResponse",
    invalid="ValidationException",
    pages=Pages(Bounds(10, 1, 50), "InvalidNextToken", "ValidationException", empty=True),
    lists={"GetParametersByPath": Bounds(10, 1, 10), "GetParameterHistory": Bounds(50, 1, 50)},
    most={"GetParameterHistory": 50, "GetParametersByPath": 10},
    codes=Codes("ThrottlingException", "InternalServerError"),
    refusals=(
        Refusal(
            "ssm",
            "PutParameter",
            30,
            "ParameterAlreadyExists",
            texts.PARAMETER_EXISTS,
            in_json("Name"),
            "Systems Manager API, DeleteParameter",
        ),
    ),
    modules=("rules", "nodes", "sessions"),
)
