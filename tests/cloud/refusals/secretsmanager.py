"""Refusals by Secrets Manager."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, UNKNOWN_KEY, Case, Scene, once

case = partial(Case, "secretsmanager")


@once
def existing(scene: Scene) -> str:
    """A secret."""
    scene.client("secretsmanager").create_secret(Name="refused/one", SecretString="x")
    return "refused/one"


@once
def deleted(scene: Scene) -> str:
    """A secret that is scheduled for deletion."""
    scene.client("secretsmanager").create_secret(Name="refused/deleted", SecretString="x")
    scene.client("secretsmanager").delete_secret(SecretId="refused/deleted", RecoveryWindowInDays=7)
    return "refused/deleted"


@once
def empty(scene: Scene) -> str:
    """A secret without a value."""
    scene.client("secretsmanager").create_secret(Name="refused/empty")
    return "refused/empty"


def make(client: Any, **more: Any) -> Any:
    """Create a secret."""
    return client.create_secret(**{"Name": "refused/made", "SecretString": "x", **more})


CASES = (
    case("CreateSecret", "with a name in use", "ResourceExistsException", ERRORS,
        lambda s, c: make(c, Name=existing(s))),
    case("CreateSecret", "with an unknown key", "ResourceNotFoundException", ERRORS,
        lambda s, c: make(c, KmsKeyId=UNKNOWN_KEY)),
    case("DescribeSecret", "of an unknown name", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.describe_secret(SecretId="refused/nothing")),
    case("GetSecretValue", "of an unknown name", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.get_secret_value(SecretId="refused/nothing")),
    case("GetSecretValue", "of a secret without a value", "ResourceNotFoundException",
        ERRORS,
        lambda s, c: c.get_secret_value(SecretId=empty(s)), "AWSCURRENT"),
    case("GetSecretValue", "of a secret scheduled for deletion", "InvalidRequestException", ERRORS,
        lambda s, c: c.get_secret_value(SecretId=deleted(s)), "marked"),
    case("PutSecretValue", "of an unknown name", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.put_secret_value(SecretId="refused/nothing", SecretString="x")),
    case("DeleteSecret", "with a recovery window of less than 7 days", "InvalidParameterException", TEXT,
        lambda s, c: c.delete_secret(SecretId=existing(s), RecoveryWindowInDays=6)),
)  # fmt: skip
