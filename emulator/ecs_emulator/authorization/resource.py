"""Policies of resources: decide whether they admit an AWS service (IAM user guide, "Principal")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ecs_emulator.authorization.policy import Check, Decision, Unreadable, decide, listed, read


def admits(document: str, service: str, check: Check) -> bool:
    """Return whether a resource's policy allows a service's action; a policy that cannot be evaluated here allows it.

    Args:
        service: the service's principal, such as `events.amazonaws.com`.
    """
    about = [
        {name: value for name, value in one.items() if name != "Principal"}
        for one in listed(json.loads(document).get("Statement"))
        if _names(one.get("Principal"), service)
    ]
    if not about:
        return False
    try:
        statements = read("the policy", json.dumps({"Version": "2012-10-17", "Statement": about}))
    except Unreadable:
        return True
    return decide(statements, check) is Decision.ALLOWED


def _names(principal: Any, service: str) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return service in listed(principal.get("Service")) or "*" in listed(principal.get("AWS"))
