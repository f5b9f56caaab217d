"""CloudWatch: what AWS's own services report, besides moto's alarms and what others put there."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi

API = EmulatedApi("cloudwatch", signing="monitoring", modules=("rules",))
