"""STS: the credentials that AssumeRole returns work in later calls."""

from __future__ import annotations

from typing import Any

from moto.sts.models import STSBackend

from ecs_emulator.authorization import sessions
from ecs_emulator.patch import wrap


@wrap(STSBackend, "assume_role")
def assume_role(
    original: Any,
    self: Any,
    region_name: str,
    role_session_name: str,
    role_arn: str,
    policy: str,
    duration: int,
    external_id: str,
) -> Any:
    """AssumeRole: treat later calls with the new key as the session's; `authorization.trust` checks the caller."""
    assumed = original(self, region_name, role_session_name, role_arn, policy, duration, external_id)
    return sessions.known(assumed, duration)
