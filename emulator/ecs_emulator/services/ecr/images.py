"""Scan findings of ECR's images, and the effects of lifecycle policies on them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, wrap
from ecs_emulator.services.ecr.rules import freeing

NEVER = float("inf")
_COMPLETE = {"status": "COMPLETE", "description": "The scan was completed successfully."}


@wrap(ECRBackend, "describe_image_scan_findings")
def describe_image_scan_findings(
    original: Any, self: Any, registry_id: str, repository_name: str, image_id: dict[str, Any]
) -> dict[str, Any]:
    """DescribeImageScanFindings: report no findings for an image that was scanned, on push or by a call."""
    repository = self._get_repository(repository_name, registry_id)
    image = repository._get_image(image_id.get("imageTag"), image_id.get("imageDigest"))
    if not image.last_scan and not repository.image_scanning_configuration["scanOnPush"]:
        return dict(original(self, registry_id, repository_name, image_id))
    scanned = image.last_scan or datetime.fromtimestamp(image.image_pushed_at, UTC)
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository_name,
        "imageId": {"imageDigest": image.image_digest, "imageTag": image.image_tag},
        "imageScanStatus": _COMPLETE,
        "imageScanFindings": {
            "imageScanCompletedAt": scanned,
            "vulnerabilitySourceUpdatedAt": scanned,
            "findings": [],
            "findingSeverityCounts": {},
        },
    }


@add(ECRResponse, "start_lifecycle_policy_preview")
def start_lifecycle_policy_preview(self: Any) -> ActionResult:
    """StartLifecyclePolicyPreview: use the policy in the request, or the repository's own."""
    repository = self.ecr_backend._get_repository(self._get_param("repositoryName"), self._get_param("registryId"))
    text = self._get_param("lifecyclePolicyText") or repository.lifecycle_policy
    if not text:
        refuse(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{repository.name}'.",
        )
    repository.lifecycle_preview = text
    return ActionResult({**_policy(repository, text), "status": "IN_PROGRESS"})


@add(ECRResponse, "get_lifecycle_policy_preview")
def get_lifecycle_policy_preview(self: Any) -> ActionResult:
    """GetLifecyclePolicyPreview: list the images that the policy would expire, by the first rule that selects each."""
    repository = self.ecr_backend._get_repository(self._get_param("repositoryName"), self._get_param("registryId"))
    text = getattr(repository, "lifecycle_preview", "")
    if not text:
        refuse(
            "LifecyclePolicyPreviewNotFoundException",
            f"Lifecycle policy preview does not exist for the repository with name '{repository.name}'.",
        )
    results = expiring(json.loads(text)["rules"], repository.images)
    return ActionResult(
        {
            **_policy(repository, text),
            "status": "COMPLETE",
            "previewResults": results,
            "summary": {"expiringImageTotalCount": len(results)},
        }
    )


def _policy(repository: Any, text: str) -> dict[str, Any]:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "lifecyclePolicyText": text,
    }


def expiring(rules: list[dict[str, Any]], images: list[Any]) -> list[dict[str, Any]]:
    """Return the images that these rules expire (ECR user guide, lifecycle policies, how they work).

    An image that a rule with a lower number selects counts for further rules, but they do not expire it. An image in an
    index stays as long as the index.
    """
    # reversed after sorting: of images from the same second, the one pushed last is the newest
    newest = sorted(images, key=lambda image: image.image_pushed_at)[::-1]
    decided, results = {digest for image in images for digest in _members(image)}, list[dict[str, Any]]()
    for rule in sorted(rules, key=lambda rule: rule["rulePriority"]):
        selection = rule["selection"]
        chosen = [image for image in newest if _selects(selection, image.image_tags)]
        if selection["countType"] == "imageCountMoreThan":
            gone = chosen[selection["countNumber"] :]
        else:
            oldest = datetime.now(UTC) - timedelta(days=selection["countNumber"])
            gone = [image for image in chosen if image.image_pushed_at < oldest.timestamp()]
        results += [
            {
                "imageTags": image.image_tags,
                "imageDigest": image.image_digest,
                "imagePushedAt": datetime.fromtimestamp(image.image_pushed_at, UTC),
                "action": {"type": "EXPIRE"},
                "appliedRulePriority": rule["rulePriority"],
            }
            for image in gone
            if image.image_digest not in decided
        ]
        decided |= {image.image_digest for image in chosen}
    return results


def _members(image: Any) -> set[str]:
    """Return the digests of the images that an index consists of."""
    return {str(part["digest"]) for part in json.loads(image.image_manifest).get("manifests", ())}


def expire(backend: Any, repository: Any) -> None:
    """Delete the images that the repository's lifecycle policy has selected for long enough."""
    rules = json.loads(repository.lifecycle_policy)["rules"] if repository.lifecycle_policy else []
    selected = {item["imageDigest"] for item in expiring(rules, repository.images)} if rules else set()
    for image in repository.images:
        if image.image_digest not in selected:
            image.expires_at = NEVER
        elif getattr(image, "expires_at", NEVER) == NEVER:
            image.expires_at = later(durations.IMAGE_EXPIRY)
    if any(passed(image.expires_at) for image in repository.images):
        freeing(backend, repository.name, lambda: _keep_unexpired(repository))


def _keep_unexpired(repository: Any) -> None:
    repository.images[:] = [image for image in repository.images if not passed(image.expires_at)]


@wrap(ECRBackend, "_get_repository")
def get_repository(original: Any, self: Any, name: str, registry_id: str | None = None) -> Any:
    """Look up a repository, after deleting its expired images."""
    repository = original(self, name, registry_id)
    expire(self, repository)
    return repository


def _first_of_all(method: str) -> None:
    @wrap(ECRBackend, method)
    def looked_at(original: Any, self: Any, repository_name: str, *args: Any, **kwargs: Any) -> Any:
        if repository_name in self.repositories:
            expire(self, self.repositories[repository_name])
        return original(self, repository_name, *args, **kwargs)


# moto does not call `_get_repository` for these
for _method in ("list_images", "batch_get_image"):
    _first_of_all(_method)


def _selects(selection: dict[str, Any], tags: list[str]) -> bool:
    if selection["tagStatus"] == "any":
        return True
    if selection["tagStatus"] == "untagged":
        return not tags
    patterns = [f"{prefix}*" for prefix in selection.get("tagPrefixList", ())] + selection.get("tagPatternList", [])
    return all(any(fnmatchcase(tag, pattern) for tag in tags) for pattern in patterns)
