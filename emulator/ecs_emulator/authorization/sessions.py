"""Sessions of roles, mainly of tasks: the keys with which they call AWS, and the role behind each key."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ecs_emulator.clock import real_now
from ecs_emulator.patch import on_reset

LIFE = timedelta(hours=6)
"""The lifetime of a task's credentials, by the clock of this machine, which the containers see (developer guide,
"Task IAM role")."""
RENEWED = timedelta(hours=1)
"""The time before expiry at which a task gets new credentials. AWS does not document it. It has to be earlier than the
SDKs ask again: botocore asks 15 minutes before expiry (its `credentials.py`)."""


@dataclass(frozen=True)
class Session:
    """A session of an assumed role: the role's ARN and name, the session's name, its credentials and their expiry."""

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
        """The caller's ARN, as refusals and GetCallerIdentity show it."""
        partition = self.role_arn.split(":")[1]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{self.role}/{self.name}"

    @property
    def is_fresh(self) -> bool:
        """Return whether the credentials are still too new to be renewed."""
        return real_now() < self.expires - RENEWED


_sessions: dict[str, Session] = {}
"""By access key id."""
on_reset(_sessions.clear)


def begin(account: str, region: str, role_arn: str, name: str) -> Session:
    """Return a new session of a role, as ECS begins one for a task."""
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
    """Give moto's assumed role new random keys, and let calls with them pass as this role for `seconds`."""
    # moto's keys can be guessed, and the key id alone lets a call in; AWS's key ids have twenty characters
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
    """Return the session of an access key id; None if it has expired or never began."""
    found = _sessions.get(key)
    return found if found and real_now() < found.expires else None
