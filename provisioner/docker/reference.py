"""Parse names of images as Docker does: `[registry/]repository[:tag][@digest]`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

HUB = "docker.io"
"""The registry of names without one."""
HUB_NAMES = {HUB, "index.docker.io", "registry-1.docker.io"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

_HOST = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:\d{1,5})?")
_PART = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """An image's name in full.

    Attributes:
        registry: its host, with its port if it has one; Docker Hub is always `docker.io`.
        repository: with `library/` for Docker Hub's own images.
        tag: `latest` if the name has neither tag nor digest; empty if it has a digest only.
        digest: of the manifest or index, as `sha256:…`; empty if the name has none.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag, digest = f":{self.tag}" if self.tag else "", f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"

    @property
    def version(self) -> str:
        """The part of a request's path: the digest if there is one, otherwise the tag."""
        return self.digest or self.tag

    @property
    def local(self) -> bool:
        """True if the registry is on this machine's loopback, where plain HTTP is allowed."""
        return is_local(self.registry)

    @property
    def base(self) -> str:
        """The base URL of the registry's API."""
        host = "registry-1.docker.io" if self.registry == HUB else self.registry
        return f"{'http' if self.local else 'https'}://{host}/v2/"


def parse(text: str) -> Reference:
    """Return the name's parts.

    The grammar is from https://github.com/distribution/reference; digests are SHA-256, the only ones that ECR knows.

    Raises:
        ValueError: the text is no name of an image; the message is to be put after the quoted name.
    """
    rest, at, digest = text.partition("@")
    if at and not DIGEST.fullmatch(digest):
        raise ValueError("ends with @ but no digest: write @sha256: and its 64 hexadecimal digits")
    path, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        path, colon, tag = rest, "", ""
    if colon and not _TAG.fullmatch(tag):
        raise ValueError(f'is not an image, because "{tag}" is not a tag: use at most 128 letters, digits and ._-')
    first, slash, more = path.partition("/")
    if slash and (any(mark in first for mark in ".:") or first == "localhost"):
        registry, repository = first.lower(), more
    else:
        registry, repository = HUB, path
    if not _HOST.fullmatch(registry):
        raise ValueError('is not an image, such as "public.ecr.aws/nginx/nginx:1.29": its registry is not a host name')
    if not all(_PART.fullmatch(part) for part in repository.split("/")) or len(repository) > 255:
        raise ValueError(
            'is not an image, such as "public.ecr.aws/nginx/nginx:1.29": use lower-case letters, digits and single '
            "separators (. _ -) between slashes"
        )
    if registry in HUB_NAMES:
        registry, repository = HUB, repository if "/" in repository else f"library/{repository}"
    return Reference(registry, repository, tag or ("" if digest else "latest"), digest)


def is_local(registry: str) -> bool:
    """Return whether a registry's host is this machine's loopback."""
    host = registry.rpartition(":")[0] if re.search(r":\d+$", registry) else registry
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
