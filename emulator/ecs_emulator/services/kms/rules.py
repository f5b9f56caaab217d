"""KMS keys that other services use: the key must exist, be enabled, and encrypt symmetrically.

`permissions` checks the caller's permissions; key policies are not evaluated.
"""

from __future__ import annotations

from typing import Any

from moto.ecr.models import ECRBackend
from moto.kms.models import Key, kms_backends
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse
from moto.rds.models import RDSBackend
from moto.ssm.models import SimpleSystemManagerBackend

from ecs_emulator.patch import add, refuse, wrap
from ecs_emulator.services.logs import texts
from ecs_emulator.services.rds.answers import own_key


@wrap(Key, "__init__")
def init_key(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """CreateKey: default to a key for encryption (API reference, KeyUsage)."""
    original(self, *args, **kwargs)
    self.key_usage = self.key_usage or "ENCRYPT_DECRYPT"


def usable(account: str, region: str, named: str) -> str | None:
    """Return the ARN of a key, named by ARN, id or alias; None if the key cannot encrypt."""
    kms = kms_backends[account][region]
    name = kms.get_alias_name(named)
    key = kms.keys.get((kms.get_key_id_from_alias(name) or "") if name.startswith("alias/") else kms.get_key_id(name))
    if key is None or (":key/" in named and named != key.arn):
        return None
    good = key.key_state == "Enabled" and key.key_spec == "SYMMETRIC_DEFAULT" and key.key_usage == "ENCRYPT_DECRYPT"
    return str(key.arn) if good else None


def _check_log_key(logs: Any, group: str, key: str) -> None:
    """Refuse a log group's key without a usable ARN (CloudWatch Logs API, AssociateKmsKey)."""
    if not key.startswith("arn:") or ":key/" not in key:
        refuse("InvalidParameterException", f"The specified KMS key ARN is not valid: {key}")
    if usable(logs.account_id, logs.region_name, key) is None:
        refuse(
            # terraform-provider-aws#29282; the API reference has InvalidParameterException
            "AccessDeniedException",
            "The specified KMS key does not exist or is not allowed to be used with Arn "
            f"'arn:aws:logs:{logs.region_name}:{logs.account_id}:log-group:{group}'",
        )


@wrap(LogsBackend, "create_log_group")
def create_log_group(original: Any, self: Any, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> Any:
    """CreateLogGroup: refuse an unusable key."""
    if key := kwargs.get("kmsKeyId"):
        _check_log_key(self, log_group_name, key)
    return original(self, log_group_name, tags, **kwargs)


def _group(response: Any) -> Any:
    name = response._get_param("logGroupName") or str(response._get_param("resourceIdentifier")).rpartition(":")[2]
    if name not in response.logs_backend.groups:
        refuse("ResourceNotFoundException", texts.NO_GROUP)
    return response.logs_backend.groups[name]


@add(LogsResponse, "associate_kms_key")
def associate_kms_key(self: Any) -> str:
    """AssociateKmsKey: encrypt future log events with this key."""
    group = _group(self)
    _check_log_key(self.logs_backend, group.name, key := self._get_param("kmsKeyId"))
    group.kms_key_id = key
    return ""


@add(LogsResponse, "disassociate_kms_key")
def disassociate_kms_key(self: Any) -> str:
    """DisassociateKmsKey: encrypt future log events with CloudWatch Logs' own key."""
    _group(self).kms_key_id = None
    return ""


@wrap(ECRBackend, "create_repository")
def create_repository(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """CreateRepository: refuse an unusable key; the repository shows the key's ARN."""
    encryption = kwargs.get("encryption_config") or {}
    if named := encryption.get("kmsKey"):
        if (arn := usable(self.account_id, self.region_name, named)) is None:
            refuse("KmsException", f"The KMS key {named} cannot be used.", kmsError="NotFoundException")
        kwargs["encryption_config"] = {**encryption, "kmsKey": arn}
    return original(self, *args, **kwargs)


@wrap(SimpleSystemManagerBackend, "put_parameter")
def put_parameter(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """PutParameter: refuse an unusable key."""
    key = args[5]
    if key and key != "alias/aws/ssm" and usable(self.account_id, self.region_name, key) is None:
        refuse("InvalidKeyId", f"Invalid keyId '{key}'")
    return original(self, *args, **kwargs)


@wrap(RDSBackend, "create_db_cluster")
def create_db_cluster(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """CreateDBCluster: refuse an unusable key; the cluster shows the key's ARN."""
    if (named := kwargs.get("kms_key_id")) and named != own_key(self):
        if (arn := usable(self.account_id, self.region_name, named)) is None:
            refuse("KMSKeyNotAccessibleFault", f"The specified KMS key [{named}] does not exist or is not accessible.")
        kwargs["kms_key_id"] = arn
    return original(self, kwargs)
