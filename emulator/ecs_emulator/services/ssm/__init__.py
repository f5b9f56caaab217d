"""Systems Manager: parameters, and the instances that it manages."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_json

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
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            in_json("Name"),
            "Systems Manager API, DeleteParameter",
        ),
    ),
    modules=("rules", "nodes"),
)
