"""Repositories: the address of their registry, checks of lifecycle policies, and immutable tags."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend, Image, Repository, ecr_backends
from moto.ecr.policy_validation import EcrLifecyclePolicyValidator
from moto.ecr.responses import ECRResponse

from ecs_emulator.patch import on_reset, refuse, replace, wrap
from ecs_emulator.registry import blobs, manifests, storage, tokens
from ecs_emulator.rules.characters import good_tag

on_reset(blobs.empty)


@wrap(Repository, "__init__")
def located(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """Set a repository's URI to the address of the embedded cloud's own registry."""
    original(self, *args, **kwargs)
    self.uri = f"{storage.host()}/{self.name}"


def _scanning(self: Any) -> dict[str, bool]:
    """Return a repository's scan setting; it is off while the registry scans by Amazon Inspector.

    The guide says so of the registry's setting ("Scan images", enhanced scanning); no recorded answer shows it.
    """
    registry = ecr_backends[self.account_id][self.region_name].registry_scanning_configuration
    own: dict[str, bool] = self.__dict__["_scanning"]
    return {"scanOnPush": False} if registry["scanType"] == "ENHANCED" else own


def _set_scanning(self: Any, value: dict[str, bool]) -> None:
    self.__dict__["_scanning"] = value


replace(Repository, "image_scanning_configuration")(property(_scanning, _set_scanning))


@replace(ECRResponse, "get_authorization_token")
def get_authorization_token(self: Any) -> ActionResult:
    """GetAuthorizationToken: return a token for the embedded cloud's own registry."""
    data = []
    for account in self._get_param("registryIds") or [self.current_account]:
        password, ends = tokens.password(account, self.region, time.time())
        token = b64encode(f"AWS:{password}".encode()).decode()
        place = f"http://{storage.host()}"
        data.append(
            {"authorizationToken": token, "expiresAt": datetime.fromtimestamp(ends, UTC), "proxyEndpoint": place}
        )
    return ActionResult({"authorizationData": data})


@replace(Image, "get_image_size_in_bytes")
def get_image_size_in_bytes(self: Any) -> int | None:
    """Return the total size of an image's parts in the registry; None for an index, which shows no size here."""
    manifest = json.loads(self.image_manifest)
    if "layers" not in manifest:
        return None
    return sum(int(part.get("size", 0)) for part in [manifest.get("config", {}), *manifest["layers"]])


@wrap(ECRBackend, "batch_delete_image")
def batch_delete_image(
    original: Any,
    self: Any,
    repository_name: str,
    registry_id: str | None = None,
    image_ids: list[dict[str, str]] | None = None,
) -> Any:
    """BatchDeleteImage: delete the blobs too that only the deleted images used."""
    return freeing(self, repository_name, lambda: original(self, repository_name, registry_id, image_ids))


@wrap(ECRBackend, "delete_repository")
def delete_repository(
    original: Any, self: Any, repository_name: str, registry_id: str | None = None, force: bool = False
) -> Any:
    """DeleteRepository: delete its blobs too, and cancel its uploads."""
    repository = original(self, repository_name, registry_id, force)
    blobs.cancel_uploads(storage.Repository(self.account_id, self.region_name, repository_name))
    storage.remove_unused_blobs(_all_repositories(), repository.layers)
    return repository


def freeing(backend: Any, name: str, delete: Callable[[], Any]) -> Any:
    """Delete images, and the blobs that no image uses any more."""
    repository = backend.repositories.get(name)
    before = _parts(repository.images) if repository else set()
    answer = delete()
    if repository and (gone := before - _parts(repository.images)):
        for digest in gone:
            repository.layers.pop(digest, None)
        storage.remove_unused_blobs(_all_repositories(), gone)
    return answer


def _parts(images: Sequence[Any]) -> set[str]:
    return {digest for image in images for digest in manifests.blobs_of(image.get_image_manifest())}


def _all_repositories() -> list[Any]:
    return [
        repository
        for regions in ecr_backends.values()
        for backend in regions.values()
        for repository in backend.repositories.values()
    ]


