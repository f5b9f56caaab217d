"""How a check says what it found, and what becomes of a check that could not ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import denied, explained
from provisioner.engine import own_code
from provisioner.engine.errors import ConfigurationError, Interrupted, ProvisionError
from provisioner.engine.events import Checked
from provisioner.state.model import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provisioner.operations.doctor.context import Context

    Check = Callable[[Context], Sequence[Checked]]
    """What is handed the context, and returns what it found; it may raise, and calls nothing that writes."""

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
INVALID = {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId"}
"""The codes of credentials that AWS does not know, or not in that Region."""


def ok(check: str, text: str) -> Checked:
    """Say that nothing is to be done."""
    return Checked(check, "ok", text)


def warning(check: str, text: str, fix: str) -> Checked:
    """Say that `up` goes through, and that there is something to know."""
    return Checked(check, "warning", text, fix)


def failed(check: str, text: str, fix: str) -> Checked:
    """Say that `up` would not go through."""
    return Checked(check, "failed", text, fix)


def unknown(check: str, text: str, fix: str = "") -> Checked:
    """Say that it could not be told."""
    return Checked(check, "unknown", text, fix)


def stopped(check: str, error: Exception) -> Checked:
    """Return the verdict on a check that this ended: failed if the configuration asks for too much, else unknown.

    Raises:
        Interrupted: the user wants to stop.
    """
    if isinstance(error, Interrupted):
        raise error
    if isinstance(error, ConfigurationError):
        return failed(check, *parted(str(error)))
    if denied(error) and isinstance(error, ClientError):
        return unknown(check, f"the caller may not call {error.operation_name}", "allow it (docs/security.md)")
    if isinstance(error, (ClientError, BotoCoreError)):
        return unknown(check, *parted(str(explained(error))))
    if isinstance(error, (ProvisionError, StateError)):
        return unknown(check, *parted(str(error)))
    if where := own_code.place(error):
        return unknown(check, f"{where}: {own_code.told(error)}", "fix your own code there")
    return unknown(check, f"unexpected {type(error).__name__}: {error}", "this is a bug in provision: report it")


def parted(message: str) -> tuple[str, str]:
    """Return a message of this tool in two parts: what is wrong, and what to do.

    That is its last sentence; of a single sentence, what follows the last colon.
    """
    lines = " ".join(message.split())
    what, _, fix = lines.rpartition(". " if ". " in lines else ": ")
    return (what, fix) if what else (lines, "")


def joined(one: Checked) -> str:
    """Return a verdict as one line: the check, what it found, and what to do, if anything."""
    return ": ".join(part for part in (one.check, one.text, one.fix) if part)
