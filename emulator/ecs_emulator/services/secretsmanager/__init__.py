"""Secrets Manager: secrets that others keep, and that tasks are given."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages

API = EmulatedApi(
    "secretsmanager",
    responses="secretsmanager.responses:SecretsManagerResponse",
    invalid="ValidationException",
    # the API reference gives no usual size: a cautious guess
    pages=Pages(Bounds(100, 1, 100), "InvalidNextTokenException", "ValidationException", empty=True),
    codes=Codes("ThrottlingException", "InternalServiceError"),
    modules=("rules",),
)
