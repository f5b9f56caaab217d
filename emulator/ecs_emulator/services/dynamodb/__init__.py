"""DynamoDB: tables, as own steps may have them and tasks read and write them."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("dynamodb", modules=())
