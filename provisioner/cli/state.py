"""`provision state`: inspect, move and replace the state."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import SETTINGS, Commands, app, command
from provisioner.cli.show import print_record
from provisioner.operations.context.options import Options

group = typer.Typer(
    name="state", help="Inspect and manage the state.", rich_markup_mode=None, cls=Commands, context_settings=SETTINGS
)
app.add_typer(group)
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address, as `provision state list` shows it.")]


@command(
    group,
    "list",
    "provision state list               all records",
)
def list_(options: Options) -> int:
    """List the records: address, phase, ID.

    A phase is creating, created, ready or deleting.
    """
    from provisioner.operations.context import configuration, stores
    from provisioner.operations.inspection import stack_status
    from provisioner.render.text import say, table

    config = configuration.load(options)
    resources = stack_status.resources(stores.as_written(options, config))
    if options.json:
        say([json.dumps(resources, ensure_ascii=False)])
    else:
        say(table((resource["address"], resource["phase"], resource["id"] or "") for resource in resources))
    return 0


@command(
    group,
    "show",
    "provision state show vpc/main      one record",
    now="show ADDRESS",
)
def show(
    options: Options,
    address: Address,
) -> int:
    """Show one record: the former name of `provision show ADDRESS`."""
    return print_record(options, address)


VERSIONING_NOTE = (
    "note: versioning was enabled. For 15 minutes S3 may report new objects as missing: "
    "commands retry for a minute; if one still fails because of that, run it again"
)


@command(
    group,
    "init",
    "provision state init               the bucket that [state] names",
)
def init(options: Options) -> int:
    """Create or repair the S3 bucket for shared states.

    The bucket is versioned, encrypted, not public, TLS only; earlier versions are kept for 90 days. `provision down`
    does not delete it.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.operations.context import configuration, connection, state_bucket
    from provisioner.render.text import say
    from provisioner.state.bucket import VERSIONING

    config = configuration.load(options)
    name = state_bucket.named(config)
    aws = connection.connect(options, config)
    bucket, done = state_bucket.bucket(config, aws), list[str]()
    for repair_step in bucket.to_repair():
        if not done and config.target == "aws":
            what = "creates the bucket" if repair_step.makes else "changes settings of the bucket"
            confirm(f"`state init` {what} {name} in {connection.describe_account(config, aws)}", options.yes)
        bucket.repair(repair_step)
        done.append(repair_step.what)
    if VERSIONING in done and config.target == "aws":
        say([VERSIONING_NOTE], sys.stderr)
    if options.json:
        say([json.dumps({"bucket": name, "done": done}, ensure_ascii=False)])
    else:
        say([f"{name}: {what}" for what in done] or [f"{name}: no changes"])
    return 0


@command(
    group,
    "pull",
    "provision state pull               one JSON document",
    "provision state pull FILE          into a new file",
)
def pull(
    options: Options,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A new file to write it to.")] = None,
) -> int:
    """Print the whole state."""
    from provisioner.operations.context import configuration, stores
    from provisioner.operations.state_admin import state_transfer
    from provisioner.render.text import say
    from provisioner.state.store import document

    config = configuration.load(options)
    state = stores.configured(options, config)
    content = document(state)
    if file:
        state_transfer.write_file(file, content)
        if options.json:
            say([json.dumps({"file": str(file), "records": len(state.records)}, ensure_ascii=False)])
    else:
        say([content.decode().rstrip()])
    return 0


@command(
    group,
    "push",
    "provision state push FILE          an edited state; the previous one is kept as a backup",
)
def push(
    options: Options,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A state, as `provision state pull` prints it.")],
    force: Annotated[bool, typer.Option("--force", help="Accept an older state, or one of another lineage.")] = False,
) -> int:
    """Replace the state with a file.

    Refuses a state of another stack, account, Region or lineage, and an older state.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.engine.words import count
    from provisioner.operations.context import configuration, connection
    from provisioner.operations.state_admin import state_transfer
    from provisioner.render.text import say

    config = configuration.load(options)
    new = state_transfer.read_file(file)
    aws = connection.connect(options, config)
    what = f"`state push` replaces the state of {config.name} with {count(len(new.records), 'record')}"
    confirm(f"{what} on {connection.describe_account(config, aws)}", options.yes or config.target == "local")
    backup = state_transfer.push(options, config, aws, new, force=force)
    if options.json:
        say([json.dumps({"records": len(new.records), "backup": backup}, ensure_ascii=False)])
    else:
        say([f"{config.name}: {count(len(new.records), 'record')}. Backup of the previous state: {backup}"])
    return 0


@command(
    group,
    "migrate",
    "provision state migrate            from this machine to the bucket that [state] names",
    "provision state migrate --to-local back to this machine",
    "provision state migrate --discard  keep the bucket's, where both have one",
)
def migrate(
    options: Options,
    to_local: Annotated[bool, typer.Option("--to-local", help="Move it from the bucket to this machine.")] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Keep the state that is at the target; back up and empty the other one.")
    ] = False,
) -> int:
    """Move the state to the bucket, or back.

    The copy is verified before the previous state is emptied, and a backup is kept. If interrupted, run it again.
    """
    from provisioner.engine.words import count
    from provisioner.operations.context import configuration, connection, state_bucket
    from provisioner.operations.state_admin import state_transfer
    from provisioner.render.text import say

    config = configuration.load(options)
    name = state_bucket.named(config)
    aws = connection.connect(options, config)
    transfer = state_transfer.discard if discard else state_transfer.migrate
    moved, backup = transfer(options, config, aws, back=to_local)
    target = "this machine" if to_local else f"the bucket {name}"
    if options.json:
        say([json.dumps({"records": moved, "backup": backup}, ensure_ascii=False)])
    elif moved and discard:
        backed_up = f"Backup of the other one ({count(moved, 'record')}): {backup}"
        say([f"{config.name}: the state of {target} is in use. {backed_up}"])
    elif not moved:
        say([f"{config.name}: nothing to move to {target}"])
    else:
        say([f"{config.name}: {count(moved, 'record')} moved to {target}. Backup of the previous state: {backup}"])
    if moved and to_local:
        or_back = ", or move the state to the bucket with `provision state migrate`" if discard else ""
        say([f"note: remove [state] from the configuration now{or_back}"], sys.stderr)
    return 0
