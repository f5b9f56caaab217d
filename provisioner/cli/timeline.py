"""`provision timeline`: where the time of a run went."""

from __future__ import annotations

import json
import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.options import Options

COLUMNS, LINES = 100, 24
"""What is drawn for where no terminal is."""


class Last(StrEnum):
    """The commands whose runs have a timeline."""

    UP = "up"
    DOWN = "down"


@command(
    app,
    "timeline",
    "provision timeline                 the newest run that did something, as bars",
    "provision timeline --last up       the newest `up` of them",
    "provision timeline --svg up.svg    as a picture",
)
def timeline(
    options: Options,
    last: Annotated[Last | None, typer.Option(help="The newest run of that command; of any if left out.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it into a file, which is overwritten.")] = None,
) -> int:
    """Show where the time of a run went.

    When the work on each resource began, when its call was answered, when it was ready or gone; and the critical path,
    the chain of resources that waited for each other and ended last. No call is made but to read a state in a bucket.
    """
    from provisioner.operations import context, stack_status, stores
    from provisioner.render import timeline as show
    from provisioner.render.text import say

    config = context.load(options)
    run = stack_status.newest(stores.recorded(options, config), last, options.again(last or "up"))
    if svg:
        from provisioner.render.timeline_svg import picture

        context.overwrite(svg, picture(run, config.name))
    if options.json:
        say([json.dumps(show.document(run, config.name), ensure_ascii=False)])
    elif svg:
        say([f"Wrote {svg}."])
    else:
        say(show.lines(run, config.name, shutil.get_terminal_size((COLUMNS, LINES)).columns))
    return 0
