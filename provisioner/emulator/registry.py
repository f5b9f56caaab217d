"""The registry behind ECR's repositories: the OCI distribution API under `/v2/`, its blobs as files in the folder.

Tags and manifests are ECR's own (moto's repositories); here are the way to them that container engines speak, and the
blobs, which are streamed. See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import shutil
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from provisioner.emulator.authorization import enforce
from provisioner.emulator.lock import LOCK

Environ = dict[str, Any]

PIECE = 1 << 20
"""Bytes that are held in memory at once of a blob."""
LARGEST_MANIFEST = 4 << 20
"""Bytes; ECR takes no larger ones (ECR quotas)."""
TOKEN_HOURS = 12
"""How long a token lasts (ECR API, GetAuthorizationToken)."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NAME = r"[a-z0-9][a-z0-9._/-]{0,255}"
_UPLOADS = re.compile(rf"/v2/(?P<name>{NAME})/blobs/uploads/(?P<upload>[0-9a-f]*)")
_BLOB = re.compile(rf"/v2/(?P<name>{NAME})/blobs/(?P<digest>[^/]+)")
_MANIFEST = re.compile(rf"/v2/(?P<name>{NAME})/manifests/(?P<reference>[^/]+)")
_TAGS = re.compile(rf"/v2/(?P<name>{NAME})/tags/list")


class Refused(Exception):
    """An answer in the API's form for errors: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class _Upload:
    """A blob that is arriving, for one repository."""

    id: str
    path: Path
    account: str
    region: str
    repository: str
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


@dataclass
class Answer:
    """What is sent: a status line, headers, and either a text or a file."""

    status: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""
    file: BinaryIO | None = None
    size: int | None = None


@dataclass
class _Place:
    """Where this process' registry is: its port, its folder, the key that its tokens are signed with."""

    port: int = 0
    folder: Path = Path()
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    uploads: dict[str, _Upload] = field(default_factory=dict)


_here = _Place()


# -- the process -------------------------------------------------------------------------------------------------------


def begin(port: int, folder: str | None) -> None:
    """Have the registry on this port, with an empty folder of its own below the cloud's (or a temporary one)."""
    _here.port = port
    if folder:
        _here.folder = Path(folder) / "registry"
        end()  # of an earlier cloud, if that was killed
    else:
        _here.folder = Path(tempfile.mkdtemp(prefix="registry-"))


def end() -> None:
    """Remove all files."""
    shutil.rmtree(_here.folder, ignore_errors=True)


def empty() -> None:
    """Forget all uploads and blobs; the repositories go with ECR's."""
    _here.uploads.clear()
    for part in ("uploads", "blobs"):
        shutil.rmtree(_here.folder / part, ignore_errors=True)


def host() -> str:
    """Return the registry's name in image references: `127.0.0.1:<port>`, which engines trust without TLS."""
    return f"127.0.0.1:{_here.port}"


# -- tokens ------------------------------------------------------------------------------------------------------------


def password(account: str, region: str, now: float) -> tuple[str, float]:
    """Return a password for the user AWS that opens one account's registry in one region, and when it ends."""
    ends = now + TOKEN_HOURS * 3600
    text = f"{account}/{region}/{ends:.0f}"
    return base64.urlsafe_b64encode(f"{text}/{_signed(text)}".encode()).decode(), ends


def _signed(text: str) -> str:
    return hmac.new(_here.key, text.encode(), hashlib.sha256).hexdigest()


