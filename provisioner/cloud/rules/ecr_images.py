"""What ECR knows of images besides the images: the findings of scans, and what a lifecycle policy would do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from provisioner.cloud.patch import add, refuse, wrap

_COMPLETE = {"status": "COMPLETE", "description": "The scan was completed successfully."}


@wrap(ECRBackend, "describe_image_scan_findings")
def describe_image_scan_findings(
    original: Any, self: Any, registry_id: str, repository_name: str, image_id: dict[str, Any]
) -> dict[str, Any]:
    """DescribeImageScanFindings: a repository that scans on push has scanned each image; none is ever found wrong."""
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
    """StartLifecyclePolicyPreview: of the policy in the request, or of the repository's own."""
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
    """GetLifecyclePolicyPreview: which images the policy would expire, by the first rule that selects each."""
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
    """The images that go by these rules; the rule of the lowest number that selects an image decides about it."""
    left, results = sorted(images, key=lambda image: image.image_pushed_at, reverse=True), list[dict[str, Any]]()
    for rule in sorted(rules, key=lambda rule: rule["rulePriority"]):
        selection = rule["selection"]
        chosen = [image for image in left if _selects(selection, image.image_tags)]
        if selection["countType"] == "imageCountMoreThan":
            gone = chosen[selection["countNumber"] :]
        else:
            oldest = datetime.now(UTC) - timedelta(days=selection["countNumber"])
            gone = [image for image in chosen if image.image_pushed_at < oldest.timestamp()]
        left = [image for image in left if image not in chosen]
        results += [
            {
                "imageTags": image.image_tags,
                "imageDigest": image.image_digest,
                "imagePushedAt": datetime.fromtimestamp(image.image_pushed_at, UTC),
                "action": {"type": "EXPIRE"},
                "appliedRulePriority": rule["rulePriority"],
            }
            for image in gone
        ]
    return results


def _selects(selection: dict[str, Any], tags: list[str]) -> bool:
    if selection["tagStatus"] == "any":
        return True
    if selection["tagStatus"] == "untagged":
        return not tags
    patterns = [f"{prefix}*" for prefix in selection.get("tagPrefixList", ())] + selection.get("tagPatternList", [])
    return all(any(fnmatchcase(tag, pattern) for tag in tags) for pattern in patterns)
