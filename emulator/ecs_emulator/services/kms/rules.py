"""KMS keys where they are used: one that there is, that is enabled, and that encrypts symmetrically.

What the caller must be allowed is in `permissions`; key policies are not evaluated.
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
    """CreateKey: for encryption, unless something else is said (API reference, KeyUsage)."""
    original(self, *args, **kwargs)
    self.key_usage = self.key_usage or "ENCRYPT_DECRYPT"


def usable(account: str, region: str, named: str) -> str | None:
    """The ARN of a key that is named by its ARN, its id or an alias; None if it cannot encrypt."""
    kms = kms_backends[account][region]
    name = kms.get_alias_name(named)
    key = kms.keys.get((kms.get_key_id_from_alias(name) or "") if name.startswith("alias/") else kms.get_key_id(name))
    if key is None or (":key/" in named and named != key.arn):
        return None
    good = key.key_state == "Enabled" and key.key_spec == "SYMMETRIC_DEFAULT" and key.key_usage == "ENCRYPT_DECRYPT"
    return str(key.arn) if good else None


def _check_log_key(logs: Any, group: str, key: str) -> None:
    """The key of a log group is named by its ARN (CloudWatch Logs API, AssociateKmsKey)."""
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
    """CreateLogGroup: with a key that can be used."""
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
    """AssociateKmsKey: what is written from now on is encrypted with it."""
    group = _group(self)
    _check_log_key(self.logs_backend, group.name, key := self._get_param("kmsKeyId"))
    group.kms_key_id = key
    return ""


@add(LogsResponse, "disassociate_kms_key")
def disassociate_kms_key(self: Any) -> str:
    """DisassociateKmsKey: what is written from now on is encrypted with CloudWatch Logs' own."""
    _group(self).kms_key_id = None
    return ""


@wrap(ECRBackend, "create_repository")
def create_repository(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """CreateRepository: with a key that can be used, of which the repository shows the ARN."""
    encryption = kwargs.get("encryption_config") or {}
    if named := encryption.get("kmsKey"):
        if (arn := usable(self.account_id, self.region_name, named)) is None:
            refuse("KmsException", f"The KMS key {named} cannot be used.", kmsError="NotFoundException")
        kwargs["encryption_config"] = {**encryption, "kmsKey": arn}
    return original(self, *args, **kwargs)


@wrap(SimpleSystemManagerBackend, "put_parameter")
def put_parameter(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """PutParameter: with a key that can be used."""
    key = args[5]
    if key and key != "alias/aws/ssm" and usable(self.account_id, self.region_name, key) is None:
        refuse("InvalidKeyId", f"Invalid keyId '{key}'")
    return original(self, *args, **kwargs)


@wrap(RDSBackend, "create_db_cluster")
def create_db_cluster(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """CreateDBCluster: with a key that can be used, of which the cluster shows the ARN."""
    if (named := kwargs.get("kms_key_id")) and named != own_key(self):
        if (arn := usable(self.account_id, self.region_name, named)) is None:
            refuse("KMSKeyNotAccessibleFault", f"The specified KMS key [{named}] does not exist or is not accessible.")
        kwargs["kms_key_id"] = arn
    return original(self, kwargs)
