"""The embedded cloud's server process: hands each request to the control paths, the registry or AWS's APIs."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus

from ecs_emulator import calls, containers, control_paths, sessions
from ecs_emulator.authorization.sessions import of as session_of
from ecs_emulator.cloud import Cloud
from ecs_emulator.connections import raise_limit
from ecs_emulator.registry import application as registry
from ecs_emulator.registry import storage
from ecs_emulator.sessions import door
from ecs_emulator.wsgi import Environ, Rejected, Server, StartResponse, check_sender

ACCOUNT = "123456789012"

# Read by moto when it is imported: managed policies are there, certificates are ours to issue.
ENVIRONMENT = {
    "MOTO_ACCOUNT_ID": ACCOUNT,
    "MOTO_ACM_VALIDATION_WAIT": "1",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    # moto asks botocore for regions; no file or metadata service of the user may be read for it.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

SILENCE_SECONDS = 300.0
"""How long a client that has shown the key may be silent: those of AWS's keep their connections."""
FOLDER_SECONDS = 2.0
"""How often it is looked whether the directory is still there."""


def serve(
    listener: socket.socket,
    dns: socket.socket,
    domain: str,
    key: str,
    directory: str,
    account: str,
    announce: Callable[[], None] = lambda: None,
) -> None:
    """Serve until stopped, or until nothing is left in `directory`.

    Args:
        listener: listens on TCP, for the AWS APIs.
        dns: is bound on UDP, for the DNS server.
        key: the access key id that calls have to be signed with, and by which the starter knows this process.
        announce: is called, in a thread, once calls are answered.
    """
    os.environ.update(ENVIRONMENT, MOTO_ACCOUNT_ID=account)
    cloud = Cloud(domain, key, account)
    raise_limit()
    server = Server(
        listener,
        partial(_application, cloud),
        partial(_admit, cloud),
        streamed=registry.is_asked,
        silence=SILENCE_SECONDS,
    )
    storage.begin(listener.getsockname()[1], directory)
    cloud.stop = server.shutdown
    threading.Thread(target=cloud.load_or_exit, args=(dns, directory), daemon=True).start()
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    threading.Thread(target=_end_with, args=(place, server.shutdown), daemon=True).start()
    threading.Thread(target=_when_ready, args=(cloud, announce), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        storage.end()
        containers.end()


def _when_ready(cloud: Cloud, act: Callable[[], None]) -> None:
    cloud.ready.wait()
    act()


def _end_with(place: int, stop: Callable[[], None]) -> None:
    """Stop once an open directory is empty or removed: nobody finds the cloud any more. One that is renamed goes on."""
    while not _is_gone(place):
        time.sleep(FOLDER_SECONDS)
    stop()


def _is_gone(place: int) -> bool:
    """Say whether an open directory is empty or removed; it is not where that cannot be told (no free descriptor)."""
    try:
        return os.fstat(place).st_nlink == 0 or not os.listdir(place)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _admit(cloud: Cloud, environ: Environ) -> bool:
    """Look at the head of a request: all but `health` needs the key, or a password that the registry gave.

    Raises:
        Rejected: it is a web page's, or has neither.
    """
    # a page that was given a presigned URL shows what it leads to; admitted it is by the key in it
    check_sender(environ, of_pages=calls.is_presigned(environ) and session_of(calls.signer(environ)) is not None)
    path = environ["PATH_INFO"]
    if path.startswith(control_paths.PREFIX):
        return control_paths.admit(cloud, environ)
    if registry.is_asked(environ):
        # it asks for passwords of its own, which GetAuthorizationToken gives
        registry.admit(environ)
    elif path.startswith(sessions.PREFIX):
        door.admit(cloud, environ)
    elif path.startswith("/moto-api"):
        # it reads and writes all that there is, and files besides
        raise Rejected(HTTPStatus.NOT_FOUND, f"no such path: {path}")
    else:
        cloud.admit(environ)
    return True


def _application(cloud: Cloud, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request, as WSGI asks."""
    path = environ["PATH_INFO"]
    if path.startswith(control_paths.PREFIX):
        return control_paths.application(cloud, environ, start_response)
    cloud.ready.wait()
    if registry.is_asked(environ):
        return registry.application(environ, start_response)
    if path.startswith(sessions.PREFIX):
        return door.application(cloud, environ, start_response)
    status, headers, content = cloud.call(environ)
    start_response(f"{status} ", headers)
    return [content]
