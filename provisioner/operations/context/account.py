"""Check that credentials belong to the configured account, before any other call is made with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config


class WrongAccount(ConfigurationError):
    """The credentials are of another account than `account.id`."""

    code = "wrong-account"


def check(config: Config, aws: Aws, file: Path) -> None:
    """Refuse credentials of an account that is not the environment's.

    Raises:
        WrongAccount: they are; both accounts are named, and where the credentials come from.
    """
    if found := mismatch(config, aws.account, aws):
        raise WrongAccount(f"{file}: account.id: {found[0]}: {found[1]}")


def mismatch(config: Config, account: str, aws: Aws) -> tuple[str, str] | None:
    """Return the mismatch of the credentials' account, and the remedy; None if the account is the configured one.

    The embedded cloud has one account, which no configuration names.
    """
    wanted = config.account.id
    if config.target != "aws" or wanted in (None, account):
        return None
    text = f'environment "{config.env}" belongs to AWS account {wanted}, and {_source(aws)} is of {account}'
    return text, "choose a profile of that account with --profile NAME, or another environment with --env NAME"


def _source(aws: Aws) -> str:
    """Return where the credentials come from."""
    session = aws.connection.session
    held = session.get_credentials()
    return (
        "the access key in AWS_ACCESS_KEY_ID" if held and held.method == "env" else f'profile "{session.profile_name}"'
    )
