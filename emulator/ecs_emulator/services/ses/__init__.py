"""Simple Email Service, in both versions of its API: mails that tasks send."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("ses", modules=())
