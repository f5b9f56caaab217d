"""Limits by the stack's tags, besides its name, on each write to a resource that the stack names.

A name can be another stack's: `shop-dev-eu` is `dev-eu` of `shop` as well as `eu` of `shop-dev`, and a pattern for the
names of `shop-dev` matches those of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from provisioner.aws.permissions import NOT_ANOTHERS, Permission

NAME_ONLY = frozenset(
    {
        "ecs:ContinueServiceDeployment", "ecs:Poll", "ecs:StartTelemetrySession", "ecs:Submit*",
        "elasticloadbalancing:SetRulePriorities", "elasticloadbalancing:SetWebAcl", "iam:CreateServiceLinkedRole",
        "rds-db:connect", "scheduler:CreateScheduleGroup", "ssm:PutParameter", "wafv2:AssociateWebACL",
        "wafv2:DisassociateWebACL",
    }
)  # fmt: skip
"""Writes that cannot be limited by the tags of their resource (Service Authorization Reference).

All but `rds-db:connect` are on names that end behind the stack's, or go on with a slash, as no other stack's name does.
"""
PASSING = "iam:PassRole"
"""The write for which AWS advises against tags: kinds of roles limit it instead (`passing`)."""
IN_ACCOUNTS = frozenset({"s3"})
"""Services whose names have the account and the Region behind the stack's name, so that no stack's name can go on."""
TELLING = frozenset(
    {
        *("logs:FilterLogEvents", "logs:GetLogEvents", "secretsmanager:GetSecretValue"),
        *("ssm:GetParameter", "ssm:GetParameters"),
    }
)
"""Reads that disclose data, and so are limited like writes."""


def kept_apart(permissions: Iterable[Permission]) -> Iterator[Permission]:
    """Yield the permissions; writes to the stack's named resources also demand that these are no other stack's."""
    for one in permissions:
        named = tuple(arn for arn in one.resources if "{stack}" in arn)
        if not named or not _to_limit(one):
            yield one
            continue
        if others := tuple(arn for arn in one.resources if arn not in named):
            yield replace(one, resources=others, named=False)
        yield replace(one, resources=named, conditions=tuple(sorted((*one.conditions, *NOT_ANOTHERS))), named=True)


def _to_limit(one: Permission) -> bool:
    """Return whether a permission can be limited by tags of existing resources, and is not yet."""
    by_tags = any(key.startswith("aws:ResourceTag/") for _, key, _ in one.conditions)
    apart = one.name in NAME_ONLY or one.name == PASSING or one.service in IN_ACCOUNTS
    return (one.writes or one.name in TELLING) and not by_tags and not apart
