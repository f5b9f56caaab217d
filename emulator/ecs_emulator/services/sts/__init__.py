"""Security Token Service."""

from __future__ import annotations

from ecs_emulator.services.model import FORMS, Codes, EmulatedApi

API = EmulatedApi(
    "sts",
    codes=Codes("Throttling", **FORMS),
)
