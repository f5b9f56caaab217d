"""Simple Email Service, of both versions of its API: mails, as tasks send them."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("ses", modules=())
