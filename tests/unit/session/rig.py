"""A client's session with the embedded cloud's agent, over a real connection with chosen faults."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ecs_emulator.sessions import channel as agents
from ecs_emulator.sessions import wire
from ecs_emulator.wsgi import Server, TakeOver
from provisioner.session import websocket
from provisioner.session.channel import Channel, Opening

SESSION = "ecs-execute-command-0123456789abcdef0"


@dataclass
class Faults:
    """The rates of faults of messages, from 0 to 1; and the numbers of messages after which the connection is cut."""

    loss: float = 0.0
    double: float = 0.0
    late: float = 0.0
    broken: float = 0.0
    cuts: tuple[int, ...] = ()
    seed: int = 1
    done: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random, self._count = random.Random(self.seed), 0
        self._lock = threading.Lock()

    def harm(self, message: bytes, held: list[bytes]) -> list[bytes]:
        """Return the messages that arrive in place of one.

        Raises:
            OSError: the connection is cut.
        """
        with self._lock:
            self._count += 1
            if self._count in self.cuts:
                self._note("cut")
                raise OSError("cut")
            chance = self._random.random
            if chance() < self.loss:
                self._note("loss")
                return []
            if chance() < self.late:
                self._note("late")
                held.append(message)
                return []
            if chance() < self.broken:
                self._note("broken")
                message = message[:-1] + bytes([message[-1] ^ 1])
            several = [message, message] if chance() < self.double else [message]
            if len(several) == 2:
                self._note("double")
            several += held
            held.clear()
            return several

    def _note(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1


class FaultyAgent(agents.Channel):
    """The agent's end; messages to and from it meet faults on their way."""

    faults = Faults()

    def talk(self, rfile: Any, wfile: Any) -> None:
        """Serve a connection."""
        self._in_late, self._out_late, self._connection = list[bytes](), list[bytes](), wfile
        super().talk(rfile, wfile)

    def _take(self, content: bytes) -> None:
        for one in self.faults.harm(content, self._in_late):
            super()._take(one)

    def _write(self, data: bytes) -> None:
        if self._out is None:
            return
        try:
            for one in self.faults.harm(data, self._out_late):
                super()._write(one)
        except OSError:
            # as a connection that breaks: nothing more comes, and the client has to notice
            with contextlib.suppress(OSError, ValueError):
                self._out.raw._sock.shutdown(socket.SHUT_RDWR)
            self._out = None


@dataclass
class Rig:
    """A server with one session, and everything that a client needs for it."""

    agent: FaultyAgent
    url: str
    heard: list[str] = field(default_factory=list)
    resumed: int = 0

    @contextlib.contextmanager
    def client(self) -> Iterator[Channel]:
        """A client's end, open."""
        opening = Opening(SESSION, self.url, self.agent.token)
        channel = Channel(opening, lambda url: websocket.opened(url, {}), self._resume, self.heard.append)
        channel.open()
        try:
            yield channel
        finally:
            channel.close()

    def _resume(self) -> str:
        self.resumed += 1
        return "" if self.agent.over else self.agent.token


@contextlib.contextmanager
def serving(began: Callable[[agents.Channel], None], faults: Faults | None = None) -> Iterator[Rig]:
    """A server whose one session does this once a client has opened it."""
    agent = FaultyAgent(SESSION, began)
    agent.faults = faults or Faults()
    with handing_over(agent.talk) as url:
        try:
            yield Rig(agent, f"{url}v1/data-channel/{SESSION}")
        finally:
            agent.stop()


@contextlib.contextmanager
def handing_over(talk: Callable[[Any, Any], None]) -> Iterator[str]:
    """A server of the embedded cloud that hands over each WebSocket to this; its URL."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        raise TakeOver("websocket", talk, [("Sec-WebSocket-Accept", wire.accept(environ["HTTP_SEC_WEBSOCKET_KEY"]))])

    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener, application, lambda environ: True, streamed=lambda environ: False, silence=60.0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
