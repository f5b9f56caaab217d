"""A client of image registries: the OCI distribution API, which is Docker's Registry HTTP API V2.

See https://github.com/opencontainers/distribution-spec/blob/main/spec.md, and for tokens
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import urllib.request
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from provisioner.docker import credentials
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
from provisioner.docker.reference import DIGEST, Reference
from provisioner.docker.transport import (
    TRIES,
    Cut,
    Denied,
    NotThere,
    RegistryError,
    Transport,
    Unreachable,
    absolute_url,
    close,
    drain,
    error_text,
    reason_of,
)

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

PIECE = 64 << 10
"""Bytes of a blob that are held in memory at once."""
DEPTH = 3
"""How far an index may lead to further indexes."""
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass
class Registries:
    """Registries, asked with the credentials that the user has for them. Threads may share it.

    Attributes:
        login: gives the credentials for a registry, or None to ask without; `docker login`'s unless said otherwise.
    """

    transport: Transport = field(default_factory=Transport)
    login: Callable[[str], Login | None] = credentials.of_docker
    _access: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _logins: dict[str, Login | None] = field(default_factory=dict, repr=False)

    def digest(self, reference: Reference) -> str:
        """Return the digest of what a reference names, by a question that counts as no pull (HEAD).

        Raises:
            NotThere, Denied, Unreachable: as their docstrings say.
            RegistryError: the answer is none.
        """
        answer = self._manifest("HEAD", reference)
        drain(answer)
        found = answer.headers.get("Docker-Content-Digest", "")
        # the specification asks for it and not all registries have it
        return found if DIGEST.fullmatch(found) else self.manifest(reference).digest

    def inspect(self, reference: Reference) -> ImageInfo:
        """Return what a reference names and the platforms that it is for; two or three small reads.

        Raises:
            BadImage: it is of another sort.
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
        """Return the manifest or index, which is what its digest says.

        Raises:
            BadImage: it is of a sort that ECS does not run, or not what its digest says.
            NotThere, Denied, Unreachable: as their docstrings say.
        """
        answer = self._manifest("GET", reference)
        content = self._read(answer, reference)
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

    def for_platform(self, reference: Reference, platform: str) -> Manifest:
        """Return the one manifest for a platform, out of an index if the reference names one.

        Raises:
            BadImage: there is none for the platform.
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
            # of several variants, the one that every processor runs
            best = min(fitting, key=lambda part: str(part["platform"].get("variant") or ""))
            manifest = self.manifest(with_digest(reference, str(best["digest"])))
        else:
            raise BadImage(f"{reference} is an image index that is nested too deeply")
        config = self.configuration(reference, manifest)
        if (found := platform_of(config)) != platform:
            raise BadImage(no_such_platform(reference, [found], platform))
        if not runs_something(config.get("config")):
            raise BadImage(NOTHING_TO_RUN.format(reference))
        return manifest

    def platform(self, reference: Reference, manifest: Manifest) -> str:
        """Return the platform that a manifest's image is for, which its configuration says."""
        return platform_of(self.configuration(reference, manifest))

    def configuration(self, reference: Reference, manifest: Manifest) -> Mapping[str, Any]:
        """Return the configuration of a manifest's image: its platform, and what a container of it runs.

        Raises:
            BadImage: there is none that can be read.
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
        """Yield a blob piece by piece; where the connection is lost it goes on from there in another.

        Raises:
            BadImage: it is not what its digest and size say; that is known after the last piece only.
            Unreachable: the connection was lost again and again.
            Interrupted: the user wants to stop.
        """
        hashed, got, idle = hashlib.sha256(), 0, 0
        while got < size:
            before, reason = got, "the response ended too early"
            answer = self._blob(reference, digest, got)
            try:
                for piece in self._pieces(answer, got):
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

    def _pieces(self, answer: BaseHTTPResponse, start: int) -> Iterator[bytes]:
        """Yield what comes from the position on: of an answer that does not know ranges the rest only."""
        from urllib3.exceptions import HTTPError

        skip = start if answer.status == 200 else 0
        while True:
            self.transport.check()
            try:
                piece = answer.read(PIECE)
            except (HTTPError, OSError) as error:
                raise Cut(reason_of(error)) from None
            if not piece:
                return
            if rest := piece[skip:]:
                yield rest
            skip = max(0, skip - len(piece))

    def has(self, reference: Reference, digest: str) -> bool:
        """Say whether a repository has a blob."""
        answer = self._call("HEAD", reference, f"blobs/{digest}")
        drain(answer)
        if answer.status not in (200, 404):
            raise self._refusal(answer, reference, f"no {reference}")
        return answer.status == 200

    def upload(self, reference: Reference, digest: str, size: int, content: Iterable[bytes]) -> None:
        """Upload a blob in one request that is streamed.

        ECR answers a PATCH with 201, and drops what further ones bring (aws/containers-roadmap#2831); it takes one PUT
        of any size (kitops-ml/kitops#822).

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
            headers |= self._authorization(reference, "push")
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
        known = self._authorization(reference, action)
        answer = self.transport.ask(method, url, {**(headers or {}), **known}, body)
        if answer.status != 401:
            return answer
        challenge = answer.headers.get("WWW-Authenticate", "")
        drain(answer)
        # a token lasts for minutes: the one that was known may be over
        self._access[reference.base, self._scope(reference, action)] = self._authorize(reference, action, challenge)
        return self.transport.ask(method, url, {**(headers or {}), **self._authorization(reference, action)}, body)

    def _authorization(self, reference: Reference, action: str) -> dict[str, str]:
        value = self._access.get((reference.base, self._scope(reference, action)))
        return {"Authorization": value} if value else {}

    @staticmethod
    def _scope(reference: Reference, action: str) -> str:
        return f"repository:{reference.repository}:{'pull,push' if action == 'push' else 'pull'}"

    def _authorize(self, reference: Reference, action: str, challenge: str) -> str:
        """Return the Authorization header that a challenge asks for.

        Raises:
            Denied: there are no such credentials, or they are not good.
        """
        sort, _, rest = challenge.partition(" ")
        login = self._login(reference.registry)
        if sort.lower() == "basic":
            if login is None or not login.user:
                raise self._denied(reference, "it requires a login")
            return basic_authorization(login)
        if sort.lower() != "bearer":
            raise self._denied(reference, f"its authentication scheme is {sort or 'missing'}, not Basic or Bearer")
        try:
            wanted = urllib.request.parse_keqv_list(urllib.request.parse_http_list(rest))
        except ValueError:
            wanted = {}
        realm = wanted.get("realm", "")
        self.transport.allowed(realm, reference.base)
        query = {"service": wanted.get("service", ""), "scope": wanted.get("scope") or self._scope(reference, action)}
        answer = self._token(realm, query, login)
        if answer.status in (400, 401, 403) and login:
            # a login that is over is no better than none (aws/containers-roadmap#1296)
            refused = error_text(answer)
            answer = self._token(realm, query, None)
        else:
            refused = ""
        if answer.status != 200:
            raise self._denied(reference, refused or error_text(answer))
        try:
            given = json.loads(self._read(answer, reference))
            token = str(given.get("token") or given["access_token"])
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            token = ""
        if not _TOKEN.fullmatch(token):
            raise RegistryError(f"{urlsplit(realm).netloc} returned no token for {reference}")
        return f"Bearer {token}"

    def _token(self, realm: str, query: Mapping[str, str], login: Login | None) -> BaseHTTPResponse:
        if login and login.identity:
            form = {"grant_type": "refresh_token", "refresh_token": login.identity, "client_id": "provisioner", **query}
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self.transport.ask("POST", realm, headers, body=urlencode(form).encode())
        access = {"Authorization": basic_authorization(login)} if login else {}
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(query)}"
        return self.transport.ask("GET", url, access)

    def _login(self, registry: str) -> Login | None:
        if registry not in self._logins:
            self._logins[registry] = self.login(registry)
        return self._logins[registry]

    def _read(self, answer: BaseHTTPResponse, reference: Reference) -> bytes:
        """Return a small answer whole."""
        content = b""
        with contextlib.suppress(Cut):
            for piece in self._pieces(answer, 0):
                content += piece
                if len(content) > LARGEST_MANIFEST:
                    break
            else:
                answer.release_conn()
                return content
        drain(answer)
        if len(content) > LARGEST_MANIFEST:
            raise BadImage(f"{reference} has a manifest of more than {LARGEST_MANIFEST} bytes")
        raise Unreachable(f"{reference.registry} did not send the whole manifest of {reference}")

    def _refusal(self, answer: BaseHTTPResponse, reference: Reference, missing: str) -> RegistryError:
        """Return the error that an answer means."""
        words = error_text(answer)
        if answer.status == 404:
            return NotThere(f"{reference.registry} has {missing} ({words})")
        if answer.status in (401, 403):
            return self._denied(reference, words)
        return RegistryError(f"{reference.registry} refuses the request for {reference} ({words})")

    def _denied(self, reference: Reference, words: str) -> Denied:
        who = "the user who is logged in" if self._logins.get(reference.registry) else "users that are not logged in"
        return Denied(
            f"{reference.registry} does not show {reference.repository} to {who}: it does not exist, or is private "
            f"({words})",
            reference.registry,
        )


def basic_authorization(login: Login) -> str:
    """Return the header's value for user and password."""
    return f"Basic {base64.b64encode(f'{login.user}:{login.password}'.encode()).decode()}"
