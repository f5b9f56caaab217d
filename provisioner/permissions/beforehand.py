"""Permissions for what `doctor`, and `up` before its first write, ask besides: quotas, and what counts for them."""

from __future__ import annotations

from provisioner.aws.permissions import ASKED_BEFOREHAND, Permission, Use, grants
from provisioner.config.models import Config

_WHY = "doctor"

_QUOTAS = "GetServiceQuota of the service's quotas"
_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html"


def _names_alarms(config: Config) -> bool:
    """A service's deployments are ended by alarms."""
    return any(service.deployment.alarms for service in config.services.values())


BEFOREHAND: tuple[Permission, ...] = (
    *grants(
        "servicequotas",
        "GetAWSDefaultServiceQuota GetServiceQuota",
        use=Use.OTHER,
        why="doctor; more than 60 rules in a security group",
        parts=ASKED_BEFOREHAND,
    ),
    # Service Quotas asks these services itself, as the caller; IAM's GetAccountSummary, below, for the same reason
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
    # of alarms that combine others it answers only to who may ask for all (API reference, DescribeAlarms)
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
