"""Permissions for secrets from outside of the stack: `up` reads them without their values, ECS reads the values.

The client secrets of sign-ins are the exception: `up` gives their values to the load balancer, and no task gets them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from provisioner.aws.permissions import Permission, Use, grants
from provisioner.config.models import Config
from provisioner.config.secrets import DATABASE, SIGN_IN, Kind, Secret, parameter_of, users

SECRETS = "{secrets}"
"""The placeholder for the ARNs of the configuration's secrets in Secrets Manager."""
CLIENT_SECRETS, CLIENT_PARAMETERS = "{client_secrets}", "{client_parameters}"
"""The placeholders for the ARNs of client secrets from outside of the stack, by the API that keeps them."""
_SIGN_IN = "`client_secret` of a sign-in"
Tables = Mapping[str, Mapping[str, Secret]]
_ANY_KEY = "arn:{partition}:kms:{region}:*:key/*"


def named(tables: Tables, kind: Kind) -> tuple[str, ...]:
    """Return the ARNs of the secrets of one kind in these tables, with `{region}` and the like in them.

    Secrets Manager adds a hyphen and six characters to a name (its guide, "Secrets Manager secret ARN").
    """
    found = set[str]()
    for place in {secret.place for secret in users(tables) if secret.kind == kind}:
        if kind == "ssm":
            arn = place.startswith("arn:")
            found.add(place if arn else f"arn:{{partition}}:ssm:{{region}}:{{account}}:parameter/{parameter_of(place)}")
        elif place.startswith("arn:"):
            found |= {place, f"{place}-??????"}
        else:
            found.add(f"arn:{{partition}}:secretsmanager:{{region}}:{{account}}:secret:{place}-??????")
    return tuple(sorted(found))


def _clients(config: Config) -> Tables:
    return {table: some for table, some in config.all_secrets.items() if table.startswith(SIGN_IN)}


def _in_secrets_manager(config: Config) -> bool:
    return bool(named(config.all_secrets, "secretsmanager"))


def _client_of(kind: Kind) -> Callable[[Config], bool]:
    return lambda config: any(secret.kind == kind for secret in users(_clients(config)))


LOOKED_UP: tuple[Permission, ...] = (
    *grants(
        "secretsmanager",
        "DescribeSecret",
        SECRETS,
        use=Use.OPTION,
        why="`secrets` of services in Secrets Manager",
        wanted=_in_secrets_manager,
    ),
    *(
        permission
        for api, action, place, kind in (
            ("ssm", "GetParameter", "parameter/{stack}/secrets/*", "own"),
            ("ssm", "GetParameter", CLIENT_PARAMETERS, "ssm"),
            ("secretsmanager", "GetSecretValue", CLIENT_SECRETS, "secretsmanager"),
        )
        # these actions return the secret
        for permission in grants(
            api, action, place, use=Use.OPTION, why=_SIGN_IN, reader=False, wanted=_client_of(cast("Kind", kind))
        )
    ),
)


def with_secrets(permissions: Iterable[Permission], config: Config) -> Iterator[Permission]:
    """Yield the permissions, with the ARNs of the configuration's secrets in place of the placeholders.

    Those to decrypt client secrets come last: their KMS keys are not known, so a condition names the secrets.
    """
    clients = _clients(config)
    places = {
        SECRETS: named(config.all_secrets, "secretsmanager"),
        CLIENT_SECRETS: named(clients, "secretsmanager"),
        CLIENT_PARAMETERS: named(clients, "ssm"),
    }
    decrypted = {CLIENT_SECRETS: "SecretARN", CLIENT_PARAMETERS: "PARAMETER_ARN"}
    for permission in permissions:
        place = next((one for one in permission.resources if one in places), None)
        yield replace(permission, resources=places[place], named=False) if place else permission
        if place in decrypted:
            yield from _decrypting(decrypted[place], places[place], _SIGN_IN)


def roles(config: Config) -> Iterator[Permission]:
    """Yield ECS's permissions to read secrets from outside of the stack, for the boundary of its roles.

    The KMS keys of these secrets are not known, so a condition limits decryption to the secrets.
    """
    reads: tuple[tuple[Kind, str, str], ...] = (
        ("ssm", "GetParameters", "PARAMETER_ARN"),
        ("secretsmanager", "GetSecretValue", "SecretARN"),
    )
    used = config.used_database
    tables = {**config.secrets, **({DATABASE: used.outside} if used else {})}
    for kind, action, encrypted in reads:
        if arns := named(tables, kind):
            yield from grants(kind, action, *arns, why="`secrets` of services")
            yield from _decrypting(encrypted, arns, "`secrets` of services")


def _decrypting(encrypted: str, arns: Sequence[str], why: str) -> Iterator[Permission]:
    of_these = (("StringLike", f"kms:EncryptionContext:{encrypted}", tuple(arns)),)
    yield from grants("kms", "Decrypt", _ANY_KEY, conditions=of_these, why=why, reader=False)
