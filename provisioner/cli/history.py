"""`provision history`: the revisions that services have run, and the differences between two of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

MOST_WORDS = 3
"""A service, and the numbers of two revisions."""


@command(
    app,
    "history",
    "provision history                  the last ten deployments of each service",
    "provision history web --last 50    more of one service",
    "provision history web --diff       the revision that runs, compared with the one before",
    "provision history web 41 43 --diff    two revisions of its task definition",
)
def history(
    options: Options,
    services: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE", help="Services to show (default: all).")
    ] = None,
    most: Annotated[
        int, typer.Option("--last", metavar="N", min=1, max=100, help="The number of deployments of each service.")
    ] = 10,
    diff: Annotated[
        bool,
        typer.Option("--diff", help="Compare two revisions of one service, whose numbers may follow its name."),
    ] = False,
) -> int:
    """Show the revisions that services have run.

    With image, time, duration, result, and the caller that registered each. ECS keeps deployments for 90 days. With
    --json, one object per line.

    With --diff: the differences between two revisions of a service's task definition, in the form of `diff -u`, also
    with --json: the revision that runs and the one before, or, after the service's name, the numbers of the older and
    the newer one. Hides values of variables that look like secrets. The exit code is 0, also if there are differences.
    """
    if diff:
        return _differences(options, services or ())
    from provisioner.cli.clocks import say_two_clocks
    from provisioner.cli.early import on_aws
    from provisioner.operations.inspection.revisions import history as read
    from provisioner.render import deployments
    from provisioner.render.text import say

    entries = read(options, services or (), most)
    if options.json:
        say(json.dumps(asdict(entry), ensure_ascii=False) for entry in entries)
    else:
        say(deployments.table(entries))
        if not on_aws(options):
            say_two_clocks(options)
    return 0


def _differences(options: Options, words: Sequence[str]) -> int:
    from provisioner.engine.errors import ConfigurationError

    if not 1 <= len(words) <= MOST_WORDS:
        raise ConfigurationError(
            "--diff compares two revisions of one service: name it, as in `provision history web 41 43 --diff`"
        )
    service, *numbers = words
    return print_diff(options, service, *numbers)


def print_diff(options: Options, service: str, one: str | None = None, other: str | None = None) -> int:
    """Print the differences between two revisions of a service, and return the exit code."""
    from provisioner.operations.inspection.revisions import diff as read
    from provisioner.render.text import say

    lines = read(options, service, one, other)
    say(lines or ["no differences"], sys.stdout if lines else sys.stderr)
    return 0
