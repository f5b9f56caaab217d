"""`provision up`: create or change the stack as declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.cli.options import (
    Delete,
    Expires,
    GiveBack,
    NewAmi,
    Redeploy,
    Rehearse,
    RetryFailed,
    SkipChecks,
    TakeOver,
    TargetStep,
    Unprotect,
)
from provisioner.cli.reports import Report, reporting
from provisioner.operations.context.options import Options


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
    "provision up --take-over www.example.com   a name that another system has, when all that serves is ready",
    "provision up --plan plan.json      the plan of `provision plan --out plan.json`, and nothing else",
    "provision up --env pr-12 --expires 8h      an environment for today: `down --expired` deletes it after that",
    "provision up --report up.html      also a report of the result, with a picture of the stack",
    "provision up --give-back www.example.com   only that: the name leads to the other system again",
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
    take_over: TakeOver = None,
    give_back: GiveBack = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan", metavar="FILE", help="Apply exactly this file of `plan --out`, without asking, or do nothing."
        ),
    ] = None,
    expires: Expires = None,
    report: Report = None,
) -> int:
    """Create or change the stack.

    Creates missing resources, changes different ones, and deletes resources that are no longer declared. A deleted
    resource that holds data is kept until --delete names it. Run it again to resume after a failure.

    Runs your own steps too, once you trust them: in CI, PROVISION_TRUST_STEPS has the SHA-256 of their files.

    With --target-step: only that step and the steps it depends on; nothing is deleted.

    With --redeploy: services with a task definition that somebody else deployed go back to the declared one.

    With --retry-failed: deploys the last task definition again in services where ECS rolled it back. Otherwise these
    services keep the running one, and `up` fails, until something in the service changes.

    With --new-ami: uses the AMI that AWS recommends now, and replaces older instances in an instance refresh. Otherwise
    the AMI does not change.

    With --take-over: points a public name of another system to this stack, by one change, once all services are ready.
    The state keeps the name's previous records. With --give-back: restores these records, and changes nothing else.

    With --plan: makes exactly the changes in the file. If configuration, state or AWS have changed since, it changes
    nothing, and names the differences. The file has the other options.

    With --report: also writes the result to a file, however the run ends, after Ctrl-C as well.

    With --expires: sets the time after which `provision down --expired` deletes the stack. A later --expires counts
    from its own run; `up` without it keeps the time. A protected stack has no such time.
    """
    with reporting(options, "up", report, target_step) as draft:
        from provisioner.cli.screen import Screen
        from provisioner.operations.commands import plan_file
        from provisioner.operations.commands.request import UpOptions
        from provisioner.operations.commands.up import up as run

        wanted = UpOptions(
            target_step=target_step,
            redeploy=redeploy,
            retry_failed=retry_failed,
            new_ami=new_ami,
            delete=delete or (),
            unprotect=unprotect,
            skip_checks=skip_checks,
            take_over=take_over or (),
            give_back=give_back or (),
            expires=expires,
        )
        reviewed = None
        if plan:
            plan_file.check_alone(wanted)
            reviewed = plan_file.ReviewedPlan(plan_file.read(plan), options)
            wanted = replace(reviewed.saved.asked(), skip_checks=skip_checks)
        screen = Screen(options, wanted, rehearse, draft if report else None)
        return draft.ended(screen.report(run(options, wanted, screen, reviewed)))
