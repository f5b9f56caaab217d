"""`provision plan`: say what `up` would do, with reads only."""

from __future__ import annotations

import json

from provisioner.cli.app import app, command
from provisioner.cli.options import (
    Delete,
    GiveBack,
    NewAmi,
    Redeploy,
    Rehearse,
    RetryFailed,
    TakeOver,
    TargetStep,
    Unprotect,
)
from provisioner.operations.options import Options


@command(
    app,
    "plan",
    "provision plan                     exit code 0: no changes, 2: changes, 1: a change is refused",
    "provision plan --json              one JSON document",
)
def plan(
    options: Options,
    target_step: TargetStep = None,
    redeploy: Redeploy = False,
    retry_failed: RetryFailed = False,
    new_ami: NewAmi = False,
    delete: Delete = None,
    unprotect: Unprotect = False,
    rehearse: Rehearse = None,
    take_over: TakeOver = None,
    give_back: GiveBack = None,
) -> int:
    """Show what `up` would do.

    What it would create, change and delete, field by field, which data that would cost, and on AWS which URLs and
    services it would take down. Makes only read calls.

    With any other option of `up`: what `up` would do with it.
    """
    from provisioner.operations import commands
    from provisioner.operations.rehearsal import foresight
    from provisioner.render import advice, rehearsal, summary
    from provisioner.render import plan as show
    from provisioner.render.text import say

    wanted = commands.Wanted(
        target_step=target_step,
        redeploy=redeploy,
        retry_failed=retry_failed,
        new_ami=new_ami,
        delete=delete or (),
        unprotect=unprotect,
        take_over=take_over or (),
        give_back=give_back or (),
    )
    proposal = commands.plan(options, wanted)
    config, aws, lost = proposal.config, proposal.aws, proposal.lost
    planned, records, removal = proposal.planned, proposal.records, proposal.removal
    notes = list(proposal.notes)
    words = ["--target-step", target_step] if target_step else []
    words += [*(["--redeploy"] if redeploy else []), *(["--retry-failed"] if retry_failed else [])]
    words += ["--new-ami"] if new_ami else []
    words += [*removal.words, *wanted.name_words]
    foreseen = foresight.Foreseen()
    if foresight.wanted(rehearse, config.target) and not give_back:
        options_too = [*rehearsal.words(target_step, new_ami=new_ami), *removal.words]
        foreseen = foresight.foresee(options, planned, records, options_too)
        notes += foreseen.notes
    if options.json:
        shown = show.document(planned, config.name, aws.account, aws.region, notes, lost, proposal.kept)
        say([json.dumps(shown | rehearsal.outages(foreseen), ensure_ascii=False)])
    else:
        say(
            [
                *show.diff(planned),
                *summary.data_lost(lost),
                *rehearsal.expected(foreseen),
                *(f"note: {text}" for text in notes),
                *advice.after_plan(planned, options.command_line, records.values(), words),
            ]
        )
    return show.exit_code(planned)