def _caller(environ: Environ) -> tuple[str, str]:
    """Return the account and region that the request's token opens."""
    scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        user, _, word = base64.b64decode(given, validate=True).decode().partition(":")
        text, _, mark = base64.urlsafe_b64decode(word).decode().rpartition("/")
        account, region, ends = text.split("/")
    except ValueError:
        scheme, user, text, mark, account, region, ends = "", "", "", "", "", "", "0"
    known = scheme.lower() == "basic" and user == "AWS" and hmac.compare_digest(mark.encode(), _signed(text).encode())
    if not known:
        raise Refused(401, "UNAUTHORIZED", "Not Authorized")
    if time.time() > float(ends):
        raise Refused(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
    return account, region


# -- requests ----------------------------------------------------------------------------------------------------------


def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request below `/v2/`, as WSGI asks."""
    try:
        answer = _answer(environ)
    except Refused as refused:
        answer = _refusal(refused)
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        answer = _refusal(Refused(500, "UNKNOWN", f"the registry cannot write: {error.strerror}"))
    size = answer.size if answer.size is not None else len(answer.content)
    headers = [("Docker-Distribution-Api-Version", "registry/2.0"), ("Content-Length", str(size)), *answer.headers]
    start_response(answer.status, headers)
    if answer.file is None:
        return [answer.content]
    if environ["REQUEST_METHOD"] == "HEAD":
        answer.file.close()
        return []
    return _pieces(answer.file)


def _answer(environ: Environ) -> Answer:
    path, method = str(environ["PATH_INFO"]), str(environ["REQUEST_METHOD"])
    caller = _caller(environ)
    if path == "/v2/":
        return Answer("200 OK", [_JSON], b"{}")
    _allowed(environ, *caller)
    if found := _UPLOADS.fullmatch(path):
        repository = _Repository(*caller, found["name"])
        return _start(environ, repository) if not found["upload"] else _upload(environ, repository, found["upload"])
    reading = method in ("GET", "HEAD")
    if (found := _BLOB.fullmatch(path)) and reading:
        return _blob(_Repository(*caller, found["name"]), found["digest"])
    if (found := _MANIFEST.fullmatch(path)) and (reading or method == "PUT"):
        repository = _Repository(*caller, found["name"])
        answer = _manifest if reading else _put_manifest
        return answer(environ, repository, found["reference"])
    if (found := _TAGS.fullmatch(path)) and reading:
        return _tags(_Repository(*caller, found["name"]))
    raise Refused(405, "UNSUPPORTED", "The operation is unsupported.")


def _allowed(environ: Environ, account: str, region: str) -> None:
    """Refuse what the policies in force do not allow (ECR user guide, "IAM permissions for pushing an image")."""
    path, method = str(environ["PATH_INFO"]), str(environ["REQUEST_METHOD"])
    if found := _UPLOADS.fullmatch(path):
        begun = {"PATCH": "UploadLayerPart", "PUT": "CompleteLayerUpload"}.get(method, "UploadLayerPart")
        action = begun if found["upload"] else "InitiateLayerUpload"
    elif found := _BLOB.fullmatch(path):
        action = "BatchCheckLayerAvailability" if method == "HEAD" else "GetDownloadUrlForLayer"
    elif found := _MANIFEST.fullmatch(path):
        action = "PutImage" if method == "PUT" else "BatchGetImage"
    elif found := _TAGS.fullmatch(path):
        action = "ListImages"
    if found:
        with LOCK:
            refusal = enforce.denied_upload(region, account, action, found["name"])
        if refusal:
            raise Refused(403, "DENIED", refusal)


def _refusal(refused: Refused) -> Answer:
    content = json.dumps({"errors": [{"code": refused.code, "message": refused.message}]}).encode()
    headers = [_JSON]
    if refused.status == 401:
        headers.append(("WWW-Authenticate", f'Basic realm="http://{host()}/",service="ecr.amazonaws.com"'))
    return Answer(f"{refused.status} ", headers, content)


_JSON = ("Content-Type", "application/json; charset=utf-8")


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


# -- repositories ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Repository:
    """A repository of ECR, by name: it is looked up at each use, since it may be gone by then."""

    account: str
    region: str
    name: str

    def backend(self) -> Any:
        """Return ECR's backend."""
        from moto.ecr.models import ecr_backends

        return ecr_backends[self.account][self.region]

    def get(self) -> Any:
        """Return the repository. Callers hold the cloud's lock."""
        from moto.ecr.exceptions import RepositoryNotFoundException

        try:
            return self.backend()._get_repository(self.name)
        except RepositoryNotFoundException as error:
            raise Refused(404, "NAME_UNKNOWN", error.message) from None

    def path(self, digest: str) -> Path | None:
        """Return where a blob of this repository lies, or None if it has no such blob."""
        with LOCK:
            return _file(digest) if digest in self.get().layers else None


def _file(digest: str) -> Path:
    return _here.folder / "blobs" / digest.removeprefix("sha256:")


def _digest(text: str) -> str:
    if not DIGEST.fullmatch(text):
        raise Refused(400, "DIGEST_INVALID", f"{text} is not a sha256 digest")
    return text


def free(repositories: Iterable[Any], digests: Iterable[str]) -> None:
    """Remove the files of those blobs that none of the repositories has. Callers hold the cloud's lock."""
    used = {digest for repository in repositories for digest in repository.layers}
    for digest in set(digests) - used:
        if DIGEST.fullmatch(digest):
            _file(digest).unlink(missing_ok=True)


def references(manifest: str) -> set[str]:
    """Return the digests of the blobs that a manifest names; none for an index."""
    parsed = json.loads(manifest)
    return {part["digest"] for part in [parsed.get("config"), *parsed.get("layers", ())] if part and "digest" in part}


# -- blobs -------------------------------------------------------------------------------------------------------------


def _blob(repository: _Repository, text: str) -> Answer:
    path = repository.path(_digest(text))
    if path is None:
        raise Refused(404, "BLOB_UNKNOWN", f"The layer with digest '{text}' does not exist in the repository")
    headers = [("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", text)]
    return Answer("200 OK", headers, file=path.open("rb"), size=path.stat().st_size)


def _start(environ: Environ, repository: _Repository) -> Answer:
    """Begin an upload; or take the whole blob at once, or one that another repository has."""
    if environ["REQUEST_METHOD"] != "POST":
        raise Refused(405, "UNSUPPORTED", "The operation is unsupported.")
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    if "mount" in query and _mounted(repository, _digest(query["mount"]), query.get("from", "")):
        return _kept(repository, query["mount"])
    with LOCK:
        repository.get()
    _here.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # what `parents` makes has no such mode
    (_here.folder / "uploads").mkdir(exist_ok=True, mode=0o700)
    upload_id = uuid.uuid4().hex
    path = _here.folder / "uploads" / upload_id
    path.touch(mode=0o600)
    upload = _here.uploads[upload_id] = _Upload(upload_id, path, repository.account, repository.region, repository.name)
    if "digest" in query:
        _append(environ, upload)
        return _finish(repository, upload, query["digest"])
    return _progress("202 Accepted", upload)


def _mounted(repository: _Repository, digest: str, source: str) -> bool:
    with LOCK:
        there = repository.backend().repositories.get(source)
        if there is None or digest not in there.layers:
            return False
        repository.get().layers[digest] = there.layers[digest]
    return True


def _upload(environ: Environ, repository: _Repository, id: str) -> Answer:
    upload = _here.uploads.get(id)
    if upload is None or (upload.account, upload.region, upload.repository) != (
        repository.account,
        repository.region,
        repository.name,
    ):
        raise Refused(404, "BLOB_UPLOAD_UNKNOWN", f"The upload with id '{id}' does not exist")
    match environ["REQUEST_METHOD"]:
        case "PATCH":
            _append(environ, upload)
            # not 202 as the specification has it (aws/containers-roadmap#2831)
            return _progress("201 Created", upload)
        case "PUT":
            _append(environ, upload)
            query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
            return _finish(repository, upload, query.get("digest", ""))
        case "GET":
            return _progress("204 No Content", upload)
        case "DELETE":
            _drop(upload)
            return Answer("204 No Content")
    raise Refused(405, "UNSUPPORTED", "The operation is unsupported.")


def _append(environ: Environ, upload: _Upload) -> None:
    start = environ.get("HTTP_CONTENT_RANGE", "").removeprefix("bytes ").partition("-")[0]
    if start and start != str(upload.size):
        raise Refused(416, "BLOB_UPLOAD_INVALID", f"the upload goes on at byte {upload.size}, not {start}")
    with upload.path.open("ab") as file:
        while piece := environ["wsgi.input"].read(PIECE):
            file.write(piece)
            upload.digest.update(piece)
            upload.size += len(piece)


def _finish(repository: _Repository, upload: _Upload, digest: str) -> Answer:
    """Keep the uploaded blob if it is what the client says it is."""
    found = f"sha256:{upload.digest.hexdigest()}"
    if found != digest:
        _drop(upload)
        raise Refused(400, "DIGEST_INVALID", f"the content is {found}, and not {digest}")
    with LOCK:
        repository.get().layers[digest] = upload.size
        _file(digest).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        upload.path.replace(_file(digest))
        _here.uploads.pop(upload.id, None)
    return _kept(repository, digest)


def _drop(upload: _Upload) -> None:
    _here.uploads.pop(upload.id, None)
    upload.path.unlink(missing_ok=True)


def drop_uploads(account: str, region: str, repository: str) -> None:
    """Forget what was arriving for a repository that is gone."""
    for upload in list(_here.uploads.values()):
        if (upload.account, upload.region, upload.repository) == (account, region, repository):
            _drop(upload)


def _progress(status: str, upload: _Upload) -> Answer:
    place = f"/v2/{upload.repository}/blobs/uploads/{upload.id}"
    headers = [("Location", place), ("Range", f"0-{max(upload.size - 1, 0)}"), ("Docker-Upload-UUID", upload.id)]
    return Answer(status, headers)


def _kept(repository: _Repository, digest: str) -> Answer:
    place = f"/v2/{repository.name}/blobs/{digest}"
    return Answer("201 Created", [("Location", place), ("Docker-Content-Digest", digest)])


# -- manifests ---------------------------------------------------------------------------------------------------------


def _manifest(environ: Environ, repository: _Repository, reference: str) -> Answer:
    by_digest = DIGEST.fullmatch(reference) is not None
    with LOCK:
        for image in repository.get().images:
            if (image.get_image_digest() == reference) if by_digest else (reference in image.image_tags):
                content = image.get_image_manifest().encode()
                digest, media_type = image.get_image_digest(), image.image_manifest_media_type
                break
        else:
            raise Refused(404, "MANIFEST_UNKNOWN", "Requested image not found")
    headers = [("Content-Type", media_type), ("Docker-Content-Digest", digest)]
    return Answer("200 OK", headers, content)


def _put_manifest(environ: Environ, repository: _Repository, reference: str) -> Answer:
    content = environ["wsgi.input"].read(LARGEST_MANIFEST + 1)
    while len(content) <= LARGEST_MANIFEST and (piece := environ["wsgi.input"].read(PIECE)):
        content += piece
    if len(content) > LARGEST_MANIFEST:
        raise Refused(413, "SIZE_INVALID", f"a manifest has at most {LARGEST_MANIFEST} bytes")
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    tag = None if DIGEST.fullmatch(reference) else reference
    if tag is None and reference != digest:
        raise Refused(400, "DIGEST_INVALID", f"the manifest is {digest}, and not {reference}")
    try:
        text = content.decode()
        parsed = json.loads(text)
        blobs, images = references(text), {part["digest"] for part in parsed.get("manifests", ())}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused(400, "MANIFEST_INVALID", "the manifest is not one of an image or of an index") from None
    with LOCK:
        there = repository.get()
        known = {image.get_image_digest() for image in there.images}
        if missing := (blobs - there.layers.keys()) | (images - known):
            raise Refused(404, "MANIFEST_BLOB_UNKNOWN", f"not in the repository: {', '.join(sorted(missing))}")
        if tag is not None or digest not in known:
            _put_image(repository, text, tag, environ["CONTENT_TYPE"] or parsed.get("mediaType"), digest)
    place = f"/v2/{repository.name}/manifests/{digest}"
    return Answer("201 Created", [("Location", place), ("Docker-Content-Digest", digest)])


def _put_image(repository: _Repository, manifest: str, tag: str | None, media_type: str | None, digest: str) -> None:
    """Hand the manifest to ECR's PutImage, whose refusal of an immutable tag is an error of the tag here."""
    from moto.core.exceptions import ServiceException

    try:
        repository.backend().put_image(repository.name, manifest, tag, media_type, digest)
    except ServiceException as error:
        if error.code == "ImageAlreadyExistsException" and not repository.get().is_tag_immutable():
            return  # the same image under the same tag is no change
        if error.code in ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException"):
            raise Refused(400, "TAG_INVALID", immutable(str(tag), repository.name)) from None
        raise Refused(400, "MANIFEST_INVALID", error.message) from None


def immutable(tag: str, repository: str) -> str:
    """Return ECR's words for a tag that stays with its image."""
    return (
        f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because the "
        f"tag is immutable."
    )


def _tags(repository: _Repository) -> Answer:
    with LOCK:
        tags = sorted(tag for image in repository.get().images for tag in image.image_tags)
    return Answer("200 OK", [_JSON], json.dumps({"name": repository.name, "tags": tags}).encode())
