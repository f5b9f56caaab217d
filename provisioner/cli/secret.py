"""`provision secret`: set, list and remove the secrets that services are given."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from provisioner.cli.app import SETTINGS, app, command
from provisioner.operations.context.options import Options

group = typer.Typer(
    name="secret", help="Set and list the secrets of services.", rich_markup_mode=None, context_settings=SETTINGS
)
app.add_typer(group)


@command(
    group,
    "set",
    "provision secret set STRIPE_KEY            asks for the value, and does not show it",
    "provision secret set STRIPE_KEY < file     the value from standard input, less one final line break",
    "provision secret set STRIPE_KEY --env prod  that of another environment",
)
def set_(
    options: Options,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the variable.")],
    advanced: Annotated[
        bool, typer.Option("--advanced", help="Allow more than 4 KB, up to 8: an advanced parameter, which costs.")
    ] = False,
) -> int:
    """Set a secret of the stack in Parameter Store.

    Services get it by secrets = ["NAME"] in the configuration. Its value is never an argument, and is kept nowhere but
    in Parameter Store. The next `up` starts new tasks of the services that use it.
    """
    from provisioner.cli.prompts import hidden_input
    from provisioner.config.secrets import users
    from provisioner.operations.commands import secret
    from provisioner.operations.context import configuration, connection
    from provisioner.render.text import say

    config = configuration.load(options)
    secret.check_name(config, name)
    value = hidden_input(f"Value of {name} for {config.name} (is not shown): ")
    secret.check_size(value, advanced=advanced)
    version, changed = secret.put(connection.connect(options, config), config, name, value, advanced=advanced)
    using = sorted({table for one, tables in users(config.secrets).items() if one.place == name for table in tables})
    if options.json:
        done = {"name": name, "stack": config.name, "version": version, "changed": changed, "services": using}
        say([json.dumps(done, ensure_ascii=False)])
    else:
        then = f"{options.command_line('up')} starts new tasks of {', '.join(using)}" if using else "no service uses it"
        say([f"{name} of {config.name} is set; {then}."])
    return 0


@command(
    group,
    "list",
    "provision secret list              names, versions, who uses them, and what is missing",
)
def list_(options: Options) -> int:
    """List the secrets that services are given, and those that are set and not used. No value is read."""
    from provisioner.operations.commands import secret
    from provisioner.operations.context import configuration, connection
    from provisioner.render.text import say, table

    config = configuration.load(options)
    rows = secret.listed(connection.connect(options, config).reading(), config, options.command_line)
    if options.json:
        say([json.dumps({"stack": config.name, "secrets": [asdict(row) for row in rows]}, ensure_ascii=False)])
        return 0
    say(
        table(
            (
                row.name,
                row.place,
                "missing" if row.problem else f"version {row.version}" if row.version else "made up by the next `up`",
                row.changed,
                ", ".join(row.services) or "not used",
            )
            for row in rows
        )
    )
    say((f"note: {row.name}: {row.problem}" for row in rows if row.problem), sys.stderr)
    return 0


@command(
    group,
    "rm",
    "provision secret rm STRIPE_KEY     asks first",
    "provision secret rm --all          all that were set for this stack, as after `down`",
)
def remove(
    options: Options,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The name of the variable.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove all that were set for this stack.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Remove it even if services use it.")] = False,
) -> int:
    """Remove a secret that was set. It cannot be restored."""
    from provisioner.cli.prompts import confirm
    from provisioner.engine.errors import ConfigurationError
    from provisioner.operations.commands import secret
    from provisioner.operations.context import configuration, connection, stores
    from provisioner.operations.prerequisites import secret_parameters
    from provisioner.render.text import say

    if (name is None) is not everything:
        raise ConfigurationError("name one secret, or add --all")
    config = configuration.load(options)
    if name:
        secret.check_name(config, name)
    aws = connection.connect(options, config)
    going = [name] if name else [one.rpartition("/")[2] for one in secret_parameters.kept(aws)]
    if not force:
        secret.check_unused(config, stores.recorded(options, config, aws).records, going)
    if going:
        what = f"`secret rm` removes {', '.join(going)} of {config.name} for good"
        confirm(f"{what} on {connection.describe_account(config, aws)}", options.yes)
        secret_parameters.remove(aws, going)
    if options.json:
        say([json.dumps({"stack": config.name, "removed": going})])
    else:
        say(
            [f"{one} of {config.name} is removed." for one in going] or [f"{config.name} has no secrets that were set."]
        )
    return 0
