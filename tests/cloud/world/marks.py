"""The marks by which tests choose a world."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

STANDING = pytest.mark.world
"""`STANDING.with_args(stand)`: each test begins with the stack that `stand` makes of a `Project`."""
EMPTY = pytest.mark.world
"""Each test begins with an empty account."""
FILE = pytest.mark.world(whole=True)
"""The tests of a file share a process with the results of its module fixtures."""

REAL = pytest.mark.world(real=True)
"""A test has no world, although its file has one: it is about processes or ports."""

Stand = Callable[[Any], Any]


@dataclass(frozen=True)
class World:
    """The world that a test begins in.

    Attributes:
        file: the file whose tests share the process; empty if that is shared by all.
        stand: makes what stands there, of a `Project`; None: nothing.
        whole: whether the tests themselves share the process, too.
    """

    file: str = ""
    stand: Stand | None = None
    whole: bool = False


def switched_off(config: pytest.Config) -> bool:
    """Say if tests run as though none had a world: by the environment, or since a debugger is to look into them."""
    return "NO_WORLD" in os.environ or bool(config.getoption("usepdb", default=False))


def of(item: pytest.Item) -> World | None:
    """Return the world of a test, or None if it has none."""
    mark = item.get_closest_marker("world")
    if mark is None or mark.kwargs.get("real"):
        return None
    stand, whole = next(iter(mark.args), None), bool(mark.kwargs.get("whole"))
    return World(item.nodeid.partition("::")[0] if stand or whole else "", stand, whole)
