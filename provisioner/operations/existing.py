"""Checks that what the configuration names and the stack does not create exists: a web ACL, KMS keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config


def check_web_acl(aws: Aws, config: Config) -> None:
    """Look for the web ACL that the load balancer is to have; without one no call is made.

    Raises:
        ConfigurationError: there is none.
    """
    if not (arn := config.load_balancer.waf_acl):
        return
    _, _, name, number = arn.split("/")
    try:
        aws.client("wafv2").get_web_acl(Name=name, Scope="REGIONAL", Id=number)
    except ClientError as error:
        if error.response["Error"]["Code"] != "WAFNonexistentItemException":
            raise
        raise ConfigurationError(
            f'load_balancer.waf_acl is "{arn}", but there is no such web ACL: create it first, or use another'
        ) from None


def keys(aws: Aws, config: Config) -> dict[str, str | None]:
    """Return the ARN of the key of each setting, None where AWS's own key is used; without a setting no call is made.

    Services show a key by its ARN, whatever it was named by, and CloudWatch Logs takes nothing else.

    Raises:
        ConfigurationError: there is no such key, or it cannot be used for symmetric encryption now.
    """
    wanted = {"kms_key": config.kms_key, "logs.kms_key": config.logs.kms_key or config.kms_key}
    named = {value: setting for setting, value in reversed(wanted.items()) if value}
    arns = {value: _arn(aws, setting, value) for value, setting in named.items()}
    return {setting: arns[value] if value else None for setting, value in wanted.items()}


def _arn(aws: Aws, setting: str, value: str) -> str:
    try:
        key = aws.client("kms").describe_key(KeyId=value)["KeyMetadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        raise ConfigurationError(
            f'{setting} is "{value}", but there is no such key in {aws.region}: create it first, or use another'
        ) from None
    if (state := key.get("KeyState")) != "Enabled":
        raise ConfigurationError(f'{setting} is "{value}", but that key is {state}: enable it, or use another')
    # CreateKey, KeySpec and KeyUsage: only such a key encrypts for AWS's services
    if (spec := key.get("KeySpec")) != "SYMMETRIC_DEFAULT" or key.get("KeyUsage") != "ENCRYPT_DECRYPT":
        raise ConfigurationError(
            f'{setting} is "{value}", but that key is {spec} for {key.get("KeyUsage")}: use a symmetric encryption '
            "key (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT)"
        )
    return str(key["Arn"])
