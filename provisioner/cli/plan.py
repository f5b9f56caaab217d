"""`provision plan`: say what `up` would do, with reads only."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    TakeOver,
    TargetStep,
    Unprotect,
)
from provisioner.cli.reports import Report, reporting
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.operations.commands.request import Wanted
    from provisioner.operations.planning.proposal import Proposal
    from provisioner.render.report.draft import Draft


class Format(StrEnum):
    """How the plan is printed."""

    TEXT = "text"
    TERRAFORM_JSON = "terraform-json"


@command(
    app,
    "plan",
    "provision plan                     exit code 0: no changes, 2: changes, 1: a change is refused",
    "provision plan service/web         all of one resource",
    "provision plan --out plan.json     for `provision up --plan plan.json`, which does exactly this",
    "provision plan --json              one JSON document",
    "provision plan --report plan.md --report plan.html    also for others to read",
    "provision plan --format terraform-json   for conftest, OPA, Checkov",
)
def plan(
    options: Options,
    address: Annotated[
        str | None, typer.Argument(metavar="ADDRESS", help="Show all of this one resource, and nothing of others.")
    ] = None,
    target_step: TargetStep = None,
    redeploy: Redeploy = False,
    retry_failed: RetryFailed = False,
    new_ami: NewAmi = False,
    delete: Delete = None,
    unprotect: Unprotect = False,
    rehearse: Rehearse = None,
    take_over: TakeOver = None,
    give_back: GiveBack = None,
    format: Annotated[
        Format, typer.Option(help="Print it for people, or in Terraform's JSON, which policy tools read.")
    ] = Format.TEXT,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Also write the plan to a new file, which `up --plan` does."),
    ] = None,
    expires: Expires = None,
    report: Report = None,
) -> int:
    """Show what `up` would do.

    What it would create, change and delete, by service, job and step; which data that would cost, how long it would
    take, and on AWS which URLs and services it would take down. Makes only read calls.

    With ADDRESS: all of one resource, also what stays as it is.

    With any other option of `up`: what `up` would do with it.

    With --report: the same, for a pull request or a release, in a file that is written also when no plan can be made.
    """
    with reporting(options, "plan", report, target_step) as draft:
        from provisioner.operations.commands.request import Wanted

        wanted = Wanted(
            target_step=target_step,
            redeploy=redeploy,
            retry_failed=retry_failed,
            new_ami=new_ami,
            delete=delete or (),
            unprotect=unprotect,
            take_over=take_over or (),
            give_back=give_back or (),
            expires=expires,
        )
        return draft.ended(_plan(options, wanted, address, format, out, draft, rehearse=rehearse))


def _plan(
    options: Options,
    wanted: Wanted,
    address: str | None,
    format: Format,
    out: Path | None,
    draft: Draft,
    *,
    rehearse: bool | None,
) -> int:
    from provisioner.operations.commands import plan as commands_plan
    from provisioner.operations.commands import plan_file
    from provisioner.operations.commands.report import of_proposal
    from provisioner.operations.impact import costs
    from provisioner.operations.overrides import expiration
    from provisioner.operations.rehearsal import foresight
    from provisioner.render import advice, cost, rehearsal, review, terraform
    from provisioner.render import plan as show
    from provisioner.render.text import columns, say, tell

    proposal = commands_plan.plan(options, wanted)
    draft.about = of_proposal(proposal)
    if out:
        plan_file.save(out, options, proposal, wanted)
    if format == Format.TERRAFORM_JSON:
        say([json.dumps(terraform.document(proposal), ensure_ascii=False, default=str)])
        return show.exit_code(proposal.planned)
    if address:
        return _one(options, proposal, address)
    config, aws, planned = proposal.config, proposal.aws, proposal.planned
    records, removal = proposal.records, proposal.removal
    notes = list(proposal.notes)
    words = ["--target-step", wanted.target_step] if wanted.target_step else []
    words += [*(["--redeploy"] if wanted.redeploy else []), *(["--retry-failed"] if wanted.retry_failed else [])]
    words += ["--new-ami"] if wanted.new_ami else []
    words += ["--expires", wanted.expires] if wanted.expires else []
    words += [*removal.words, *wanted.name_words]
    words = ["--plan", str(out)] if out else words
    foreseen = foresight.Foreseen()
    if foresight.wanted(rehearse, config.target) and not wanted.give_back:
        options_too = [*rehearsal.words(wanted.target_step, new_ami=wanted.new_ami), *removal.words]
        foreseen = draft.foreseen = foresight.foresee(options, planned, records, options_too)
        notes += foreseen.notes
    over = costs.over_budget(config, proposal.cost)
    if options.json:
        shown = show.document(planned, config.name, aws.account, aws.region, notes, proposal.lost, proposal.kept)
        shown |= expiration.document(proposal.expires, aws.pace.time())
        say([json.dumps(shown | rehearsal.outages(foreseen) | cost.change(proposal.cost), ensure_ascii=False)])
    else:
        tell(
            [
                *review.lines(planned, review.Around.of(proposal, columns(sys.stdout))),
                *review.consequences(proposal, foreseen),
                *(f"note: {text}" for text in notes),
                *([] if over else advice.after_plan(planned, options.command_line, records.values(), words)),
            ]
        )
    if over:
        raise over
    return show.exit_code(planned)


def _one(options: Options, proposal: Proposal, address: str) -> int:
    """Show all of one resource."""
    from provisioner.engine.resource_types import current
    from provisioner.operations.inspection import view
    from provisioner.render import plan as show
    from provisioner.render.text import columns, say
    from provisioner.render.view import resource

    found = view.one(proposal.config, proposal.records, proposal.history, proposal.declared, current(address))
    planned = [item for item in proposal.planned if item.address == found.node.address]
    if options.json:
        aws = proposal.aws
        shown = show.document(planned, proposal.config.name, aws.account, aws.region)
        say([json.dumps(shown | {"resource": asdict(found)}, ensure_ascii=False, default=str)])
    else:
        kept = found.node.address in proposal.kept
        say(resource(next(iter(planned), None), found, columns(sys.stdout), kept=kept))
    return show.exit_code(planned)
