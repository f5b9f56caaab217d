"""`provision cloud`: the embedded cloud by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import SETTINGS, app, command
from provisioner.operations.options import Options

group = typer.Typer(
    name="cloud", help="Start, stop and ask the embedded cloud.", rich_markup_mode=None, context_settings=SETTINGS
)
app.add_typer(group)


def _folder(options: Options) -> Path:
    """Return the embedded cloud's folder; a configuration above this folder, which it lies beside, is named."""
    from provisioner.operations import context

    if not options.state_dir:
        context.found(options)
    return options.folder


@command(
    group,
    "start",
    "provision cloud start              on a free port of 127.0.0.1; `up` does it by itself",
    "provision cloud start --port 5000  on a port of your choice",
    "provision cloud start --faults throttle,lag   and let calls be throttled, and reads lag",
    "provision cloud start --policy plan.json      and allow only what this IAM policy allows",
    "provision cloud start --durations slow        and let everything take as long as AWS may take",
    "provision cloud start --clock real:20         and let time pass by itself, twenty times as fast",
)
def start(
    options: Options,
    port: Annotated[int | None, typer.Option(metavar="N", min=1, max=65535, help="The TCP port to listen on.")] = None,
    faults: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="What is to go wrong from now on; see docs/faults.md. 'none' ends it."),
    ] = None,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="An IAM policy: from now on only what it allows is allowed. Several together. 'none' ends it.",
        ),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="How its time passes from now on: 'virtual' jumps when all wait, 'real:20' is 20 times as fast.",
        ),
    ] = None,
    durations: Annotated[
        str | None,
        typer.Option(
            metavar="CHOICE",
            help="How long operations take from now on: 'typical', 'fast', 'slow', 'times:3', or 'seed:7' for a draw.",
        ),
    ] = None,
) -> int:
    """Start the embedded cloud, if it is not running, and say where it answers."""
    from dataclasses import asdict

    from provisioner.emulator import control, manage
    from provisioner.operations import context
    from provisioner.render import status as show

    policies = manage.read_policies([file for file in policy or () if policy != [Path("none")]])
    cloud = context.start_cloud(options, context.load(options), port)
    if faults is not None:
        manage.set_faults(cloud, "" if faults == "none" else faults)
    if policy is not None:
        manage.set_policies(cloud, policies)
    if clock is not None or durations is not None:
        control.set_clock(cloud, clock, durations)
    show.cloud(asdict(cloud) | control.clock(cloud), manage.hung(cloud), options.json)
    return 0


@command(
    group,
    "stop",
    "provision cloud stop               everything in it is gone",
    "provision cloud stop --yes         even while another command is at work on it",
)
def stop(options: Options) -> int:
    """Stop the embedded cloud. All that was created in it is gone; the next `up` creates it again.

    While another command is at work on it, it asks first.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.emulator import manage
    from provisioner.render import status as show
    from state.lock import NAME, holder

    locks = sorted((options.folder / "local").glob(f"*/{NAME}"))
    if working := " and ".join(filter(None, map(holder, locks))):
        confirm(
            f"{working} is at work on the embedded cloud, which `cloud stop` ends with all that is in it", options.yes
        )
    show.stopped(manage.stop(_folder(options)), options.json)
    return 0


@command(group, "status", "provision cloud status --json      where it answers, for scripts")
def status(options: Options) -> int:
    """Say whether the embedded cloud runs, and where it answers."""
    from dataclasses import asdict

    from provisioner.emulator import control, manage
    from provisioner.render import status as show

    running = manage.find(_folder(options))
    if running is None:
        show.cloud(None, 0, options.json)
    else:
        show.cloud(asdict(running) | control.clock(running), manage.hung(running), options.json)
    return 0


@command(group, "env", "provision cloud env               with `eval`, `aws ec2 describe-vpcs` asks the embedded cloud")
def env(options: Options) -> int:
    """Print the settings with which other tools of AWS find the embedded cloud, as a shell takes them."""
    from provisioner.emulator import manage
    from provisioner.operations import context
    from provisioner.render import status as show

    config = context.load(options)
    show.environment(manage.environment(options.folder, config.region), options.json)
    return 0


@command(group, "delegate", "provision cloud delegate example.org   as if its registrar now pointed here")
def delegate(
    options: Options,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain of a public zone.")],
) -> int:
    """Let the world of the embedded cloud delegate a domain to it, which certificates of that domain wait for."""
    from provisioner.emulator import manage
    from provisioner.render import status as show

    manage.delegate(_folder(options), domain)
    show.delegated(domain, options.again("up"), options.json)
    return 0
