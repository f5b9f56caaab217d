"""Read the manifests and indexes of images.

See https://github.com/opencontainers/image-spec/blob/main/manifest.md; Docker's own media types mean the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.docker.reference import DIGEST, Reference
from provisioner.docker.transport import RegistryError

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
LARGEST_MANIFEST = 4 << 20
"""The most bytes of a manifest (distribution specification, pushing manifests)."""

NOTHING_TO_RUN = "{} has neither an ENTRYPOINT nor a CMD, so a container of it would have nothing to run"


class BadImage(RegistryError):
    """An image in a registry cannot be copied or run here, or does not match its digest."""


@dataclass(frozen=True)
class ImageInfo:
    """An image that a reference names: its digest and its platforms, such as `linux/amd64`."""

    digest: str
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """A manifest or index as the registry has it, byte by byte."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """The content's digest."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def parsed(self) -> Mapping[str, Any]:
        """The content as JSON."""
        parsed = json.loads(self.content)
        return parsed if isinstance(parsed, Mapping) else {}

    @property
    def is_index(self) -> bool:
        """True if it is an index of several manifests, each for a platform."""
        return self.media_type in INDEXES


def with_digest(reference: Reference, digest: str) -> Reference:
    """Return the reference of another manifest in the same repository."""
    return Reference(reference.registry, reference.repository, "", digest)


def entries(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the readable entries of an index."""
    parts = manifest.parsed.get("manifests") or []
    return [
        {**part, "platform": part["platform"] if isinstance(part.get("platform"), dict) else {}}
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and DIGEST.fullmatch(str(part.get("digest")))
    ]


def part_of(reference: Reference, manifest: Manifest, key: str) -> Mapping[str, Any]:
    """Return the descriptor under `key` in a manifest, such as its configuration.

    Raises:
        BadImage: there is no usable one.
    """
    part = manifest.parsed.get(key)
    if not isinstance(part, Mapping) or not is_descriptor(part):
        raise BadImage(f"{reference} has a manifest without a {key} that has a SHA-256 digest and a size")
    return part


def is_descriptor(descriptor: Mapping[str, Any]) -> bool:
    """Return whether a descriptor has a valid digest and size."""
    size = descriptor.get("size")
    return bool(DIGEST.fullmatch(str(descriptor.get("digest")))) and isinstance(size, int) and size >= 0


def platform_of(shown: Mapping[str, Any]) -> str:
    """Return the platform of an index's entry or of an image's configuration, in Docker's words."""
    return f"{shown.get('os', '')}/{shown.get('architecture', '')}"


def no_such_platform(reference: Reference, there: Collection[str], platform: str) -> str:
    """Return the words for an image that is not for the platform its tasks run on."""
    return f"{reference} is an image for {', '.join(there) or 'an unknown platform'}, but its tasks run on {platform}"


def runs_something(config: object) -> bool:
    """Return whether an image has a command: the engine refuses one without ("no command specified").

    Args:
        config: the part `config` of an image's configuration (OCI image specification, image configuration).
    """
    return isinstance(config, Mapping) and bool(config.get("Entrypoint") or config.get("Cmd"))
