"""What to do next, after each way in which a command can end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from provisioner.engine.errors import Interrupted, WaitingOnUser
from provisioner.engine.refused import PlanRefused
from provisioner.render.timeline import path_words

if TYPE_CHECKING:
    from provisioner.config import Config
    from provisioner.engine.plan import Planned
    from provisioner.operate import Summary

LONG = 60.0
"""Seconds that a run must have taken for its timeline to be pointed out."""

Again = Callable[..., str]
"""From a command's name, and its own options, to the command line that runs it on the same stack."""


def after_up(outcome: Summary, again: Again, config: Config, entry: str, *, new_ami: bool = False) -> list[str]:
    """Return what may be done after `up`: first of all, open the URL.

    Args:
        entry: the URL at which the stack answers on this machine, if it does.
        new_ami: whether the newest AMI was asked for, as it then is to be again.
    """
    words = [*_limits(outcome), *_new_ami(new_ami)]
    if (unfinished := _unfinished(outcome, again("up", *words), again("plan", *words))) is not None:
        return [unfinished]
    if outcome.target:
        return [f"Limited to step {outcome.target} and the steps it is built on. Make the whole: {again('up')}."]
    unserved = "" if config.target == "aws" else " (on AWS: no Docker engine answers here that could run containers)"
    opened = f"{entry}, which is https://{config.fqdn} on this machine" if entry else f"https://{config.fqdn}{unserved}"
    return [
        f"Open {opened}.",
        f"See how it is doing: {again('status')}. Remove it: {again('down')}.",
    ]


def after_down(outcome: Summary, again: Again, config: Config, *, unprotect: bool = False) -> list[str]:
    """Return what may be done after `down`, and what it has left on purpose.

    Args:
        unprotect: whether the protection from deletion was to be lifted, as it then is to be again.
    """
    words = [*_limits(outcome), *(["--unprotect"] if unprotect else [])]
    if (unfinished := _unfinished(outcome, again("down", *words))) is not None:
        return [unfinished]
    kept = [f"Left on purpose: {left.kind} {left.id}: {left.why}." for left in outcome.snapshots]
    if outcome.leftovers:
        return ["Remove by hand what is named above, or find out who holds it.", *kept]
    if outcome.target:
        return [f"Limited to step {outcome.target} and what is built on it. Bring it back: {again('up')}.", *kept]
    but = ", but for what is left on purpose" if kept else ""
    return [f"The sweep over every kind found nothing of {config.name} left{but}. Make it again: {again('up')}.", *kept]


def after_long(outcome: Summary, again: Again) -> list[str]:
    """Return where a run's time went, if it took long."""
    if outcome.seconds < LONG or not outcome.path:
        return []
    return [f"Where the time went: {again('timeline')}. The {path_words(outcome.path, outcome.seconds)}."]


def _limits(outcome: Summary) -> list[str]:
    return ["--target-step", outcome.target] if outcome.target else []


def _new_ami(asked: bool) -> list[str]:
    return ["--new-ami"] if asked else []


def after_plan(planned: Sequence[Planned], again: Again, *, new_ami: bool = False) -> list[str]:
    """Return what may be done after `plan`, with the newest AMI if that was asked for."""
    actions = {item.action for item in planned} - {"none"}
    if "refused" in actions:
        return [f"Mend what is refused, then look again: {again('plan', *_new_ami(new_ami))}."]
    return [f"Do it: {again('up', *_new_ami(new_ami))}."] if actions else []


def _unfinished(outcome: Summary, command: str, plan: str = "") -> str | None:
    if outcome.error is None:
        return None
    if isinstance(outcome.error, PlanRefused):
        return f"Change what is refused, then look again: {plan}."
    if isinstance(outcome.error, Interrupted):
        return f"Go on where it stopped: {command}."
    if outcome.error.exit_code == WaitingOnUser.exit_code:
        return f"Do what is asked above, then go on: {command}."
    return f"Mend what is named above, then go on where it stopped: {command}."
