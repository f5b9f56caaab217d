"""The open sessions, each with its channel."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from ecs_emulator.ecs.records import Task
from ecs_emulator.patch import on_reset
from ecs_emulator.registry import storage
from ecs_emulator.sessions import PREFIX
from ecs_emulator.sessions.channel import Channel


@dataclass
class Chosen:
    """The chosen substitute for containers behind sessions.

    Attributes:
        shell: whether commands run on this machine.
        port: the port of this machine to which all ports of tasks lead; 0 for none.
    """

    shell: bool = False
    port: int = 0


chosen = Chosen()
_channels: dict[str, Channel] = {}


def open_session(prefix: str, task: Task, run: Callable[[Channel], None]) -> Channel:
    """Return a new session into a task; `run` begins once a client has opened its channel."""
    channel = Channel(f"{prefix}-{secrets.token_hex(9)[:17]}", run, lambda: task.status == "RUNNING")
    _channels[channel.session] = channel
    return channel


def url(channel: Channel) -> str:
    """Return the URL of a session's channel, on the cloud's own port."""
    return f"ws://{storage.host()}{PREFIX}{channel.session}?role=publish_subscribe&cell-number=AAEAAc"


def find(session: str) -> Channel | None:
    """Return the session with an id, or None if it has ended or never existed."""
    found = _channels.get(session)
    return None if found is None or found.over else found


@on_reset
def forget() -> None:
    """End all sessions."""
    for channel in _channels.values():
        if not channel.over:
            channel.stop()
    _channels.clear()
    chosen.shell, chosen.port = False, 0
