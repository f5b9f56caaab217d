"""A client of a running embedded cloud: its health, its clock, and its control paths."""

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
"""For how long a cloud may be about to be ready."""
SECONDS_PER_CALL = 300.0
"""The most seconds of the cloud's clock that pass in one call."""
PROTOCOL = "provision-clock"
"""What a connection to the clock is upgraded to."""
KEY = "PROVISION_CLOUD_KEY"
"""The variable of the environment in which its process is given the key."""


class CloudError(Exception):
    """The embedded cloud could not be started or asked; the message says why and what to do."""


class UsageError(CloudError):
    """What was asked of the embedded cloud makes no sense; nothing was changed."""


@dataclass(frozen=True)
class CloudProcess:
    """A running embedded cloud.

    `key` is the access key id that calls are signed with (with any secret), and that tells its process from others.
    """

    endpoint: str
    dns_port: int
    pid: int
    key: str
    domain: str

    def ask(self, method: str, path: str, content: bytes = b"") -> bytes:
        """Return what a control path (`/_cloud/…`) answers.

        Raises:
            UsageError: it refuses what it is asked.
            HTTPException, OSError: it does not answer.
        """
        return request(self, method, path, content)

    def clock_link(self) -> Link:
        """Return a new connection to its clock.

        Raises:
            CloudError: it does not answer.
        """
        return ClockLink(self)

    def reach(self, session: Any) -> None:
        """Let the calls of a boto3 session, made for its endpoint, come here: they do anyway."""


def new_key() -> str:
    """Return an access key id that nobody can guess, in AWS's form (IAM user guide, "Unique identifiers")."""
    return "AKIA" + base64.b32encode(secrets.token_bytes(20)).decode()


class Link(Protocol):
    """A connection to a clock, as `ClockLink` is one.

    Attributes:
        hello: what the clock shows at first.
    """

    hello: dict[str, Any]

    def send(self, line: dict[str, Any]) -> None:
        """Say something; raises `OSError` when the clock is gone."""

    def receive(self) -> list[dict[str, Any]]:
        """Wait for answers; raises `OSError` after `hang_up`."""

    def hang_up(self) -> None:
        """End the connection."""

    def close(self) -> None:
        """Give back what the connection takes."""


class ClockLink:
    """A connection to the clock of a cloud that runs: lines of JSON, as `ecs_emulator.clock_clients` says.

    Attributes:
        hello: what the clock shows at first.

    Raises:
        CloudError: it does not answer.
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
        """Say something; raises `OSError` when the cloud has ended."""
        self._socket.sendall(json.dumps(line).encode() + b"\n")

    def receive(self) -> list[dict[str, Any]]:
        """Wait for an answer, and return those that are whole; raises `OSError` after `hang_up` or the cloud's end."""
        self._more()
        *lines, self._held = self._held.split(b"\n")
        return [json.loads(line) for line in lines]

    def hang_up(self) -> None:
        """End the connection, whoever waits for an answer: what the client says of itself no longer counts."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give back what the connection takes, once nobody waits for an answer."""
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
    """The health answer, or an empty one when nothing, or something else than the cloud with this key, answers."""
    challenge = secrets.token_hex(16)
    try:
        answer = json.loads(request(cloud, "GET", f"/_cloud/health?challenge={challenge}", proven=False))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    proof = hmac.new(cloud.key.encode(), challenge.encode(), "sha256").hexdigest()
    ours = isinstance(answer, dict) and hmac.compare_digest(str(answer.get("proof")).encode(), proof.encode())
    return answer if ours else {}


def control(cloud: CloudProcess, method: str, path: str, content: bytes = b"") -> bytes:
    """Return what a control path (`/_cloud/…`) of a cloud that runs answers.

    Raises:
        CloudError: it does not answer.
        UsageError: it refuses what it is asked.
    """
    try:
        return cloud.ask(method, path, content)
    except (OSError, http.client.HTTPException) as error:
        raise CloudError(f"the embedded cloud does not respond at {cloud.endpoint}: {error}") from None


