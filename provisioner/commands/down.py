"""`provision down`: take everything away again."""

from __future__ import annotations

import sys

from provisioner.commands.app import app, command
from provisioner.commands.options import Options


@command(
    app,
    "down",
    "provision down                     shows what will be removed, and asks",
    "provision down --target aws        on AWS; it names the account",
    "provision down --yes --json        without asking, events as JSON lines",
)
def down(options: Options) -> int:
    """Remove the whole stack.

    Removes everything that the state records, container instances included, then looks through every kind for what is
    left.
    """
    from provisioner import operate, session
    from provisioner.commands.ask import confirm
    from provisioner.render import advice, summary
    from provisioner.render.show import shown
    from provisioner.render.text import count, say

    config = session.load(options)
    aws = session.connect(options, config)
    with session.opened(options, config, aws, "down") as store:
        what = f"`down` removes {count(len(store.records), 'thing')} of {config.name}"
        say([what, *summary.removal(store.records)], sys.stderr)
        confirm(f"{what} on {session.where(config, aws)}", options.yes)
        with shown(options.json) as progress, session.interruptible(aws.pace, progress.emit):
            outcome = operate.down(aws, store, progress.emit)
            progress.emit(summary.finished(outcome, advice.after_down(outcome, options.again, config)))
    summary.tell(outcome, progress, options.json)
    return outcome.exit_code
