"""Changes which members the answers of moto's classes have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import BaseResponse

from ecs_emulator.patch import replace


def never(value: Any) -> None:
    """What AWS does not send."""


def change_members(responses: type[BaseResponse], members: Mapping[str, Callable[[Any], Any]]) -> None:
    """Send these members as the functions compute them from moto's values."""
    # a mapping of the class's own: it may share its parent's with all others
    name = "RESPONSE_KEY_PATH_TO_TRANSFORMER"
    replace(responses, name)({**getattr(responses, name), **members})
