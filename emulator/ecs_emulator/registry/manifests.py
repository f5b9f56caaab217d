"""Answer the requests for manifests and tags of images, from ECR's repositories."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from ecs_emulator.lock import LOCK
from ecs_emulator.registry.answers import JSON, PIECE, Response, created
from ecs_emulator.registry.storage import DIGEST, Repository, RequestError
from ecs_emulator.wsgi import Environ

LARGEST = 4 << 20
"""The most bytes of a manifest that ECR takes (ECR quotas)."""


def get(environ: Environ, repository: Repository, reference: str) -> Response:
    """Answer with the manifest of a tag or a digest."""
    by_digest = DIGEST.fullmatch(reference) is not None
    with LOCK:
        for image in repository.get().images:
            if (image.get_image_digest() == reference) if by_digest else (reference in image.image_tags):
                content = image.get_image_manifest().encode()
                digest, media_type = image.get_image_digest(), image.image_manifest_media_type
                break
        else:
            raise RequestError(404, "MANIFEST_UNKNOWN", "Requested image not found")
    return Response("200 OK", [("Content-Type", media_type), ("Docker-Content-Digest", digest)], content)


def put(environ: Environ, repository: Repository, reference: str) -> Response:
    """Store a manifest; refuse one whose blobs or images are not all in the repository."""
    content = _read(environ)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    tag = None if DIGEST.fullmatch(reference) else reference
    if tag is None and reference != digest:
        raise RequestError(400, "DIGEST_INVALID", f"the manifest is {digest}, and not {reference}")
    try:
        text = content.decode()
        parsed = json.loads(text)
        blobs, images = blobs_of(text), {part["digest"] for part in parsed.get("manifests", ())}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RequestError(400, "MANIFEST_INVALID", "the manifest is not one of an image or of an index") from None
    with LOCK:
        there = repository.get()
        known = {image.get_image_digest() for image in there.images}
        if missing := (blobs - there.layers.keys()) | (images - known):
            raise RequestError(404, "MANIFEST_BLOB_UNKNOWN", f"not in the repository: {', '.join(sorted(missing))}")
        if tag is not None or digest not in known:
            media_type = environ["CONTENT_TYPE"] or parsed.get("mediaType")
            _put_image(repository, text, tag, media_type, digest)
    return created(repository, "manifests", digest)


def tags(environ: Environ, repository: Repository, _: str) -> Response:
    """Answer with all tags of a repository."""
    with LOCK:
        names = sorted(tag for image in repository.get().images for tag in image.image_tags)
    return Response("200 OK", [JSON], json.dumps({"name": repository.name, "tags": names}).encode())


def _read(environ: Environ) -> bytes:
    content: bytes = environ["wsgi.input"].read(LARGEST + 1)
    while len(content) <= LARGEST and (piece := environ["wsgi.input"].read(PIECE)):
        content += piece
    if len(content) > LARGEST:
        raise RequestError(413, "SIZE_INVALID", f"a manifest has at most {LARGEST} bytes")
    return content


def _put_image(repository: Repository, manifest: str, tag: str | None, media_type: str | None, digest: str) -> None:
    """Store the manifest by ECR's PutImage; its refusal of an immutable tag becomes an error of the tag."""
    from moto.core.exceptions import ServiceException

    try:
        repository.backend().put_image(repository.name, manifest, tag, media_type, digest)
    except ServiceException as error:
        if error.code == "ImageAlreadyExistsException" and not repository.get().is_tag_immutable():
            return  # the same image under the same tag is no change
        if error.code in ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException"):
            raise RequestError(400, "TAG_INVALID", immutable(str(tag), repository.name)) from None
        raise RequestError(400, "MANIFEST_INVALID", error.message) from None


def blobs_of(manifest: str) -> set[str]:
    """Return the digests of the blobs that a manifest names; none for an index."""
    parsed = json.loads(manifest)
    return {part["digest"] for part in [parsed.get("config"), *parsed.get("layers", ())] if part and "digest" in part}


def without_images(digests: Sequence[str], repository: str, account: str) -> str:
    """Return ECR's message for an index whose images are not all in the repository."""
    return (
        f"Images with digests '[{', '.join(digests)}]' required for pushing image into repository with name "
        f"'{repository}' in the registry with id '{account}' do not exist"
    )


def immutable(tag: str, repository: str) -> str:
    """Return ECR's message for an immutable tag."""
    return (
        f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because the "
        f"tag is immutable."
    )