@wrap(ECRBackend, "put_image")
def put_image(
    original: Any,
    self: Any,
    repository_name: str,
    image_manifest: str,
    image_tag: str,
    image_manifest_mediatype: str | None = None,
    digest: str | None = None,
) -> Any:
    """PutImage: compute the digest; refuse to move an immutable tag, and an index whose images are missing."""
    repository = self._get_repository(repository_name)
    known = {image.get_image_digest() for image in repository.images}
    parts = [str(part.get("digest")) for part in json.loads(image_manifest).get("manifests", ())]
    if missing := [part for part in parts if part not in known]:
        refuse("ReferencedImagesNotFoundException", manifests.without_images(missing, repository_name, self.account_id))
    digest = digest or f"sha256:{hashlib.sha256(image_manifest.encode()).hexdigest()}"
    taken = any(image_tag in image.image_tags and image.image_manifest != image_manifest for image in repository.images)
    if image_tag and taken and repository.is_tag_immutable():
        refuse("ImageTagAlreadyExistsException", manifests.immutable(image_tag, repository_name))
    for image in repository.images:
        if image_tag and image.image_manifest != image_manifest and image_tag in image.image_tags:
            # the former image stays, without the tag (ECR API, PutImage); moto would delete it
            image.image_tags.remove(image_tag)
            image.image_tag = image.image_tags[-1] if image.image_tags else None
    return original(self, repository_name, image_manifest, image_tag, image_manifest_mediatype, digest)


@wrap(ECRBackend, "create_repository")
def create_repository(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """CreateRepository: refuse more than 50 tags, AWS's own keys, and characters that tags do not allow."""
    tags = kwargs.get("tags") or []
    if len(tags) > 50:
        refuse("TooManyTagsException", "A repository can have no more than 50 tags.")
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            refuse(
                "InvalidTagParameterException",
                f"Invalid tag key: {tag['Key']}. Tag keys that begin with aws: are reserved.",
            )
        if not (good_tag(tag["Key"]) and good_tag(tag["Value"])):
            refuse("InvalidTagParameterException", f"Invalid tag: {tag['Key']}. A character in it is not allowed.")
    return original(self, *args, **kwargs)


@wrap(ECRBackend, "put_lifecycle_policy")
def put_lifecycle_policy(
    original: Any, self: Any, registry_id: str, repository_name: str, lifecycle_policy_text: str
) -> Any:
    """PutLifecyclePolicy: make moto's checks of the form, then check the rules together (ECR guide)."""
    self._get_repository(repository_name, registry_id)
    EcrLifecyclePolicyValidator(lifecycle_policy_text).validate()
    _check_rules(json.loads(lifecycle_policy_text)["rules"])
    return original(self, registry_id, repository_name, lifecycle_policy_text)


def _check_rules(rules: list[dict[str, Any]]) -> None:
    priorities = [rule["rulePriority"] for rule in rules]
    if len(set(priorities)) < len(priorities):
        _invalid("Duplicate priorities found: each rule must have a unique priority.")
    statuses = [rule["selection"]["tagStatus"] for rule in rules]
    for rule in rules:
        chosen = rule["selection"]
        patterns = bool(chosen.get("tagPrefixList")) + bool(chosen.get("tagPatternList"))
        if chosen["tagStatus"] == "tagged" and patterns != 1:
            _invalid("A rule for tagged images needs either tagPrefixList or tagPatternList.")
        if chosen["tagStatus"] != "tagged" and patterns:
            _invalid("tagPrefixList and tagPatternList are for tagged images only.")
        if chosen["tagStatus"] == "any" and rule["rulePriority"] != max(priorities):
            _invalid("A rule for any image must have the lowest priority, which is the highest number.")
    if any(statuses.count(status) > 1 for status in ("any", "untagged")):
        _invalid("Only one rule may select untagged images, and only one any image.")


def _invalid(reason: str) -> None:
    refuse(
        "InvalidParameterException",
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation "
        f"failure: {reason}'",
    )
