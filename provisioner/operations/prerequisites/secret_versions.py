"""Look up the secrets of services: their existence and version, never a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.client import batches
from provisioner.config.secrets import Held, Secret, key_of, parameter_name, users
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.ssm import OWN_KEY, version_of

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config

MOST_NAMES = 50
"""The most values in one filter of DescribeParameters (Systems Manager API, ParameterStringFilter)."""
SECRETS_KEY = "alias/aws/secretsmanager"
CURRENT = "AWSCURRENT"
"""The stage of the version that is read by default (Secrets Manager API, GetSecretValue)."""

CommandLine = Callable[..., str]


def typed(*words: str) -> str:
    """Return a command line in backticks without any options: the default for `command_line`."""
    return f"`provision {' '.join(words)}`"


def checked(
    aws: Aws, config: Config, command_line: CommandLine = typed, on_missing: Callable[[str], None] | None = None
) -> dict[Secret, Held]:
    """Return the ARN, version and key of each secret; generated secrets are left out.

    Args:
        on_missing: takes a sentence on each secret that ECS could not read, which is left out then; None: refuse it.

    Raises:
        ConfigurationError: secrets do not exist, or ECS could not read them: a line for each.
    """
    found, wrong = find(aws, config, command_line)
    if wrong and on_missing is None:
        raise ConfigurationError("\n".join(wrong))
    if on_missing:
        for text in wrong:
            on_missing(text)
    return found


def find(aws: Aws, config: Config, command_line: CommandLine = typed) -> tuple[dict[Secret, Held], list[str]]:
    """Return the readable secrets, and a line for each secret that ECS could not read, with its variables."""
    named = users(config.all_secrets)
    found = look(aws, config.name, (secret for secret in named if secret.kind != "generated"), command_line)
    wrong = []
    for secret, why in found.items():
        keys = [key_of(table, variable) for table, several in named[secret].items() for variable in several]
        wrong += [f"{', '.join(keys)}: {why}"] if isinstance(why, str) else []
    return {secret: held for secret, held in found.items() if isinstance(held, Held)}, wrong


def look(aws: Aws, stack: str, secrets: Iterable[Secret], command_line: CommandLine) -> dict[Secret, Held | str]:
    """Return for each secret its ARN, version and key, or the reason why ECS could not read it.

    Parameters are described, not read, even without decryption: a caller that may call GetParameters may also decrypt.
    """
    wanted = list(secrets)
    names = {secret: parameter_name(stack, secret) for secret in wanted if secret.api == "ssm"}
    parameters = described(aws, names.values())
    found: dict[Secret, Held | str] = {}
    for secret, name in names.items():
        if why := _out_of_reach(aws, secret):
            found[secret] = why
        elif shown := parameters.get(name):
            found[secret] = held(aws, shown)
        elif secret.kind == "ssm":
            found[secret] = f"there is no parameter {name} in {aws.region}: create it, or name another"
        else:
            found[secret] = f"{name} is not set: run {command_line('secret', 'set', secret.place)}"
    theirs = [secret for secret in wanted if secret.api == "secretsmanager"]
    return found | dict(zip(theirs, aws.each(lambda one: _secret(aws, one), theirs), strict=True))


def described(aws: Aws, names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return the descriptions of the existing parameters among these, by name."""
    return {
        str(shown["Name"]): shown
        for some in batches(sorted(set(names)), MOST_NAMES)
        for shown in aws.pages(
            "ssm", "describe_parameters", "Parameters", ParameterFilters=[{"Key": "Name", "Values": some}]
        )
    }


def held(aws: Aws, shown: Mapping[str, Any]) -> Held:
    """Return the ARN, version and key of a parameter that DescribeParameters shows."""
    arn = f"arn:{aws.partition}:ssm:{aws.region}:{aws.account}:parameter/{shown['Name'].lstrip('/')}"
    key = shown.get("KeyId", OWN_KEY) if shown.get("Type") == "SecureString" else OWN_KEY
    return Held(arn, version_of(shown), "" if key == OWN_KEY else key)


def _out_of_reach(aws: Aws, secret: Secret) -> str:
    """Return why ECS could not read a secret named by its ARN; empty if it could."""
    if not secret.place.startswith("arn:"):
        return ""
    region, account = secret.place.split(":")[3:5]
    if region != aws.region:
        return f"is in {region}, and the stack's tasks reach only {aws.region}: create it there too"
    if secret.api == "ssm" and account != aws.account:
        return f"is a parameter of account {account}, and the stack is in {aws.account}: create it there too"
    return ""


def _secret(aws: Aws, secret: Secret) -> Held | str:
    """Return the ARN, version and key of a secret of Secrets Manager, or the reason why ECS could not read it."""
    if why := _out_of_reach(aws, secret):
        return why
    try:
        shown = aws.client("secretsmanager").describe_secret(SecretId=secret.place)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return f"there is no secret {secret.place} in Secrets Manager of {aws.region}: create it, or name another"
    if shown.get("DeletedDate"):
        return f"{secret.place} is scheduled for deletion: restore it, or name another"
    if (version := next(_current(shown.get("VersionIdsToStages") or {}), None)) is None:
        return f"{secret.place} has no value yet: give it one, or name another"
    key = shown.get("KmsKeyId") or SECRETS_KEY
    return Held(shown["ARN"], version, "" if key.endswith(SECRETS_KEY) else key)


def _current(stages: Mapping[str, Iterable[str]]) -> Iterator[str]:
    return (version for version, names in stages.items() if CURRENT in names)
