"""Simple Queue Service: queues that a stack's own steps may create."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("sqs")
