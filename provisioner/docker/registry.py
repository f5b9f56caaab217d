"""A client of image registries: the OCI distribution API, which is Docker's Registry HTTP API V2.

See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from provisioner.docker import credentials
from provisioner.docker.access import Access
from provisioner.docker.credentials import Login
from provisioner.docker.manifests import (
    INDEXES,
    LARGEST_MANIFEST,
    MANIFESTS,
    NOTHING_TO_RUN,
    BadImage,
    ImageInfo,
    Manifest,
    entries,
    no_such_platform,
    part_of,
    platform_of,
    runs_something,
    with_digest,
)
from provisioner.docker.reading import pieces, whole
from provisioner.docker.reference import DIGEST, Reference
from provisioner.docker.transport import (
    TRIES,
    Cut,
    NotThere,
    RegistryError,
    Transport,
    Unreachable,
    absolute_url,
    close,
    drain,
    error_text,
)

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

DEPTH = 3
"""The most levels of nested indexes."""


@dataclass
class Registries:
    """Registries, asked with the credentials that the user has for them. Threads may share it.

    Attributes:
        login: gives the credentials for a registry, or None to ask without; `docker login`'s unless said otherwise.
    """

    transport: Transport = field(default_factory=Transport)
    login: Callable[[str], Login | None] = credentials.of_docker
    _access: Access = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._access = Access(self.transport, self.login)

    def digest(self, reference: Reference) -> str:
        """Return the digest of a referenced image, by a request that does not count as a pull (HEAD).

        Raises:
            NotThere, Denied, Unreachable: as their docstrings say.
            RegistryError: the registry gave no usable answer.
        """
        answer = self._manifest("HEAD", reference)
        drain(answer)
        found = answer.headers.get("Docker-Content-Digest", "")
        # the specification requires it, but not all registries send it
        return found if DIGEST.fullmatch(found) else self.manifest(reference).digest

    def inspect(self, reference: Reference) -> ImageInfo:
        """Return a referenced image's digest and platforms; two or three small reads.

        Raises:
            BadImage: it is no image that ECS can run.
            NotThere, Denied, Unreachable: as their docstrings say.
        """
        manifest = self.manifest(reference)
        if manifest.is_index:
            parts = [part for part in entries(manifest) if part.get("platform", {}).get("os") != "unknown"]
            return ImageInfo(
                manifest.digest, tuple(dict.fromkeys(platform_of(part.get("platform", {})) for part in parts))
            )
        return ImageInfo(manifest.digest, (self.platform(reference, manifest),))

    def manifest(self, reference: Reference) -> Manifest:
        """Return the manifest or index, checked against its digest.

        Raises:
            BadImage: ECS does not run its media type, or it does not match its digest.
            NotThere, Denied, Unreachable: as their docstrings say.
        """
        answer = self._manifest("GET", reference)
        content = whole(self.transport, answer, reference)
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        manifest = Manifest(content, media_type)
        try:
            parsed = manifest.parsed
        except (ValueError, RecursionError):
            raise BadImage(f"{reference} has a manifest that is not JSON") from None
        expected = reference.digest or answer.headers.get("Docker-Content-Digest", "")
        if DIGEST.fullmatch(expected) and manifest.digest != expected:
            raise BadImage(
                f"the manifest of {reference} has the digest {manifest.digest} instead of {expected}: check for a "
                f"proxy or cache in between, then run the same command again"
            )
        if media_type not in (*INDEXES, *MANIFESTS):
            media_type = str(parsed.get("mediaType", ""))
        if media_type not in (*INDEXES, *MANIFESTS):
            raise BadImage(f"{reference} has a media type that ECS does not run ({media_type or 'no media type'})")
        return Manifest(content, media_type)

    def for_platform(self, reference: Reference, platform: str, *, told: bool = False) -> Manifest:
        """Return the one manifest for a platform, out of an index if the reference names one.

        Args:
            told: whether the task definition sets a command, so that the image needs none.

        Raises:
            BadImage: there is no image for the platform, or it has no command.
        """
        manifest = self.manifest(reference)
        for _ in range(DEPTH):
            if not manifest.is_index:
                break
            parts = entries(manifest)
            fitting = [part for part in parts if platform_of(part.get("platform", {})) == platform]
            if not fitting:
                there = sorted({platform_of(part.get("platform", {})) for part in parts} - {"unknown/unknown", "/"})
                raise BadImage(no_such_platform(reference, there, platform))
            # the lowest variant runs on every processor
            best = min(fitting, key=lambda part: str(part["platform"].get("variant") or ""))
            manifest = self.manifest(with_digest(reference, str(best["digest"])))
        else:
            raise BadImage(f"{reference} is an image index that is nested too deeply")
        config = self.configuration(reference, manifest)
        if (found := platform_of(config)) != platform:
            raise BadImage(no_such_platform(reference, [found], platform))
        if not told and not runs_something(config.get("config")):
            raise BadImage(NOTHING_TO_RUN.format(reference))
        return manifest

    def platform(self, reference: Reference, manifest: Manifest) -> str:
        """Return the platform of a manifest's image, from its configuration."""
        return platform_of(self.configuration(reference, manifest))

    def configuration(self, reference: Reference, manifest: Manifest) -> Mapping[str, Any]:
        """Return the configuration of a manifest's image, with its platform and its command.

        Raises:
            BadImage: it cannot be read.
        """
        config = part_of(reference, manifest, "config")
        content = b"".join(self.blob(reference, str(config["digest"]), min(int(config["size"]), LARGEST_MANIFEST)))
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, Mapping):
            raise BadImage(f"{reference} is not a container image: its configuration is not JSON")
        return found

    # -- blobs -----------------------------------------------------------------------------------------------------

    def blob(self, reference: Reference, digest: str, size: int) -> Generator[bytes, None, None]:
        """Yield a blob piece by piece; after a lost connection, continue over a new one.

        Raises:
            BadImage: it does not match its digest or size; this is raised only after the last piece.
            Unreachable: the connection was lost again and again.
            Interrupted: the user wants to stop.
        """
        hashed, got, idle = hashlib.sha256(), 0, 0
        while got < size:
            before, reason = got, "the response ended too early"
            answer = self._blob(reference, digest, got)
            try:
                for piece in pieces(self.transport, answer, got):
                    got += len(piece)
                    if got > size:
                        break
                    hashed.update(piece)
                    yield piece
            except Cut as cut:
                reason = str(cut)
            finally:
                close(answer)
            idle = 0 if got > before else idle + 1
            if idle == TRIES:
                raise Unreachable(f"{reference.registry} stopped sending {digest} of {reference} ({reason})")
        found = f"sha256:{hashed.hexdigest()}"
        if got > size or found != digest:
            raise BadImage(
                f"{reference.registry} sent other data than {digest} of {reference} ({got} bytes, {found}): run the "
                f"same command again, and check for a proxy or cache in between if that repeats"
            )

    def _blob(self, reference: Reference, digest: str, start: int) -> BaseHTTPResponse:
        more = {"Range": f"bytes={start}-"} if start else {}
        answer = self._call("GET", reference, f"blobs/{digest}", more)
        if answer.status not in (200, 206):
            raise self._refusal(answer, reference, f"no part {digest} of {reference}")
        return answer

    def has(self, reference: Reference, digest: str) -> bool:
        """Return whether a repository has a blob."""
        answer = self._call("HEAD", reference, f"blobs/{digest}")
        drain(answer)
        if answer.status not in (200, 404):
            raise self._refusal(answer, reference, f"no {reference}")
        return answer.status == 200

    def upload(self, reference: Reference, digest: str, size: int, content: Iterable[bytes]) -> None:
        """Upload a blob in one streamed request.

        ECR answers a PATCH with 201, and drops the content of further ones (aws/containers-roadmap#2831); it takes one
        PUT of any size (kitops-ml/kitops#822).

        Raises:
            Cut: the connection was lost; a new upload may succeed.
            Denied, RegistryError: it was refused.
        """
        begun = self._call("POST", reference, "blobs/uploads/", {"Content-Length": "0"})
        place = begun.headers.get("Location", "")
        if begun.status != 202 or not place:
            raise self._refusal(begun, reference, f"no repository {reference.repository}")
        drain(begun)
        url = absolute_url(reference.base, place)
        url += ("&" if urlsplit(url).query else "?") + urlencode({"digest": digest})
        self.transport.allowed(url, reference.base)
        headers = {"Content-Type": "application/octet-stream"}
        if urlsplit(url)[:2] == urlsplit(reference.base)[:2]:
            headers |= self._access.header(reference, "push")
        answer = self.transport.send("PUT", url, headers, content, size)
        if answer.status >= 500 or answer.status in (408, 429):
            raise Cut(error_text(answer))
        if answer.status not in (201, 202, 204):
            raise self._refusal(answer, reference, f"no repository {reference.repository}")
        drain(answer)

    def put(self, reference: Reference, manifest: Manifest) -> str:
        """Put a manifest under the reference's tag; return an empty text, or the registry's words of refusal."""
        headers = {"Content-Type": manifest.media_type}
        answer = self._call("PUT", reference, f"manifests/{reference.tag}", headers, manifest.content)
        if answer.status in (200, 201, 202):
            drain(answer)
            return ""
        if answer.status in (401, 403, 404):
            raise self._refusal(answer, reference, f"no repository {reference.repository}")
        return error_text(answer)

    # -- requests --------------------------------------------------------------------------------------------------

    def _manifest(self, method: str, reference: Reference) -> BaseHTTPResponse:
        headers = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}
        answer = self._call(method, reference, f"manifests/{reference.version}", headers)
        if answer.status != 200:
            raise self._refusal(answer, reference, f"no {reference}")
        return answer

    def _call(
        self,
        method: str,
        reference: Reference,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> BaseHTTPResponse:
        """Return the answer to a request below the repository, with a token if the registry asks for one."""
        url = f"{reference.base}{reference.repository}/{path}"
        action = "pull" if method in ("GET", "HEAD") else "push"
        known = self._access.header(reference, action)
        answer = self.transport.ask(method, url, {**(headers or {}), **known}, body)
        if answer.status != 401:
            return answer
        challenge = answer.headers.get("WWW-Authenticate", "")
        drain(answer)
        # a token lasts for minutes: the known one may have expired
        self._access.renew(reference, action, challenge)
        return self.transport.ask(method, url, {**(headers or {}), **self._access.header(reference, action)}, body)

    def _refusal(self, answer: BaseHTTPResponse, reference: Reference, missing: str) -> RegistryError:
        """Return the error for an answer."""
        words = error_text(answer)
        if answer.status == 404:
            return NotThere(f"{reference.registry} has {missing} ({words})")
        if answer.status in (401, 403):
            return self._access.denied(reference, words)
        return RegistryError(f"{reference.registry} refuses the request for {reference} ({words})")
