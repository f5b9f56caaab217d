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
    *grants("route53", "GetHostedZoneCount", use=Use.OTHER, why=_WHY),
)
