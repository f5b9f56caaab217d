"""The image that stands for ElastiCache's nodes: its settings and users, and the commands that change a running one."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence

from ecs_emulator.containers.stores import AUTHORITY, CERTIFICATE, FOLDER, Command

SETTINGS = "valkey.conf"
"""The server's settings, a file in `FOLDER`."""
COMMAND = ("valkey-server", f"/{FOLDER}/{SETTINGS}")
_IMAGE, _SWITCH = "valkey/valkey:8.1", "PROVISION_VALKEY_IMAGE"
_SOCKET = "/data/valkey.sock"
_MEMORY = 402_653_184
"""The memory for data in a node of 0.5 GiB, the smallest one: all but the 25 % of `reserved-memory-percent`
(ElastiCache guide, "Managing reserved memory"). A node of another type gets no more here, as this is the user's
machine."""
_RESTRICTED = (
    *("bgrewriteaof", "bgsave", "config", "debug", "migrate"),
    *("replicaof", "save", "slaveof", "shutdown", "sync"),
)
"""Commands that ElastiCache does not have (ElastiCache guide, "Restricted commands")."""
_USERS = ("acl|deluser", "acl|load", "acl|save", "acl|setuser")
"""Commands by which a client could make more users, or take this cloud's own away."""
_OWN, _PASSWORD = "embedded-cloud", secrets.token_hex(16)
"""The name and password of a user by which a running server is changed: its token may be another by then."""
_LIVE = ("maxmemory-policy", "notify-keyspace-events", "timeout", "appendonly")
"""Settings that a running server takes."""


def image() -> str:
    """Return the image to run."""
    return os.environ.get(_SWITCH) or _IMAGE


def settings(parameters: Mapping[str, str], *, tls: bool, replicated: bool) -> tuple[tuple[str, str], ...]:
    """Return a server's settings, but for its users.

    Args:
        parameters: those of its parameter group.
        tls: whether all connections have to use TLS; without it none can.
        replicated: whether the data outlive a node: those of a group with a single one go with it.
    """
    ports = {"port": "0", "tls-port": "6379"} if tls else {"port": "6379", "tls-port": "0"}
    named = {
        **ports,
        "tls-cert-file": CERTIFICATE,
        "tls-key-file": CERTIFICATE,
        "tls-ca-cert-file": AUTHORITY,
        "tls-auth-clients": "no",
        "protected-mode": "no",
        "unixsocket": _SOCKET,
        "dir": "/data",
        "save": "",
        "appendonly": "yes" if replicated else "no",
        "maxmemory": str(_MEMORY),
        **parameters,
    }
    return tuple(named.items())


def file(options: Sequence[tuple[str, str]], tokens: Sequence[str]) -> bytes:
    """Return the text of `SETTINGS`, which has digests in place of tokens."""
    denied = " ".join(f"-{command}" for command in (*_RESTRICTED, *_USERS))
    users = [
        f"user default on sanitize-payload ~* &* +@all {denied} {' '.join(_passwords(tokens))}",
        f"user {_OWN} on ~* &* +@all {_digest(_PASSWORD)}",
    ]
    return "\n".join((*(f'{name} "{value}"' for name, value in options), *users, "")).encode()


def another_token(tokens: Sequence[str]) -> Command:
    """Return the command in the container, and its variables, that leaves these tokens alone valid."""
    return _as_own("ACL", "SETUSER", "default", "resetpass", *_passwords(tokens))


def other_settings(options: Sequence[tuple[str, str]]) -> Command:
    """Return the command in the container, and its variables, by which a running server takes settings."""
    return _as_own("CONFIG", "SET", *(word for pair in options if pair[0] in _LIVE for word in pair))


def sign_in(tokens: Sequence[str]) -> Command:
    """Return the command in the container, and its variables, that succeeds once the newest token is valid."""
    return ("valkey-cli", "-e", "-s", _SOCKET, "PING"), {"REDISCLI_AUTH": tokens[-1]} if tokens else {}


def _as_own(*words: str) -> Command:
    return ("valkey-cli", "-e", "-s", _SOCKET, "--user", _OWN, *words), {"REDISCLI_AUTH": _PASSWORD}


def _passwords(tokens: Sequence[str]) -> list[str]:
    """Return the rules of a user with these tokens; without one everybody is let in."""
    return [_digest(token) for token in tokens] or ["nopass"]


def _digest(password: str) -> str:
    return f"#{hashlib.sha256(password.encode()).hexdigest()}"
