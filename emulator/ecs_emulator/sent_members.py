"""Change the members in the answers of moto's classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import BaseResponse

from ecs_emulator.patch import replace


def never(value: Any) -> None:
    """Return None for a member that AWS does not send."""


def change_members(responses: type[BaseResponse], members: Mapping[str, Callable[[Any], Any]]) -> None:
    """Send these members as the functions compute them from moto's values."""
    # a mapping of its own: the class may share its parent's with other classes
    name = "RESPONSE_KEY_PATH_TO_TRANSFORMER"
    replace(responses, name)({**getattr(responses, name), **members})
