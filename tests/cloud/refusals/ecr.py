"""Refusals by the image registry."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, UNKNOWN_KEY, Case, Scene, once, parameter

case = partial(Case, "ecr")
INDEX = json.dumps(
    {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": f"sha256:{'0' * 64}"}],
    }
)  # fmt: skip
POLICIES = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html"


@once
def repository(scene: Scene) -> str:
    """A repository with immutable tags and an image `1`."""
    ecr = scene.client("ecr")
    ecr.create_repository(repositoryName="refused", imageTagMutability="IMMUTABLE")
    ecr.put_image(repositoryName="refused", imageManifest=manifest(1), imageTag="1")
    return "refused"


def manifest(number: int) -> str:
    """The manifest of an image."""
    config = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": number, "digest": "sha256:0"}
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []})


def rule(priority: int, status: str, **selection: Any) -> dict[str, Any]:
    chosen = {"tagStatus": status, "countType": "imageCountMoreThan", "countNumber": 10, **selection}
    return {"rulePriority": priority, "selection": chosen, "action": {"type": "expire"}}


def policy(scene: Scene, ecr: Any, *rules: dict[str, Any], text: str = "", name: str = "") -> Any:
    """Put a lifecycle policy."""
    wanted = text or json.dumps({"rules": rules})
    return ecr.put_lifecycle_policy(repositoryName=name or repository(scene), lifecyclePolicyText=wanted)


CASES = (
    case("CreateRepository", "with a name in use", "RepositoryAlreadyExistsException", ERRORS,
        lambda s, c: c.create_repository(repositoryName=repository(s))),
    case("CreateRepository", "with capital letters in the name", "InvalidParameterException",
        "https://github.com/aws/aws-cdk/issues/9877", lambda s, c: c.create_repository(repositoryName="Web"),
        "must satisfy regular expression"),
    case("CreateRepository", "with a name of more than 256 characters", "InvalidParameterException",
        parameter("repositoryName"), lambda s, c: c.create_repository(repositoryName="x" * 257)),
    case("CreateRepository", "with a mutability that does not exist", "InvalidParameterException",
        parameter("imageTagMutability"),
        lambda s, c: c.create_repository(repositoryName="x1", imageTagMutability="NEVER")),
    case("CreateRepository", "with a tag key of AWS's own", "InvalidTagParameterException", ERRORS,
        lambda s, c: c.create_repository(repositoryName="x2", tags=[{"Key": "aws:a", "Value": "b"}])),
    case("CreateRepository", "with a tag that has other signs than those allowed", "InvalidTagParameterException",
        ERRORS, lambda s, c: c.create_repository(repositoryName="x2", tags=[{"Key": "a", "Value": "(b)"}])),
    case("CreateRepository", "with more than 50 tags", "TooManyTagsException", ERRORS,
        lambda s, c: c.create_repository(
            repositoryName="x3", tags=[{"Key": f"a{number}", "Value": "b"} for number in range(51)])),
    case("CreateRepository", "with an unknown key", "KmsException", ERRORS,
        lambda s, c: c.create_repository(
            repositoryName="key", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": UNKNOWN_KEY})),
    case("DescribeRepositories", "of an unknown name", "RepositoryNotFoundException", ERRORS,
        lambda s, c: c.describe_repositories(repositoryNames=["nothing"])),
    case("DeleteRepository", "of an unknown name", "RepositoryNotFoundException", ERRORS,
        lambda s, c: c.delete_repository(repositoryName="nothing")),
    case("DeleteRepository", "while images are in it", "RepositoryNotEmptyException", ERRORS,
        lambda s, c: c.delete_repository(repositoryName=repository(s))),
    case("PutImage", "under an immutable tag", "ImageTagAlreadyExistsException", ERRORS,
        lambda s, c: c.put_image(repositoryName=repository(s), imageManifest=manifest(2), imageTag="1")),
    case("PutImage", "that exists under the tag", "ImageAlreadyExistsException", ERRORS,
        lambda s, c: c.put_image(repositoryName=repository(s), imageManifest=manifest(1), imageTag="1")),
    case("PutImage", "of an index whose images are not there", "ReferencedImagesNotFoundException", ERRORS,
        lambda s, c: c.put_image(repositoryName=repository(s), imageManifest=INDEX, imageTag="3")),
    case("GetLifecyclePolicy", "where there is none", "LifecyclePolicyNotFoundException", ERRORS,
        lambda s, c: c.get_lifecycle_policy(repositoryName=repository(s))),
    case("PutLifecyclePolicy", "for an unknown repository", "RepositoryNotFoundException", ERRORS,
        lambda s, c: policy(s, c, rule(1, "untagged"), name="nothing")),
    case("PutLifecyclePolicy", "that is not JSON", "InvalidParameterException", ERRORS,
        lambda s, c: policy(s, c, text="{" * 100)),
    case("PutLifecyclePolicy", "with a priority twice", "InvalidParameterException", POLICIES,
        lambda s, c: policy(s, c, rule(1, "untagged"), rule(1, "tagged", tagPrefixList=["v"]))),
    case("PutLifecyclePolicy", "with tagged images and no tags", "InvalidParameterException", POLICIES,
        lambda s, c: policy(s, c, rule(1, "tagged"))),
    case("PutLifecyclePolicy", "with untagged images and tags", "InvalidParameterException", POLICIES,
        lambda s, c: policy(s, c, rule(1, "untagged", tagPrefixList=["v"]))),
    case("PutLifecyclePolicy", "with two rules for untagged images", "InvalidParameterException", POLICIES,
        lambda s, c: policy(s, c, rule(1, "untagged"), rule(2, "untagged"))),
    case("PutLifecyclePolicy", "with any image before others", "InvalidParameterException", POLICIES,
        lambda s, c: policy(s, c, rule(1, "any"), rule(2, "untagged"))),
    case("ListTagsForResource", "of an unknown repository", "RepositoryNotFoundException", ERRORS,
        lambda s, c: c.list_tags_for_resource(
            resourceArn="arn:aws:ecr:ap-northeast-1:123456789012:repository/nothing")),
)  # fmt: skip
