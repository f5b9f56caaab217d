"""Add to the summary of a GitHub job: a Markdown file to which each step may append."""

from __future__ import annotations

import os
from pathlib import Path

from provisioner.engine.errors import ProvisionError


def add(text: str) -> bool:
    """Append to the job's summary, and return whether the job has one.

    Raises:
        ProvisionError: it cannot be written.
    """
    if not (place := os.environ.get("GITHUB_STEP_SUMMARY")):
        return False
    try:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ProvisionError(
            f"GITHUB_STEP_SUMMARY: {place} cannot be written: {error.strerror}: check the runner's disk"
        ) from None
    return True
