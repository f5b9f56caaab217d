"""Application Auto Scaling: the bounds of a service's number of tasks, and the policies that change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.api import Api, Limit
from provisioner.aws.client import Aws
from provisioner.aws.errors import ALARMS_THROTTLED
from provisioner.aws.permissions import ASKED, OURS, OWN, TAGS_AT_ONCE, UNOWNED, Conditions, Use, grants
from provisioner.engine.costs import Around, Cost, monthly
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.traits import Leads
from provisioner.resources.ecs.cluster import own_clusters

_CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"

API = Api(
    "application-autoscaling",
    "Application Auto Scaling",
    transient=(
        Row("not_yet_consistent", "ValidationException", "service doesn't exist|doesn't exist", 60,
            "the service is not visible to Application Auto Scaling yet",
            "Application Auto Scaling API, RegisterScalableTarget"),
        Row("not_yet_consistent", "ValidationException", "Unable to assume IAM role", 60,
            "the service-linked role has not propagated yet", "terraform-provider-aws appautoscaling/target.go"),
        Row("not_yet_consistent", "ObjectNotFoundException", "No scalable target registered", 60,
            "the scalable target has not propagated yet",
            "terraform-provider-aws appautoscaling/policy.go, terraform#10737"),
        Row("in_use", "ValidationException", "tried to tag already exists", 60,
            "it exists already, but is not listed yet", "terraform-aws-rds-aurora#420"),
        Row("in_use", "ConcurrentUpdateException", "", 120, "another change is in progress",
            "Application Auto Scaling API"),
        # CloudWatch's own throttling, in Application Auto Scaling's words
        Row("in_use", "FailedResourceAccessException", ALARMS_THROTTLED, 600,
            "CloudWatch throttles the calls for the policy's alarms",
            "terraform-provider-aws#2275, #4285; aws-sdk-go#1472 (of a read)"),
        Row("in_use", "FailedResourceAccessException", "", 120,
            "the policy's alarms are not visible to Application Auto Scaling yet",
            "terraform-provider-aws appautoscaling/policy.go"),
    ),
    rates=(
        # CloudWatch's rates of alarms: 3 puts, 3 deletes and 9 reads a second. A policy has two alarms, put one by one,
        # so AWS may refuse the second of two policies in one second.
        Limit("together", 2, 1, _CLOUDWATCH, ("PutScalingPolicy",)),
        Limit("together", 3, 3, _CLOUDWATCH, ("DeleteScalingPolicy",)),
        Limit("together", 9, 9, _CLOUDWATCH, ("DescribeScalingPolicies",)),
    ),
)  # fmt: skip

_ECS = {"ServiceNamespace": "ecs"}
# The describe calls take a dimension only together with a resource
_TASKS = {**_ECS, "ScalableDimension": "ecs:service:DesiredCount"}


_SERVICE: Conditions = (
    ("StringEquals", "application-autoscaling:service-namespace", ("ecs",)),
    ("StringEquals", "application-autoscaling:scalable-dimension", ("ecs:service:DesiredCount",)),
)
SUSPENDED = {
    "DynamicScalingInSuspended": "scaling in",
    "DynamicScalingOutSuspended": "scaling out",
    "ScheduledScalingSuspended": "scheduled scaling",
}
"""The members of SuspendedState, in words (API reference)."""
_SCALES: Conditions = (
    (
        "ForAllValues:StringLike",
        "cloudwatch:AlarmActions",
        ("arn:{partition}:autoscaling:{region}:{account}:scalingPolicy:*:resource/ecs/service/{stack}/*",),
    ),
)
"""An alarm of target tracking does no more than to tell a policy that scales a service of the stack."""
_ALARMS = "PutScalingPolicy, DeleteScalingPolicy"
_SCALING_IAM = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/auto-scaling-IAM.html"


@dataclass(frozen=True)
class ScalableTarget(Leads, Resource):
    """An ECS service's number of tasks, which can be scaled: `service/<cluster>/<service>`, from min to max."""

    resource_id: str
    min_capacity: int
    max_capacity: int

    type_name = "scalable_target"
    has_tags = False
    api = API
    arn = "scalable-target/*"
    permissions = (
        *grants("application-autoscaling", "DescribeScalableTargets"),
        *grants("application-autoscaling", "RegisterScalableTarget", OWN, conditions=(*ASKED, *_SERVICE)),
        *grants(
            "application-autoscaling",
            "RegisterScalableTarget DeregisterScalableTarget",
            OWN,
            conditions=(*OURS, *_SERVICE),
        ),
        *grants("application-autoscaling", "TagResource", OWN, conditions=(*ASKED, *UNOWNED), **TAGS_AT_ONCE),
    )
    identity = ("resource_id",)
    derived = ("id",)
    has_parent = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names, clusters = {fields["resource_id"] for fields in known}, own_clusters(aws)
        found = aws.pages("application-autoscaling", "describe_scalable_targets", "ScalableTargets", **_ECS)
        for target in found:
            owned = _cluster(target) in clusters
            if owned or target["ResourceId"] in names:
                attributes = {
                    "resource_id": target["ResourceId"],
                    "min_capacity": target["MinCapacity"],
                    "max_capacity": target["MaxCapacity"],
                }
                details = {"suspended": suspended_of(target)}
                yield Observed(target["ResourceId"], attributes, owned=owned, details=details)

    def create(self, aws: Aws, token: str) -> Observed:
        self._register(aws, Tags=aws.owner_tags(self.address))
        return Observed(self.resource_id, self.fields())

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        self._register(aws)

    def _register(self, aws: Aws, **more: Any) -> None:
        aws.client("application-autoscaling").register_scalable_target(
            **_TASKS,
            ResourceId=self.resource_id,
            MinCapacity=self.min_capacity,
            MaxCapacity=self.max_capacity,
            **more,
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("application-autoscaling").deregister_scalable_target(**_TASKS, ResourceId=live.id)


@dataclass(frozen=True)
class ScalingPolicy(Leads, Resource):
    """A target tracking policy of an ECS service; AWS creates its alarms, and deletes them with it."""

    policy_name: str
    resource_id: str
    target_tracking_scaling_policy_configuration: Mapping[str, Any]

    type_name = "scaling_policy"
    has_tags = False
    api = API
    arn = "scalable-target/*"
    permissions = (
        *grants("application-autoscaling", "DescribeScalingPolicies"),
        *grants("application-autoscaling", "PutScalingPolicy DeleteScalingPolicy", OWN, conditions=(*OURS, *_SERVICE)),
        *grants(
            "cloudwatch",
            "PutMetricAlarm",
            "alarm:TargetTracking-service/{stack}/*",
            conditions=_SCALES,
            use=Use.IMPLIED,
            why=_ALARMS,
            source=_SCALING_IAM,
        ),
        *grants(
            "cloudwatch",
            "DeleteAlarms",
            "alarm:TargetTracking-service/{stack}/*",
            use=Use.IMPLIED,
            why=_ALARMS,
            source=_SCALING_IAM,
        ),
        *grants(
            "cloudwatch",
            "DescribeAlarms",
            "alarm:*",
            use=Use.IMPLIED,
            why=_ALARMS,
            source=_SCALING_IAM,
            reader=False,
        ),
    )
    identity = ("resource_id", "policy_name")
    has_parent = True

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        tracking = settings.get("target_tracking_scaling_policy_configuration") or {}
        followed = str((tracking.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType", ""))
        if followed.endswith("HighResolution"):
            # 0.30 USD a month instead of 0.10 (https://aws.amazon.com/cloudwatch/pricing)
            yield monthly("2 high-resolution alarms, by which a service scales, each as 3 others", "alarm.month", 6)
        else:
            yield monthly("2 alarms, by which a service scales", "alarm.month", 2)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names, clusters = {(fields["resource_id"], fields["policy_name"]) for fields in known}, own_clusters(aws)
        found = aws.pages("application-autoscaling", "describe_scaling_policies", "ScalingPolicies", **_ECS)
        for policy in found:
            owned = _cluster(policy) in clusters
            if owned or (policy["ResourceId"], policy["PolicyName"]) in names:
                attributes = {
                    "policy_name": policy["PolicyName"],
                    "resource_id": policy["ResourceId"],
                    # A policy of another type has none, so that it differs
                    "target_tracking_scaling_policy_configuration": {
                        "DisableScaleIn": False,
                        **_sorted(policy.get("TargetTrackingScalingPolicyConfiguration", {})),
                    },
                }
                yield Observed(policy["PolicyARN"], attributes, owned=owned)

    def create(self, aws: Aws, token: str) -> Observed:
        return Observed(self._put(aws), self.fields())

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        self._put(aws)

    def _put(self, aws: Aws) -> str:
        made = aws.client("application-autoscaling").put_scaling_policy(
            **_TASKS,
            ResourceId=self.resource_id,
            PolicyName=self.policy_name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=self.target_tracking_scaling_policy_configuration,
        )
        return str(made["PolicyARN"])

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("application-autoscaling").delete_scaling_policy(
            **_TASKS, ResourceId=live.attributes["resource_id"], PolicyName=live.attributes["policy_name"]
        )


@dataclass(frozen=True)
class ScheduledAction(Leads, Resource):
    """A time from which an ECS service has other bounds of its number of tasks, every day or week."""

    scheduled_action_name: str
    resource_id: str
    schedule: str
    timezone: str
    min_capacity: int
    max_capacity: int

    type_name = "scheduled_action"
    has_tags = False
    api = API
    arn = "scalable-target/*"
    permissions = (
        *grants("application-autoscaling", "DescribeScheduledActions"),
        *grants(
            "application-autoscaling", "PutScheduledAction DeleteScheduledAction", OWN, conditions=(*OURS, *_SERVICE)
        ),
    )
    identity = ("resource_id", "scheduled_action_name")
    has_parent = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {(fields["resource_id"], fields["scheduled_action_name"]) for fields in known}
        clusters = own_clusters(aws)
        found = aws.pages("application-autoscaling", "describe_scheduled_actions", "ScheduledActions", **_ECS)
        for action in found:
            owned = _cluster(action) in clusters
            if owned or (action["ResourceId"], action["ScheduledActionName"]) in names:
                bounds = action.get("ScalableTargetAction", {})
                attributes = {
                    "scheduled_action_name": action["ScheduledActionName"],
                    "resource_id": action["ResourceId"],
                    "schedule": action["Schedule"],
                    "timezone": action.get("Timezone") or "UTC",
                    "min_capacity": bounds.get("MinCapacity"),
                    "max_capacity": bounds.get("MaxCapacity"),
                }
                yield Observed(_id_of(action["ResourceId"], action["ScheduledActionName"]), attributes, owned=owned)

    def create(self, aws: Aws, token: str) -> Observed:
        self._put(aws)
        return Observed(_id_of(self.resource_id, self.scheduled_action_name), self.fields())

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        self._put(aws)

    def _put(self, aws: Aws) -> None:
        aws.client("application-autoscaling").put_scheduled_action(
            **_TASKS,
            ResourceId=self.resource_id,
            ScheduledActionName=self.scheduled_action_name,
            Schedule=self.schedule,
            Timezone=self.timezone,
            ScalableTargetAction={"MinCapacity": self.min_capacity, "MaxCapacity": self.max_capacity},
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("application-autoscaling").delete_scheduled_action(
            **_TASKS,
            ResourceId=live.attributes["resource_id"],
            ScheduledActionName=live.attributes["scheduled_action_name"],
        )


def _id_of(resource_id: str, name: str) -> str:
    """Return an id for a scheduled action: PutScheduledAction answers nothing, so that its ARN is not known."""
    return f"{resource_id}/{name}"


def _sorted(tracking: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy's settings with the dimensions of its metrics in the order of their names."""
    metric = tracking.get("CustomizedMetricSpecification") or {}
    if queries := metric.get("Metrics"):
        metric = {**metric, "Metrics": [_query(one) for one in queries]}
    return {**tracking, **({"CustomizedMetricSpecification": _in_order(metric)} if metric else {})}


def _query(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return one query of metric math, also with the default that AWS may leave out (API reference)."""
    stat = shown.get("MetricStat")
    with_metric = {"MetricStat": {**stat, "Metric": _in_order(stat["Metric"])}} if stat else {}
    return {"ReturnData": True, **shown, **with_metric}


def _in_order(metric: Mapping[str, Any]) -> Mapping[str, Any]:
    if not metric.get("Dimensions"):
        return metric
    return {**metric, "Dimensions": sorted(metric["Dimensions"], key=lambda one: str(one["Name"]))}


def suspended_of(shown: Mapping[str, Any]) -> list[str]:
    """Return the suspended kinds of scaling of a scalable target as AWS shows it, in words."""
    state = shown.get("SuspendedState") or {}
    return [words for member, words in SUSPENDED.items() if state.get(member)]


def _cluster(shown: Mapping[str, Any]) -> str:
    """Return the cluster of a scalable target or policy, which shows the stack that it belongs to."""
    return str(shown["ResourceId"].split("/")[1])
