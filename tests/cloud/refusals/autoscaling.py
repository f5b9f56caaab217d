"""Refusals by EC2 Auto Scaling and Application Auto Scaling."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, Case, Scene, once, parameter
from tests.cloud.refusals.network import subnets

MATH = (
    "https://docs.aws.amazon.com/autoscaling/application/userguide/"
    "application-auto-scaling-target-tracking-metric-math.html"
)
case = partial(Case, "autoscaling")
services = partial(Case, "application-autoscaling")
QUOTAS = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html"
PROFILE = "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/autoscaling/group.go"
SUSPENDED = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-launch-template.html"
PREFERENCES = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html"
DISTRIBUTION = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html"


@once
def template(scene: Scene) -> str:
    """The id of a launch template."""
    return new_template(scene, "hosts")


def new_template(scene: Scene, name: str, **more: Any) -> str:
    """Make a launch template and return its id."""
    data = {"ImageId": "ami-12345678", "InstanceType": "c5.large", **more}
    made = scene.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def create(scene: Scene, scaling: Any, **more: Any) -> Any:
    """Create a group without instances."""
    request: dict[str, Any] = {
        "AutoScalingGroupName": scene.name("group"), "MinSize": 0, "MaxSize": 2, "DesiredCapacity": 0,
        "LaunchTemplate": {"LaunchTemplateId": template(scene), "Version": "$Latest"},
        "VPCZoneIdentifier": ",".join(subnets(scene)),
    }  # fmt: skip
    wanted = {**request, **more}
    return scaling.create_auto_scaling_group(**{key: value for key, value in wanted.items() if value is not None})


@once
def auto_scaling_group(scene: Scene, name: str = "group", desired: int = 0) -> str:
    """The ARN of a group."""
    scaling = scene.client("autoscaling")
    create(scene, scaling, AutoScalingGroupName=name, DesiredCapacity=desired)
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
    return str(found["AutoScalingGroupARN"])


@once
def full_group(scene: Scene) -> str:
    """A group with an instance."""
    scaling = scene.client("autoscaling")
    auto_scaling_group(scene, "full", 1)

    def members() -> Any:
        return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["full"])["AutoScalingGroups"][0]["Instances"]

    scene.wait(members)
    return "full"


def going(scene: Scene, scaling: Any) -> Any:
    """Update a group that is being deleted."""
    name = scene.name("going")
    auto_scaling_group(scene, name, 1)
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    return scaling.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=3)


def mixed(scene: Scene, scaling: Any, overrides: list[dict[str, Any]] | None = None, **distribution: Any) -> Any:
    """Create a group of mixed instances."""
    chosen = {"LaunchTemplateSpecification": {"LaunchTemplateId": template(scene), "Version": "$Latest"}}
    policy = {"LaunchTemplate": {**chosen, "Overrides": overrides or [{"InstanceType": "c5.large"}]}}
    return create(
        scene, scaling, LaunchTemplate=None, MixedInstancesPolicy={**policy, "InstancesDistribution": distribution}
    )


def of_template(scene: Scene, scaling: Any, **data: Any) -> Any:
    """Create a group over a launch template with this in it."""
    made = new_template(scene, scene.name("template"), **data)
    return create(scene, scaling, LaunchTemplate={"LaunchTemplateId": made, "Version": "$Latest"})


def update(scaling: Any, name: str, **more: Any) -> Any:
    return scaling.update_auto_scaling_group(AutoScalingGroupName=name, **more)


@once
def refreshed(scene: Scene) -> str:
    """A group under an instance refresh, which waits since its instance is protected from scale-in."""
    scaling = scene.client("autoscaling")
    create(scene, scaling, AutoScalingGroupName="old", DesiredCapacity=1, NewInstancesProtectedFromScaleIn=True)

    def serves() -> bool:
        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["old"])["AutoScalingGroups"]
        return [one["LifecycleState"] for one in group["Instances"]] == ["InService"]

    scene.wait(serves)
    refresh(scaling, "old")
    return "old"


def refresh(scaling: Any, name: str, **preferences: Any) -> Any:
    """Start an instance refresh."""
    return scaling.start_instance_refresh(AutoScalingGroupName=name, Preferences=preferences)


def named(scene: Scene, name: str = "group") -> str:
    """The name of a group that is there."""
    auto_scaling_group(scene, name)
    return name


TARGET = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
CPU = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}


@once
def ecs_service(scene: Scene, *, registered: bool = False) -> str:
    """The resource id of an ECS service, which may be a scalable target."""
    from tests.cloud.refusals.ecs_clusters import cluster
    from tests.cloud.refusals.ecs_services import create as create_service

    name = "scaled" if registered else "unscaled"
    create_service(scene, scene.client("ecs"), serviceName=name)
    resource = f"service/{cluster(scene)}/{name}"
    if registered:
        register(scene.client("application-autoscaling"), resource)
    return resource


def register(client: Any, resource: str, **more: Any) -> Any:
    """Register a scalable target."""
    return client.register_scalable_target(**{
        **TARGET, "ResourceId": resource, "MinCapacity": 1, "MaxCapacity": 2, **more})  # fmt: skip


def track(client: Any, resource: str, **more: Any) -> Any:
    """Put a policy that tracks the average CPU."""
    request = {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", **TARGET, "ResourceId": resource}
    return client.put_scaling_policy(**{**request, "TargetTrackingScalingPolicyConfiguration": CPU, **more})


def math(beside: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
    """The configuration of a policy that tracks twice the length of a queue."""
    queue = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": []}
    queries = [
        {"Id": "length", "MetricStat": {"Metric": queue, "Stat": "Maximum"}, "ReturnData": False},
        {"Id": "twice", "Expression": "2 * length", "ReturnData": True, **query},
    ]
    return {"TargetValue": 1.0, "CustomizedMetricSpecification": {"Metrics": queries, **(beside or {})}}


def at(client: Any, resource: str, **more: Any) -> Any:
    """Put a scheduled action."""
    request = {"ScheduledActionName": "day", **TARGET, "ResourceId": resource, "Schedule": "cron(0 8 * * ? *)"}
    return client.put_scheduled_action(**{**request, "ScalableTargetAction": {"MinCapacity": 2}, **more})


def scaled(scene: Scene) -> str:
    return ecs_service(scene, registered=True)


CASES = (
    case("CreateAutoScalingGroup", "with a name in use", "AlreadyExists", ERRORS,
        lambda s, c: create(s, c, AutoScalingGroupName=named(s))),
    case("CreateAutoScalingGroup", "with a name of more than 255 characters", "ValidationError",
        parameter("AutoScalingGroupName"), lambda s, c: create(s, c, AutoScalingGroupName="x" * 256)),
    case("CreateAutoScalingGroup", "with MinSize greater than MaxSize", "ValidationError", parameter("MaxSize"),
        lambda s, c: create(s, c, MinSize=3, DesiredCapacity=3)),
    case("CreateAutoScalingGroup", "with a desired capacity above MaxSize", "ValidationError",
        parameter("DesiredCapacity"), lambda s, c: create(s, c, DesiredCapacity=3)),
    case("CreateAutoScalingGroup", "with an unknown launch template", "ValidationError", SUSPENDED,
        lambda s, c: create(s, c, LaunchTemplate={"LaunchTemplateId": "lt-00000000000000000", "Version": "1"}),
        "valid fully-formed launch template"),
    case("CreateAutoScalingGroup", "with an unknown version of the launch template", "ValidationError", SUSPENDED,
        lambda s, c: create(s, c, LaunchTemplate={"LaunchTemplateId": template(s), "Version": "9"})),
    case("CreateAutoScalingGroup", "with an unknown instance profile", "ValidationError", PROFILE,
        lambda s, c: of_template(s, c, IamInstanceProfile={"Name": "nothing"}), "Invalid IAM Instance Profile name"),
    case("CreateAutoScalingGroup", "with an unknown security group", "ValidationError", SUSPENDED,
        lambda s, c: of_template(s, c, SecurityGroupIds=["sg-00000000000000000"]), "does not exist"),
    case("CreateAutoScalingGroup", "without anything to launch", "ValidationError", TEXT,
        lambda s, c: create(s, c, LaunchTemplate=None)),
    case("CreateAutoScalingGroup", "with a launch template and a mixed instances policy", "ValidationError",
        parameter("MixedInstancesPolicy"), lambda s, c: create(s, c, MixedInstancesPolicy={
            "LaunchTemplate": {"LaunchTemplateSpecification": {"LaunchTemplateId": template(s)}}})),
    case("CreateAutoScalingGroup", "in an unknown subnet", "ValidationError", parameter("VPCZoneIdentifier"),
        lambda s, c: create(s, c, VPCZoneIdentifier="subnet-00000000000000000"), "does not exist"),
    case("CreateAutoScalingGroup", "without a subnet or a zone", "ValidationError", parameter("VPCZoneIdentifier"),
        lambda s, c: create(s, c, VPCZoneIdentifier=None)),
    case("CreateAutoScalingGroup", "with an unknown target group", "ValidationError",
        parameter("TargetGroupARNs"), lambda s, c: create(s, c, TargetGroupARNs=[
            "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/nothing/0123456789abcdef"])),
    case("CreateAutoScalingGroup", "with instances that live less than a day", "ValidationError",
        parameter("MaxInstanceLifetime"), lambda s, c: create(s, c, MaxInstanceLifetime=3600)),
    case("CreateAutoScalingGroup", "with a health check that does not exist", "ValidationError",
        parameter("HealthCheckType"), lambda s, c: create(s, c, HealthCheckType="ECS")),
    case("CreateAutoScalingGroup", "with a termination policy that does not exist", "ValidationError",
        parameter("TerminationPolicies"), lambda s, c: create(s, c, TerminationPolicies=["Cheapest"])),
    case("CreateAutoScalingGroup", "with more than 100 % on demand", "ValidationError", DISTRIBUTION,
        lambda s, c: mixed(s, c, OnDemandPercentageAboveBaseCapacity=101)),
    case("CreateAutoScalingGroup", "with a Spot strategy that does not exist", "ValidationError", DISTRIBUTION,
        lambda s, c: mixed(s, c, SpotAllocationStrategy="cheapest")),
    case("CreateAutoScalingGroup", "with an instance type twice", "ValidationError", parameter("MixedInstancesPolicy"),
        lambda s, c: mixed(s, c, [{"InstanceType": "c5.large"}] * 2)),
    case("CreateAutoScalingGroup", "with an instance type that does not exist", "ValidationError",
        parameter("MixedInstancesPolicy"), lambda s, c: mixed(s, c, [{"InstanceType": "c5.tiny"}]),
        why_not="moto's table of types is older than AWS's: the newest ones would be refused"),
    case("UpdateAutoScalingGroup", "that is unknown", "ValidationError", parameter("AutoScalingGroupName"),
        lambda s, c: update(c, "nothing", MaxSize=1), "not found"),
    case("UpdateAutoScalingGroup", "to MinSize greater than MaxSize", "ValidationError", parameter("MinSize"),
        lambda s, c: update(c, named(s), MinSize=3)),
    case("UpdateAutoScalingGroup", "to a desired capacity above MaxSize", "ValidationError",
        parameter("DesiredCapacity"), lambda s, c: update(c, named(s), DesiredCapacity=3)),
    case("UpdateAutoScalingGroup", "while it is being deleted", "ScalingActivityInProgress", ERRORS, going),
    case("UpdateAutoScalingGroup", "to an unknown launch template", "ValidationError", SUSPENDED,
        lambda s, c: update(c, named(s), LaunchTemplate={"LaunchTemplateId": "lt-00000000000000000"})),
    case("DeleteAutoScalingGroup", "that is unknown", "ValidationError", parameter("AutoScalingGroupName"),
        lambda s, c: c.delete_auto_scaling_group(AutoScalingGroupName="nothing"), "not found"),
    case("DeleteAutoScalingGroup", "while instances are in it, without force", "ResourceInUse", ERRORS,
        lambda s, c: c.delete_auto_scaling_group(AutoScalingGroupName=full_group(s)), "while there are instances"),
    case("SetInstanceProtection", "of more than 50 instances", "ValidationError", QUOTAS,
        lambda s, c: c.set_instance_protection(
            AutoScalingGroupName=named(s), ProtectedFromScaleIn=True,
            InstanceIds=[f"i-{number:017x}" for number in range(51)])),
    case("SetInstanceProtection", "of an instance of none", "ValidationError", parameter("InstanceIds"),
        lambda s, c: c.set_instance_protection(
            AutoScalingGroupName=named(s), ProtectedFromScaleIn=True, InstanceIds=["i-00000000000000000"]),
        "is not part of Auto Scaling group"),
    case("SetInstanceProtection", "in an unknown group", "ValidationError", parameter("AutoScalingGroupName"),
        lambda s, c: c.set_instance_protection(
            AutoScalingGroupName="nothing", ProtectedFromScaleIn=True, InstanceIds=["i-00000000000000000"])),
    case("SetDesiredCapacity", "to a capacity above MaxSize", "ValidationError", parameter("DesiredCapacity"),
        lambda s, c: c.set_desired_capacity(AutoScalingGroupName=named(s), DesiredCapacity=3), "above max value"),
    case("SetDesiredCapacity", "of an unknown group", "ValidationError", parameter("AutoScalingGroupName"),
        lambda s, c: c.set_desired_capacity(AutoScalingGroupName="nothing", DesiredCapacity=1)),
    case("TerminateInstanceInAutoScalingGroup", "of an unknown instance", "ValidationError",
        parameter("InstanceId"), lambda s, c: c.terminate_instance_in_auto_scaling_group(
            InstanceId="i-00000000000000000", ShouldDecrementDesiredCapacity=True)),
    case("CreateOrUpdateTags", "on an unknown group", "ValidationError", parameter("Tags"),
        lambda s, c: c.create_or_update_tags(Tags=[{
            "ResourceId": "nothing", "ResourceType": "auto-scaling-group", "Key": "a", "Value": "b",
            "PropagateAtLaunch": False}])),
    case("DescribeScalingActivities", "of an unknown group", "ValidationError",
        parameter("AutoScalingGroupName"),
        lambda s, c: c.describe_scaling_activities(AutoScalingGroupName="nothing")),
    case("StartInstanceRefresh", "of an unknown group", "ValidationError", parameter("AutoScalingGroupName"),
        lambda s, c: refresh(c, "nothing"), "not found"),
    case("StartInstanceRefresh", "while another one of the group is under way", "InstanceRefreshInProgress", ERRORS,
        lambda s, c: refresh(c, refreshed(s))),
    case("StartInstanceRefresh", "with MaxHealthyPercentage and no MinHealthyPercentage", "ValidationError",
        PREFERENCES, lambda s, c: refresh(c, named(s), MaxHealthyPercentage=110)),
    case("StartInstanceRefresh", "with percentages more than 100 apart", "ValidationError", PREFERENCES,
        lambda s, c: refresh(c, named(s), MinHealthyPercentage=50, MaxHealthyPercentage=200)),
    case("StartInstanceRefresh", "with MinHealthyPercentage above 100", "ValidationError", PREFERENCES,
        lambda s, c: refresh(c, named(s), MinHealthyPercentage=101)),
    case("StartInstanceRefresh", "with a choice for protected instances that does not exist", "ValidationError",
        PREFERENCES, lambda s, c: refresh(c, named(s), ScaleInProtectedInstances="Terminate")),
    case("StartInstanceRefresh", "with a delay and no checkpoints", "ValidationError", PREFERENCES,
        lambda s, c: refresh(c, named(s), CheckpointDelay=60)),
    case("StartInstanceRefresh", "with a rollback and no desired configuration", "ValidationError", PREFERENCES,
        lambda s, c: refresh(c, named(s), AutoRollback=True)),
    case("DescribeInstanceRefreshes", "of an unknown group", "ValidationError",
        parameter("AutoScalingGroupName"),
        lambda s, c: c.describe_instance_refreshes(AutoScalingGroupName="nothing"), "not found"),
    case("DescribeInstanceRefreshes", "by more than 100 at once", "ValidationError", parameter("MaxRecords"),
        lambda s, c: c.describe_instance_refreshes(AutoScalingGroupName=named(s), MaxRecords=101)),
    case("DescribeInstanceRefreshes", "with an unknown token", "InvalidNextToken", ERRORS,
        lambda s, c: c.describe_instance_refreshes(AutoScalingGroupName=named(s), NextToken="nothing")),
    case("CancelInstanceRefresh", "of a group that is under none", "ActiveInstanceRefreshNotFound", ERRORS,
        lambda s, c: c.cancel_instance_refresh(AutoScalingGroupName=named(s))),
    case("RollbackInstanceRefresh", "of a group that is under none", "ActiveInstanceRefreshNotFound", ERRORS,
        lambda s, c: c.rollback_instance_refresh(AutoScalingGroupName=named(s))),
    case("RollbackInstanceRefresh", "without a desired configuration", "IrreversibleInstanceRefresh", ERRORS,
        lambda s, c: c.rollback_instance_refresh(AutoScalingGroupName=refreshed(s))),

    services("RegisterScalableTarget", "of an unknown service", "ValidationException", parameter("ResourceId"),
        lambda s, c: register(c, ecs_service(s).replace("unscaled", "nothing")), "ECS service doesn't exist"),
    services("RegisterScalableTarget", "without MaxCapacity", "ValidationException", parameter("MaxCapacity"),
        lambda s, c: c.register_scalable_target(**TARGET, ResourceId=ecs_service(s), MinCapacity=1)),
    services("RegisterScalableTarget", "with MinCapacity greater than MaxCapacity", "ValidationException",
        parameter("MinCapacity"), lambda s, c: register(c, ecs_service(s), MinCapacity=3)),
    services("RegisterScalableTarget", "with a capacity below 0", "ValidationException", parameter("MinCapacity"),
        lambda s, c: register(c, ecs_service(s), MinCapacity=-1)),
    services("RegisterScalableTarget", "in a namespace that does not exist", "ValidationException",
        parameter("ServiceNamespace"), lambda s, c: register(c, ecs_service(s), ServiceNamespace="eks")),
    services("RegisterScalableTarget", "with a dimension of another namespace", "ValidationException",
        parameter("ScalableDimension"),
        lambda s, c: register(c, ecs_service(s), ScalableDimension="dynamodb:table:ReadCapacityUnits")),
    services("DeregisterScalableTarget", "that is unknown", "ObjectNotFoundException", ERRORS,
        lambda s, c: c.deregister_scalable_target(**TARGET, ResourceId=ecs_service(s))),
    services("PutScalingPolicy", "for a resource that is not a scalable target", "ObjectNotFoundException", ERRORS,
        lambda s, c: track(c, ecs_service(s))),
    services("PutScalingPolicy", "with a type that does not exist", "ValidationException", parameter("PolicyType"),
        lambda s, c: track(c, scaled(s), PolicyType="Tracking")),
    services("PutScalingPolicy", "without a metric to track", "ValidationException",
        parameter("TargetTrackingScalingPolicyConfiguration"),
        lambda s, c: c.put_scaling_policy(
            **TARGET, ResourceId=scaled(s), PolicyName="bare", PolicyType="TargetTrackingScaling")),
    services("PutScalingPolicy", "with metric math that returns nothing", "ValidationException", MATH,
        lambda s, c: track(c, scaled(s), TargetTrackingScalingPolicyConfiguration=math(ReturnData=False))),
    services("PutScalingPolicy", "with metric math and a metric beside it", "ValidationException", MATH,
        lambda s, c: track(c, scaled(s), TargetTrackingScalingPolicyConfiguration=math({"MetricName": "length"}))),
    services("PutScalingPolicy", "with a metric that does not exist", "ValidationException",
        parameter("TargetTrackingScalingPolicyConfiguration"),
        lambda s, c: track(c, scaled(s), TargetTrackingScalingPolicyConfiguration={
            **CPU, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceCPU"}})),
    services("PutScalingPolicy", "with a name of more than 256 characters", "ValidationException",
        parameter("PolicyName"), lambda s, c: track(c, scaled(s), PolicyName="x" * 257)),
    services("DeleteScalingPolicy", "that is unknown", "ObjectNotFoundException", ERRORS,
        lambda s, c: c.delete_scaling_policy(**TARGET, ResourceId=scaled(s), PolicyName="nothing")),
    services("PutScheduledAction", "for a resource that is not a scalable target", "ObjectNotFoundException", ERRORS,
        lambda s, c: at(c, ecs_service(s))),
    services("PutScheduledAction", "with a schedule that is none", "ValidationException", parameter("Schedule"),
        lambda s, c: at(c, scaled(s), Schedule="cron(0 8 * * MON-FRI *)")),
    services("PutScheduledAction", "with a time zone that does not exist", "ValidationException",
        parameter("Timezone"), lambda s, c: at(c, scaled(s), Timezone="Asia/Edo")),
    services("PutScheduledAction", "with a name with a colon", "ValidationException",
        parameter("ScheduledActionName"), lambda s, c: at(c, scaled(s), ScheduledActionName="at:8")),
    services("PutScheduledAction", "with MinCapacity greater than MaxCapacity", "ValidationException",
        parameter("ScalableTargetAction"),
        lambda s, c: at(c, scaled(s), ScalableTargetAction={"MinCapacity": 3, "MaxCapacity": 2})),
    services("PutScheduledAction", "without a capacity", "ValidationException", parameter("ScalableTargetAction"),
        lambda s, c: at(c, scaled(s), ScalableTargetAction={})),
    services("DeleteScheduledAction", "that is unknown", "ObjectNotFoundException", ERRORS,
        lambda s, c: c.delete_scheduled_action(**TARGET, ResourceId=scaled(s), ScheduledActionName="nothing")),
    services("DescribeScalableTargets", "of more than 50 resources", "ValidationException", parameter("ResourceIds"),
        lambda s, c: c.describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[f"service/main/s{number}" for number in range(51)])),
    services("ListTagsForResource", "of an unknown target", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.list_tags_for_resource(ResourceARN=(
            "arn:aws:application-autoscaling:ap-northeast-1:123456789012:scalable-target/nothing"))),
)  # fmt: skip
