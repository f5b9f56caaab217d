"""`provision init`: write a commented configuration to begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.config import paths
from provisioner.operations.options import Options

WithApp = Annotated[
    bool, typer.Option("--with-app", help="Include the sample application in app/, whose images are built.")
]


@command(
    app,
    "init",
    "provision init                     stack.toml with prebuilt images",
    "provision init --with-app          with the sample application, which Docker builds; from a clone",
    "provision init -c other.toml       another file name",
)
def init(options: Options, with_app: WithApp = False) -> int:
    """Write a commented sample stack.toml. An existing file is not changed."""
    from provisioner.config import sample
    from provisioner.render.text import say

    # in this directory, whatever there is in those above it
    path = options.config or Path(paths.CONFIG)
    directory = sample.write(path, with_app=with_app)
    what = f"{path} and {directory}/" if directory else str(path)
    document = {"config": str(path)} | ({"app": str(directory)} if directory else {})
    say([json.dumps(document) if options.json else f"Wrote {what}. Review it, then run {options.command_line('up')}."])
    return 0
