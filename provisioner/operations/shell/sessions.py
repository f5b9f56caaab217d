"""Call AWS to begin a session, to resume it after a lost connection, and to end it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from provisioner.aws.connection import Connection
from provisioner.aws.errors import code_of
from provisioner.engine.clock import Pace
from provisioner.session import websocket
from provisioner.session.channel import Channel, Opening

if TYPE_CHECKING:
    import boto3

    from provisioner.aws.client import Aws
    from provisioner.aws.session import Session

SIGNED = "ssmmessages"
OWN_PORT, REMOTE_PORT = "AWS-StartPortForwardingSession", "AWS-StartPortForwardingSessionToRemoteHost"


@dataclass(frozen=True)
class Caller:
    """A client that begins sessions.

    Attributes:
        aws: a connection to AWS on this machine's clock: a session must not make the time of a rehearsal pass.
        say: receives lines for the user.
    """

    aws: Aws
    say: Callable[[str], None]

    def execute(self, cluster: str, task: str, container: str, command: str) -> Opening:
        """Begin a session that runs a command (ECS's ExecuteCommand); raises the errors of boto3."""
        found = self.aws.client("ecs").execute_command(
            cluster=cluster, task=task, container=container, command=command, interactive=True
        )["session"]
        return Opening(found["sessionId"], found["streamUrl"], found["tokenValue"])

    def forward(self, target: str, host: str, port: int) -> Opening:
        """Begin a session that forwards a port (Systems Manager's StartSession); raises the errors of boto3.

        Args:
            host: a host that the task can reach; empty for the task itself.
        """
        parameters = {"portNumber": [str(port)], "localPortNumber": [str(port)], **({"host": [host]} if host else {})}
        found = self.aws.client("ssm").start_session(
            Target=target, DocumentName=REMOTE_PORT if host else OWN_PORT, Parameters=parameters
        )
        return Opening(found["SessionId"], found["StreamUrl"], found["TokenValue"])

    @contextlib.contextmanager
    def channel(self, opening: Opening) -> Iterator[Channel]:
        """Open a session's channel, and end the session on leaving the context.

        Raises:
            NoSession: the channel cannot be opened.
        """
        channel = Channel(opening, self._dial, lambda: self._resume(opening.session), self.say)
        try:
            channel.open()
            yield channel
        finally:
            channel.close()
            if channel.ended is None:
                self._terminate(opening.session)

    def _resume(self, session: str) -> str:
        from botocore.exceptions import ClientError

        try:
            return str(self.aws.client("ssm").resume_session(SessionId=session).get("TokenValue") or "")
        except ClientError as error:
            if code_of(error) == "DoesNotExistException":
                return ""
            raise

    def _terminate(self, session: str) -> None:
        """End a session. Any error is ignored: AWS ends an unused session by itself."""
        with contextlib.suppress(Exception):
            self.aws.client("ssm").terminate_session(SessionId=session)

    def _dial(self, url: str) -> tuple[socket.socket, bytes]:
        session = self.aws.connection.session
        return websocket.opened(url, signed(session, url, self.aws.region), certificates(session))


def caller(aws: Aws, say: Callable[[str], None]) -> Caller:
    """Return a client for sessions with the same credentials and endpoint as `aws`, on this machine's clock."""
    there = aws.connection
    connection = Connection(there.session, Pace(), endpoint=there.endpoint, log=there.log, rates=False)
    return Caller(replace(aws, connection=connection), say)


def signed(session: Session | boto3.Session, url: str, region: str) -> Mapping[str, str]:
    """Return the headers that sign the opening of a channel, unless its URL is signed already.

    AWS's own client signs the opening since version 1.2.764; AWS no longer supports earlier versions
    (session-manager-plugin, `websocketchannel.go`).
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    there = urlsplit(url)
    if any(name.lower().startswith("x-amz-") for name in parse_qs(there.query)):
        return {}
    held: Any = session.get_credentials()
    request = AWSRequest("GET", there._replace(scheme="https" if there.scheme == "wss" else "http").geturl())
    SigV4Auth(held, SIGNED, region).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


def certificates(session: Session | boto3.Session) -> str:
    """Return the file of the certificate authorities that boto3 trusts: the configured file, or boto3's own."""
    from botocore.httpsession import get_cert_path

    core: Any = session._session  # noqa: SLF001 (boto3 has no public access to its settings)
    return str(core.get_config_variable("ca_bundle") or get_cert_path(True))
