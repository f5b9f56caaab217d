"""`provision recover`: rebuild a lost or broken state from the cloud alone."""

from __future__ import annotations

import sys

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "recover",
    "provision recover                  asks before it replaces a state",
    "provision recover --yes --json     without asking, one JSON document",
)
def recover(options: Options) -> int:
    """Rebuild a lost or broken state from the account's resources.

    Finds the stack's resources by their tags, names and contents, and records them, even if stack.toml no longer
    declares them. No resource is changed. A previous state is kept as a backup.

    A resource that stack.toml refers to and the account does not have, such as a deleted hosted zone, is reported and
    skipped.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.engine.words import count
    from provisioner.operations.context import cluster_tags, configuration, connection, graceful_stop, signals, stores
    from provisioner.operations.overrides import images, sizes
    from provisioner.operations.planning import declaration
    from provisioner.operations.state_admin import image_notices, recovered_state, recovery, set_aside
    from provisioner.render import recovered as show
    from provisioner.render.text import say

    def report(text: str) -> None:
        say([text], sys.stderr)

    config = configuration.load(options, declares=True)
    aws = connection.connect(options, config).reading()
    with signals.held():
        backups = set_aside.set_aside(options, config, aws)
    with stores.open_store(options, config, aws, "recover") as store:
        restored = cluster_tags.lost(aws, store.state)
        for text in cluster_tags.note(restored):
            report(f"note: {text}")
        settings = cluster_tags.settings(store.records) | sizes.records_of(store.records) | restored
        stack = declaration.declare_stack(
            options,
            config,
            aws,
            settings,
            lambda text: report(f"note: {text}. Continuing without it"),
        )
        with graceful_stop.interruptible(aws.pace, lambda event: report(str(event.to_dict().get("text", "")))):
            aws.know_tagged_types()
            found = recovery.search(aws, dict(store.records), stack.declared, report)
            aws.pace.check()
            if not images.records_of(settings):
                for text in image_notices.notes(aws, config, stack.declared, found.by_address):
                    report(f"note: {text}")
        if not options.json:
            say(show.lines(found, config.name, connection.describe_account(config, aws)))
        if store.records:
            what = f"`recover` replaces the {count(len(store.records), 'record')} of {config.name}"
            moved = f"the unreadable state was moved to {', '.join(backups)}; nothing else was changed"
            confirm(what, options.yes, *([moved] if backups else []))
            backups.append(recovered_state.backup(store))
        recovered_state.write(store, found)
    if options.json:
        say([show.document(found, config.name, aws.account, aws.region, backups)])
    else:
        say(show.after(found, backups, options.command_line))
    return int(bool(found.refused))
