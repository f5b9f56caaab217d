"""Make the verdicts of checks, also of a check that ended with an error."""

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
    """A function from the context to verdicts. It may raise, and makes only read calls."""

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
INVALID = {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId"}
"""The error codes for credentials that AWS does not know, or does not know in this Region."""


def ok(check: str, text: str) -> Checked:
    """Return the verdict that nothing needs to be done."""
    return Checked(check, "ok", text)


def warning(check: str, text: str, fix: str) -> Checked:
    """Return the verdict that `up` succeeds, but the user should know `text`."""
    return Checked(check, "warning", text, fix)


def failed(check: str, text: str, fix: str) -> Checked:
    """Return the verdict that `up` would fail."""
    return Checked(check, "failed", text, fix)


def unknown(check: str, text: str, fix: str = "") -> Checked:
    """Return the verdict that the check could not decide."""
    return Checked(check, "unknown", text, fix)


def stopped(check: str, error: Exception) -> Checked:
    """Return the verdict on a check that an error ended: `failed` for a ConfigurationError, else `unknown`.

    Raises:
        Interrupted: the user wants to stop.
    """
    if isinstance(error, Interrupted):
        raise error
    if isinstance(error, ConfigurationError):
        return failed(check, *parted(str(error)))
    if denied(error) and isinstance(error, ClientError):
        return unknown(check, f"the caller may not call {error.operation_name}", "allow it (docs/accounts.md)")
    if isinstance(error, (ClientError, BotoCoreError)):
        return unknown(check, *parted(str(explained(error))))
    if isinstance(error, (ProvisionError, StateError)):
        return unknown(check, *parted(str(error)))
    if where := own_code.place(error):
        return unknown(check, f"{where}: {own_code.told(error)}", "fix your own code there")
    return unknown(check, f"unexpected {type(error).__name__}: {error}", "this is a bug in provision: report it")


def parted(message: str) -> tuple[str, str]:
    """Split a message of this tool into the problem and the remedy.

    The remedy is the last sentence or, in a single sentence, the part after the last colon.
    """
    lines = " ".join(message.split())
    what, _, fix = lines.rpartition(". " if ". " in lines else ": ")
    return (what, fix) if what else (lines, "")


def joined(one: Checked) -> str:
    """Return a verdict as one line: the check, the finding and, if there is one, the remedy."""
    return ": ".join(part for part in (one.check, one.text, one.fix) if part)
