"""The summary of a job of GitHub: a file of Markdown to which each step may add."""

from __future__ import annotations

import os
from pathlib import Path

from provisioner.engine.errors import ProvisionError


def add(text: str) -> bool:
    """Add to the job's summary, and say whether there is one.

    Raises:
        ProvisionError: it cannot be written.
    """
    if not (place := os.environ.get("GITHUB_STEP_SUMMARY")):
        return False
    try:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ProvisionError(f"GITHUB_STEP_SUMMARY: {place} cannot be written: {error.strerror}") from None
    return True
