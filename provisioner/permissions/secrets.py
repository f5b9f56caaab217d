"""Permissions for secrets from outside of the stack: `up` reads them without their values, ECS reads the values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from provisioner.aws.permissions import Permission, Use, grants
from provisioner.config.models import Config
from provisioner.config.secrets import Kind, parameter_of, users

SECRETS = "{secrets}"
"""The placeholder for the ARNs of the configuration's secrets in Secrets Manager."""
_ANY_KEY = "arn:{partition}:kms:{region}:*:key/*"


def named(config: Config, kind: Kind) -> tuple[str, ...]:
    """Return the ARNs of the configuration's secrets of one kind, with `{region}` and the like in them.

    Secrets Manager adds a hyphen and six characters to a name (its guide, "Secrets Manager secret ARN").
    """
    found = set[str]()
    for place in {secret.place for secret in users(config.secrets) if secret.kind == kind}:
        if kind == "ssm":
            arn = place.startswith("arn:")
            found.add(place if arn else f"arn:{{partition}}:ssm:{{region}}:{{account}}:parameter/{parameter_of(place)}")
        elif place.startswith("arn:"):
            found |= {place, f"{place}-??????"}
        else:
            found.add(f"arn:{{partition}}:secretsmanager:{{region}}:{{account}}:secret:{place}-??????")
    return tuple(sorted(found))


def _in_secrets_manager(config: Config) -> bool:
    return bool(named(config, "secretsmanager"))


LOOKED_UP: tuple[Permission, ...] = tuple(
    grants(
        "secretsmanager",
        "DescribeSecret",
        SECRETS,
        use=Use.OPTION,
        why="`secrets` of services in Secrets Manager",
        wanted=_in_secrets_manager,
    )
)


def with_secrets(permissions: Iterable[Permission], config: Config) -> Iterator[Permission]:
    """Yield the permissions, with the ARNs of the configuration's secrets in place of `SECRETS`."""
    for permission in permissions:
        if SECRETS in permission.resources:
            yield replace(permission, resources=named(config, "secretsmanager"), named=False)
        else:
            yield permission


def roles(config: Config) -> Iterator[Permission]:
    """Yield ECS's permissions to read secrets from outside of the stack, for the boundary of its roles.

    The KMS keys of these secrets are not known, so a condition limits decryption to the secrets.
    """
    reads: tuple[tuple[Kind, str, str], ...] = (
        ("ssm", "GetParameters", "PARAMETER_ARN"),
        ("secretsmanager", "GetSecretValue", "SecretARN"),
    )
    for kind, action, encrypted in reads:
        if arns := named(config, kind):
            yield from grants(kind, action, *arns, why="`secrets` of services")
            yield from _decrypting(encrypted, arns)


def _decrypting(encrypted: str, arns: Sequence[str]) -> Iterator[Permission]:
    of_these = (("StringLike", f"kms:EncryptionContext:{encrypted}", tuple(arns)),)
    yield from grants("kms", "Decrypt", _ANY_KEY, conditions=of_these, why="`secrets` of services")
