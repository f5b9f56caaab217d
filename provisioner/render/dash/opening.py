"""Check that the dashboard can be shown: its package is an extra, and it needs a terminal."""

from __future__ import annotations

import importlib.util
import os
import sys

from provisioner.engine.errors import ConfigurationError


def require(status: str) -> None:
    """Return if the dashboard can be shown.

    Args:
        status: the command line that shows the same without a dashboard, in backticks.

    Raises:
        ConfigurationError: its package is not installed, or this is no terminal.
    """
    if importlib.util.find_spec("textual") is None:
        raise ConfigurationError(
            "Textual, which the dashboard is drawn with, is not installed: install this tool with its extra, "
            "`uv tool install 'ecs-provision[dash]'`. In a clone: `pip install -e '.[dash]'`"
        )
    # Textual draws on standard error
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)) or os.environ.get("TERM") == "dumb":
        raise ConfigurationError(f"the dashboard needs a terminal that can be drawn on: run {status} instead")
