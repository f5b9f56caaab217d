"""The sessions of roles that tasks call AWS with: their keys, and whose they are."""

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
"""How long before their end a task is given others."""


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
    """Return a new session of a role. Whoever has its key is taken for it until it expires."""
    from moto.sts.models import sts_backends
    from moto.utilities.utils import get_partition

    partition = get_partition(region)
    # what GetCallerIdentity looks up
    assumed = sts_backends[account][partition].assume_role(
        region_name=region, role_session_name=name, role_arn=role_arn, policy="", duration=3600, external_id=""
    )
    # moto's are not drawn at random, and the key is all that a call is let in by
    assumed.access_key_id = f"ASIA{base64.b32encode(secrets.token_bytes(20)).decode()}"
    assumed.secret_access_key = secrets.token_urlsafe(30)
    session = Session(
        account,
        role_arn,
        role_arn.rpartition("/")[2],
        name,
        assumed.access_key_id,
        assumed.secret_access_key,
        assumed.session_token,
        real_now() + LIFE,
    )
    _sessions[session.key] = session
    return session


def of(key: str) -> Session | None:
    """Return the session of an access key id; None of one that is over or was never begun."""
    found = _sessions.get(key)
    return found if found and real_now() < found.expires else None


def context(session: Session) -> dict[str, tuple[str, ...]]:
    """Return what the context of each of a session's requests has (IAM user guide, global condition context keys)."""
    from ecs_emulator.authorization import roles

    role: Any = roles.named(session.account, session.role)
    found = {
        "aws:PrincipalArn": session.role_arn,
        "aws:PrincipalAccount": session.account,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
        "aws:SourceIp": "127.0.0.1",
        "aws:ViaAWSService": "false",
        "aws:userid": f"{getattr(role, 'id', '')}:{session.name}",
        **{f"aws:PrincipalTag/{key}": value for key, value in _tags(role).items()},
    }
    return {key: (value,) for key, value in found.items()}


def _tags(role: Any) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in getattr(role, "get_tags", list)()}
