"""Check that the credentials belong to the account in the configuration, before any other call is made with them."""

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
    """Refuse credentials of another account than the environment's.

    Raises:
        WrongAccount: the accounts differ. The message names both, and the source of the credentials.
    """
    if found := mismatch(config, aws.account, aws):
        raise WrongAccount(f"{file}: account.id: {found[0]}: {found[1]}")


def mismatch(config: Config, account: str, aws: Aws) -> tuple[str, str] | None:
    """Return the problem with an account's credentials, and its remedy; None without a problem.

    The embedded cloud has one account, which no configuration names.
    """
    wanted = config.account.id
    if config.target != "aws" or wanted in (None, account):
        return None
    text = f'environment "{config.env}" belongs to AWS account {wanted}, and {_source(aws)} is of {account}'
    return text, "choose a profile of that account with --profile NAME, or another environment with --env NAME"


def _source(aws: Aws) -> str:
    """Return the source of the credentials in words: the environment variable, or the profile."""
    session = aws.connection.session
    held = session.get_credentials()
    return (
        "the access key in AWS_ACCESS_KEY_ID" if held and held.method == "env" else f'profile "{session.profile_name}"'
    )
