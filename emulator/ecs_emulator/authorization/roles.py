"""Permissions of a role: its inline and its attached policies, limited by its permissions boundary."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.iam.models import iam_backends

from ecs_emulator.authorization.policy import ALLOW_ALL, Check, Decision, Statement, Unreadable, decide, read


def allows(account: str, role: Any, check: Check) -> bool:
    """Return whether a role's policies allow an action on a resource, and its boundary too, if it has one.

    Both have to allow it (IAM user guide, "Permissions boundaries for IAM entities"). A policy that cannot be evaluated
    here allows everything: a rehearsal is not to fail for that.
    """
    return all(one is Decision.ALLOWED for one in said(account, role, check) if one is not None)


def said(account: str, role: Any, check: Check) -> tuple[Decision, Decision | None]:
    """Return the decision of a role's policies on a check, and of its boundary: None if it has none."""
    documents = (*role.policies.values(), *(_default(policy) for policy in role.managed_policies.values()))
    boundary = boundary_of(role)
    known = iam_backends[account]["aws"].managed_policies
    # IAM keeps a policy that is set as a boundary; only a boundary that was not set through IAM may be missing
    limit = _decided([_default(known[boundary])], check) if boundary in known else None
    return _decided(documents, check), limit


def boundary_of(role: Any) -> str:
    """Return the ARN of a role's permissions boundary; empty if it has none."""
    return str(role.permissions_boundary_arn or "")


def named(account: str, name: str) -> Any:
    """Return the role with a name, or None."""
    return next((role for role in iam_backends[account]["aws"].roles.values() if role.name == name), None)


def _default(policy: Any) -> str | Mapping[str, Any]:
    versions: Iterator[str | Mapping[str, Any]] = (one.document for one in policy.versions if one.is_default)
    return next(versions)


def _decided(documents: Any, check: Check) -> Decision:
    texts = (text if isinstance(text, str) else json.dumps(text) for text in documents)
    return decide([statement for text in texts for statement in _statements(text)], check)


@functools.lru_cache(maxsize=512)
def _statements(text: str) -> tuple[Statement, ...]:
    try:
        return tuple(read("policy", text))
    except Unreadable:
        return tuple(read("policy", ALLOW_ALL))
