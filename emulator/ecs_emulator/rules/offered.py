"""Members of requests without an effect here: refused by name, or left aside for a reason.

`not_offered.json` has members that are refused, by service and operation; `tests/cloud/members.py` finds them in the
code. A member that says nothing (false, empty), or what AWS does without it, is no reason to refuse a request.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

TABLE: dict[str, dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("not_offered.json").read_text(encoding="utf-8"),
)
_NODE_INFO = "nodes are always shown"
_MANAGED = "no resource is managed by another service here"
_ONE_REGISTRY = "there is one account's registry"
_REPEATED = "filled in by the SDKs; a repeated call is a second one"
USUAL: dict[str, dict[str, Any]] = {
    "autoscaling": {
        "BreachThreshold": 0,
        "CapacityReservationSpecification": {"CapacityReservationPreference": "default"},
        "Enabled": True,
        "Granularity": "1Minute",
        "IncludeInstances": True,
        "InstanceMaintenancePolicy": {"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1},
        "ShouldRespectGracePeriod": True,
    },
    "cloudwatch": {"AlarmTypes": ["MetricAlarm"]},
    "ec2": {
        "Attribute": "createVolumePermission",
        "AvailabilityMode": "zonal",
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "InterfaceType": "interface",
        "IpAddressType": "ipv4",
        "KeyFormat": "pem",
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "PrivateDnsHostnameTypeOnLaunch": "ip-name",
    },
    "ecs": {"deploymentController": {"type": "ECS"}},
    "elasticache": {"IpDiscovery": "ipv4"},
    "elbv2": {"IpAddressType": "ipv4", "MutualAuthentication": {"Mode": "off"}},
    "iam": {"Encoding": "SSH"},
    "rds": {
        "BackupTarget": "region",
        "ClusterScalabilityType": "standard",
        "DatabaseInsightsMode": "standard",
        "MasterUserAuthenticationType": "password",
    },
    "logs": {"distribution": "ByLogStream", "logGroupClass": "STANDARD", "queryLanguage": "CWLI"},
}
"""By service, values that AWS takes without a member (API references, Default)."""
_AT_ONCE = "states change at once, or by the clock, without a guest that could refuse"
IGNORED: dict[str, dict[str, dict[str, str]]] = {
    "acm": {"ResendValidationEmail": {"ValidationDomain": "no e-mail is sent"}},
    "autoscaling": {
        **{
            operation: {"IncludeManagedResources": _MANAGED}
            for operation in (
                "DescribeAutoScalingGroups", "DescribeAutoScalingInstances", "DescribePolicies",
                "DescribeScalingActivities", "DescribeScheduledActions", "DescribeTags",
            )
        },
        "SetDesiredCapacity": {"HonorCooldown": "no cooldown holds up what is asked for"},
    },
    "ec2": {
        "CopySnapshot": dict.fromkeys(("DestinationRegion", "PresignedUrl"), "added by the SDKs, for their own call"),
        "CreateImage": {"NoReboot": "an instance does not reboot for an image"},
        "CreateVpcEndpoint": {"ResourceConfigurationArn": "its endpoint is shown without a service's name"},
        "DescribeAddressesAttribute": {"Attribute": "there is one"},
        "DescribeImages": dict.fromkeys(("IncludeDeprecated", "IncludeDisabled"), "no image is deprecated or disabled"),
        "DescribeInstanceStatus": {"IncludeManagedResources": _MANAGED},
        "DescribeInstances": {"IncludeManagedResources": _MANAGED},
        "DescribeLaunchTemplateVersions": {"IncludeManagedResources": _MANAGED},
        "DescribeLaunchTemplates": {"IncludeManagedResources": _MANAGED},
        "DescribeNetworkInterfaces": {"IncludeManagedResources": _MANAGED},
        "DescribeRegions": {"AllRegions": "all Regions are enabled"},
        "DescribeReservedInstances": dict.fromkeys(("OfferingClass", "OfferingType"), "there are none"),
        "DescribeSpotPriceHistory": dict.fromkeys(("StartTime", "EndTime"), "there is one price of each, that of now"),
        "DescribeVolumes": {"IncludeManagedResources": _MANAGED},
        "DescribeVolumesModifications": {"IncludeManagedResources": _MANAGED},
        "DetachNetworkInterface": {"Force": _AT_ONCE},
        "DetachVolume": {"Force": _AT_ONCE},
        "ModifyImageAttribute": {"Attribute": "the other members say it too"},
        "RunInstances": {"AdditionalInfo": "reserved (API reference)"},
        "StartInstances": {"AdditionalInfo": "reserved (API reference)"},
        "StopInstances": dict.fromkeys(("Force", "SkipOsShutdown"), _AT_ONCE),
        "TerminateInstances": dict.fromkeys(("Force", "SkipOsShutdown"), _AT_ONCE),
    },
    "ecr": {
        "BatchGetImage": {"acceptedMediaTypes": "a manifest has one form"},
        "GetDownloadUrlForLayer": dict.fromkeys(
            ("registryId", "repositoryName", "layerDigest"), "layers come from the registry itself"
        ),
        "PutImage": {"registryId": _ONE_REGISTRY},
        "SetRepositoryPolicy": {"force": "no policy locks its owner out"},
    },
    "elasticache": {
        "DescribeCacheClusters": {"ShowCacheNodeInfo": _NODE_INFO},
        "DescribeSnapshots": {"ShowNodeGroupConfig": _NODE_INFO},
        "ModifyReplicationGroup": {"ApplyImmediately": "every change is made at once"},
    },
    "elbv2": {"DescribeCapacityReservation": {"LoadBalancerArn": "no load balancer has one"}},
    "iam": {
        "DeleteAccountAlias": {"AccountAlias": "an account has one"},
        "GetServiceLinkedRoleDeletionStatus": {"DeletionTaskId": "a deletion is over at once"},
    },
    "logs": {
        **{operation: {"unmask": "nothing is masked"} for operation in ("FilterLogEvents", "GetLogEvents")},
        "PutLogEvents": {"sequenceToken": "AWS ignores it (API reference)"},
        "DeleteAccountPolicy": {"policyType": "its name is enough"},
        "DescribeLogGroups": {"includeLinkedAccounts": "no account is linked"},
    },
    "ssm": {
        "CreateMaintenanceWindow": {"AllowUnassociatedTargets": "no window does anything", "ClientToken": _REPEATED},
        "CreatePatchBaseline": {"ClientToken": _REPEATED},
        "DescribeDocumentPermission": {"PermissionType": "there is one"},
        "RegisterTargetWithMaintenanceWindow": {"ClientToken": _REPEATED},
        "RegisterTaskWithMaintenanceWindow": {"ClientToken": _REPEATED},
    },
}  # fmt: skip
"""By service and operation, the members without an effect that are accepted, each with its reason."""


def asked(service: str, operation: str, request: Mapping[str, Any]) -> str:
    """Return the first member of a request that is not offered, and asks for something; empty if there is none."""
    usual = USUAL.get(service, {})
    names: Collection[str] = TABLE.get(service, {}).get(operation, ())
    return next((name for name in names if _says(request.get(name), usual.get(name))), "")


def words(service: str, operation: str, request: Mapping[str, Any]) -> str:
    """Return the refusal of a request with a member that is not offered; empty if there is none."""
    name = asked(service, operation, request)
    return f"The embedded cloud does not offer the parameter {name} of {operation}" if name else ""


def _says(value: Any, usual: Any) -> bool:
    """Return whether a value asks for anything but the usual."""
    if usual is True:
        return value is False
    if isinstance(value, Mapping) and not isinstance(usual, dict):
        return any(_says(one, usual) for one in value.values())
    return value not in (None, False, "", [], {}, 0) and value != usual
