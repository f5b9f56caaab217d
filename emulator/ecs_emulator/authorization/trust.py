"""Trust policies of roles: decide whether they admit a principal of this account (IAM user guide, "Principal")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import Check, Decision, Unreadable, decide, listed, read
from ecs_emulator.authorization.sessions import Session

ACTION = "sts:AssumeRole"


def admits(account: str, role_arn: str, caller: Session | str, context: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether the role exists, and its trust policy admits a session or a user.

    Args:
        caller: the session, or the user's ARN.
        context: the condition keys of the caller's requests.
    """
    names = {"*", account, f"arn:aws:iam::{account}:root"}
    names |= {caller} if isinstance(caller, str) else {caller.arn, caller.role_arn}
    role = roles.named(account, role_arn.rpartition("/")[2])
    return role is not None and role.arn == role_arn and _trusts(role, names, context)


def _trusts(role: Any, names: set[str], context: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether statements about one of these names admit it; a statement that cannot be evaluated here does."""
    about = [
        {"Resource": "*"} | {name: value for name, value in one.items() if name != "Principal"}
        for one in listed(json.loads(role.assume_role_policy_document)["Statement"])
        if names & {*_principals(one.get("Principal"))}
    ]
    if not about:
        return False
    try:
        statements = read(role.name, json.dumps({"Version": "2012-10-17", "Statement": about}))
    except Unreadable:
        return True
    return decide(statements, Check(ACTION, context=context)) is Decision.ALLOWED


def _principals(principal: Any) -> list[str]:
    return listed(principal.get("AWS") if isinstance(principal, dict) else principal)
