"""Permissions for secrets that are not the stack's: `up` looks them up without their values, and ECS reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from provisioner.aws.permissions import Permission, Use, grants
from provisioner.config.models import Config
from provisioner.config.secrets import Kind, parameter_of, users

SECRETS = "{secrets}"
"""Stands for the ARNs of the secrets in Secrets Manager that the configuration names."""
_ANY_KEY = "arn:{partition}:kms:{region}:*:key/*"


def named(config: Config, kind: Kind) -> tuple[str, ...]:
    """Return the ARNs of the secrets of one kind that the configuration names, with `{region}` and the like in them.

    Secrets Manager puts a hyphen and six characters behind a name (its guide, "Secrets Manager secret ARN").
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
    """Yield the permissions with the secrets that the configuration names."""
    for permission in permissions:
        if SECRETS in permission.resources:
            yield replace(permission, resources=named(config, "secretsmanager"), named=False)
        else:
            yield permission


def roles(config: Config) -> Iterator[Permission]:
    """Yield what ECS may read of others' secrets, for the boundary of its roles.

    Which keys these are under is not known here: the secret that is decrypted with them is.
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
