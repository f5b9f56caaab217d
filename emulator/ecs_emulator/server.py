"""The embedded cloud's server process: pass each request to the control paths, the registry or AWS's APIs."""

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

# moto reads these when it is imported: managed policies exist, and certificates are issued by us.
ENVIRONMENT = {
    "MOTO_ACCOUNT_ID": ACCOUNT,
    "MOTO_ACM_VALIDATION_WAIT": "1",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    # moto asks botocore for Regions, which must not read the user's files or metadata service.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

SILENCE_SECONDS = 300.0
"""The time that a client with the key may be silent: AWS's clients keep their connections."""
FOLDER_SECONDS = 2.0
"""The seconds between two checks that the directory still exists."""


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
        listener: a listening TCP socket, for the AWS APIs.
        dns: a bound UDP socket, for the DNS server.
        key: the access key id with which calls have to be signed, and by which the starter recognises this process.
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
    """Stop once an open directory is empty or removed: no program can find the cloud then. A rename does not count."""
    while not _is_gone(place):
        time.sleep(FOLDER_SECONDS)
    stop()


def _is_gone(place: int) -> bool:
    """Return whether an open directory is empty or removed; False if that is unknown (no free descriptor)."""
    try:
        return os.fstat(place).st_nlink == 0 or not os.listdir(place)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _admit(cloud: Cloud, environ: Environ) -> bool:
    """Check the head of a request: all paths but `health` need the key, or a password from the registry.

    Raises:
        Rejected: it is from a web page, or has neither.
    """
    # a page may use a presigned URL that it was given: the key in the URL admits it
    check_sender(environ, of_pages=calls.is_presigned(environ) and session_of(calls.signer(environ)) is not None)
    path = environ["PATH_INFO"]
    if path.startswith(control_paths.PREFIX):
        return control_paths.admit(cloud, environ)
    if registry.is_asked(environ):
        # the registry has its own passwords, from GetAuthorizationToken
        registry.admit(environ)
    elif path.startswith(sessions.PREFIX):
        door.admit(cloud, environ)
    elif path.startswith("/moto-api"):
        # this API of moto's could read and write everything, also files
        raise Rejected(HTTPStatus.NOT_FOUND, f"no such path: {path}")
    else:
        cloud.admit(environ)
    return True


def _application(cloud: Cloud, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request, as WSGI asks."""
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
