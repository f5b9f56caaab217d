"""Installs everything that the embedded cloud changes of moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def install(read: Callable[[str], Any] | None = None) -> None:
    """Import moto and lay everything over it; once a process, before the first request is answered.

    Args:
        read: see `fast_paths.read_botocore_data_once`.
    """
    from ecs_emulator import fast_paths

    # before anything imports moto's backends, which create a session each
    fast_paths.read_botocore_data_once(read)
    fast_paths.read_offerings_when_asked()
    from ecs_emulator import ecs, paging, rules

    fast_paths.install()
    rules.install()
    ecs.install()
    paging.install()
