"""Auto Scaling groups; their rules are in `ecs_emulator.ecs`, whose instances they launch."""

from __future__ import annotations

from ecs_emulator.services.autoscaling import texts
from ecs_emulator.services.ec2 import texts as ec2_texts
from ecs_emulator.services.model import FORMS, Bounds, Codes, EmulatedApi, Pages, Refusal, in_form

API = EmulatedApi(
    "autoscaling",
    responses="autoscaling.responses:AutoScalingResponse",
    invalid="ValidationError",
    pages=Pages(Bounds(50, 1, 100), "InvalidNextToken", "ValidationError", empty=True),
    lists={"DescribeScalingActivities": Bounds(100, 1, 100)},
    most={"DescribeAutoScalingGroups": 100},
    more_lists={"DescribeInstanceRefreshes": ("NextToken", "MaxRecords", "InstanceRefreshes")},
    codes=Codes("Throttling", **FORMS),
    refusals=(
        Refusal(
            "autoscaling",
            "CreateAutoScalingGroup",
            15,
            "ValidationError",
            "You must use a valid fully-formed launch template. Value ({}) for parameter iamInstanceProfile.name is "
            "invalid. Invalid IAM Instance Profile name",
            in_form("AutoScalingGroupName"),
            "terraform-provider-aws autoscaling/group.go",
        ),
        Refusal(
            "autoscaling",
            "CreateAutoScalingGroup",
            5,
            "ValidationError",
            'You must use a valid fully-formed launch template. IAM Instance Profile "{}" has no associated IAM Roles',
            in_form("AutoScalingGroupName"),
            "terraform#4306 (EC2's words; in this service's: inferred)",
        ),
        Refusal(
            "autoscaling",
            "CreateAutoScalingGroup",
            5,
            "ServiceLinkedRoleFailure",
            "The service-linked role is not yet ready for use.",
            in_form("AutoScalingGroupName"),
            "Auto Scaling API",
            500,
        ),
        Refusal(
            "autoscaling",
            "CreateAutoScalingGroup",
            3,
            "ValidationError",
            "You must use a valid fully-formed launch template. The specified launch template, with template ID {}, "
            "does not exist.",
            in_form(r"MixedInstancesPolicy\.LaunchTemplate\.LaunchTemplateSpecification\.LaunchTemplateId"),
            "EC2 developer guide, eventual consistency",
        ),
        Refusal(
            "autoscaling",
            "CreateAutoScalingGroup",
            3,
            "ValidationError",
            ec2_texts.NO_SUBNET,
            r"(?m)^VPCZoneIdentifier=([^,\n]+)",
            "ansible-modules-core#486",
        ),
        Refusal(
            "autoscaling",
            "DeleteAutoScalingGroup",
            20,
            "ScalingActivityInProgress",
            "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
            in_form("AutoScalingGroupName"),
            "Auto Scaling API",
        ),
        Refusal(
            "autoscaling",
            "DeleteAutoScalingGroup",
            10,
            "ResourceInUse",
            texts.GROUP_HAS_INSTANCES,
            in_form("AutoScalingGroupName"),
            "Auto Scaling API",
        ),
        Refusal(
            "autoscaling",
            "SetInstanceProtection",
            5,
            "ValidationError",
            texts.INSTANCE_NOT_IN_SERVICE,
            r"(?m)^InstanceIds\.member\.1=(.+)$",
            "guardian/riff-raff#510",
        ),
    ),
    modules=(),
)
