"""A client of a running embedded cloud: for its health, its clock, and its control paths."""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import secrets
import socket
import urllib.parse
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

ANSWER_SECONDS = 5.0
READY_SECONDS = 30.0
"""The time for a cloud to become ready."""
SECONDS_PER_CALL = 300.0
"""The most seconds of the cloud's clock that one call lets pass."""
PROTOCOL = "provision-clock"
"""The protocol to which a connection to the clock is upgraded."""
KEY = "PROVISION_CLOUD_KEY"
"""The environment variable that passes the key to the cloud's process."""


class CloudError(Exception):
    """The embedded cloud could not be started or does not answer; the message names the reason and the remedy."""


class UsageError(CloudError):
    """A request to the embedded cloud makes no sense; nothing was changed."""


@dataclass(frozen=True)
class CloudProcess:
    """A running embedded cloud.

    `key` is the access key id for signing calls (with any secret). It also distinguishes this process from others.
    """

    endpoint: str
    dns_port: int
    pid: int
    key: str
    domain: str

    def ask(self, method: str, path: str, content: bytes = b"") -> bytes:
        """Return the answer of a control path (`/_cloud/…`).

        Raises:
            UsageError: the cloud refuses the request.
            HTTPException, OSError: the cloud does not answer.
        """
        return request(self, method, path, content)

    def clock_link(self) -> Link:
        """Return a new connection to the cloud's clock.

        Raises:
            CloudError: the cloud does not answer.
        """
        return ClockLink(self)

    def reach(self, session: Any) -> None:
        """Lead the calls of a boto3 session to this cloud. Its endpoint already does, so this does nothing."""


def new_key() -> str:
    """Return an access key id that nobody can guess, in AWS's form (IAM user guide, "Unique identifiers")."""
    return "AKIA" + base64.b32encode(secrets.token_bytes(20)).decode()


class Link(Protocol):
    """A connection to a clock, such as a `ClockLink`.

    Attributes:
        hello: the clock's first message: its time and its rules.
    """

    hello: dict[str, Any]

    def send(self, line: dict[str, Any]) -> None:
        """Send a message; raises `OSError` when the clock is gone."""

    def receive(self) -> list[dict[str, Any]]:
        """Wait for answers; raises `OSError` after `hang_up`."""

    def hang_up(self) -> None:
        """End the connection."""

    def close(self) -> None:
        """Release the resources of the connection."""


