"""The other end of a session: a program in a real container, else the chosen substitute, else a minimal shell."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ecs_emulator.containers import engine, runs
from ecs_emulator.ecs.records import Shape, Task
from ecs_emulator.sessions import commands, ports
from ecs_emulator.sessions.book import chosen
from ecs_emulator.sessions.channel import Channel
from ecs_emulator.sessions.commands import Program
from ecs_emulator.sessions.nothing import Nothing
from ecs_emulator.sessions.programs import InContainer, OnThisMachine
from ecs_emulator.sessions.relay import relayed

Run = Callable[[Channel], None]


def command(task: Task, container: Shape, line: str) -> Run:
    """Return a function that runs a command in a container of a task."""

    def start(words: Sequence[str]) -> Program:
        host, name = engine.current, runs.container(task, container["name"])
        if host is not None and name:
            return InContainer(host, name, words)
        return OnThisMachine(words) if chosen.shell else Nothing(words)

    return lambda channel: commands.run(channel, line, start)


def forward(task: Task, properties: Mapping[str, Any], host: str, port: int) -> Run:
    """Return a function that forwards connections to a port: of a task, or of a host that the task reaches."""

    def connect() -> ports.Connection:
        if engine.current is not None and runs.is_real(task):
            return relayed(engine.current, task, host, port)
        if chosen.port:
            return socket.create_connection(("127.0.0.1", chosen.port), 5)
        raise ConnectionRefusedError("no container runs here")

    return lambda channel: ports.run(channel, properties, connect)
