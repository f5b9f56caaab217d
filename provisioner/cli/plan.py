"""`provision plan`: show the changes that `up` would make, with reads only."""

from __future__ import annotations

import json
import sys
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
    from provisioner.operations.commands.request import UpOptions
    from provisioner.render.report.draft import Draft


class Format(StrEnum):
    """The format of the printed plan."""

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
    """Show the changes that `up` would make.

    Lists the resources to create, change and delete, by service, job and step; the data that would be lost, the
    duration, and on AWS the URLs and services that would be down. Makes only read calls.

    With ADDRESS: all settings of one resource, unchanged settings included.

    With any other option of `up`: the changes of `up` with that option.

    With --report: also writes the plan to a file, for a pull request or a release; if no plan can be made, the file
    says why.
    """
    with reporting(options, "plan", report, target_step) as draft:
        from provisioner.operations.commands.request import UpOptions

        wanted = UpOptions(
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
    wanted: UpOptions,
    address: str | None,
    format: Format,
    out: Path | None,
    draft: Draft,
    *,
    rehearse: bool | None,
) -> int:
    from provisioner.cli.foreseeing import foresee
    from provisioner.cli.plan_document import print_document, print_resource
    from provisioner.operations.commands import plan_file
    from provisioner.operations.commands.plan import plan as run
    from provisioner.operations.commands.report import of_proposal
    from provisioner.operations.impact import costs
    from provisioner.operations.rehearsal.foresight import Foreseen
    from provisioner.operations.state_admin.state_transfer import check_new
    from provisioner.render import advice, review, terraform
    from provisioner.render import plan as show
    from provisioner.render.text import columns, say, tell

    if out:
        check_new(out)
    proposal = run(options, wanted)
    draft.about = of_proposal(proposal)
    if out and not proposal.refused:
        plan_file.save(out, options, proposal, wanted)
    if format == Format.TERRAFORM_JSON:
        say([json.dumps(terraform.document(proposal), ensure_ascii=False, default=str)])
        return show.exit_code(proposal.planned)
    if address:
        return print_resource(options, proposal, address)
    config, planned = proposal.config, proposal.planned
    records, removal = proposal.records, proposal.removal
    notes = list(proposal.notes)
    words = ["--target-step", wanted.target_step] if wanted.target_step else []
    words += [*(["--redeploy"] if wanted.redeploy else []), *(["--retry-failed"] if wanted.retry_failed else [])]
    words += ["--new-ami"] if wanted.new_ami else []
    words += ["--expires", wanted.expires] if wanted.expires else []
    words += [*removal.words, *wanted.name_words]
    words = ["--plan", str(out)] if out else words
    foreseen = foresee(options, proposal, wanted, rehearse=rehearse)
    if foreseen:
        draft.foreseen = foreseen
        notes += foreseen.notes
    foreseen = foreseen or Foreseen()
    refused = proposal.refused or costs.over_budget(config, proposal.cost)
    if options.json:
        print_document(proposal, foreseen, notes)
    else:
        tell(
            [
                *review.lines(planned, review.Around.of(proposal, columns(sys.stdout))),
                *review.consequences(proposal, foreseen),
                *(f"note: {text}" for text in notes),
                *([] if refused else advice.after_plan(planned, options.command_line, records.values(), words)),
            ]
        )
    if refused:
        raise refused
    return show.exit_code(planned)
