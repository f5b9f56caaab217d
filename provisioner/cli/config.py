"""`provision config`: the settings of an environment, and the origin of each value."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

Key = Annotated[
    str | None, typer.Argument(metavar="KEY", help="A key or a table, such as services.web.cpu (default: all).")
]


@command(
    app,
    "config",
    "provision config                   all settings of the file's own environment, as TOML",
    "provision config --env prod        the settings of prod: [environments.prod] laid over the rest",
    "provision config services.web      one table",
    "provision config region --json     one key, with its value and where it is from",
)
def config(options: Options, key: Key = None) -> int:
    """Show the settings of an environment, and the origin of each value.

    Each line ends with its origin: file, environments.NAME, extends services.NAME, an option, or a default. Values that
    look like secrets are hidden. Makes no call.
    """
    from provisioner.config import origins
    from provisioner.operations.context import configuration
    from provisioner.render import settings
    from provisioner.render.text import say

    loaded = configuration.load(options)
    found = origins.settings(options.file, loaded, env=options.env, target=options.target)
    wanted = origins.chosen(found, key) if key else found
    if options.json:
        say([json.dumps(settings.document(loaded.name, wanted), ensure_ascii=False)])
    else:
        say(settings.lines(wanted))
    return 0
