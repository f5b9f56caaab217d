"""Simple Notification Service: topics, as own steps may have them and tasks publish to them."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("sns", modules=())
