"""Install all changes of the embedded cloud to moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def install(read: Callable[[str], Any] | None = None) -> None:
    """Import moto and apply all changes to it; only once in a process, before the first request is answered.

    Args:
        read: see `fast_paths.read_botocore_data_once`.
    """
    from ecs_emulator import fast_paths

    # before any import of moto's backends: each creates a session
    fast_paths.read_botocore_data_once(read)
    fast_paths.read_offerings_when_asked()
    from ecs_emulator import ecs, paging, rules

    fast_paths.install()
    rules.install()
    ecs.install()
    paging.install()
