"""`provision state rm` and `provision state mv`: correct by hand what is recorded."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provisioner.cli.app import command
from provisioner.cli.state import group
from provisioner.operations.options import Options

Key = Annotated[str, typer.Argument(metavar="KEY", help="An address, as `provision state list` shows it.")]


@command(
    group,
    "rm",
    "provision state rm repository/web      forgets it; asks first",
    "provision state rm vpc/main --force    although others need it",
)
def remove(
    options: Options,
    key: Key,
    force: Annotated[bool, typer.Option("--force", help="Also if others need it.")] = False,
) -> int:
    """Forget a record. The cloud is not touched.

    What is declared is found again by the next `up`, by its tag or name; what is not declared stays where it is, and
    `down` does not remove it: the sweep at its end names it, and `recover` finds it.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.operations import context, state_edit, stores
    from provisioner.render.text import say

    config = context.load(options)
    aws = context.connect(options, config)
    with stores.open_store(options, config, aws, "state rm") as store:
        stays = state_edit.to_forget(store, key, force=force)
        confirm(f"`state rm` forgets {key} of {config.name} ({stays})", options.yes)
        forgotten = store.records[key].id
        store.drop(key)
    if options.json:
        say([json.dumps({"address": key, "id": forgotten}, ensure_ascii=False)])
    else:
        say([f"{key} is forgotten; {stays}.", f"Is it still declared? {options.again('plan')} tells."])
    return 0


@command(
    group,
    "mv",
    "provision state mv subnet/a subnet/b   when a step calls it otherwise",
)
def move(
    options: Options,
    key: Key,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The address from now on, of the same resource type.")],
) -> int:
    """Record a resource under another address. The cloud is not touched.

    What needs it follows. The tag in the cloud still says the former address: the next `up` mends it.
    """
    from provisioner.operations import context, state_edit, stores
    from provisioner.render.text import say

    config = context.load(options)
    aws = context.connect(options, config)
    with stores.open_store(options, config, aws, "state mv") as store:
        users = state_edit.rename(store, key, new)
    if options.json:
        say([json.dumps({"address": new, "formerly": key, "needed_by": users}, ensure_ascii=False)])
    else:
        needed = f", also in the needs of {', '.join(users)}" if users else ""
        say([f"{key} is recorded as {new}{needed}.", f"Its tag in the cloud follows with {options.again('up')}."])
    return 0
