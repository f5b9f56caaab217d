"""Permissions of STS, by call (API reference)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check

FREE = ("GetCallerIdentity", "GetSessionToken")
"""What needs no permission."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield what STS asks for at one call."""
    if call.operation not in FREE:
        yield call.check(call.text("RoleArn") or "*")
