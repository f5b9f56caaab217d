"""Security Token Service."""

from __future__ import annotations

from ecs_emulator.services.model import FORMS, Codes, EmulatedApi

API = EmulatedApi(
    "sts",
    too_long="ValidationError",
    codes=Codes("Throttling", **FORMS),
)
