"""`provision plan`: say what `up` would do, with reads only."""

from __future__ import annotations

import json
from dataclasses import replace

from provisioner.cli.app import app, command
from provisioner.cli.options import NewAmi, Redeploy, TargetStep
from provisioner.operations.options import Options


@command(
    app,
    "plan",
    "provision plan                     exit code 0: no changes, 2: changes, 1: a change is refused",
    "provision plan --json              one JSON document",
)
def plan(options: Options, target_step: TargetStep = None, redeploy: Redeploy = False, new_ami: NewAmi = False) -> int:
    """Show what `up` would do.

    What it would create, change and delete, field by field. Makes only read calls.

    With --target-step, --redeploy or --new-ami: what `up` would do with the same option.
    """
    from provisioner.config.builds import check_dockerfiles
    from provisioner.operations import context, declaring, planning, stacks, stores
    from provisioner.render import advice
    from provisioner.render import plan as show
    from provisioner.render.text import say

    config = context.load(options)
    declaring.check_target(target_step)
    declaring.check_new_ami(config, target_step, new_ami=new_ami)
    check_dockerfiles(config, options.file)
    aws = replace(context.connect(options, config).reading(), redeploy=redeploy, new_ami=new_ami)
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    stack = context.declared(options, config, aws, state.records)
    planned = planning.show_plan(aws, state.records, stack, target_step)
    notes = [*stacks.beside(options, config, state.records), *stack.notices, *planning.notes(aws, stack, planned)]
    words = ["--target-step", target_step] if target_step else []
    words += [*(["--redeploy"] if redeploy else []), *(["--new-ami"] if new_ami else [])]
    if options.json:
        say([json.dumps(show.document(planned, config.name, aws.account, aws.region, notes), ensure_ascii=False)])
    else:
        say(
            [
                *show.diff(planned),
                *(f"note: {text}" for text in notes),
                *advice.after_plan(planned, options.command_line, state.records.values(), words),
            ]
        )
    return show.exit_code(planned)
