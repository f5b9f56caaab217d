"""`provision up`: bring everything to what is declared."""

from __future__ import annotations

import sys
from dataclasses import replace

from provisioner.cli.app import app, command
from provisioner.cli.options import (
    Delete,
    NewAmi,
    Redeploy,
    Rehearse,
    RetryFailed,
    SkipChecks,
    TargetStep,
    Unprotect,
)
from provisioner.operations.options import Options


@command(
    app,
    "up",
    "provision up                       on the target of stack.toml, the embedded cloud in the sample",
    "provision up --target aws          on AWS: shows the plan, the account and the Region, and asks",
    "provision up --env staging --yes   another environment, without asking",
    "provision up --target-step database    that step and its dependencies",
    "provision up --new-ami             the newest AMI, with a rolling replacement of all instances",
    "provision up --delete bucket/access-logs   also data that is kept after it was taken out of stack.toml",
    "provision up --skip-checks quotas          without this check before the first write",
    "provision up --unprotect           a protected stack, of which services or data are to be deleted",
)
def up(
    options: Options,
    target_step: TargetStep = None,
    redeploy: Redeploy = False,
    retry_failed: RetryFailed = False,
    new_ami: NewAmi = False,
    delete: Delete = None,
    unprotect: Unprotect = False,
    rehearse: Rehearse = None,
    skip_checks: SkipChecks = None,
) -> int:
    """Create or change the stack.

    Creates missing resources, changes those that differ, and deletes those that are no longer declared. Of these, what
    holds data is kept until --delete names it. Run it again to resume after a failure.

    With --target-step: only that step and the steps it depends on; nothing is deleted.

    With --redeploy: services with a task definition that somebody else deployed go back to the declared one.

    With --retry-failed: services whose last task definition ECS rolled back get it once more. Otherwise they keep the
    one that runs, and `up` ends as failed, until something of the service changes.

    With --new-ami: uses the AMI that AWS recommends now, and replaces older instances in an instance refresh. Otherwise
    the AMI does not change.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.config.builds import check_contexts
    from provisioner.engine.kept import check
    from provisioner.operations import apply, context, declaring, losing, planning, signals, stacks, stores
    from provisioner.operations.doctor import beforehand
    from provisioner.operations.rehearsal import foresight
    from provisioner.render import advice, plan, rehearsal, summary
    from provisioner.render.show import shown
    from provisioner.render.text import limited, say

    config = context.load(options, declares=True)
    declaring.check_target(target_step)
    removal = declaring.removal(delete, unprotect, target_step)
    declaring.check_new_ami(config, target_step, new_ami=new_ami)
    check_contexts(config, options.file)
    skip = beforehand.skipped(skip_checks)
    aws = replace(context.connect(options, config), redeploy=redeploy, retry_failed=retry_failed, new_ami=new_ami)
    with stores.open_store(options, config, aws, "up") as store:
        stack = context.declared(options, config, aws, store.records)
        stack.removal = removal
        stack.notices += check(store.records, stack.declared, removal)
        stack.notices[:0] = stacks.beside(options, config, store.records)
        if not target_step:
            stack.notices += losing.note(store.records, stack, options.command_line)
        if config.target == "aws":
            with signals.at_once():
                beforehand.check(aws, stack, options.file, store.records, target_step, skip)
        planned = None
        if config.target == "aws" and not options.yes:
            with signals.at_once():
                planned = planning.show_plan(aws, store.records, stack, target_step)
            notes = [*stack.notices, *planning.notes(aws, stack, planned)]
            lost = losing.lost(aws, planned, store.records)
            say([*plan.diff(planned), *summary.data_lost(lost), *(f"note: {text}" for text in notes)], sys.stderr)
            planning.refuse(planned, store.records)
            if foresight.wanted(rehearse, config.target):
                words = [*rehearsal.words(target_step, new_ami=new_ami), *removal.words]
                foreseen = foresight.foresee(options, planned, store.records, words)
                told = [*rehearsal.expected(foreseen), *(f"note: {text}" for text in foreseen.notes)]
                say(told, sys.stderr)
            confirm(
                f"`up` of {limited(config.name, target_step)} on {context.describe_account(config, aws)}", options.yes
            )
            aws.drop_reads()  # the user may have taken long to agree
        with shown(options.json, aws.pace.now) as progress, context.interruptible(aws.pace, progress.emit):
            outcome = apply.up(aws, store, stack, progress.emit, target_step, planned)
            entry = context.entry(options, config)
            advised = advice.after_up(
                outcome, options.command_line, config, entry, new_ami=new_ami, removal=removal.words
            )
            progress.unfinished = summary.by_step(outcome)
            advised += advice.after_long(outcome, options.command_line)
    # only now is all recorded
    progress.emit(summary.finished(outcome, advised, progress.real_seconds if aws.endpoint else None))
    summary.report(outcome, progress, options.json)
    return outcome.exit_code
