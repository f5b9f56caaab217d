"""`provision state rm` and `provision state mv`: correct records by hand."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provisioner.cli.app import command
from provisioner.cli.state import Address, group
from provisioner.operations.context.options import Options


@command(
    group,
    "rm",
    "provision state rm repository/web      asks first",
    "provision state rm vpc/main --force    even if other records depend on it",
)
def remove(
    options: Options,
    address: Address,
    force: Annotated[bool, typer.Option("--force", help="Remove it even if other records depend on it.")] = False,
) -> int:
    """Remove a record from the state. The resource itself is not changed.

    If it is still declared, the next `up` finds it again by its tag or name. If not, `down` does not delete it, but
    reports it as a leftover resource, and `recover` finds it.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.engine.resource_types import current
    from provisioner.operations.context import configuration, connection, stores
    from provisioner.operations.state_admin import edit
    from provisioner.render.text import say

    config = configuration.load(options)
    aws = connection.connect(options, config)
    address = current(address)
    with stores.open_store(options, config, aws, "state rm") as store:
        stays = edit.to_forget(store, address, force=force)
        confirm(f"`state rm` removes {address} from the state of {config.name} ({stays})", options.yes)
        forgotten = store.records[address].id
        store.drop(address)
    if options.json:
        say([json.dumps({"address": address, "id": forgotten}, ensure_ascii=False)])
    else:
        say(
            [
                f"{address} is removed from the state; {stays}.",
                f"To check whether it is still declared, run {options.command_line('plan')}.",
            ]
        )
    return 0


@command(
    group,
    "mv",
    "provision state mv subnet/a subnet/b   after its name in a step has changed",
)
def move(
    options: Options,
    address: Address,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new address, of the same resource type.")],
) -> int:
    """Change the address of a record. The resource itself is not changed.

    Dependencies on it are updated. The next `up` updates its address tag.
    """
    from provisioner.engine.resource_types import current
    from provisioner.operations.context import configuration, connection, stores
    from provisioner.operations.state_admin import edit
    from provisioner.render.text import say

    config = configuration.load(options)
    aws = connection.connect(options, config)
    address, new = current(address), current(new)
    with stores.open_store(options, config, aws, "state mv") as store:
        dependents = edit.rename(store, address, new)
    if options.json:
        say([json.dumps({"address": new, "previous_address": address, "dependents": dependents}, ensure_ascii=False)])
    else:
        needed = f", also as a dependency of {', '.join(dependents)}" if dependents else ""
        say([f"{address} is now {new}{needed}.", f"Its tag is updated by the next {options.command_line('up')}."])
    return 0
