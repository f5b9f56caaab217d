"""The Price List API: what AWS's products cost, from a table of list prices."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("pricing", modules=())
