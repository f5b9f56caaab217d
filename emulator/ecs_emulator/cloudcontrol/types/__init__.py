"""Handlers of the offered types, by the types' names."""

from __future__ import annotations

from collections.abc import Mapping

from ecs_emulator.cloudcontrol.types import messages, observation, storage
from ecs_emulator.cloudcontrol.types.handlers import Handlers

TYPES: Mapping[str, Handlers] = {**messages.TYPES, **observation.TYPES, **storage.TYPES}
