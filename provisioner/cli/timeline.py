"""`provision timeline`: the timeline of a run."""

from __future__ import annotations

import json
import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

COLUMNS, LINES = 100, 24
"""The size of the chart without a terminal."""


class Last(StrEnum):
    """The commands whose runs have a timeline."""

    UP = "up"
    DOWN = "down"


@command(
    app,
    "timeline",
    "provision timeline                 the latest run that made changes, as a bar chart",
    "provision timeline --last up       the latest `up`",
    "provision timeline --svg up.svg    as an SVG file",
)
def timeline(
    options: Options,
    last: Annotated[Last | None, typer.Option(help="The command whose latest run is shown (default: any).")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it to a file as SVG, overwriting it.")] = None,
) -> int:
    """Show the timeline of a run.

    Shows when each resource was started, when its API call returned and when it was ready or deleted; and the critical
    path, the longest chain of resources that waited for each other. Makes no AWS call, except to read a state in a
    bucket.
    """
    from provisioner.operations.context import configuration, stores
    from provisioner.operations.inspection import stack_status
    from provisioner.render import timeline as show
    from provisioner.render.text import say

    config = configuration.load(options)
    run = stack_status.newest(stores.as_written(options, config), last, options.command_line(last or "up"))
    if svg:
        from provisioner.render.timeline_svg import picture

        _overwrite(svg, picture(run, config.name))
    if options.json:
        say([json.dumps(show.document(run, config.name), ensure_ascii=False)])
    elif svg:
        say([f"Wrote {svg}."])
    else:
        say(show.lines(run, config.name, shutil.get_terminal_size((COLUMNS, LINES)).columns))
    return 0


def _overwrite(path: Path, text: str) -> None:
    """Write a file, and replace an existing file.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    from provisioner.engine.errors import ConfigurationError

    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{path} cannot be written: {reason}: choose another file") from None
