"""Permissions to end a stack: to read and to delete, but not to create resources."""

from __future__ import annotations

import re

from provisioner.aws.permissions import Permission
from provisioner.config.models import Config
from provisioner.config.tables import HOST

_TAKES_AWAY = re.compile(
    "(Batch)?Delete|Deregister|Detach|Disassociate|Release|Remove|Retire|Revoke|Stop|Terminate|Unsubscribe"
)
_BEFORE = frozenset(
    {
        "autoscaling:SetInstanceProtection", "autoscaling:UpdateAutoScalingGroup", "ecs:PutAccountSettingDefault",
        "ecs:PutClusterCapacityProviders", "ecs:UpdateClusterSettings", "ecs:UpdateContainerInstancesState",
        "ecs:UpdateService", "elasticloadbalancing:SetWebAcl", "kms:CreateGrant", "kms:Decrypt", "rds:StartDBCluster",
        "route53:ChangeResourceRecordSets", "s3:PutObject",
    }
)  # fmt: skip
"""Changes that `down` makes before it deletes, actions that AWS checks then, and writes of the state."""


def ends(permission: Permission) -> bool:
    """Return whether the end of a stack may need a permission."""
    return permission.reader or permission.name in _BEFORE or bool(_TAKES_AWAY.match(permission.action))


def environments(config: Config, pattern: str) -> Config:
    """Return the configuration for policies of all environments that match a pattern, such as `pr-*`."""
    dns = config.dns
    if dns.host in (HOST, f"{HOST}-{config.env}"):
        dns = dns.model_copy(update={"host": f"{HOST}-{pattern}"})
    return config.model_copy(update={"env": pattern, "dns": dns})
