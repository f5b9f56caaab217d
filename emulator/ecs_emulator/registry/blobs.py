"""Answer the requests for blobs: reads, and uploads in pieces."""

from __future__ import annotations

import hashlib
import urllib.parse
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecs_emulator.lock import LOCK
from ecs_emulator.registry import storage
from ecs_emulator.registry.answers import PIECE, Response, created
from ecs_emulator.registry.storage import Repository, RequestError
from ecs_emulator.wsgi import Environ


@dataclass
class _Upload:
    """An unfinished upload of a blob to a repository."""

    id: str
    file: Path
    repository: Repository
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


_uploads: dict[str, _Upload] = {}


def empty() -> None:
    """Forget all uploads and blobs."""
    _uploads.clear()
    storage.empty()


def cancel_uploads(repository: Repository) -> None:
    """Cancel the uploads to a deleted repository."""
    for upload in [one for one in _uploads.values() if one.repository == repository]:
        _drop(upload)


def get(environ: Environ, repository: Repository, digest: str) -> Response:
    """Answer with a blob."""
    storage.check_digest(digest)
    with LOCK:
        known = digest in repository.get().layers
    if not known:
        raise RequestError(404, "BLOB_UNKNOWN", f"The layer with digest '{digest}' does not exist in the repository")
    file = storage.blob_file(digest)
    headers = [("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", digest)]
    return Response("200 OK", headers, file=file.open("rb"), size=file.stat().st_size)


def start_upload(environ: Environ, repository: Repository, _: str) -> Response:
    """Begin an upload; or store the whole blob at once, or share another repository's blob."""
    query = _query(environ)
    if "mount" in query and _mount(repository, query["mount"], query.get("from", "")):
        return created(repository, "blobs", query["mount"])
    with LOCK:
        repository.get()
    number = uuid.uuid4().hex
    upload = _uploads[number] = _Upload(number, storage.upload_file(number), repository)
    upload.file.touch(mode=0o600)
    if "digest" in query:
        _append(environ, upload)
        return _finish(upload, query["digest"])
    return _progress("202 Accepted", upload)


def append_to_upload(environ: Environ, repository: Repository, upload_id: str) -> Response:
    """Append a piece to an upload."""
    upload = _find(repository, upload_id)
    _append(environ, upload)
    # not 202 as in the specification (aws/containers-roadmap#2831)
    return _progress("201 Created", upload)


def finish_upload(environ: Environ, repository: Repository, upload_id: str) -> Response:
    """Append the last piece to an upload, and store the blob."""
    upload = _find(repository, upload_id)
    _append(environ, upload)
    return _finish(upload, _query(environ).get("digest", ""))


def show_upload(environ: Environ, repository: Repository, upload_id: str) -> Response:
    """Answer how much of a blob has been uploaded."""
    return _progress("204 No Content", _find(repository, upload_id))


def cancel_upload(environ: Environ, repository: Repository, upload_id: str) -> Response:
    """Cancel an upload."""
    _drop(_find(repository, upload_id))
    return Response("204 No Content")


def _mount(repository: Repository, digest: str, source: str) -> bool:
    storage.check_digest(digest)
    with LOCK:
        there = repository.backend().repositories.get(source)
        if there is None or digest not in there.layers:
            return False
        repository.get().layers[digest] = there.layers[digest]
    return True


def _find(repository: Repository, upload_id: str) -> _Upload:
    upload = _uploads.get(upload_id)
    if upload is None or upload.repository != repository:
        raise RequestError(404, "BLOB_UPLOAD_UNKNOWN", f"The upload with id '{upload_id}' does not exist")
    return upload


def _query(environ: Environ) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))


def _append(environ: Environ, upload: _Upload) -> None:
    start = environ.get("HTTP_CONTENT_RANGE", "").removeprefix("bytes ").partition("-")[0]
    if start and start != str(upload.size):
        raise RequestError(416, "BLOB_UPLOAD_INVALID", f"the upload goes on at byte {upload.size}, not {start}")
    with upload.file.open("ab") as file:
        while piece := environ["wsgi.input"].read(PIECE):
            file.write(piece)
            upload.digest.update(piece)
            upload.size += len(piece)


def _finish(upload: _Upload, digest: str) -> Response:
    """Store the uploaded blob if its digest is the client's."""
    found = f"sha256:{upload.digest.hexdigest()}"
    if found != digest:
        _drop(upload)
        raise RequestError(400, "DIGEST_INVALID", f"the content is {found}, and not {digest}")
    with LOCK:
        upload.repository.get().layers[digest] = upload.size
        upload.file.replace(storage.blob_file(digest))
        _uploads.pop(upload.id, None)
    return created(upload.repository, "blobs", digest)


def _drop(upload: _Upload) -> None:
    _uploads.pop(upload.id, None)
    upload.file.unlink(missing_ok=True)


def _progress(status: str, upload: _Upload) -> Response:
    place = f"/v2/{upload.repository.name}/blobs/uploads/{upload.id}"
    headers = [("Location", place), ("Range", f"0-{max(upload.size - 1, 0)}"), ("Docker-Upload-UUID", upload.id)]
    return Response(status, headers)
