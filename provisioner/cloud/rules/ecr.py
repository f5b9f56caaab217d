"""Repositories: lifecycle policies that AWS would take, tags that stay where they are."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moto.ecr.models import ECRBackend
from moto.ecr.policy_validation import EcrLifecyclePolicyValidator

from provisioner.cloud.patch import refuse, wrap


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
    """PutImage: the digest is the manifest's; an immutable tag stays with its image."""
    repository = self._get_repository(repository_name)
    digest = digest or f"sha256:{hashlib.sha256(image_manifest.encode()).hexdigest()}"
    taken = any(image_tag in image.image_tags and image.image_manifest != image_manifest for image in repository.images)
    if image_tag and taken and repository.is_tag_immutable():
        refuse(
            "ImageTagAlreadyExistsException",
            f"The image tag '{image_tag}' already exists in the '{repository_name}' repository and cannot be "
            "overwritten because the tag is immutable.",
        )
    return original(self, repository_name, image_manifest, image_tag, image_manifest_mediatype, digest)


@wrap(ECRBackend, "put_lifecycle_policy")
def put_lifecycle_policy(
    original: Any, self: Any, registry_id: str, repository_name: str, lifecycle_policy_text: str
) -> Any:
    """PutLifecyclePolicy: moto's checks of the form, then what the rules may say together (ECR guide)."""
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