class ClockLink:
    """A connection to the clock of a running cloud: lines of JSON, as `ecs_emulator.clock_clients` describes.

    Attributes:
        hello: the clock's first message: its time and its rules.

    Raises:
        CloudError: the cloud does not answer.
    """

    def __init__(self, cloud: CloudProcess) -> None:
        host, _, port = cloud.endpoint.removeprefix("http://").rpartition(":")
        lines = (
            f"GET /_cloud/clock HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {cloud.key}\r\n"
            f"Connection: Upgrade\r\nUpgrade: {PROTOCOL}\r\n\r\n"
        )
        self._held = b""
        try:
            self._socket = socket.create_connection((host, int(port)), timeout=READY_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(lines.encode())
            status = self._until(b"\r\n\r\n")
            if not status.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(status.partition(b"\r\n")[0].decode("latin-1"))
            self.hello: dict[str, Any] = json.loads(self._until(b"\n"))
            self._socket.settimeout(None)
        except (OSError, ValueError) as error:
            raise CloudError(f"the clock of the embedded cloud does not respond at {cloud.endpoint}: {error}") from None

    def send(self, line: dict[str, Any]) -> None:
        """Send a message; raises `OSError` when the cloud has ended."""
        self._socket.sendall(json.dumps(line).encode() + b"\n")

    def receive(self) -> list[dict[str, Any]]:
        """Wait for answers, and return the complete ones; raises `OSError` after `hang_up` or the cloud's end."""
        self._more()
        *lines, self._held = self._held.split(b"\n")
        return [json.loads(line) for line in lines]

    def hang_up(self) -> None:
        """End the connection, even if a thread waits for an answer: the clock forgets this client."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release the resources of the connection, once no thread waits for an answer."""
        self._socket.close()

    def _until(self, end: bytes) -> bytes:
        while end not in self._held:
            self._more()
        text, _, self._held = self._held.partition(end)
        return text

    def _more(self) -> None:
        if not (more := self._socket.recv(65536)):
            raise ConnectionResetError("it closed the connection")
        self._held += more


def health(cloud: CloudProcess) -> dict[str, Any]:
    """Return the health answer; empty if nothing answers, or something other than the cloud with this key."""
    challenge = secrets.token_hex(16)
    try:
        answer = json.loads(request(cloud, "GET", f"/_cloud/health?challenge={challenge}", proven=False))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    proof = hmac.new(cloud.key.encode(), challenge.encode(), "sha256").hexdigest()
    ours = isinstance(answer, dict) and hmac.compare_digest(str(answer.get("proof")).encode(), proof.encode())
    return answer if ours else {}


def control(cloud: CloudProcess, method: str, path: str, content: bytes = b"") -> bytes:
    """Return the answer of a control path (`/_cloud/…`) of a running cloud.

    Raises:
        CloudError: the cloud does not answer.
        UsageError: it refuses the request.
    """
    try:
        return cloud.ask(method, path, content)
    except (OSError, http.client.HTTPException) as error:
        raise CloudError(f"the embedded cloud does not respond at {cloud.endpoint}: {error}") from None


def set_clock(
    cloud: CloudProcess, mode: str | None = None, durations: str | None = None, idle: float | None = None
) -> None:
    """Change how the cloud's clock moves, or how long its operations take, from now on.

    Args:
        mode: `virtual`, `frozen`, `real`, or `real:20` for twenty of AWS's seconds in a real one.
        durations: `typical`, `fast`, `slow`, `seed:7` for a draw, `times:3` or `times:0.1`.
        idle: how many seconds pass in a real one while no client is connected; 1 if left out.

    Raises:
        CloudError: it does not answer.
        UsageError: there is no such mode or choice.
    """
    wanted = {"mode": mode, "durations": durations, "idle": idle}
    query = urllib.parse.urlencode({name: value for name, value in wanted.items() if value is not None})
    control(cloud, "POST", f"/_cloud/clock?{query}")


def clock(cloud: CloudProcess) -> dict[str, Any]:
    """Return the time of the cloud's clock, and the rules by which it moves.

    Raises:
        CloudError: it does not answer.
    """
    shown: dict[str, Any] = json.loads(control(cloud, "GET", "/_cloud/clock"))
    return shown


def put_unmanaged(cloud: CloudProcess, wanted: Mapping[str, Any]) -> None:
    """Create resources in the cloud's account that no stack manages; `ecs_emulator.unmanaged` lists the kinds.

    Raises:
        CloudError: it does not answer.
        UsageError: they cannot be created.
    """
    control(cloud, "POST", "/_cloud/unmanaged", json.dumps(wanted).encode())


def put_stand_ins(cloud: CloudProcess, wanted: Mapping[str, Any]) -> dict[str, list[str]]:
    """Create these resources where they are missing, and return the created names by kind, as `unmanaged` has them.

    Raises:
        CloudError: it does not answer.
        UsageError: they cannot be created.
    """
    made: dict[str, list[str]] = json.loads(control(cloud, "POST", "/_cloud/stand-ins", json.dumps(wanted).encode()))
    return made


def pass_time(cloud: CloudProcess, seconds: float, durations: str) -> None:
    """Let `seconds` of AWS's time pass at once; after that, operations take as long as `durations` says.

    Then the clock stands still until a client waits, so that the next operation begins at a known moment.

    Raises:
        CloudError: it does not answer.
        UsageError: there are no such durations.
    """
    set_clock(cloud, "virtual", idle=0)
    while seconds > 0:
        # in parts, so that each call is answered soon
        control(cloud, "POST", f"/_cloud/advance?seconds={min(seconds, SECONDS_PER_CALL)}")
        seconds -= SECONDS_PER_CALL
    set_clock(cloud, "virtual", durations, idle=0)


def release(cloud: CloudProcess, region: str) -> None:
    """Let AWS release a newer recommended AMI in a Region of the cloud.

    Raises:
        CloudError: it does not answer.
        UsageError: there is no such Region.
    """
    control(cloud, "POST", f"/_cloud/release?region={region}")


def calls(cloud: CloudProcess) -> list[dict[str, Any]]:
    """Return the answered calls, oldest first, each with `service`, `operation`, `write` and `error`."""
    answered: list[dict[str, Any]] = json.loads(control(cloud, "GET", "/_cloud/log?since=0"))
    return answered


def watch(cloud: CloudProcess, paths: Mapping[str, str] | None = None, owners: Mapping[str, str] | None = None) -> None:
    """Record from now on which of the running services and URLs go down.

    Args:
        paths: by service, the health check path that its new images answer; left out, they answer every path.
        owners: by path pattern, or host and path pattern, the name of the service that is to answer it in the end.

    Raises:
        CloudError: it does not answer.
    """
    control(cloud, "POST", "/_cloud/outages", json.dumps({"paths": paths or {}, "owners": owners or {}}).encode())


def exit_at_once(cloud: CloudProcess, services: Sequence[str]) -> None:
    """Let the tasks of these services exit at once, except on the revisions that they run now.

    Raises:
        CloudError: it does not answer.
    """
    control(cloud, "POST", "/_cloud/exits", json.dumps(list(services)).encode())


def approve_all(cloud: CloudProcess) -> None:
    """Approve at once, from now on, every deployment that waits for a person's approval.

    Raises:
        CloudError: it does not answer.
    """
    control(cloud, "POST", "/_cloud/approvals")


def outages(cloud: CloudProcess) -> list[dict[str, Any]]:
    """Return the outages since `watch`: service, url, since and until (the clock's seconds; None: still down), why.

    Raises:
        CloudError: it does not answer.
    """
    found: dict[str, Any] = json.loads(control(cloud, "GET", "/_cloud/outages"))
    return list(found["outages"])


def request(cloud: CloudProcess, method: str, path: str, content: bytes = b"", *, proven: bool = True) -> bytes:
    """Return the answer of a control path; raises `UsageError` if it refuses the request as wrong.

    Args:
        content: the body of the request.
        proven: whether the cloud has proved that it answers there; only then the request carries the key.
    """
    # http.client and not urllib: a proxy of the user must never see this.
    connection = http.client.HTTPConnection(cloud.endpoint.removeprefix("http://"), timeout=ANSWER_SECONDS)
    try:
        connection.request(
            method, path, content or None, headers={"Authorization": f"Bearer {cloud.key}"} if proven else {}
        )
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == http.client.BAD_REQUEST:
            raise UsageError(json.loads(body)["error"])
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"HTTP {answer.status}")
        return body
    finally:
        connection.close()
