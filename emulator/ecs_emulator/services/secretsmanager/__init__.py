"""Secrets Manager: secrets that exist outside of a stack, and that its tasks get."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages

API = EmulatedApi(
    "secretsmanager",
    responses="secretsmanager.responses:SecretsManagerResponse",
    invalid="ValidationException",
    # the API reference names no default page size: 100 is a cautious guess
    pages=Pages(Bounds(100, 1, 100), "InvalidNextTokenException", "ValidationException", empty=True),
    codes=Codes("ThrottlingException", "InternalServiceError"),
    modules=("rules",),
)
