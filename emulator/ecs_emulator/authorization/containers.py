"""Permissions of ECS, Auto Scaling and Elastic Load Balancing, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.ec2 import launched, passed
from ecs_emulator.authorization.policy import Check
from ecs_emulator.ecs.store import last_part

# -- ECS ---------------------------------------------------------------------------------------------------------------

_CREATING: Mapping[str, Callable[[ApiCall], str]] = {
    "CreateCapacityProvider": lambda call: f"capacity-provider/{call.text('name')}",
    "CreateCluster": lambda call: f"cluster/{call.text('clusterName') or 'default'}",
    "CreateService": lambda call: f"service/{_cluster(call)}/{call.text('serviceName')}",
    "RegisterTaskDefinition": lambda call: f"task-definition/{call.text('family')}:*",
}
_SERVICE, _TASK, _INSTANCE = "service/{cluster}/{name}", "task/{cluster}/{name}", "container-instance/{cluster}/{name}"
_NAMED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("DeleteCluster", "DeregisterContainerInstance", "ListContainerInstances", "PutClusterCapacityProviders",
         "UpdateCluster", "UpdateClusterSettings"),
        ("cluster", "cluster/{name}"),
    ),
    "DescribeClusters": ("clusters", "cluster/{name}"),
    "DescribeServices": ("services", _SERVICE),
    "DeleteService": ("service", _SERVICE),
    "UpdateService": ("service", _SERVICE),
    "ListServiceDeployments": ("service", _SERVICE),
    "DescribeServiceDeployments": ("serviceDeploymentArns", "service-deployment/{path}"),
    "DescribeServiceRevisions": ("serviceRevisionArns", "service-revision/{path}"),
    "DescribeTasks": ("tasks", _TASK),
    "StopTask": ("task", _TASK),
    "DescribeContainerInstances": ("containerInstances", _INSTANCE),
    "UpdateContainerInstancesState": ("containerInstances", _INSTANCE),
    "DescribeCapacityProviders": ("capacityProviders", "capacity-provider/{name}"),
    "DeleteCapacityProvider": ("capacityProvider", "capacity-provider/{name}"),
    "UpdateCapacityProvider": ("name", "capacity-provider/{name}"),
    "DeleteTaskDefinitions": ("taskDefinitions", "task-definition/{name}"),
}  # fmt: skip
"""The parameter that names an operation's resources, and what their ARNs go on with."""


def ecs(call: ApiCall) -> Iterator[Check]:
    """Yield what ECS asks for at one call."""
    operation, within = call.operation, {"ecs:cluster": (call.arn(f"cluster/{_cluster(call)}"),)}
    if operation in _CREATING:
        yield from _ecs_created(call)
    elif operation in _NAMED and call.many(_NAMED[operation][0]):
        parameter, pattern = _NAMED[operation]
        for name in call.many(parameter):
            parts = {"cluster": _cluster(call), "name": last_part(name), "path": name.partition("/")[2]}
            arn = call.arn(pattern.format(**parts))
            yield call.existing(arn, within if "{cluster}" in pattern else {})
    elif operation in ("ListServices", "ListTasks"):
        yield call.check(more=within)
    elif operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        brought = requested(call.tags("tags")) if operation == "TagResource" else {}
        yield call.existing(call.text("resourceArn"), brought)
    elif operation in ("PutAccountSetting", "PutAccountSettingDefault"):
        yield call.check(more={"ecs:account-setting": (call.text("name"),)})
    else:
        yield call.check()


def _ecs_created(call: ApiCall) -> Iterator[Check]:
    arn, brought = call.arn(_CREATING[call.operation](call)), call.tags("tags")
    yield call.check(arn, requested(brought))
    if brought:
        # ECS developer guide, "Grant permission to tag resources on creation"
        yield call.check(arn, requested(brought, f"ecs:CreateAction={call.operation}"), "ecs:TagResource")
    for name in ("executionRoleArn", "taskRoleArn"):
        if role := call.text(name):
            whole = role if role.startswith("arn:") else call.arn(f"role/{role}", "iam")
            yield passed(call, whole, "ecs-tasks.amazonaws.com")


def _cluster(call: ApiCall) -> str:
    return last_part(call.text("cluster")) or "default"


# -- Auto Scaling ------------------------------------------------------------------------------------------------------


