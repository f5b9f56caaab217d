"""DynamoDB: tables that a stack's own steps may create, and that its tasks read and write."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("dynamodb")
