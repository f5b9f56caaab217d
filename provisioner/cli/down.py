"""`provision down`: delete the stack."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.cli.options import TargetStep, Unprotect
from provisioner.cli.reports import Report, reporting
from provisioner.operations.context.options import Options


@command(
    app,
    "down",
    "provision down                     shows what will be deleted, and asks",
    "provision down --target aws        on AWS; it names the account",
    "provision down --yes --json        without asking, events as JSON lines",
    "provision down --target-step services      that step and its dependents",
    "provision down --unprotect         a protected stack, which is refused otherwise",
    "provision down --expired           each stack here whose `up --expires` is over, and no other",
    "provision down --report down.md    also a report of the result, in a file",
    "provision down --delete-secrets    and the secrets that were set for it",
)
def down(
    options: Options,
    target_step: TargetStep = None,
    unprotect: Unprotect = False,
    delete_secrets: Annotated[
        bool, typer.Option("--delete-secrets", help="Also delete the secrets that `provision secret set` has set.")
    ] = False,
    expired: Annotated[
        bool,
        typer.Option("--expired", help="Delete each stack whose time (`up --expires`) is over, instead of this one."),
    ] = False,
    report: Report = None,
) -> int:
    """Delete the whole stack.

    Deletes every resource in the state, container instances included, then checks every resource type for leftover
    resources. With --target-step: only the resources of that step and their dependents. Secrets that
    `provision secret set` has set stay without --delete-secrets.

    With --expired: deletes all expired stacks of this project in `provision list`, one after the other; with --env or
    --target only these. For each other stack it says why the stack stays. The exit code is 0 if no expired stack is
    left.
    """
    if expired:
        other = "--target-step" if target_step else "--unprotect" if unprotect else "--report" if report else ""
        return _expired(options, other, delete_secrets=delete_secrets)
    if not (target_step or report) and _nothing_there(options):
        return 0
    with reporting(options, "down", report, target_step) as draft:
        from provisioner.cli.screen import Screen
        from provisioner.operations.commands.down import down as run
        from provisioner.operations.commands.request import UpOptions

        wanted = UpOptions(target_step=target_step, unprotect=unprotect)
        screen = Screen(options, wanted, draft=draft if report else None)
        ended = run(options, screen, target_step, unprotect=unprotect, delete_secrets=delete_secrets)
        return draft.ended(screen.report(ended))


def _nothing_there(options: Options) -> bool:
    """Say that there is nothing to delete, if no embedded cloud has to be started to know that."""
    from provisioner.engine.events import RunFinished
    from provisioner.operations.context.standing import absent
    from provisioner.render.text import say

    if name := absent(options):
        ended = RunFinished("down", True, {}, 0.0).to_dict()
        why = f"{name} is not up: there is nothing to delete."
        say([json.dumps(ended) if options.json else why])
    return bool(name)


def _expired(options: Options, other: str, *, delete_secrets: bool) -> int:
    from provisioner.cli.screen import Screen
    from provisioner.engine.errors import ConfigurationError
    from provisioner.engine.events import StackLeft
    from provisioner.operations.commands.down import down as run
    from provisioner.operations.commands.expire import delete_expired
    from provisioner.operations.context.stacks import RecordedStack
    from provisioner.render import stacks as show
    from provisioner.render.text import say

    if other == "--report":
        raise ConfigurationError("--expired: it is about several stacks, and a report about one: leave --report out")
    if other:
        raise ConfigurationError(f"--expired: it deletes whole stacks, and none that is protected: leave {other} out")

    deleted: list[str] = []

    def delete(own: Options, one: RecordedStack) -> int:
        deleted.append(one.name)
        say([show.over(one)], sys.stderr)
        screen = Screen(own)
        return screen.report(run(own, screen, delete_secrets=delete_secrets, expired=True))

    def left(one: StackLeft) -> None:
        say([json.dumps(one.to_dict(), ensure_ascii=False) if options.json else show.left(one)])

    code = delete_expired(options, delete, left, lambda text: say([f"note: {text}"], sys.stderr))
    if not (deleted or options.json):
        say(["No stack here has expired."])
    return code
