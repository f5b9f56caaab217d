"""Permissions for customer managed KMS keys, which a stack has only as an option."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provisioner.aws.permissions import Conditions, Permission, Use, grants
from provisioner.config.models import Config

_KEY, _LOGS_KEY = "`kms_key`", "`[logs] kms_key`"
_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/"
_ECR_KEYS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html"
_CACHE_KEYS = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html"
_SSM_KEYS = "https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html"
OF_PARAMETERS: Conditions = (
    (
        "StringLike",
        "kms:EncryptionContext:PARAMETER_ARN",
        ("arn:{partition}:ssm:{region}:{account}:parameter/{stack}/*",),
    ),
)
"""Limits a key to this stack's parameters: Parameter Store passes their ARN to KMS as the encryption context."""


def main_key(config: Config) -> str | None:
    """Return the key for all stored data."""
    return config.kms_key


def _key_of_redis(config: Config) -> str | None:
    """Return the key of Valkey's data on disk."""
    return config.kms_key if config.redis else None


def _logs_key(config: Config) -> str | None:
    """Return the key of the logs, if it is different from the main key."""
    return config.logs.kms_key if config.logs.kms_key != config.kms_key else None


def _key_of_volumes(config: Config) -> str | None:
    """Return the key that encrypts the file systems of services and jobs."""
    return config.kms_key if config.volumes else None


def via(*services: str) -> Conditions:
    """Return the condition that a service uses the key for the caller (KMS developer guide, kms:ViaService)."""
    return (("StringLike", "kms:ViaService", tuple(f"{name}.{{region}}.amazonaws.com*" for name in services)),)


def on_key(
    setting: Callable[[Config], str | None],
    name: str,
    actions: str,
    *,
    conditions: Conditions = (),
    use: Use = Use.OPTION,
    why: str,
    source: str = "",
) -> Iterator[Permission]:
    """Yield permissions on the key of a setting: by its ARN, or for an alias, on the key that has the alias.

    A policy cannot name an alias as the resource of a key's actions (KMS developer guide, alias-authorization).
    """
    of_alias = ("ForAnyValue:StringEquals", "kms:ResourceAliases", (f"{{{name}_alias}}",))
    for more, by_alias in (((), False), ((of_alias,), True)):

        def wanted(config: Config, by_alias: bool = by_alias) -> bool:
            named = setting(config)
            return named is not None and ("alias/" in named) is by_alias

        yield from grants(
            "kms",
            actions,
            f"{{{name}}}",
            conditions=(*conditions, *more),
            use=use,
            why=why,
            source=source,
            wanted=wanted,
        )


KEYS: tuple[Permission, ...] = (
    *on_key(main_key, "key", "DescribeKey", why=_KEY),
    *on_key(_logs_key, "logs_key", "DescribeKey", why=_LOGS_KEY),
    *on_key(
        main_key,
        "key",
        "CreateGrant RetireGrant",
        conditions=via("ecr"),
        use=Use.IMPLIED,
        why="CreateRepository and DeleteRepository with a key",
        source=_ECR_KEYS,
    ),
    *on_key(
        main_key,
        "key",
        "CreateGrant Decrypt GenerateDataKey",
        conditions=via("rds"),
        use=Use.IMPLIED,
        why="CreateDBCluster or CreateDBInstance with a key",
        source=_REFERENCE + "list_amazonrds.html",
    ),
    *on_key(
        _key_of_volumes,
        "key",
        "CreateGrant Decrypt GenerateDataKeyWithoutPlaintext",
        conditions=via("elasticfilesystem"),
        use=Use.IMPLIED,
        why="CreateFileSystem with a key",
        source="https://docs.aws.amazon.com/efs/latest/ug/EFSKMS.html",
    ),
    *on_key(
        _key_of_redis,
        "key",
        "CreateGrant Decrypt DescribeKey",
        conditions=via("elasticache"),
        use=Use.IMPLIED,
        why="CreateReplicationGroup with a key",
        source=_CACHE_KEYS,
    ),
    *on_key(
        main_key,
        "key",
        "Encrypt Decrypt GenerateDataKey",
        conditions=(*via("ssm"), *OF_PARAMETERS),
        use=Use.IMPLIED,
        why="PutParameter and GetParameter with a key",
        source=_SSM_KEYS,
    ),
)
