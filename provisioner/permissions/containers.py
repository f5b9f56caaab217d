"""Permissions for what runs and what it keeps: IAM, ECS, instances, images, database, logs, parameters, the state."""

from __future__ import annotations

from provisioner.aws.permissions import (
    ASKED,
    ASKED_BEFOREHAND,
    BOUND,
    HERE,
    OURS,
    TAGS_AT_ONCE,
    UNOWNED,
    Conditions,
    Permission,
    Use,
    grants,
)
from provisioner.config.models import Config
from provisioner.permissions.network import spot, trunking
from provisioner.resources.ecr.copied_images import ECR

_CHANGED = "a setting changes in place"
_TAGS = "tags that the bulk read does not show yet"
_FAILURE = "a failure is looked into"
_CLUSTER: Conditions = (("ArnEquals", "ecs:cluster", ("arn:{partition}:ecs:{region}:{account}:cluster/{stack}",)),)
_SERVICE: Conditions = (
    ("StringEquals", "application-autoscaling:service-namespace", ("ecs",)),
    ("StringEquals", "application-autoscaling:scalable-dimension", ("ecs:service:DesiredCount",)),
)
_SCALING = "RegisterScalableTarget DeregisterScalableTarget PutScalingPolicy DeleteScalingPolicy"
_ROLE, _PROFILE = "role{role_path}{stack}-*", "instance-profile{role_path}{stack}-*"
_ATTACHED: Conditions = (
    (
        "ArnEquals",
        "iam:PolicyARN",
        tuple(
            f"arn:{{partition}}:iam::aws:policy/{name}"
            for name in (
                "service-role/AmazonEC2ContainerServiceforEC2Role",
                "service-role/AmazonECSTaskExecutionRolePolicy",
            )
        ),
    ),
)
_GROUP = "autoScalingGroup:*:autoScalingGroupName/{stack}"
_LINKED = ("autoscaling", "ecs", "ecs.application-autoscaling", "elasticloadbalancing", "rds")
_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_PASSED = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
_ALARMS = "PutScalingPolicy, DeleteScalingPolicy"
_TASKS = ("cluster/{stack}", "service/{stack}/*", "task-definition/{stack}-*:*", "capacity-provider/asg-{stack}")
LOGS = ("log-group:/ecs/{stack}/*", "log-group:/aws/ecs/containerinsights/{stack}/*")
_REPOSITORY = "repository/{stack}/*"


def _pushes(config: Config) -> bool:
    """Images are built, or copied from registries that are not ECR's of this Region."""
    return any(service.build for service in config.services.values()) or any(
        place != config.region for place in _regions(config)
    )


def _ready_here(config: Config) -> bool:
    """Images are used as they are in ECR of this Region, whosever they are."""
    return config.region in _regions(config)


def _copies_alone(config: Config) -> bool:
    """All images are in the stack's own repositories."""
    return not _ready_here(config)


def _from_ecr(config: Config) -> bool:
    """Images are copied from ECR elsewhere."""
    return any(place not in {None, config.region} for place in _regions(config))


def _regions(config: Config) -> list[str | None]:
    """Return the Region of each ready image's ECR, or None where it is of another registry."""
    found = [ECR.match(service.image) for service in config.services.values() if service.image]
    return [place["region"] if place else None for place in found]


def _linked(*services: str) -> Conditions:
    return (("StringEquals", "iam:AWSServiceName", tuple(f"{name}.amazonaws.com" for name in services)),)