def set_clock(
    cloud: CloudProcess, mode: str | None = None, durations: str | None = None, idle: float | None = None
) -> None:
    """Let the clock of the cloud move otherwise, or its operations take otherwise long, from now on.

    Args:
        mode: `virtual`, `frozen`, `real`, or `real:20` for twenty of AWS's seconds in a real one.
        durations: `typical`, `fast`, `slow`, `seed:7` for a draw, `times:3` or `times:0.1`.
        idle: how many seconds pass in a real one while nobody is connected; 1 if left out.

    Raises:
        CloudError: it does not answer.
        UsageError: there is no such mode or choice.
    """
    wanted = {"mode": mode, "durations": durations, "idle": idle}
    query = urllib.parse.urlencode({name: value for name, value in wanted.items() if value is not None})
    control(cloud, "POST", f"/_cloud/clock?{query}")


def clock(cloud: CloudProcess) -> dict[str, Any]:
    """Return what the clock of the cloud shows, and how it moves.

    Raises:
        CloudError: it does not answer.
    """
    shown: dict[str, Any] = json.loads(control(cloud, "GET", "/_cloud/clock"))
    return shown


def put_unmanaged(cloud: CloudProcess, wanted: Mapping[str, Any]) -> None:
    """Create resources in the cloud's account that no stack manages; `ecs_emulator.unmanaged` says which.

    Raises:
        CloudError: it does not answer.
        UsageError: they cannot be created.
    """
    control(cloud, "POST", "/_cloud/unmanaged", json.dumps(wanted).encode())


def pass_time(cloud: CloudProcess, seconds: float, durations: str) -> None:
    """Let so many of AWS's seconds pass at once. From then on operations take as `durations` says.

    The clock stands still afterwards until a client waits, so that what comes next begins at a known moment.

    Raises:
        CloudError: it does not answer.
        UsageError: there are no such durations.
    """
    set_clock(cloud, "virtual", idle=0)
    while seconds > 0:
        # a call is to be answered soon
        control(cloud, "POST", f"/_cloud/advance?seconds={min(seconds, SECONDS_PER_CALL)}")
        seconds -= SECONDS_PER_CALL
    set_clock(cloud, "virtual", durations, idle=0)


def release(cloud: CloudProcess, region: str) -> None:
    """Have AWS recommend a newer AMI in a region of the cloud.

    Raises:
        CloudError: it does not answer.
        UsageError: there is no such region.
    """
    control(cloud, "POST", f"/_cloud/release?region={region}")


def calls(cloud: CloudProcess) -> list[dict[str, Any]]:
    """Return the calls that it answered, the oldest first, each with `service`, `operation`, `write` and `error`."""
    answered: list[dict[str, Any]] = json.loads(control(cloud, "GET", "/_cloud/log?since=0"))
    return answered


def watch(cloud: CloudProcess, paths: Mapping[str, str] | None = None) -> None:
    """Note from now on which of the services and URLs that are up go down.

    Args:
        paths: by service, the health check path that its new images answer; left out: whichever they are asked.

    Raises:
        CloudError: it does not answer.
    """
    control(cloud, "POST", "/_cloud/outages", json.dumps(paths or {}).encode())


def exit_at_once(cloud: CloudProcess, services: Sequence[str]) -> None:
    """Let the tasks of these services exit at once, but for those of the revisions that they run now.

    Raises:
        CloudError: it does not answer.
    """
    control(cloud, "POST", "/_cloud/exits", json.dumps(list(services)).encode())


def approve_all(cloud: CloudProcess) -> None:
    """Let every deployment that waits for a person go on at once, from now on.

    Raises:
        CloudError: it does not answer.
    """
    control(cloud, "POST", "/_cloud/approvals")


def outages(cloud: CloudProcess) -> list[dict[str, Any]]:
    """Return what was noted since `watch`: service, url, since and until (seconds of its clock; None: still), why.

    Raises:
        CloudError: it does not answer.
    """
    found: dict[str, Any] = json.loads(control(cloud, "GET", "/_cloud/outages"))
    return list(found["outages"])


def request(cloud: CloudProcess, method: str, path: str, content: bytes = b"", *, proven: bool = True) -> bytes:
    """Return what a control path answers; UsageError for what the user asked for wrongly.

    Args:
        content: what is sent with it.
        proven: whether it is known that the cloud answers; the key is shown to nobody else.
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
