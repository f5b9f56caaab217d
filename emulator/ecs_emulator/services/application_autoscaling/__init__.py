"""Application Auto Scaling."""

from __future__ import annotations

from ecs_emulator.services.application_autoscaling import texts
from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_json

_REFERENCE = "Application Auto Scaling API"

API = EmulatedApi(
    "application-autoscaling",
    responses="applicationautoscaling.responses:ApplicationAutoScalingResponse",
    invalid="ValidationException",
    pages=Pages(Bounds(50, 1, 50), "InvalidNextTokenException", "ValidationException"),
    lists={"DescribeScalingPolicies": Bounds(10, 1, 10)},
    codes=Codes("ThrottlingException", "InternalServiceException"),
    modules=("rules", "scheduled", "tracking"),
    refusals=(
        Refusal(
            "application-autoscaling",
            "RegisterScalableTarget",
            5,
            "ValidationException",
            texts.NO_SERVICE,
            in_json("ResourceId"),
            _REFERENCE,
        ),
        Refusal(
            "application-autoscaling",
            "RegisterScalableTarget",
            5,
            "ValidationException",
            "Unable to assume IAM role: arn:aws:iam::123456789012:role/aws-service-role/ecs.application-autoscaling."
            "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
            r'"ScalableDimension": ?"([^"]+)"',
            "terraform-provider-aws appautoscaling/target.go",
        ),
        Refusal(
            "application-autoscaling",
            "PutScalingPolicy",
            5,
            "ConcurrentUpdateException",
            "You already have a pending update to an Auto Scaling resource.",
            in_json("ResourceId"),
            _REFERENCE,
        ),
        Refusal(
            "application-autoscaling",
            "PutScalingPolicy",
            5,
            "ObjectNotFoundException",
            "No scalable target registered for service namespace: ecs, resource ID: {}, scalable dimension: "
            "ecs:service:DesiredCount",
            in_json("ResourceId"),
            "terraform#10737",
        ),
        Refusal(
            "application-autoscaling",
            "PutScalingPolicy",
            10,
            "FailedResourceAccessException",
            "Unable to retrieve alarms for scaling policy of {} due to reason: The security token included in the "
            "request is invalid.",
            in_json("ResourceId"),
            "terraform-provider-aws appautoscaling/policy.go",
        ),
        Refusal(
            "application-autoscaling",
            "DeleteScalingPolicy",
            5,
            "FailedResourceAccessException",
            "Unable to delete alarms of scaling policy {} due to reason: Rate exceeded",
            in_json("PolicyName"),
            "terraform-provider-aws appautoscaling/policy.go",
        ),
    ),
)
