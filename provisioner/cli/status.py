"""`provision status`: what is recorded, and how it is doing."""

from __future__ import annotations

import json

from provisioner.cli.app import app, command
from provisioner.operations.options import Options


@command(
    app,
    "status",
    "provision status                   resources by step, and live status",
    "provision status --json            one JSON document",
)
def status(options: Options) -> int:
    """Show the status of the stack.

    The resources in the state, by step, and the live status of services, instances and the database. Makes only read
    calls.
    """
    from provisioner.emulator import manage
    from provisioner.operations import context, stack_status, stores
    from provisioner.render import status as show
    from provisioner.render.text import say
    from state.lock import LOCK_FILE, holder

    config = context.load(options)
    aws = context.reader(options, config) if config.state.bucket else None
    state = stores.recorded(options, config, aws)
    started = manage.started(options.directory) if config.target == "local" else 0.0
    restarted = started if stack_status.outlived(state, started) else None
    live, unavailable = (
        context.read_condition(options, config, state, aws) if restarted is None else (None, "it was restarted")
    )
    locked_by = "" if config.state.bucket else holder(stores.directory(options, config) / LOCK_FILE)
    entry = context.entry(options, config)
    document = stack_status.document(state, config, entry, live, unavailable, restarted=restarted, locked_by=locked_by)
    say([json.dumps(document, ensure_ascii=False)] if options.json else show.lines(document, options.command_line))
    return 0