IAM: tuple[Permission, ...] = (
    # these know no resources; of roles no policies and no tags are listed
    *grants("iam", "ListRoles ListInstanceProfiles"),
    # of any name: the caller's own role for `doctor`; and of what is not there IAM does not know the path
    *grants("iam", "GetRole", "role/*"),
    *grants("iam", "GetInstanceProfile", "instance-profile/*"),
    *grants("iam", "GetRolePolicy ListAttachedRolePolicies ListRolePolicies", _ROLE),
    *grants("iam", "GetPolicy", "{boundary}"),
    *grants("iam", "GetPolicyVersion", "{boundary}", use=Use.OTHER, why="doctor"),
    *grants("iam", "ListInstanceProfilesForRole", _ROLE, use=Use.OTHER, why="what keeps something from being removed"),
    *grants("iam", "ListRoleTags", _ROLE, use=Use.OTHER, why="import", reader=False),
    *grants("iam", "CreateRole", _ROLE, conditions=(*ASKED, *BOUND)),
    *grants("iam", "TagRole", _ROLE, conditions=ASKED, **TAGS_AT_ONCE),
    *grants("iam", "CreateInstanceProfile", _PROFILE, conditions=ASKED),
    *grants("iam", "TagInstanceProfile", _PROFILE, conditions=ASKED, **TAGS_AT_ONCE),
    *grants("iam", "AttachRolePolicy", _ROLE, conditions=(*_ATTACHED, *BOUND)),
    # what others have attached comes off too
    *grants("iam", "DetachRolePolicy PutRolePolicy DeleteRolePolicy DeleteRole", _ROLE, conditions=BOUND),
    *grants("iam", "PutRolePermissionsBoundary", _ROLE, conditions=BOUND, use=Use.OTHER, why="a role without it"),
    *grants("iam", "UpdateAssumeRolePolicy", _ROLE, conditions=BOUND, use=Use.OTHER, why=_CHANGED),
    *grants("iam", "AddRoleToInstanceProfile RemoveRoleFromInstanceProfile DeleteInstanceProfile", _PROFILE),
    *grants("iam", "CreateServiceLinkedRole", "role/aws-service-role/*", conditions=_linked(*_LINKED)),
    *grants("iam", "CreateServiceLinkedRole", "role/aws-service-role/*", conditions=_linked("spot"), wanted=spot),
    *grants(
        "iam",
        "PassRole",
        _ROLE,
        conditions=(("StringEquals", "iam:PassedToService", ("{ec2}", "ecs-tasks.amazonaws.com")),),
        use=Use.IMPLIED,
        why="AddRoleToInstanceProfile, CreateAutoScalingGroup, UpdateAutoScalingGroup, RegisterTaskDefinition",
        source=_PASSED,
    ),
    *grants("iam", "SimulatePrincipalPolicy", use=Use.OTHER, why="doctor", parts=ASKED_BEFOREHAND),
)

ECS: tuple[Permission, ...] = (
    *grants("ecs", "ListAccountSettings"),
    *grants("ecs", "ListClusters", use=Use.OTHER, why="doctor", parts=ASKED_BEFOREHAND),
    *grants("ecs", "DescribeContainerInstances", "container-instance/{stack}/*"),
    *grants("ecs", "UpdateContainerInstancesState", "container-instance/{stack}/*"),
    *grants("ecs", "StopTask", "task/{stack}/*", use=Use.OTHER, why="tasks left over"),
    *grants(
        "ecs",
        "PutAccountSettingDefault",
        conditions=(*HERE, ("StringEquals", "ecs:account-setting", ("awsvpcTrunking",))),
        wanted=trunking,
    ),
)

CAPACITY: tuple[Permission, ...] = (
    *grants("application-autoscaling", "DescribeScalableTargets DescribeScalingPolicies"),
    *grants("application-autoscaling", "RegisterScalableTarget", "scalable-target/*", conditions=(*ASKED, *_SERVICE)),
    *grants("application-autoscaling", _SCALING, "scalable-target/*", conditions=(*OURS, *_SERVICE)),
    *grants(
        "application-autoscaling", "TagResource", "scalable-target/*", conditions=(*ASKED, *UNOWNED), **TAGS_AT_ONCE
    ),
    *grants(
        "cloudwatch",
        "PutMetricAlarm DeleteAlarms",
        "alarm:TargetTracking-service/{stack}/*",
        use=Use.IMPLIED,
        why=_ALARMS,
        source=_ECS + "auto-scaling-IAM.html",
    ),
    *grants(
        "cloudwatch",
        "DescribeAlarms",
        "alarm:*",
        use=Use.IMPLIED,
        why=_ALARMS,
        source=_ECS + "auto-scaling-IAM.html",
        reader=False,
    ),
)

IMAGES: tuple[Permission, ...] = (
    *grants("ecr", "DescribeImages", _REPOSITORY, use=Use.OTHER, why="images"),
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
    *grants("logs", "FilterLogEvents", LOGS[0], use=Use.OTHER, why="logs"),
    *grants("logs", "GetLogEvents", LOGS[0], use=Use.OTHER, why=_FAILURE),
    *grants("ssm", "GetParameter", "arn:{partition}:ssm:{region}::parameter/aws/service/ecs/*"),
    *grants("tag", "GetResources"),
)

CONTAINERS = (*IAM, *ECS, *CAPACITY, *IMAGES, *KEPT)
