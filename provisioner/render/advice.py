"""Next steps for the user, after each way in which a command can end."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.engine.errors import Interrupted, WaitingOnUser, Withdrawn
from provisioner.engine.planning import refusals
from provisioner.engine.planning.refusals import PlanRefused
from provisioner.engine.words import names
from provisioner.render.text import sentence
from provisioner.render.timeline import path_words

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.runs.summary import Summary
    from provisioner.state.model import Record

LONG = 60.0
"""Seconds that a run must have taken for its timeline to be pointed out."""

BILLED = 16
"""The most resources with an hourly cost that one message names."""

CommandLine = Callable[..., str]
"""From a command's name, and its own options, to the command line that runs it on the same stack."""


def after_up(
    outcome: Summary,
    command_line: CommandLine,
    config: Config,
    url: str,
    entry: str,
    *,
    new_ami: bool = False,
    again: Sequence[str] = (),
    urls: Mapping[str, str] | None = None,
    certificate: Path | None = None,
) -> list[str]:
    """Return the next steps after `up`; the first is to open the URL.

    Args:
        url: the URL of the public services, if there are any.
        entry: the URL at which the stack answers on this machine, if it does.
        new_ami: whether the run had `--new-ami`, which a repeated run needs too.
        again: the options for deletions and moved names, which a repeated run needs too.
        urls: the URL of each public service, if they differ.
        certificate: the self-signed certificate at the entry.
    """
    words = [*_limits(outcome), *_new_ami(new_ami), *again]
    if (unfinished := _unfinished(outcome, command_line("up", *words), command_line("plan", *words))) is not None:
        return [*_charged(outcome, config), unfinished, *_deletion(outcome, command_line("down"))]
    if outcome.target_step:
        return [
            f"Limited to step {outcome.target_step} and its dependencies. Apply the full stack: {command_line('up')}."
        ]
    if not config.public:
        first = "No service is public, so there is no URL."
    elif not url:
        first = "The load balancer sleeps, so there is no URL."
    elif entry:
        first = f"Open {entry}, which is {url} on this machine{_self_signed(entry, certificate)}."
    elif config.target == "aws":
        first = f"Open {url}."
    else:
        first = f"Without Docker no containers run here. On AWS the URL would be {url}."
    each = [", ".join(f"{name}: {one}" for name, one in urls.items()) + "."] if urls and url else []
    each = each if entry or config.target == "aws" else []
    return [first, *each, f"Status: {command_line('status')}. Delete it: {command_line('down')}."]


def _self_signed(entry: str, certificate: Path | None) -> str:
    """Return the words for a browser's warning, and the line for curl; empty for HTTP."""
    if not entry.startswith("https:"):
        return ""
    return (
        f" (self-signed: `curl --cacert {shlex.quote(str(certificate))} {entry}`)" if certificate else " (self-signed)"
    )


def after_deploy(outcome: Summary, command_line: CommandLine) -> list[str]:
    """Return the next steps after `deploy` and `rollback`."""
    if outcome.error is None and outcome.unfinished:
        return [f"Watch it to its end: {command_line('up')}. Undo it: {command_line('rollback')}."]
    if outcome.error is None:
        return [f"Earlier revisions: {command_line('history')}. Go back: {command_line('rollback')}."]
    if isinstance(outcome.error, Interrupted):
        # a second rollback would go back further
        return [f"To go on watching it: {command_line('up')}."]
    failed = [a.removeprefix("service/") for a in getattr(outcome.error, "failures", ()) if a.startswith("service/")]
    logs, again = command_line("logs", *failed), command_line(outcome.command, *failed)
    if isinstance(outcome.error, Withdrawn):
        return [f"When it is mended: {again}. Logs: {logs}."]
    return [f"Logs: {logs}. Fix the errors above, then run {again} again."]


def after_sizing(outcome: Summary, command_line: CommandLine, names: Sequence[str] = ()) -> list[str]:
    """Return the next steps after `scale`, `sleep` and `wake`.

    Args:
        names: the services and jobs that the command line names.
    """
    if outcome.error is not None and outcome.command in ("sleep", "wake"):
        return [f"To go on: {command_line(outcome.command)}. Status: {command_line('status')}."]
    if outcome.error is not None:
        # the new sizes are recorded, if anything was done at all
        return [f"To go on: {command_line('up')}. Status: {command_line('status')}."]
    if outcome.command == "pause":
        return [f"Start again: {command_line('wake', *(names or ['--tasks']))}."]
    if outcome.command == "sleep":
        return [f"Start again: {command_line('wake')}."]
    return [f"Status: {command_line('status')}."]


