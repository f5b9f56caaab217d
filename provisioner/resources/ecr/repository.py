"""Elastic Container Registry: repositories."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.permissions import ASKED, CHANGED, OWN, TAGS_AT_ONCE, UNSHOWN_TAGS, Use, grants, untagging
from provisioner.aws.tagging import observed, tags_of
from provisioner.engine.costs import Around, Cost, by_load
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.words import count, size
from provisioner.resources.ecr.api import API

FEW = 20
"""The most repositories whose images are counted: each needs a call."""


@dataclass(frozen=True)
class Repository(Resource):
    """A repository with its lifecycle policy, a document as in ECR's user guide, or None for no policy.

    ECR shows the policy of one repository a call: see `Aws.read_each`. While the registry scans everything by Amazon
    Inspector (ENHANCED), the repository's own setting has no effect and is not compared (ECR API,
    PutImageScanningConfiguration: being deprecated in favor of the registry's).
    """

    repository_name: str
    image_tag_mutability: str
    image_scanning_configuration: Mapping[str, bool]
    lifecycle_policy: Mapping[str, Any] | None
    encryption_configuration: Mapping[str, str] | None = None

    type_name = "repository"
    api = API
    arn = "repository/{repository_name}"
    permissions = (
        *grants("ecr", "DescribeRepositories", "repository/*"),
        *grants("ecr", "GetLifecyclePolicy", OWN),
        *grants("ecr", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("ecr", "GetRegistryScanningConfiguration", use=Use.OTHER, why=CHANGED),
        *grants("ecr", "CreateRepository", OWN, conditions=ASKED),
        *grants("ecr", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("ecr", "UntagResource", OWN),
        *grants("ecr", "DeleteRepository PutLifecyclePolicy", OWN),
        *grants(
            "ecr",
            "DeleteLifecyclePolicy PutImageScanningConfiguration PutImageTagMutability",
            OWN,
            use=Use.OTHER,
            why=CHANGED,
        ),
    )
    identity = ("repository_name",)
    derived = ("id", "arn", "repository_uri")
    outputs = ("arn", "repository_uri")
    create_only = frozenset({"repository_name", "encryption_configuration"})

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the images"

    @classmethod
    def amount(cls, aws: Aws, ids: Sequence[str]) -> str:
        if len(ids) > FEW:
            return ""
        most = {"PageSize": 1000}
        images = [
            image
            for name in ids
            for image in aws.pages("ecr", "describe_images", "imageDetails", repositoryName=name, PaginationConfig=most)
        ]
        stored = sum(image.get("imageSizeInBytes", 0) for image in images)
        return count(len(images), "image") + (f", {size(stored)}" if stored else "")

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield by_load("images", "ecr.gb", "image_gb")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["repository_name"] for fields in known}
        most = {"PageSize": 1000}
        found = {
            r["repositoryName"]: r
            for r in aws.pages("ecr", "describe_repositories", "repositories", PaginationConfig=most)
        }
        tags = {name: tags_of(aws, "ecr", r["repositoryArn"], known=name in names) for name, r in found.items()}
        ours = [name for name in found if aws.owns(tags[name])]
        policies = aws.read_each(cls, "lifecycle_policy", ours, partial(cls._policy, aws))
        wanted = {fields["repository_name"]: fields.get("image_scanning_configuration") for fields in known}
        if any(found[name].get("imageScanningConfiguration") != wanted.get(name) for name in ours) and _enhanced(aws):
            found = {name: {**repository, "imageScanningConfiguration": None} for name, repository in found.items()}
        for name in ours:
            yield cls._live(aws, found[name], tags[name], policies[name])
        for name in names & found.keys() - set(ours):
            yield cls._live(aws, found[name], tags[name], None)

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        repository = aws.client("ecr").describe_repositories(repositoryNames=[id])["repositories"][0]
        return cls._live(aws, repository, tags_of(aws, "ecr", repository["repositoryArn"]), cls._policy(aws, id))

    @staticmethod
    def _policy(aws: Aws, name: str) -> Any:
        with IgnoreNotFound():
            return json.loads(aws.client("ecr").get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
        return None

    @staticmethod
    def _live(aws: Aws, repository: Mapping[str, Any], tags: Mapping[str, str], policy: Any) -> Observed:
        attributes = {
            "repository_name": repository["repositoryName"],
            "image_tag_mutability": repository["imageTagMutability"],
            "lifecycle_policy": policy,
        }
        # AES256 is the encryption of a repository that was created without a configuration
        encryption = repository.get("encryptionConfiguration", {})
        plain = encryption.get("encryptionType", "AES256") == "AES256"
        attributes["encryption_configuration"] = None if plain else encryption
        if scanning := repository.get("imageScanningConfiguration"):
            attributes["image_scanning_configuration"] = scanning
        outputs = {"arn": repository["repositoryArn"], "repository_uri": repository["repositoryUri"]}
        return observed(aws, repository["repositoryName"], attributes, tags, outputs)

    def create(self, aws: Aws, token: str) -> Observed:
        encryption = {"encryptionConfiguration": self.encryption_configuration} if self.encryption_configuration else {}
        repository = aws.client("ecr").create_repository(
            repositoryName=self.repository_name,
            imageTagMutability=self.image_tag_mutability,
            imageScanningConfiguration=self.image_scanning_configuration,
            tags=aws.tag_list(self.address),
            **encryption,
        )["repository"]
        return self._live(aws, repository, aws.tags(self.address), None)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        ecr = aws.client("ecr")
        if "image_tag_mutability" in changes:
            ecr.put_image_tag_mutability(repositoryName=live.id, imageTagMutability=self.image_tag_mutability)
        if "image_scanning_configuration" in changes:
            ecr.put_image_scanning_configuration(
                repositoryName=live.id, imageScanningConfiguration=self.image_scanning_configuration
            )
        if "lifecycle_policy" in changes:
            if self.lifecycle_policy is None:
                ecr.delete_lifecycle_policy(repositoryName=live.id)
            else:
                text = json.dumps(self.lifecycle_policy)
                ecr.put_lifecycle_policy(repositoryName=live.id, lifecyclePolicyText=text)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # force deletes its images as well: ECR refuses to delete a repository with images otherwise
        aws.client("ecr").delete_repository(repositoryName=live.id, force=True)


def _enhanced(aws: Aws) -> bool:
    """Say whether the registry scans by Amazon Inspector; False if the caller may not read the setting."""
    try:
        answer = aws.client("ecr").get_registry_scanning_configuration()
    except ClientError:
        return False
    return bool(answer.get("scanningConfiguration", {}).get("scanType") == "ENHANCED")
