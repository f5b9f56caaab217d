"""The roles of the account with their policies, by few calls instead of several a role: `[account] bulk_roles`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import denied, rate_exceeded

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

OPERATION = "get_account_authorization_details"
FEWEST = 3
"""The least number of roles for one call for all of them: a role by itself takes three calls and more."""
PAGE = 1000
"""The most entries of a page (IAM API reference, GetAccountAuthorizationDetails, MaxItems)."""
MOST_PAGES = 5
"""The most pages that are read: an account has 1,000 roles unless AWS raises that (IAM user guide, quotas)."""


def details(aws: Aws, roles: int) -> Mapping[str, Mapping[str, Any]]:
    """Return roles with their policies by name, as far as a few pages show them; nothing if that is not wanted.

    A role that is missing here may exist: the account may have more roles than the pages hold, and IAM is eventually
    consistent. Nothing is returned, and the call is not made again, if the caller may not make it, or is throttled.

    Args:
        roles: the number of roles that are looked for.
    """
    if not aws.bulk_roles or roles < FEWEST or OPERATION in aws.inventory.given_up:
        return {}
    read = partial(_read, aws)
    found: Mapping[str, Mapping[str, Any]] = (
        aws.shared_reads.once(("iam", OPERATION, ""), read) if aws.shared_reads else read()
    )
    return found


def _read(aws: Aws) -> dict[str, Mapping[str, Any]]:
    try:
        return {role["RoleName"]: role for page in _pages(aws) for role in page["RoleDetailList"]}
    except ClientError as error:
        if not (denied(error) or rate_exceeded(error)):
            raise
        aws.inventory.given_up.add(OPERATION)
        return {}


def _pages(aws: Aws) -> Iterator[Mapping[str, Any]]:
    read, further = aws.client("iam").get_account_authorization_details, dict[str, str]()
    for _ in range(MOST_PAGES):
        yield (page := read(Filter=["Role"], MaxItems=PAGE, **further))
        if not page.get("IsTruncated"):
            return
        further = {"Marker": page["Marker"]}


def attached(role: Mapping[str, Any]) -> list[str]:
    """Return the ARNs of a role's managed policies."""
    return [policy["PolicyArn"] for policy in role.get("AttachedManagedPolicies", ())]


def inline(role: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return a role's inline policies by name."""
    return {policy["PolicyName"]: policy["PolicyDocument"] for policy in role.get("RolePolicyList", ())}
