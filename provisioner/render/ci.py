"""Texts of a pipeline: the markers that find its comment and its issue again, and its roles."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.render.text import visible


def marker(stack: str, of: str) -> str:
    """Return the hidden first line of a comment or an issue."""
    return f"<!-- provision {of} {stack} -->"


def missing(run: str = "") -> str:
    """Return the text that stands in for a missing report."""
    return f"### No report was written\n\nThe {f'[log of the run]({run})' if run else 'log of the run'} says why.\n"


def asked(steps: Sequence[str]) -> list[str]:
    """Return the changes to a pipeline's roles, as lines."""
    return [f"  + {visible(step)}" for step in steps]
