"""The registry's address, its repositories, and the files of their blobs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class RequestError(Exception):
    """An error in the API's form: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class _Place:
    """The port and the directory of this process' registry."""

    port: int = 0
    directory: Path = Path()


_here = _Place()


def begin(port: int, directory: str) -> None:
    """Start the registry on this port, with an empty directory of its own inside the cloud's."""
    _here.port, _here.directory = port, Path(directory) / "registry"
    end()  # removes files of an earlier cloud that was killed


def port() -> int:
    """Return the port of this process' cloud, which also serves its registry."""
    return _here.port


def end() -> None:
    """Remove all files. A symbolic link in place of the directory is removed, not followed."""
    if _here.directory.is_symlink():
        _here.directory.unlink()
    shutil.rmtree(_here.directory, ignore_errors=True)


def empty() -> None:
    """Remove all blobs and uploads; ECR removes its repositories itself."""
    for part in ("uploads", "blobs"):
        shutil.rmtree(_here.directory / part, ignore_errors=True)


def host() -> str:
    """Return the registry's name in image references: `127.0.0.1:<port>`, which engines trust without TLS."""
    return f"127.0.0.1:{_here.port}"


def blob_file(digest: str) -> Path:
    """Return the path of a blob's file, whether it exists or not."""
    return _here.directory / "blobs" / digest.removeprefix("sha256:")


def upload_file(id: str) -> Path:
    """Return the path for the file of an upload, in a directory that exists."""
    for directory in (_here.directory, _here.directory / "blobs", _here.directory / "uploads"):
        directory.mkdir(exist_ok=True, mode=0o700)
    return _here.directory / "uploads" / id


@dataclass(frozen=True)
class Repository:
    """A repository of ECR, by name: each use looks it up again, since it may be deleted by then."""

    account: str
    region: str
    name: str

    def backend(self) -> Any:
        """Return ECR's backend."""
        from moto.ecr.models import ecr_backends

        return ecr_backends[self.account][self.region]

    def get(self) -> Any:
        """Return the repository. The caller holds the cloud's lock."""
        from moto.ecr.exceptions import RepositoryNotFoundException

        try:
            return self.backend()._get_repository(self.name)
        except RepositoryNotFoundException as error:
            raise RequestError(404, "NAME_UNKNOWN", error.message) from None


def check_digest(text: str) -> None:
    """Refuse a text that is no sha256 digest."""
    if not DIGEST.fullmatch(text):
        raise RequestError(400, "DIGEST_INVALID", f"{text} is not a sha256 digest")


def remove_unused_blobs(repositories: Iterable[Any], digests: Iterable[str]) -> None:
    """Remove the files of blobs that none of the repositories has. The caller holds the cloud's lock."""
    used = {digest for repository in repositories for digest in repository.layers}
    for digest in set(digests) - used:
        if DIGEST.fullmatch(digest):
            blob_file(digest).unlink(missing_ok=True)