def after_give_back(outcome: Summary, command_line: CommandLine, words: Sequence[str]) -> list[str]:
    """Return the next steps after names were given back.

    Args:
        words: the options that name them.
    """
    unfinished = _unfinished(outcome, command_line("up", *words), command_line("plan", *words))
    return [unfinished] if unfinished is not None else [f"The stack stays as it is: {command_line('status')}."]


def after_down(outcome: Summary, command_line: CommandLine, config: Config, *, unprotect: bool = False) -> list[str]:
    """Return the next steps after `down`, and the snapshots and secrets that it has kept.

    Args:
        unprotect: whether the run had `--unprotect`, which a repeated run needs too.
    """
    words = [*_limits(outcome), *(["--unprotect"] if unprotect else [])]
    if (unfinished := _unfinished(outcome, command_line("down", *words))) is not None:
        return [*_charged(outcome, config), unfinished]
    kept = [sentence(f"Retained: {left.type_name} {left.id}: {left.why}") for left in outcome.snapshots]
    if outcome.secrets:
        remove = command_line("secret", "rm", "--all")
        kept.append(
            f"Retained: the secrets that you set, {names(outcome.secrets)}: AWS charges nothing for standard "
            f"parameters. Remove them: {remove}."
        )
    if outcome.leftovers:
        both = f"{command_line('recover')}, then {command_line('down', *words)}"
        return [f"To record them and delete them too, run {both}. Delete the rest by hand.", *kept]
    if outcome.target_step:
        return [
            f"Limited to step {outcome.target_step} and its dependents. Create them again: {command_line('up')}.",
            *kept,
        ]
    but = ", except the retained ones below" if kept else ""
    return [
        f"No leftover resources of {config.name} found{but}. Create it again: {command_line('up')}.",
        *kept,
    ]


def after_long(outcome: Summary, command_line: CommandLine) -> list[str]:
    """Return the longest parts of a run as a line, if it took long."""
    if outcome.seconds < LONG or not outcome.path:
        return []
    return [f"Timeline: {command_line('timeline')}. The {path_words(outcome.path, outcome.seconds)}."]


def _limits(outcome: Summary) -> list[str]:
    return ["--target-step", outcome.target_step] if outcome.target_step else []


def _new_ami(new_ami: bool) -> list[str]:
    return ["--new-ami"] if new_ami else []


def after_plan(
    planned: Sequence[Planned], command_line: CommandLine, records: Iterable[Record], words: Sequence[str] = ()
) -> list[str]:
    """Return the next steps after `plan`.

    Args:
        words: the options of the plan that `up` needs too.
    """
    actions = {item.action for item in planned} - {"none"}
    if "refused" in actions:
        restore = [refusals.advice(records)] if any(why.replaces for why in refusals.reasons(planned)) else []
        return [*restore, f"Fix the errors above, then run {command_line('plan', *words)} again."]
    return [f"Apply it: {command_line('up', *words)}."] if actions else []


def _charged(outcome: Summary, config: Config) -> list[str]:
    """Return the resources of an unfinished run that AWS charges by the hour, in a line."""
    if not outcome.billed or config.target != "aws":
        return []
    return [sentence(f"AWS charges by the hour for: {names(outcome.billed, BILLED)}")]


def _deletion(outcome: Summary, command: str) -> list[str]:
    """Return the command that deletes the resources of an interrupted run."""
    left = isinstance(outcome.error, Interrupted) and (outcome.unfinished or outcome.counts)
    return [f"To delete the created resources instead: {command}."] if left else []


def _unfinished(outcome: Summary, command: str, plan: str = "") -> str | None:
    if outcome.error is None:
        return None
    if isinstance(outcome.error, PlanRefused):
        return f"Fix the errors above, then run {plan} again."
    if isinstance(outcome.error, Interrupted):
        return f"To resume: {command}."
    if outcome.error.exit_code == WaitingOnUser.exit_code:
        return f"Complete the action above, then run {command} again."
    return f"Fix the errors above, then run {command} again."
