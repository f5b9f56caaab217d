"""`provision cloud`: the embedded cloud by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import SETTINGS, Commands, app, command
from provisioner.operations.context import embedded_cloud
from provisioner.operations.context.options import Options

group = typer.Typer(
    name="cloud", help="Manage the embedded cloud.", rich_markup_mode=None, cls=Commands, context_settings=SETTINGS
)
app.add_typer(group)


def _directory(options: Options) -> Path:
    """Return the embedded cloud's directory; tell the user if it lies beside a configuration in a parent directory."""
    from provisioner.operations.context import configuration

    if not options.state_dir:
        configuration.found(options)
    return options.directory


@command(
    group,
    "start",
    "provision cloud start              on a free port of 127.0.0.1; `up` starts it by itself",
    "provision cloud start --port 5000  on a port of your choice",
    "provision cloud start --faults throttle,lag   with throttled calls and lagging reads",
    "provision cloud start --policy plan.json      with the permissions of this IAM policy only",
    "provision cloud start --scp deny.json         as in an organization with this service control policy",
    "provision cloud start --durations slow        with operations as slow as AWS's may be",
    "provision cloud start --clock real:20         with a clock that runs 20 times as fast",
)
@embedded_cloud.used()
def start(
    options: Options,
    port: Annotated[int | None, typer.Option(metavar="N", min=1, max=65535, help="The TCP port to listen on.")] = None,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...", help="Faults to inject, see docs/developers/faults.md; 'none' turns them off."
        ),
    ] = None,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Restrict callers to this IAM policy; may be repeated; 'none' allows everything again.",
        ),
    ] = None,
    scp: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Put the account into an organization with this service control policy; may be repeated; 'none' ends.",
        ),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="The clock: 'virtual' skips waits, 'real:20' runs 20 times as fast.",
        ),
    ] = None,
    durations: Annotated[
        str | None,
        typer.Option(
            metavar="CHOICE",
            help="The durations of operations: 'typical', 'fast', 'slow', 'times:3', or 'seed:7' (random).",
        ),
    ] = None,
) -> int:
    """Start the embedded cloud, and show its endpoint."""
    from dataclasses import asdict

    from ecs_emulator import control, manage
    from provisioner.operations.context import configuration, embedded_cloud
    from provisioner.render import status as show

    policies, controls = (manage.read_policies(_files(given)) for given in (policy, scp))
    cloud = embedded_cloud.start(options, configuration.load(options), port)
    if faults is not None:
        manage.set_faults(cloud, "" if faults == "none" else faults)
    if policy is not None:
        manage.set_policies(cloud, policies)
    if scp is not None:
        manage.set_organization(cloud, controls)
    if clock is not None or durations is not None:
        control.set_clock(cloud, clock, durations)
    show.cloud(asdict(cloud) | control.clock(cloud), manage.hung(cloud), options.json)
    return 0


def _files(given: list[Path] | None) -> list[Path]:
    return [] if given is None or given == [Path("none")] else given


@command(
    group,
    "stop",
    "provision cloud stop               and delete everything in it",
    "provision cloud stop --yes         even if another command is using it",
)
@embedded_cloud.used()
def stop(options: Options) -> int:
    """Stop the embedded cloud and delete everything in it. The next `up` creates it again.

    If another command is using it, asks for confirmation.
    """
    from ecs_emulator import manage
    from provisioner.cli.prompts import confirm
    from provisioner.operations.inspection import stack_list
    from provisioner.render import status as show

    running = manage.find(_directory(options))
    if working := stack_list.working(options, answers=running is not None and not manage.hung(running)):
        confirm(f"the embedded cloud is in use by {working}, and `cloud stop` deletes everything in it", options.yes)
    show.stopped(manage.stop(_directory(options)), options.json)
    return 0


@command(group, "status", "provision cloud status --json      the endpoint and the access key, for scripts")
@embedded_cloud.used()
def status(options: Options) -> int:
    """Show whether the embedded cloud is running, and its endpoint."""
    from dataclasses import asdict

    from ecs_emulator import control, manage
    from provisioner.render import status as show

    running = manage.find(_directory(options))
    if running is None:
        show.cloud(None, 0, options.json)
    else:
        show.cloud(asdict(running) | control.clock(running), manage.hung(running), options.json)
    return 0


@command(
    group,
    "env",
    'provision cloud env               for `eval "$(provision cloud env)"`: the AWS CLI then calls the embedded cloud',
)
@embedded_cloud.used()
def env(options: Options) -> int:
    """Print shell commands that point AWS tools to the embedded cloud."""
    from ecs_emulator import manage
    from provisioner.operations.context import configuration
    from provisioner.render import status as show

    config = configuration.load(options)
    show.environment(manage.environment(options.directory, config.region), options.json)
    return 0


@command(group, "delegate", "provision cloud delegate example.org   as if its registrar had set the name servers")
@embedded_cloud.used()
def delegate(
    options: Options,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain of a public hosted zone.")],
) -> int:
    """Simulate the delegation of a domain, for its certificates."""
    from ecs_emulator import manage
    from provisioner.render import status as show

    manage.delegate(_directory(options), domain)
    show.delegated(domain, options.command_line("up"), options.json)
    return 0
