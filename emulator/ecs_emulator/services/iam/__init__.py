"""Identity and Access Management."""

from __future__ import annotations

from ecs_emulator.services.iam import texts
from ecs_emulator.services.model import FORMS, Bounds, Codes, EmulatedApi, Pages, Refusal, in_form

API = EmulatedApi(
    "iam",
    responses="iam.responses:IamResponse",
    invalid="ValidationError",
    pages=Pages(Bounds(100, 1, 1000), "ValidationError", "ValidationError", empty=True),
    codes=Codes("Throttling", "ServiceFailure", **FORMS),
    refusals=(
        Refusal(
            "iam",
            "AttachRolePolicy",
            3,
            "NoSuchEntity",
            texts.NO_ROLE,
            in_form("RoleName"),
            "IAM user guide, eventual consistency",
            404,
        ),
        Refusal(
            "iam",
            "PutRolePolicy",
            3,
            "ConcurrentModification",
            "The request was rejected because multiple requests to change this object were submitted simultaneously.",
            in_form("RoleName"),
            "IAM API",
            409,
        ),
        Refusal(
            "iam",
            "AddRoleToInstanceProfile",
            3,
            "NoSuchEntity",
            texts.NO_ROLE,
            in_form("RoleName"),
            "IAM user guide, eventual consistency",
            404,
        ),
        Refusal(
            "iam",
            "DeleteRole",
            5,
            "DeleteConflict",
            "Cannot delete entity, must detach all policies first.",
            in_form("RoleName"),
            "IAM API",
            409,
        ),
        Refusal(
            "iam",
            "DeleteInstanceProfile",
            5,
            "DeleteConflict",
            "Cannot delete entity, must remove roles from instance profile first.",
            in_form("InstanceProfileName"),
            "IAM API",
            409,
        ),
    ),
    modules=("rules", "users", "providers"),
)
