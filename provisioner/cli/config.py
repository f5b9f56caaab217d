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
    "provision config --schema > stack.schema.json    for editors, with the line below in stack.toml",
)
def config(
    options: Options,
    key: Key = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of stack.toml instead, with all its keys.")
    ] = False,
) -> int:
    """Show the settings of an environment, and where each is from.

    Each line ends with its origin: file, environments.NAME, extends services.NAME, defaults, an option, or a
    default. Values that look like secrets are hidden. Makes no call.

    With --schema: prints the JSON schema of stack.toml, which describes each key, and reads no file. An editor with a
    language server for TOML completes keys, shows their descriptions and marks errors, once the first line of
    stack.toml names the file: #:schema ./stack.schema.json
    """
    if schema:
        from provisioner.cli.schema import print_schema
        from provisioner.engine.errors import ConfigurationError

        if key:
            raise ConfigurationError("--schema prints all keys: leave KEY out")
        return print_schema()
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
