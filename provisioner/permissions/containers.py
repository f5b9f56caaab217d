"""Permissions for containers that belong to no resource type: linked roles, images, reads of logs and AMIs."""

from __future__ import annotations

from provisioner.aws.permissions import (
    ASKED_BEFOREHAND,
    Conditions,
    Permission,
    Use,
    grants,
)
from provisioner.config.models import Config
from provisioner.permissions.network import distributed, spot, with_redis
from provisioner.resources.ecr.copied_images import ECR

_FAILURE = "a failure is diagnosed"
_LINKED = ("autoscaling", "ecs", "ecs.application-autoscaling", "elasticloadbalancing", "rds")
_LOGS = "log-group:/ecs/{stack}/*"
_REPOSITORY = "repository/{stack}/*"


def _with_volumes(config: Config) -> bool:
    """Return whether services or jobs share volumes of the stack."""
    return bool(config.volumes)


def _pushes(config: Config) -> bool:
    """Return whether images are built, or copied from registries outside of this Region's ECR."""
    return any(workload.build for workload in config.images.values()) or any(
        place != config.region for place in _regions(config)
    )


def _ready_here(config: Config) -> bool:
    """Return whether containers use images directly from this Region's ECR, in any account."""
    return config.region in _regions(config)


def _copies_alone(config: Config) -> bool:
    """Return whether all images are in the stack's own repositories."""
    return not _ready_here(config)


def _from_ecr(config: Config) -> bool:
    """Return whether images are copied from ECR in another Region."""
    return any(place not in {None, config.region} for place in _regions(config))


def _regions(config: Config) -> list[str | None]:
    """Return the Region of each ready image's ECR; None for an image of another registry."""
    found = [ECR.match(workload.image) for workload in config.images.values() if workload.image]
    return [place["region"] if place else None for place in found]


def _linked(*services: str) -> Conditions:
    return (("StringEquals", "iam:AWSServiceName", tuple(f"{name}.amazonaws.com" for name in services)),)


IAM: tuple[Permission, ...] = (
    *grants("iam", "GetPolicyVersion", "{boundary}", use=Use.OTHER, why="doctor"),
    *grants("iam", "CreateServiceLinkedRole", "role/aws-service-role/*", conditions=_linked(*_LINKED)),
    *grants("iam", "CreateServiceLinkedRole", "role/aws-service-role/*", conditions=_linked("spot"), wanted=spot),
    *grants(
        "iam",
        "CreateServiceLinkedRole",
        "role/aws-service-role/*",
        conditions=_linked("elasticache"),
        wanted=with_redis,
    ),
    *grants(
        "iam",
        "CreateServiceLinkedRole",
        "role/aws-service-role/*",
        conditions=_linked("vpcorigin.cloudfront"),
        wanted=distributed,
    ),
    # EFS makes its role with an account's first file system, and AWS Backup with the first backup
    *grants(
        "iam",
        "CreateServiceLinkedRole",
        "role/aws-service-role/*",
        conditions=_linked("elasticfilesystem", "backup"),
        wanted=_with_volumes,
    ),
    *grants("iam", "SimulatePrincipalPolicy", use=Use.OTHER, why="doctor", parts=ASKED_BEFOREHAND),
)

ECS: tuple[Permission, ...] = (
    *grants("ecs", "ListAccountSettings"),
    *grants("ecs", "ListClusters", use=Use.OTHER, why="doctor", parts=ASKED_BEFOREHAND),
)

IMAGES: tuple[Permission, ...] = (
    # `deploy --image` takes an image of any repository of the account, as a team's own pipeline pushes to
    *grants("ecr", "DescribeImages", "repository/*", use=Use.OTHER, why="images"),
    *grants("ecr", "BatchGetImage", _REPOSITORY, use=Use.OTHER, why="images", wanted=_copies_alone),
    *grants(
        "ecr",
        "BatchGetImage",
        "arn:{partition}:ecr:{region}:*:repository/*",
        use=Use.OTHER,
        why="doctor: images that are in ECR here",
        wanted=_ready_here,
        parts=ASKED_BEFOREHAND,
    ),
    *grants("ecr", "PutImage BatchDeleteImage", _REPOSITORY, use=Use.OTHER, why="images"),
    *grants("ecr", "GetAuthorizationToken", use=Use.OTHER, why="images", wanted=_pushes, reader=False),
    *grants(
        "ecr",
        "GetAuthorizationToken",
        use=Use.OTHER,
        why="images that are copied from ECR elsewhere",
        wanted=_from_ecr,
        reader=True,
    ),
    *grants(
        "ecr",
        "BatchGetImage GetDownloadUrlForLayer",
        "arn:{partition}:ecr:*:*:repository/*",
        use=Use.IMPLIED,
        why="images that are copied from ECR elsewhere",
        source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html",
        wanted=_from_ecr,
        reader=True,
    ),
    *grants(
        "ecr",
        "BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload",
        _REPOSITORY,
        use=Use.IMPLIED,
        why="images that are pushed to the registry",
        source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html",
        wanted=_pushes,
        reader=False,
    ),
)

KEPT: tuple[Permission, ...] = (
    *grants("logs", "FilterLogEvents", _LOGS, use=Use.OTHER, why="logs"),
    *grants("logs", "GetLogEvents", _LOGS, use=Use.OTHER, why=_FAILURE),
    *grants("ssm", "GetParameter", "arn:{partition}:ssm:{region}::parameter/aws/service/ecs/*"),
    *grants("tag", "GetResources"),
)

CONTAINERS = (*IAM, *ECS, *IMAGES, *KEPT)
