"""Permissions for further reads of `doctor`, and of `up` before its first change: quotas, and resources that count."""

from __future__ import annotations

from provisioner.aws.permissions import ASKED_BEFOREHAND, Permission, Use, grants
from provisioner.config.models import Config

_WHY = "doctor"

_QUOTAS = "GetServiceQuota of the service's quotas"
_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html"


def _names_alarms(config: Config) -> bool:
    """Return whether alarms end deployments of a service."""
    return any(service.deployment.alarms for service in config.services.values())


BEFOREHAND: tuple[Permission, ...] = (
    *grants(
        "servicequotas",
        "GetAWSDefaultServiceQuota GetServiceQuota",
        use=Use.OTHER,
        why="doctor; more than 60 rules in a security group",
        parts=ASKED_BEFOREHAND,
    ),
    # Service Quotas calls these services as the caller; IAM's GetAccountSummary, below, has the same reason
    *grants(
        "elasticloadbalancing",
        "DescribeAccountLimits",
        use=Use.IMPLIED,
        why=_QUOTAS,
        source=_REFERENCE,
        parts=ASKED_BEFOREHAND,
    ),
    *grants(
        "rds", "DescribeAccountAttributes", use=Use.IMPLIED, why=_QUOTAS, source=_REFERENCE, parts=ASKED_BEFOREHAND
    ),
    *grants("route53", "GetAccountLimit", use=Use.IMPLIED, why=_QUOTAS, source=_REFERENCE, parts=ASKED_BEFOREHAND),
    # for composite alarms AWS answers only with the permission on all alarms (API reference, DescribeAlarms)
    *grants(
        "cloudwatch",
        "DescribeAlarms",
        use=Use.OTHER,
        why="doctor: alarms that end deployments",
        wanted=_names_alarms,
        parts=ASKED_BEFOREHAND,
    ),
    *grants("ec2", "DescribeVpcBlockPublicAccessOptions", use=Use.OTHER, why=_WHY, parts=ASKED_BEFOREHAND),
    *grants("iam", "GetAccountSummary", use=Use.OTHER, why=_WHY, parts=ASKED_BEFOREHAND),
    *grants("iam", "GetUser", "user/*", use=Use.OTHER, why="doctor: the caller's own tags", parts=ASKED_BEFOREHAND),
    *grants(
        "organizations",
        "DescribeOrganization",
        use=Use.OTHER,
        why="doctor: the caller's organization",
        parts=ASKED_BEFOREHAND,
    ),
    *grants("route53", "GetHostedZoneCount", use=Use.OTHER, why=_WHY, parts=ASKED_BEFOREHAND),
)
