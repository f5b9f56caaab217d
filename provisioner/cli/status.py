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
    from provisioner.operations import configuration, connecting, embedded_cloud, stack_status, stores
    from provisioner.render import status as show
    from provisioner.render.text import say
    from provisioner.state import lease, lock

    config = configuration.load(options)
    aws = connecting.reader(options, config) if config.state.bucket else None
    state = stores.as_written(options, config, aws)
    started = embedded_cloud.started(options) if config.target == "local" else 0.0
    restarted = started if stack_status.outlived(state, started) else None
    live, unavailable = (
        stack_status.condition(options, config, state, aws) if restarted is None else (None, "it was restarted")
    )
    if aws:
        locked_by = lease.holder(stores.objects(config, aws, aws.client("s3")), aws.pace.runtime)
    else:
        locked_by = lock.holder(stores.directory(options, config) / lock.LOCK_FILE)
    entry = embedded_cloud.entry(options, config)
    document = stack_status.document(state, config, entry, live, unavailable, restarted=restarted, locked_by=locked_by)
    say([json.dumps(document, ensure_ascii=False)] if options.json else show.lines(document, options.command_line))
    return 0
