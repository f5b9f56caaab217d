"""The entry to sessions' data channels: check the signature and the permission, and open a WebSocket."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from ecs_emulator import calls
from ecs_emulator.authorization import enforce
from ecs_emulator.cloud import Cloud
from ecs_emulator.lock import LOCK
from ecs_emulator.sessions import PREFIX, wire
from ecs_emulator.wsgi import Environ, Rejected, StartResponse, TakeOver

SIGNED = "ssmmessages"
_PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)


def admit(cloud: Cloud, environ: Environ) -> None:
    """Let in an opening that is signed for `ssmmessages`, as AWS requires since the plugin's version 1.2.764.

    Raises:
        Rejected: it is signed for another service, or not at all.
    """
    cloud.admit(environ)
    if calls.scope(environ)[0] != SIGNED:
        raise Rejected(HTTPStatus.FORBIDDEN, f"the credential is not scoped to {SIGNED}")


def application(cloud: Cloud, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Hand the connection over to its session; refuse it without a session or without permission.

    Raises:
        TakeOver: the connection is handed over.
    """
    from ecs_emulator.sessions import book  # it loads moto, which is loaded by now

    session = environ["PATH_INFO"].removeprefix(PREFIX)
    with LOCK:
        denial = enforce.denied_channel(calls.scope(environ)[1], cloud.account, session)
        channel = book.find(session)
    if denial:
        start_response("403 Forbidden", list(_PLAIN))
        return [denial.encode()]
    if channel is None or environ.get("HTTP_UPGRADE", "").lower() != "websocket":
        start_response("400 Bad Request", list(_PLAIN))
        return [b"there is no such session, or this opens no WebSocket"]
    proof = wire.accept(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    raise TakeOver("websocket", channel.talk, [("Sec-WebSocket-Accept", proof)])
