"""Relay the traffic to a task's own loopback on to the embedded cloud, which listens on this machine's loopback.

A relay is a container that holds the network of a task, as ECS's pause container does. Its traffic goes only over the
connection to the engine: it needs no network to this machine, and works with an engine on any machine.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecs_emulator.containers import relay_program
from ecs_emulator.containers.engine import Engine, two_way
from ecs_emulator.containers.relay_program import HEAD, PIECE
from ecs_emulator.sockets import HOST

IMAGE = "public.ecr.aws/docker/library/python:3.13-slim"
IMAGE_SWITCH = "PROVISION_RELAY_IMAGE"
"""The environment variable that names another image, which must have Python 3.11 or later as `python3`."""
USER = "65534:65534"
READY_SECONDS = 30
MEBIBYTES = 256


class NotReady(Exception):
    """A relay does not listen; the message names the reason."""


def image() -> str:
    """Return the image of the relays."""
    return os.environ.get(IMAGE_SWITCH) or IMAGE


def created_with(port: int) -> dict[str, Any]:
    """Return the arguments of Docker's create call for a relay that listens on a port."""
    program = Path(relay_program.__file__).read_text()
    return {"entrypoint": ["python3", "-c", program, str(port)], "user": USER, "stdin_open": True}


def hosted_with() -> dict[str, Any]:
    """Return a relay's settings for Docker's host config: it may use almost nothing of its host."""
    return {"read_only": True, "cap_drop": ["ALL"], "mem_limit": MEBIBYTES << 20}


def start(host: Engine, name: str, port: int) -> None:
    """Start a created relay, and lead its connections to a port of this machine's loopback.

    Raises:
        NotReady: it does not listen.
    """
    from docker.utils.socket import frames_iter

    api = host.client.api
    attached = api.attach_socket(name, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    relay = Relay(two_way(attached).sendall, port)

    def serve() -> None:
        try:
            relay.serve(_output(frames_iter(attached, tty=False), name))
        finally:
            with contextlib.suppress(OSError):
                attached.close()

    threading.Thread(target=serve, name=name, daemon=True).start()
    api.start(name)
    if not relay.ready.wait(READY_SECONDS):
        raise NotReady(f"{name} did not begin to listen within {READY_SECONDS} seconds")
    if relay.ended:
        raise NotReady(f"{name} has ended: {api.logs(name, stdout=False).decode(errors='replace')[-500:]}")


def _output(frames: Iterable[tuple[int, bytes]], name: str) -> Iterator[bytes]:
    """Yield a relay's output; write its errors to the log."""
    for stream, content in frames:
        if stream == 1:
            yield content
        else:
            sys.stderr.write(f"{name}: {content.decode(errors='replace')}\n")


@dataclass
class Relay:
    """The connections of one relay, by number.

    Attributes:
        send: sends bytes to the program in the container.
        port: the port of this machine's loopback to which the connections lead.
        ready: set once it listens, or has ended. ended: whether it has ended.
    """

    send: Callable[[bytes], Any]
    port: int
    ready: threading.Event = field(default_factory=threading.Event)
    ended: bool = False
    _connections: dict[int, socket.socket] = field(default_factory=dict)
    _last: int = 0
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, pieces: Iterable[bytes]) -> None:
        """Handle the relay's messages until it is gone."""
        try:
            for number, content in _messages(pieces):
                if number:
                    self._take(number, content)
                else:
                    self.ready.set()
        except OSError:
            pass  # the container was removed
        except Exception:  # noqa: BLE001 (the log shows it; the task's other containers see their connections end)
            traceback.print_exc()
        finally:
            self.ended = True
            self.ready.set()
            for connection in list(self._connections.values()):
                _end(connection, socket.SHUT_RDWR)

    def _take(self, number: int, content: bytes) -> None:
        if number > self._last:
            self._last = number
            self._open(number)
        connection = self._connections.get(number)
        if connection is None:
            return
        if not content:
            _end(connection, socket.SHUT_WR)
            return
        with contextlib.suppress(OSError):  # the cloud has closed it; the connection's thread reports that
            connection.sendall(content)

    def _open(self, number: int) -> None:
        try:
            connection = socket.create_connection((HOST, self.port))
        except OSError:
            self._say(number, b"")
            return
        self._connections[number] = connection
        threading.Thread(target=self._answer, args=(number, connection), daemon=True).start()

    def _answer(self, number: int, connection: socket.socket) -> None:
        """Send the cloud's answers on one connection to the relay, until the cloud closes it."""
        with connection, contextlib.suppress(OSError):
            while piece := connection.recv(PIECE):
                self._say(number, piece)
        self._connections.pop(number, None)
        with contextlib.suppress(OSError):
            self._say(number, b"")

    def _say(self, number: int, content: bytes) -> None:
        with self._sending:
            self.send(HEAD.pack(number, len(content)) + content)


def _messages(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the messages in a stream of pieces of any length."""
    rest = b""
    for piece in pieces:
        rest += piece
        while len(rest) >= HEAD.size:
            number, length = HEAD.unpack_from(rest)
            if len(rest) < HEAD.size + length:
                break
            yield number, rest[HEAD.size : HEAD.size + length]
            rest = rest[HEAD.size + length :]


def _end(connection: socket.socket, what: int) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(what)
