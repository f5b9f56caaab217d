"""An embedded cloud inside this process, for one rehearsal: no port, no file, and nothing left when the process ends.

Importing moto gives the cloud's calendar to the whole process (`clock.Clock.show_calendar`), so a process with a cloud
does nothing else afterwards.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.awsrequest import AWSResponse

from ecs_emulator import clock_clients, control_paths, fast_paths
from ecs_emulator.clock import CLOCK
from ecs_emulator.cloud import Cloud
from ecs_emulator.control import CloudProcess, UsageError, new_key
from ecs_emulator.errors import Answer
from ecs_emulator.in_process import NO_PORT, answered, environ_of
from ecs_emulator.lock import LOCK
from ecs_emulator.manage import check_settings
from ecs_emulator.registry import storage
from ecs_emulator.server import ACCOUNT, ENVIRONMENT
from ecs_emulator.sockets import bound
from ecs_emulator.wsgi import Environ, Rejected

NOWHERE = "http://127.0.0.1:1"
"""The endpoint of requests; they go to no port."""
NO_PLACE = "/nonexistent/embedded-cloud"
"""The directory of a cloud that writes no files; it does not exist, so nothing in it can be deleted."""


@dataclass(frozen=True)
class OwnCloud(CloudProcess):
    """The cloud of this process, with the interface of a cloud in another process."""

    cloud: Cloud = field(kw_only=True)
    dns_socket: socket.socket = field(kw_only=True)

    def ask(self, method: str, path: str, content: bytes = b"") -> bytes:
        """Return the answer of a control path."""
        status: list[str] = []
        environ = environ_of(method, f"{NOWHERE}{path}", {}, content)
        pieces = control_paths.application(self.cloud, environ, lambda line, _: status.append(line))
        answer = b"".join(pieces)
        if status[0].startswith("400"):
            raise UsageError(json.loads(answer)["error"])
        return answer

    def clock_link(self) -> OwnClock:
        """Return a connection to the cloud's clock."""
        return OwnClock()

    def reach(self, session: Any) -> None:
        """Lead the calls of a boto3 session to this cloud, and to no port."""
        session.events.register_first("before-send", self._answer)

    def empty(self) -> None:
        """Forget everything in the cloud."""
        self.cloud.reset()

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        """Answer a call of botocore's, in the thread that makes it."""
        return answered(request, self._admitted)

    def _admitted(self, environ: Environ) -> Answer:
        """Answer a call if it is signed with the right key."""
        try:
            self.cloud.admit(environ)
        except Rejected as rejected:
            return int(rejected.status), list(rejected.headers), rejected.content
        return self.cloud.call(environ)


class OwnClock:
    """A client of this process's clock; its answers come from the thread that moves the clock."""

    def __init__(self) -> None:
        self.hello: dict[str, Any] = clock_clients.shown()
        self._told = queue.SimpleQueue[dict[str, Any] | None]()
        self._client = CLOCK.join(lambda n, now, pace: self._told.put({"n": n, "now": now, "pace": pace}))
        self._joined = True

    def send(self, line: dict[str, Any]) -> None:
        """Send a message."""
        CLOCK.update(
            self._client, line["n"], waits="until" in line, until=line.get("until"), works=bool(line.get("works"))
        )

    def receive(self) -> list[dict[str, Any]]:
        """Wait for an answer; raises `OSError` after `hang_up`."""
        if (answer := self._told.get()) is None:
            raise ConnectionResetError
        return [answer]

    def hang_up(self) -> None:
        """Leave the clock, even if a thread waits for an answer."""
        if self._joined:
            self._joined = False
            CLOCK.leave(self._client)
            self._told.put(None)

    def close(self) -> None:
        """Do nothing: there are no resources to release."""


def start(domain: str, account: str, read: Callable[[str], Any]) -> OwnCloud:
    """Start a cloud in this process; only once in a process.

    Args:
        domain: the registered domain of its account.
        account: the account's number; empty for the default.
        read: returns the content of a file of botocore's models (`fast_paths.read_botocore_data_once`).

    Raises:
        UsageError: an environment variable that configures the cloud makes no sense.
    """
    check_settings()
    account = account or ACCOUNT
    os.environ.update(ENVIRONMENT, MOTO_ACCOUNT_ID=account)
    key = new_key()
    cloud = Cloud(domain, key, account)
    storage.begin(NO_PORT, NO_PLACE)
    dns_socket = bound()
    # most imported objects stay, and looking for garbage among them takes a fifth of the time
    gc.disable()
    fast_paths.make_clients_at_once()
    try:
        cloud.load(dns_socket, NO_PLACE, read)
    finally:
        gc.enable()
    port = dns_socket.getsockname()[1]
    return OwnCloud(NOWHERE, port, os.getpid(), key, domain, cloud=cloud, dns_socket=dns_socket)


def fork() -> int:
    """Fork this process as `os.fork` does, while no other thread moves the clock or is in a call."""
    # a tick holds the lock without the clock's own: in the fork nobody would ever give it back
    with LOCK, CLOCK.standing():
        return os.fork()


def after_fork(cloud: OwnCloud) -> OwnCloud:
    """Return the cloud of a process that was just forked: a copy, independent from now on.

    Only the forking thread lives on, so the threads that move the clock and answer DNS queries are started again.
    """
    from ecs_emulator import dns

    CLOCK.after_fork()
    # nobody answers here what reaches the one of the process that forked
    cloud.dns_socket.close()
    dns_socket = bound()
    dns.serve(dns_socket)
    threading.Thread(target=CLOCK.run, name="clock", daemon=True).start()
    return replace(cloud, dns_port=dns_socket.getsockname()[1], pid=os.getpid(), dns_socket=dns_socket)
