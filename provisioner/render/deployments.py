"""The deployments of services as a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from provisioner.render.text import duration

if TYPE_CHECKING:
    from provisioner.operations.commands.approve import Decided
    from provisioner.operations.inspection.revisions import Entry

HEAD = ("REVISION", "IMAGE", "BEGAN", "TOOK", "OUTCOME", "BY")


def table(entries: Sequence[Entry]) -> list[str]:
    """Return one line a deployment, under a heading; a sentence if there are none."""
    if not entries:
        return ["ECS knows of no deployments: it keeps them for 90 days."]
    rows = [HEAD, *(_row(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def decided(made: Decided, command_line: Callable[..., str]) -> list[str]:
    """Return the lines about an answered deployment: the answer and the next steps.

    Args:
        command_line: from a command's name to the command line that runs it on the same stack.
    """
    said = f"{made.service}: {made.decision} {made.revision} at {made.stage}"
    if made.decision == "approved":
        return [f"{said}: it goes on. Status: {command_line('status')}. To its end: {command_line('up')}."]
    former = command_line("rollback", made.service)
    return [f"{said}: ECS rolls it back. If nobody waits for it, let the state follow: {former}."]


def _row(entry: Entry) -> tuple[str, ...]:
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.began)) if entry.began is not None else "-"
    took = duration(entry.seconds) if entry.seconds is not None else "-"
    return entry.revision, _image(entry), began, took, entry.outcome, entry.by or "-"


def _image(entry: Entry) -> str:
    """Return the short name of an image: the end of its repository, with a tag or the begin of its digest."""
    name, at, digest = entry.image.rpartition("/")[2].partition("@")
    if entry.tags:
        return f"{name.partition(':')[0]}:{entry.tags[0]}"
    return f"{name}@{digest[:19]}" if at else name or "-"
