"""Secrets Manager: answers in which AWS differs from moto."""

from __future__ import annotations

import json
from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend
from moto.secretsmanager.responses import SecretsManagerResponse

from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.kms.rules import usable


@wrap(SecretsManagerBackend, "create_secret")
def create_secret(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """CreateSecret: refuse an unusable key."""
    key = kwargs.get("kms_key_id")
    if key and not key.startswith("alias/aws/") and usable(self.account_id, self.region_name, key) is None:
        refuse("ResourceNotFoundException", f"Secrets Manager can't find the KMS key {key}.")
    return original(self, *args, **kwargs)


@replace(SecretsManagerResponse, "describe_secret")
def describe_secret(self: Any) -> str:
    """DescribeSecret: leave out members without a value (API reference: all but ARN and Name are optional)."""
    secret = self.backend.describe_secret(secret_id=self._get_param("SecretId"))
    return json.dumps({name: value for name, value in secret.to_dict().items() if value is not None})
