"""Simple Queue Service: queues, as own steps may have them."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("sqs")
