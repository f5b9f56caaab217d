"""What to do next, after each way in which a command can end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from provisioner.engine.errors import Interrupted, WaitingOnUser

if TYPE_CHECKING:
    from provisioner.config import Config
    from provisioner.engine.plan import Planned
    from provisioner.operate import Summary

Again = Callable[[str], str]
"""From a command's name to the command line that runs it on the same stack."""


def after_up(outcome: Summary, again: Again, config: Config) -> list[str]:
    """Return what may be done after `up`: first of all, open the URL."""
    if (unfinished := _unfinished(outcome, again("up"))) is not None:
        return [unfinished]
    where = "" if config.target == "aws" else " (on AWS; the embedded cloud serves no traffic)"
    return [
        f"Open https://{config.fqdn}{where}.",
        f"See how it is doing: {again('status')}. Remove it: {again('down')}.",
    ]


def after_down(outcome: Summary, again: Again, config: Config) -> list[str]:
    """Return what may be done after `down`."""
    if (unfinished := _unfinished(outcome, again("down"))) is not None:
        return [unfinished]
    if outcome.leftovers:
        return ["Remove by hand what is named above, or find out who holds it."]
    return [f"The sweep over every kind found nothing of {config.name} left. Make it again: {again('up')}."]


def after_plan(planned: Sequence[Planned], again: Again) -> list[str]:
    """Return what may be done after `plan`."""
    actions = {item.action for item in planned} - {"none"}
    if "refused" in actions:
        return [f"Mend what is refused, then look again: {again('plan')}."]
    return [f"Do it: {again('up')}."] if actions else []


def _unfinished(outcome: Summary, command: str) -> str | None:
    if outcome.error is None:
        return None
    if isinstance(outcome.error, Interrupted):
        return f"Go on where it stopped: {command}."
    if outcome.error.exit_code == WaitingOnUser.exit_code:
        return f"Do what is asked above, then go on: {command}."
    return f"Mend what is named above, then go on where it stopped: {command}."
