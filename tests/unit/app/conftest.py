"""Makes the two services importable, each from its own folder as in its container."""

from __future__ import annotations

import sys
from pathlib import Path

APP = Path(__file__).parents[3] / "app"
for service in ("frontend", "backend"):
    if (folder := str(APP / service)) not in sys.path:
        sys.path.append(folder)
