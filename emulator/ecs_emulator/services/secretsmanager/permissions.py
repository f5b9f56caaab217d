"""Permissions of Secrets Manager, by call (Service Authorization Reference, AWS Secrets Manager)."""

from __future__ import annotations

from collections.abc import Iterator

from moto.secretsmanager.models import secretsmanager_backends

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.kms.permissions import used

_WITH_KEY = {"GetSecretValue": ("Decrypt",), "CreateSecret": ("GenerateDataKey", "Decrypt"),
             "PutSecretValue": ("GenerateDataKey", "Decrypt")}  # fmt: skip
"""Actions on a secret's key that a call needs (Secrets Manager guide, "Secret encryption and decryption")."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Secrets Manager, on the secret's own ARN."""
    named = call.text("SecretId") or call.text("Name")
    if not named:
        yield call.check()
        return
    secret = secretsmanager_backends[call.account][call.region].secrets.get(named)
    arn = secret.arn if secret else named if named.startswith("arn:") else call.arn(f"secret:{named}")
    brought = requested(call.tags("Tags"))
    yield call.existing(arn, brought)
    if call.operation == "CreateSecret" and brought:
        # API reference, CreateSecret, Tags
        yield call.check(arn, brought, "secretsmanager:TagResource")
    key = call.text("KmsKeyId") or (getattr(secret, "kms_key_id", "") or "")
    context = {"kms:EncryptionContext:SecretARN": (arn,)}
    yield from used(call, key, "secretsmanager", _WITH_KEY.get(call.operation, ()), context)
