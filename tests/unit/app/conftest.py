"""Makes the two services importable, each from its own directory, and what they share."""

from __future__ import annotations

import sys
from pathlib import Path

APP = Path(__file__).parents[3] / "app"
for place in (APP / "frontend", APP / "backend", APP):
    if (directory := str(place)) not in sys.path:
        sys.path.append(directory)
