"""`provision init`: write a configuration to begin with, a commented sample or what another tool's files say."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.config import paths
from provisioner.operations.options import Options


class Source(StrEnum):
    """Whose files are read."""

    COPILOT = "copilot"
    COMPOSE = "compose"


WithApp = Annotated[
    bool, typer.Option("--with-app", help="Include the sample application in app/, whose images are built.")
]
From = Annotated[
    Source | None,
    typer.Option("--from", metavar="TOOL", help="Read the files of another tool: copilot or compose."),
]
Place = Annotated[
    Path | None,
    typer.Argument(
        metavar="PATH",
        help="With --from: the directory with copilot/ in it, or the Compose file (default: in this directory).",
    ),
]


@command(
    app,
    "init",
    "provision init                     stack.toml with prebuilt images",
    "provision init --with-app          with the sample application, which Docker builds; from a clone",
    "provision init -c other.toml       another file name",
    "provision init --from copilot      what the manifests in copilot/ say, and a list of what is left",
    "provision init --from compose      the same of compose.yaml",
)
def init(options: Options, path: Place = None, with_app: WithApp = False, source: From = None) -> int:
    """Write a stack.toml: a commented sample, or with --from what another tool's files say.

    An existing file is not changed. --from reads files only, and carries nothing over that it does not know: each line
    that is left is named with the reason. See docs/moving.md.
    """
    from provisioner.engine.errors import ConfigurationError

    if source is None and path is not None:
        raise ConfigurationError(f"{path}: is for --from: write `provision init --from copilot {path}`")
    if source is not None and with_app:
        raise ConfigurationError("--with-app: is for the sample: leave it or --from out")
    return _converted(options, source, path) if source else _sample(options, with_app)


def _sample(options: Options, with_app: bool) -> int:
    from provisioner.config import sample
    from provisioner.render.text import say

    # in this directory, whatever there is in those above it
    path = options.config or Path(paths.CONFIG)
    directory = sample.write(path, with_app=with_app)
    what = f"{path} and {directory}/" if directory else str(path)
    document = {"config": str(path)} | ({"app": str(directory)} if directory else {})
    say([json.dumps(document) if options.json else f"Wrote {what}. Review it, then run {options.command_line('up')}."])
    return 0


def _converted(options: Options, source: Source, path: Path | None) -> int:
    from provisioner.config import foreign
    from provisioner.render import converted
    from provisioner.render.text import say

    done = foreign.convert(source, path or Path(), options.config, options.env)
    say([json.dumps(converted.document(done), ensure_ascii=False)] if options.json else converted.lines(done))
    return 0
