"""Copy an image from one registry to another, for one platform, without a Docker engine."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Any

from provisioner.docker.engine import LOOK
from provisioner.docker.manifests import BadImage, Manifest, is_descriptor, part_of
from provisioner.docker.reference import Reference
from provisioner.docker.registry import Registries
from provisioner.docker.transport import PAUSE, TRIES, Cut, RegistryError, Unreachable
from provisioner.engine.errors import Interrupted, OutcomeUnknown

MEGA = 1_000_000
FOREIGN = (
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
)
"""Layers that a registry only names, since their licence forbids passing them on (OCI image specification)."""


@dataclass
class _Progress:
    """The progress of a copy: parts and bytes."""

    done: int = 0
    parts: int = 0
    sent: int = 0
    total: int = 0

    def text(self) -> str:
        if not self.parts:
            return "copying"
        size = f", {self.sent // MEGA} of {self.total // MEGA} MB" if self.total >= MEGA else ""
        return f"copying {self.done}/{self.parts} parts{size}"


class ManifestRefused(RegistryError):
    """The registry refuses the manifest under this tag, perhaps since it has one: `digest` is the refused one's."""

    def __init__(self, message: str, digest: str) -> None:
        super().__init__(message)
        self.digest = digest


def check_parts(reference: Reference, manifest: Manifest) -> list[Mapping[str, Any]]:
    """Return the descriptors of all that an image consists of, its configuration last.

    Raises:
        BadImage: a part cannot be copied.
    """
    layers = manifest.parsed.get("layers")
    if not isinstance(layers, list) or not all(isinstance(one, Mapping) and is_descriptor(one) for one in layers):
        raise BadImage(f"{reference} has a manifest whose layers have no SHA-256 digests and sizes")
    if any(layer.get("mediaType") in FOREIGN or layer.get("urls") for layer in layers):
        raise BadImage(f"{reference} has non-distributable layers, so it cannot be copied")
    unique = {str(layer["digest"]): layer for layer in layers}
    return [*unique.values(), part_of(reference, manifest, "config")]


def copy(
    source: Registries,
    reference: Reference,
    target: Registries,
    place: Reference,
    platform: str,
    say: Callable[[str], None],
) -> str:
    """Copy an image and return the digest of its manifest, which is the same at both ends.

    Args:
        reference: the image to copy; out of an index, the one for the platform.
        place: the repository and tag to copy it to. Parts that it already has are not sent again.
        platform: such as `linux/amd64`.
        say: receives the progress.

    Raises:
        RegistryError: a registry refuses, or the image cannot be used.
        ManifestRefused: the manifest was refused under the tag; the caller has to look up the image there.
        OutcomeUnknown: the copy was interrupted; the caller has to look up whether the image is there.
    """
    progress = _Progress()
    done: Future[str] = Future()

    def work() -> None:
        try:
            done.set_result(_copied(source, reference, target, place, platform, progress))
        except BaseException as error:  # noqa: BLE001 (it is raised where the result is taken)
            done.set_exception(error)

    # a socket may be silent for longer than the user wants to wait after Ctrl-C
    threading.Thread(target=work, name=f"copy {reference}", daemon=True).start()
    shown = ""
    while not wait([done], LOOK).done:
        if (text := progress.text()) != shown:
            say(shown := text)
        if source.transport.stop.is_set():
            raise OutcomeUnknown(f"the copy of {reference} was interrupted")
    try:
        return done.result()
    except Interrupted:
        raise OutcomeUnknown(f"the copy of {reference} was interrupted") from None


def _copied(
    source: Registries, reference: Reference, target: Registries, place: Reference, platform: str, progress: _Progress
) -> str:
    # an earlier check has already found whether the image needs a command
    manifest = source.for_platform(reference, platform, told=True)
    parts = check_parts(reference, manifest)
    progress.total, progress.parts = sum(int(part["size"]) for part in parts), len(parts)
    for part in parts:
        digest, size = str(part["digest"]), int(part["size"])
        if target.has(place, digest):
            progress.sent += size
        else:
            _send(source, reference, target, place, digest, size, progress)
        progress.done += 1
    target.transport.check()
    if refused := target.put(replace(place, digest=""), manifest):
        raise ManifestRefused(f"the registry refused the manifest {place} ({refused})", manifest.digest)
    return manifest.digest


def _send(
    source: Registries,
    reference: Reference,
    target: Registries,
    place: Reference,
    digest: str,
    size: int,
    progress: _Progress,
) -> None:
    """Stream a blob from one registry to the other; again from its beginning if the target's connection is cut."""
    before = progress.sent

    def counted(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            progress.sent += len(piece)

    for attempt in range(1, TRIES + 1):
        try:
            with contextlib.closing(source.blob(reference, digest, size)) as pieces:
                target.upload(place, digest, size, counted(pieces))
        except Cut as cut:
            progress.sent = before
            if attempt == TRIES:
                raise Unreachable(f"{place.registry} did not accept {digest} of {reference} ({cut})") from None
            target.transport.pause(PAUSE * 2 ** (attempt - 1) * target.transport.scale)
        else:
            return