def autoscaling(call: ApiCall) -> Iterator[Check]:
    """Yield what Auto Scaling asks for at one call: for a template also what launching from it takes."""
    operation, name = call.operation, call.text("AutoScalingGroupName")
    if operation.startswith("Describe"):
        yield call.check()
    elif operation == "CreateAutoScalingGroup":
        arn, brought = call.arn(f"autoScalingGroup:*:autoScalingGroupName/{name}"), requested(call.tags())
        yield call.check(arn, brought)
        if call.tags():
            yield call.check(arn, brought, "autoscaling:CreateOrUpdateTags")
        yield from _templates(call, call.text("VPCZoneIdentifier"))
    elif operation in ("CreateOrUpdateTags", "DeleteTags"):
        for group in sorted({value for key, value in call.form.items() if key.endswith(".ResourceId")}):
            yield call.existing(_group(call, group), requested(call.tags()))
    elif operation == "TerminateInstanceInAutoScalingGroup":
        yield call.existing(_group(call, _group_of(call, call.text("InstanceId"))))
    else:
        yield call.existing(_group(call, name))
        if operation == "UpdateAutoScalingGroup":
            there = _groups(call).get(name)
            yield from _templates(call, call.text("VPCZoneIdentifier") or (there.vpc_zone_identifier if there else ""))


def _templates(call: ApiCall, subnets: str) -> Iterator[Check]:
    ids = [value for key, value in call.form.items() if key.endswith("LaunchTemplateId")]
    names = [value for key, value in call.form.items() if key.endswith("LaunchTemplateName")]
    known = ec2_backends[call.account][call.region].launch_template_name_to_ids
    share = call.form.get("MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity", "100")
    for template in sorted({*ids, *(known.get(name, name) for name in names)}):
        yield from launched(call, template, [it for it in subnets.split(",") if it], spot=share != "100")


def _groups(call: ApiCall) -> Any:
    return autoscaling_backends[call.account][call.region].autoscaling_groups


def _group(call: ApiCall, name: str) -> str:
    there = _groups(call).get(name)
    arn: str = there.arn if there else call.arn(f"autoScalingGroup:*:autoScalingGroupName/{name}")
    return arn


def _group_of(call: ApiCall, instance: str) -> str:
    groups = _groups(call).values()
    return next((g.name for g in groups if any(s.instance.id == instance for s in g.instance_states)), "*")


# -- Elastic Load Balancing --------------------------------------------------------------------------------------------

_ARNS = ("LoadBalancerArn", "TargetGroupArn", "ListenerArn", "RuleArn", "ResourceArns")

_READ_OF_EC2: Mapping[str, tuple[str, ...]] = {
    "CreateLoadBalancer": (
        *("ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways"),
        *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:GetSecurityGroupsForVpc"),
    ),
    "CreateTargetGroup": ("ec2:DescribeInternetGateways", "ec2:DescribeVpcs"),
    "SetSecurityGroups": ("ec2:DescribeSecurityGroups",),
    "SetSubnets": ("ec2:DescribeSubnets",),
}
"""What the caller has to be allowed to read (user guide, "Elastic Load Balancing API permissions"), and what AWS has
asked for besides since October 2024 (aws-load-balancer-controller#3917)."""


def load_balancing(call: ApiCall) -> Iterator[Check]:
    """Yield what Elastic Load Balancing asks for at one call."""
    operation, brought = call.operation, call.tags()
    new = ""
    if operation.startswith("Describe"):
        yield call.check()
        return
    arns = [arn for name in _ARNS for arn in call.many(name)]
    if operation == "CreateLoadBalancer":
        new = call.arn(f"loadbalancer/app/{call.text('Name')}/*")
        yield call.check(new, requested(brought))
    elif operation == "CreateTargetGroup":
        new = call.arn(f"targetgroup/{call.text('Name')}/*")
        yield call.check(new, requested(brought))
    elif operation in ("CreateListener", "CreateRule"):
        of, to = ("loadbalancer", "listener") if operation == "CreateListener" else ("listener", "listener-rule")
        parent = call.text("LoadBalancerArn" if operation == "CreateListener" else "ListenerArn")
        new = parent.replace(f":{of}/", f":{to}/", 1) + "/*"
        yield call.existing(parent, requested(brought))
    elif operation == "SetRulePriorities":
        for arn in (value for key, value in call.form.items() if key.endswith(".RuleArn")):
            yield call.existing(arn)
    else:
        for arn in arns:
            yield call.existing(arn, requested(brought))
    if new and brought:
        yield call.check(
            new, requested(brought, f"elasticloadbalancing:CreateAction={operation}"), "elasticloadbalancing:AddTags"
        )
    for action in _READ_OF_EC2.get(operation, ()):
        yield call.check(action=action)
