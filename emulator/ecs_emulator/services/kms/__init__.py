"""Key Management Service."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("kms")
