"""What a pipeline says of itself: the markers by which its comment and its issue are found again, its roles."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.render.text import visible


def marker(stack: str, of: str) -> str:
    """Return what a comment or an issue begins with, which nobody sees."""
    return f"<!-- provision {of} {stack} -->"


def missing(run: str = "") -> str:
    """Return what is said where there is no report."""
    return f"### No report was written\n\nThe {f'[log of the run]({run})' if run else 'log of the run'} says why.\n"


def asked(steps: Sequence[str]) -> list[str]:
    """Return what is to be done to a pipeline's roles."""
    return [f"  + {visible(step)}" for step in steps]
