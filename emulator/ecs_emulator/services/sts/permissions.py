"""Permissions of STS, by call (API reference)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check

FREE = ("GetCallerIdentity", "GetSessionToken")
"""Operations that need no permission."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to STS."""
    if call.operation not in FREE:
        yield call.check(call.text("RoleArn") or "*")
