"""Simple Notification Service: topics, and their subscriptions; subscriptions by e-mail have to be confirmed."""

from __future__ import annotations

from ecs_emulator.services.model import FORMS, Codes, EmulatedApi

API = EmulatedApi(
    "sns",
    modules=("rules", "deliveries"),
    too_long="InvalidParameter",
    # API reference, "AuthorizationError", 403
    codes=Codes("Throttling", "InternalError", "ServiceUnavailable", **{**FORMS, "denied": "AuthorizationError"}),
)
