"""Make both services and their shared code importable, each from its own directory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.app.rig import Gate

APP = Path(__file__).parents[3] / "app"
for place in (APP / "frontend", APP / "backend", APP):
    if (directory := str(place)) not in sys.path:
        sys.path.append(directory)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """Yield access to a database, and close its connections in the end."""
    from tests.unit.app.rig import Gate

    with Gate(tmp_path / "book.sqlite") as gate:
        yield gate
