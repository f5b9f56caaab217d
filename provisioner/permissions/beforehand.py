"""Permissions for what `doctor`, and `up` before its first write, ask besides: quotas, and what counts for them."""

from __future__ import annotations

from provisioner.permissions.model import Permission, Use, grants

_WHY = "doctor"

BEFOREHAND: tuple[Permission, ...] = (
    *grants(
        "servicequotas",
        "GetAWSDefaultServiceQuota GetServiceQuota",
        use=Use.OTHER,
        why="doctor; more than 60 rules in a security group",
    ),
    *grants("ec2", "DescribeVpcBlockPublicAccessOptions", use=Use.OTHER, why=_WHY),
    *grants("iam", "GetAccountSummary", use=Use.OTHER, why=_WHY),
    *grants("iam", "GetRole", "role/*", use=Use.OTHER, why="doctor: the caller's own role"),
    *grants("iam", "GetUser", "user/*", use=Use.OTHER, why="doctor: the caller's own tags"),
    *grants("organizations", "DescribeOrganization", use=Use.OTHER, why="doctor: the caller's organization"),
    *grants("route53", "GetHostedZoneCount", use=Use.OTHER, why=_WHY),
)
