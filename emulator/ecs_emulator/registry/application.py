"""Answer the requests under `/v2/`: check the caller, find the route, check the permission."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO

from ecs_emulator import calls
from ecs_emulator.authorization import enforce
from ecs_emulator.lock import LOCK
from ecs_emulator.registry import blobs, manifests, tokens
from ecs_emulator.registry.answers import JSON, PIECE, Response
from ecs_emulator.registry.storage import Repository, RequestError, host
from ecs_emulator.wsgi import Environ, Rejected, StartResponse

PREFIX = "/v2/"
"""The beginning of the paths for pushing and pulling images."""
_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
_NAME = r"/v2/(?P<name>[a-z0-9][a-z0-9._/-]{0,255})"
_READ_MANIFEST = ("BatchGetImage", manifests.get)
_LIST_TAGS = ("ListImages", manifests.tags)

ROUTES: Mapping[str, Mapping[str, tuple[str, Callable[[Environ, Repository, str], Response]]]] = {
    r"/blobs/uploads/(?P<reference>)": {"POST": ("InitiateLayerUpload", blobs.start_upload)},
    r"/blobs/uploads/(?P<reference>[0-9a-f]+)": {
        "PATCH": ("UploadLayerPart", blobs.append_to_upload),
        "PUT": ("CompleteLayerUpload", blobs.finish_upload),
        "GET": ("UploadLayerPart", blobs.show_upload),
        "DELETE": ("UploadLayerPart", blobs.cancel_upload),
    },
    r"/blobs/(?P<reference>[^/]+)": {
        "GET": ("GetDownloadUrlForLayer", blobs.get),
        "HEAD": ("BatchCheckLayerAvailability", blobs.get),
    },
    r"/manifests/(?P<reference>[^/]+)": {
        "GET": _READ_MANIFEST,
        "HEAD": _READ_MANIFEST,
        "PUT": ("PutImage", manifests.put),
    },
    r"/tags/list(?P<reference>)": {"GET": _LIST_TAGS, "HEAD": _LIST_TAGS},
}
"""By the path after a repository's name, and the method: ECR's action (ECR user guide, "IAM permissions for pushing an
image"), and the function that answers."""


def is_asked(environ: Environ) -> bool:
    """Return whether a request is for the registry: some of AWS's APIs share its paths, but their calls are signed."""
    return str(environ["PATH_INFO"]).startswith(PREFIX) and not calls.scope(environ)[0]


def admit(environ: Environ) -> None:
    """Let in a request with a password from the registry.

    Raises:
        Rejected: it has none, or one that has expired.
    """
    try:
        tokens.caller(environ.get("HTTP_AUTHORIZATION", ""))
    except RequestError as refused:
        answer = _refusal(refused)
        raise Rejected(refused.status, answer.content.decode(), [_VERSION, *answer.headers]) from None


def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request under `/v2/`, as WSGI asks."""
    try:
        answer = _answer(environ)
    except RequestError as refused:
        answer = _refusal(refused)
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        answer = _refusal(RequestError(500, "UNKNOWN", f"the registry cannot write: {error.strerror}"))
    size = answer.size if answer.size is not None else len(answer.content)
    headers = [_VERSION, ("Content-Length", str(size)), *answer.headers]
    start_response(answer.status, headers)
    if answer.file is None:
        return [answer.content]
    if environ["REQUEST_METHOD"] == "HEAD":
        answer.file.close()
        return []
    return _pieces(answer.file)


def _answer(environ: Environ) -> Response:
    account, region = tokens.caller(environ.get("HTTP_AUTHORIZATION", ""))
    if environ["PATH_INFO"] == PREFIX:
        return Response("200 OK", [JSON], b"{}")
    for route, methods in ROUTES.items():
        found = re.fullmatch(_NAME + route, environ["PATH_INFO"])
        if found and environ["REQUEST_METHOD"] in methods:
            action, function = methods[environ["REQUEST_METHOD"]]
            repository = Repository(account, region, found["name"])
            with LOCK:
                refusal = enforce.denied_upload(region, account, action, repository.name)
            if refusal:
                raise RequestError(403, "DENIED", refusal)
            return function(environ, repository, found["reference"])
    raise RequestError(405, "UNSUPPORTED", "The operation is unsupported.")


def _refusal(refused: RequestError) -> Response:
    content = json.dumps({"errors": [{"code": refused.code, "message": refused.message}]}).encode()
    headers = [JSON]
    if refused.status == 401:
        headers.append(("WWW-Authenticate", f'Basic realm="http://{host()}/",service="ecr.amazonaws.com"'))
    return Response(f"{refused.status} ", headers, content)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
