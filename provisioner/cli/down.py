"""`provision down`: take everything away again."""

from __future__ import annotations

import sys

from provisioner.cli.app import app, command
from provisioner.cli.options import TargetStep, Unprotect
from provisioner.operations.options import Options


@command(
    app,
    "down",
    "provision down                     shows what will be deleted, and asks",
    "provision down --target aws        on AWS; it names the account",
    "provision down --yes --json        without asking, events as JSON lines",
    "provision down --target-step services      that step and its dependents",
    "provision down --unprotect         a protected stack, which is refused otherwise",
)
def down(options: Options, target_step: TargetStep = None, unprotect: Unprotect = False) -> int:
    """Delete the whole stack.

    Deletes every resource in the state, container instances included, then checks every resource type for leftover
    resources. With --target-step: only the resources of that step and their dependents.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.engine.words import count
    from provisioner.operations import context, declaring, destroy, losing, signals, stacks, stores
    from provisioner.render import advice, summary
    from provisioner.render.show import shown
    from provisioner.render.text import limited, say

    config = context.load(options)
    if target_step and not config.state.bucket:
        # before anything is started; what is in a bucket can be read only afterwards
        declaring.check_target(target_step, stores.as_written(options, config).records.values())
    aws = context.connect(options, config)
    with stores.open_store(options, config, aws, "down") as store:
        declaring.check_target(target_step, store.records.values())
        going = destroy.removal(store.records, target_step)
        with signals.at_once():
            if not unprotect:
                words = ["--target-step", target_step] if target_step else []
                command = options.command_line("down", *words, "--unprotect")
                destroy.check_protection(aws, store.records, going, command)
            protected = destroy.protected(aws, store.records, going)
            lost = losing.lost_of(aws, going.values(), store.records, amounts=not options.yes)
        if going:
            deleted = destroy.deletable(going)
            number = count(len(deleted), "resource") if deleted else "only the records of retained resources"
            more = ", and what AWS created for them," if destroy.created_by_aws(going) else ""
            what = f"`down` deletes {number}{more} of {limited(config.name, target_step)}"
            say(summary.removal(deleted, protected, lost), sys.stderr)
            with aws.pace.runtime.watching():
                confirm(f"{what} on {context.describe_account(config, aws)}", options.yes)
        else:
            say((f"note: {text}" for text in stacks.beside(options, config, store.records)), sys.stderr)
        aws.drop_reads()  # the user may have taken long to agree
        with shown(options.json, aws.pace.now) as progress, context.interruptible(aws.pace, progress.emit):
            outcome = destroy.down(aws, store, progress.emit, target_step, unprotect=unprotect)
            advised = advice.after_down(outcome, options.command_line, config, unprotect=unprotect)
            progress.unfinished = summary.by_step(outcome)
            advised += advice.after_long(outcome, options.command_line)
    # only now is all recorded
    progress.emit(summary.finished(outcome, advised, progress.real_seconds if aws.endpoint else None))
    summary.report(outcome, progress, options.json)
    return outcome.exit_code
