"""The Price List API: the prices of AWS's products, from a table of list prices."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("pricing", modules=())
