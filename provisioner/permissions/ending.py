"""Permissions to end a stack: to read and to delete, but not to create resources."""

from __future__ import annotations

import re

from provisioner.aws.permissions import Permission
from provisioner.config.host_names import ANY, APEX
from provisioner.config.models import Config
from provisioner.config.services import Service
from provisioner.config.tables import HOST

_TAKES_AWAY = re.compile(
    "Abort|(Batch)?Delete|Deregister|Detach|Disassociate|Release|Remove|Retire|Revoke|Stop|Terminate|Unsubscribe"
)
_BEFORE = frozenset(
    {
        "autoscaling:SetInstanceProtection", "autoscaling:UpdateAutoScalingGroup", "ecs:PutAccountSettingDefault",
        "ecs:PutClusterCapacityProviders", "ecs:UpdateClusterSettings", "ecs:UpdateContainerInstancesState",
        "ecs:UpdateService", "elasticloadbalancing:SetWebAcl", "kms:CreateGrant", "kms:Decrypt", "rds:StartDBCluster",
        "rds:StartDBInstance",
        "route53:ChangeResourceRecordSets", "s3:PutObject",
    }
)  # fmt: skip
"""Changes that `down` makes before it deletes, actions that AWS checks then, and writes of the state."""


def ends(permission: Permission) -> bool:
    """Return whether the end of a stack may need a permission."""
    return permission.reader or permission.name in _BEFORE or bool(_TAKES_AWAY.match(permission.action))


def _apart(service: Service, env: str, pattern: str) -> Service:
    """Return a service with its hosts in other environments: the labels, renamed as `entrance.apart` does."""
    labels = [one for one in service.hosts if one not in (APEX, ANY) and "." not in one]
    return service.model_copy(update={"hosts": tuple(f"{one.removesuffix(f'-{env}')}-{pattern}" for one in labels)})


def environments(config: Config, pattern: str) -> Config:
    """Return the configuration for policies of all environments that match a pattern, such as `pr-*`."""
    dns = config.dns
    services = {name: _apart(service, config.env, pattern) for name, service in config.services.items()}
    if dns.host in (HOST, f"{HOST}-{config.env}"):
        dns = dns.model_copy(update={"host": f"{HOST}-{pattern}"})
    return config.model_copy(update={"env": pattern, "dns": dns, "services": services})
