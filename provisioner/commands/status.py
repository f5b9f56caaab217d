"""`provision status`: what is recorded, and how it is doing."""

from __future__ import annotations

import json

from provisioner.commands.app import app, command
from provisioner.commands.options import Options


@command(
    app,
    "status",
    "provision status                   everything by step, and the services as they run now",
    "provision status --json            one JSON document",
)
def status(options: Options) -> int:
    """Show how the stack is doing.

    What the state records, by step; and how services, instances and database are doing now. Only reads are made.
    """
    from provisioner import inspection, session
    from provisioner.render import status as show
    from provisioner.render.text import say

    config = session.load(options)
    state = session.recorded(options, config)
    live, silent = session.looked(options, config, state)
    document = inspection.document(state, config, session.entry(options, config), live, silent)
    commands = options.again("up"), options.again("up", "--new-ami")
    say([json.dumps(document, ensure_ascii=False)] if options.json else show.lines(document, *commands))
    return 0
