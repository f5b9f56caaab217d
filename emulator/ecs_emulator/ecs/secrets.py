"""Secrets of containers: read them from Parameter Store and Secrets Manager with the execution role.

Source: developer guide, "Pass sensitive data to an Amazon ECS container", and its ResourceInitializationError.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import Check
from ecs_emulator.ecs import overrides
from ecs_emulator.ecs.records import Task, last_part
from ecs_emulator.ecs.store import Store

_FAILED = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable "
    "to retrieve "
)
_RETRIED = "service call has been retried 1 time(s): "
_KEY = (
    "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this "
    "region, or you are not allowed to access."
)
"""KMS's message for a reader of a parameter without a permission for its key (kubernetes-external-secrets#627)."""


class Unreadable(Exception):
    """A secret cannot be read; the message is the task's `stoppedReason`."""


def check(store: Store, task: Task) -> None:
    """Read every secret of a task.

    Raises:
        Unreadable: the execution role may not read a secret, or it does not exist.
    """
    for container in task.definition.shape["containerDefinitions"]:
        for secret in container.get("secrets", ()):
            value(store, task, secret["valueFrom"])


def value(store: Store, task: Task, reference: str) -> str:
    """Return the value of a `valueFrom`: a parameter by its ARN or name, or a secret by its ARN.

    A secret's ARN may be followed by `:key:stage:version`, each of which may be empty: the key in its JSON, and the
    version.

    Raises:
        Unreadable: the execution role may not read it, or it does not exist.
    """
    if ":secretsmanager:" in reference:
        return _secret(store, task, reference)
    place = f"arn:aws:ssm:{store.region}:{store.account}:parameter/"
    arn = reference if reference.startswith("arn:") else place + reference.lstrip("/")
    _allowed(store, task, Check("ssm:GetParameters", arn), f"{_FAILED}secrets from ssm: {_RETRIED}")
    return _parameter(store, task, reference, arn)


def _parameter(store: Store, task: Task, reference: str, arn: str) -> str:
    from moto.ssm.models import ssm_backends

    found = ssm_backends[store.account][store.region].get_parameter(reference)
    if found is None:
        raise Unreadable(f"{_FAILED}secrets from ssm: invalid parameters: {last_part(reference)}")
    if found.parameter_type == "SecureString" and not _decrypts(store, task, found.keyid, "ssm", PARAMETER_ARN=arn):
        raise Unreadable(f"{_FAILED}secrets from ssm: {_RETRIED}{_KEY}")
    return str(found.decrypt(found.value))


def _secret(store: Store, task: Task, reference: str) -> str:
    from moto.secretsmanager.models import secretsmanager_backends

    parts = [*reference.split(":"), "", "", ""]
    arn, (key, stage, version) = ":".join(parts[:7]), parts[7:10]
    reason = f"{_FAILED}secret from asm: "
    # aws/copilot-cli#5752, GiamPy5/terraform-aws-directus#10
    fetching = f"{reason}{_RETRIED}failed to fetch secret {arn} from secrets manager: "
    _allowed(store, task, Check("secretsmanager:GetSecretValue", arn), fetching)
    backend: Any = secretsmanager_backends[store.account][store.region]
    secret = backend.secrets.get(arn)
    if secret is not None and secret.is_deleted():
        words = "InvalidRequestException: You can't perform this operation on the secret because it was marked for"
        raise Unreadable(f"{fetching}{words} deletion.")
    key_id = getattr(secret, "kms_key_id", None)
    if secret is not None and not _decrypts(store, task, key_id, "secretsmanager", SecretARN=secret.arn):
        raise Unreadable(f"{fetching}AccessDeniedException: Access to KMS is not allowed")
    try:
        text = str(backend.get_secret_value(arn, version, stage)["SecretString"])
    except (ServiceException, JsonRESTError, KeyError):
        words = "ResourceNotFoundException: Secrets Manager can't find the specified secret."
        raise Unreadable(fetching + words) from None
    if not key:
        return text
    try:
        found = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        raise Unreadable(f"{reason}retrieved secret from Secrets Manager did not contain json key {key}") from None
    return found if isinstance(found, str) else json.dumps(found)


def _decrypts(store: Store, task: Task, named: str | None, api: str, **encrypted: str) -> bool:
    """Return whether the execution role may use a key; AWS's own admits any reader (KMS guide, "AWS managed keys")."""
    from moto.kms.models import kms_backends

    if not named or "alias/aws/" in named:
        return True
    backend = kms_backends[store.account][store.region]
    alias = backend.get_alias_name(named)
    key = next((one for one in backend.keys.values() if alias in one.aliases), None)
    key = key or backend.keys.get(backend.get_key_id(named))
    role = roles.named(store.account, last_part(overrides.whole(task).get("executionRoleArn", "")))
    if key is None or role is None:
        return False
    context = {
        "kms:ResourceAliases": tuple(sorted(key.aliases)),
        "kms:ViaService": (f"{api}.{store.region}.amazonaws.com",),
        **{f"kms:EncryptionContext:{one}": (value,) for one, value in encrypted.items()},
    }
    return roles.allows(store.account, role, Check("kms:Decrypt", key.arn, context))


def _allowed(store: Store, task: Task, wanted: Check, reason: str) -> None:
    """Refuse a read that the execution role (the task's, or its override) or its boundary does not allow."""
    given = overrides.whole(task).get("executionRoleArn", "")
    role = roles.named(store.account, last_part(given))
    if role is not None and roles.allows(store.account, role, wanted):
        return
    who = f"arn:aws:sts::{store.account}:assumed-role/{role.name if role else 'unknown'}/{task.id}"
    raise Unreadable(
        f"{reason}AccessDeniedException: User: {who} is not authorized to perform: {wanted.action} on resource: "
        f"{wanted.resource} because no identity-based policy allows the {wanted.action} action"
    )
