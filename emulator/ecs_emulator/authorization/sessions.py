"""The sessions of roles, those of tasks above all: the keys that they call AWS with, and whose they are."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ecs_emulator.clock import real_now
from ecs_emulator.patch import on_reset

LIFE = timedelta(hours=6)
"""How long the credentials of a task are valid, by the clock of this machine, which the task has (developer guide,
"Task IAM role")."""
RENEWED = timedelta(hours=1)
"""How long before their end a task is given others. AWS says nothing of it; it has to be earlier than the SDKs ask
again, which botocore does 15 minutes before (its `credentials.py`)."""


@dataclass(frozen=True)
class Session:
    """Somebody who has assumed a role: the role's ARN and name, the session's name, its credentials and their end."""

    account: str
    role_arn: str
    role: str
    name: str
    key: str
    secret: str
    token: str
    expires: datetime

    @property
    def arn(self) -> str:
        """Who calls, as refusals and GetCallerIdentity name it."""
        partition = self.role_arn.split(":")[1]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{self.role}/{self.name}"

    @property
    def is_fresh(self) -> bool:
        """Whether it is too early for another one."""
        return real_now() < self.expires - RENEWED


_sessions: dict[str, Session] = {}
"""By access key id."""
on_reset(_sessions.clear)


def begin(account: str, region: str, role_arn: str, name: str) -> Session:
    """Return a new session of a role, as ECS begins it for a task."""
    from moto.sts.models import sts_backends
    from moto.utilities.utils import get_partition

    assumed = sts_backends[account][get_partition(region)].assume_role(
        region_name=region,
        role_session_name=name,
        role_arn=role_arn,
        policy="",
        duration=int(LIFE.total_seconds()),
        external_id="",
    )
    return _sessions[assumed.access_key_id]


def known(assumed: Any, seconds: int) -> Any:
    """Return a role that moto has assumed, with other keys: whoever has them is taken for it for so many seconds."""
    # moto's are not drawn at random, and the key is all that a call is let in by; AWS's have twenty characters
    assumed.access_key_id = f"ASIA{base64.b32encode(secrets.token_bytes(10)).decode()}"
    assumed.secret_access_key = secrets.token_urlsafe(30)
    arn = assumed.role_arn
    _sessions[assumed.access_key_id] = Session(
        account=assumed.account_id,
        role_arn=arn,
        role=arn.rpartition("/")[2],
        name=assumed.session_name,
        key=assumed.access_key_id,
        secret=assumed.secret_access_key,
        token=assumed.session_token,
        expires=real_now() + timedelta(seconds=seconds),
    )
    return assumed


def of(key: str) -> Session | None:
    """Return the session of an access key id; None of one that is over or was never begun."""
    found = _sessions.get(key)
    return found if found and real_now() < found.expires else None
