"""Connections to ports in containers, by a small program inside: no network leads from this machine to them."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from ecs_emulator.containers import caches, database, runs
from ecs_emulator.containers.engine import Engine, two_way
from ecs_emulator.ecs.records import Task

_OWN = ("localhost", "127.0.0.1")
_STDOUT = 1
_HEAD = 8
_RELAY = (
    # bash can open sockets itself; the direction that ends first ends the other one too
    'if command -v bash >/dev/null; then exec bash -c "exec 3<>/dev/tcp/127.0.0.1/$1 || exit 1; cat <&3 & cat >&3; '
    'kill %1 2>/dev/null"; fi; if command -v nc >/dev/null; then exec nc 127.0.0.1 "$1"; fi; exit 1'
)


class _Exec:
    """A connection to a port, by the input and the output of a program in a container."""

    def __init__(self, host: Engine, container: str, port: int) -> None:
        api = host.client.api
        made = api.exec_create(container, ["sh", "-c", _RELAY, "sh", str(port)], stdin=True, user="root")
        opened = api.exec_start(made["Id"], socket=True)
        self._socket: Any = two_way(opened)
        self._held = b""

    def recv(self, size: int, /) -> bytes:
        """Return the bytes that have arrived, without the head that the engine puts before each piece."""
        while len(head := self._take(_HEAD)) == _HEAD:
            content = self._take(int.from_bytes(head[4:], "big"))
            if head[0] == _STDOUT:
                return content
        return b""

    def _take(self, count: int) -> bytes:
        while len(self._held) < count and (piece := self._socket.recv(1 << 16)):
            self._held += piece
        found, self._held = self._held[:count], self._held[count:]
        return found

    def sendall(self, data: bytes, /) -> None:
        """Send all bytes."""
        self._socket.sendall(data)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def relayed(host: Engine, task: Task, name: str, port: int) -> _Exec:
    """Return a connection to a port of a task, or of a database or a cache by one of its names.

    Raises:
        OSError: no container has that name, or the engine refuses.
    """
    from docker.errors import DockerException

    container = runs.first(task) if name in _OWN else database.named(host, name) or caches.named(host, name)
    if not container:
        raise ConnectionRefusedError(f"nothing here is called {name}")
    try:
        return _Exec(host, container, port)
    except DockerException as error:
        raise ConnectionRefusedError(str(error)) from None
