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
    bool, typer.Option("--with-app", help="With the sample application in app/, whose images are built.")
]


@command(
    app,
    "init",
    "provision init                     writes stack.toml, with ready images, for both targets",
    "provision init --with-app          from a clone: with the sample application, which Docker builds",
    "provision init -c other.toml       writes another file",
)
def init(options: Options, with_app: WithApp = False) -> int:
    """Write a commented sample stack.toml. A file that is there already is left alone."""
    from provisioner.config import sample
    from provisioner.render.text import say

    # in this folder, whatever there is in those above it
    path = options.config or Path(paths.CONFIG)
    folder = sample.write(path, with_app=with_app)
    what = f"{path} and {folder}/" if folder else str(path)
    document = {"config": str(path)} | ({"app": str(folder)} if folder else {})
    say([json.dumps(document) if options.json else f"Wrote {what}. Look it through, then {options.again('up')}."])
    return 0
