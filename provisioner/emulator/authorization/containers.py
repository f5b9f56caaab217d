"""What ECS, ECR, Auto Scaling and Elastic Load Balancing ask for at their calls (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends

from provisioner.emulator.authorization.asked import Asked, each, requested
from provisioner.emulator.authorization.ec2 import launched, passed
from provisioner.emulator.authorization.keys import used
from provisioner.emulator.authorization.policy import Check
from provisioner.emulator.ecs.store import last_part

# -- ECS ---------------------------------------------------------------------------------------------------------------

_CREATING: Mapping[str, Callable[[Asked], str]] = {
    "CreateCapacityProvider": lambda asked: f"capacity-provider/{asked.text('name')}",
    "CreateCluster": lambda asked: f"cluster/{asked.text('clusterName') or 'default'}",
    "CreateService": lambda asked: f"service/{_cluster(asked)}/{asked.text('serviceName')}",
    "RegisterTaskDefinition": lambda asked: f"task-definition/{asked.text('family')}:*",
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


def ecs(asked: Asked) -> Iterator[Check]:
    """Yield what ECS asks for at one call."""
    operation, within = asked.operation, {"ecs:cluster": (asked.arn(f"cluster/{_cluster(asked)}"),)}
    if operation in _CREATING:
        yield from _ecs_created(asked)
    elif operation in _NAMED and asked.many(_NAMED[operation][0]):
        parameter, pattern = _NAMED[operation]
        for name in asked.many(parameter):
            arn = asked.arn(pattern.format(cluster=_cluster(asked), name=last_part(name)))
            yield asked.existing(arn, within if "{cluster}" in pattern else {})
    elif operation in ("ListServices", "ListTasks"):
        yield asked.check(more=within)
    elif operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        brought = requested(asked.tags("tags")) if operation == "TagResource" else {}
        yield asked.existing(asked.text("resourceArn"), brought)
    elif operation in ("PutAccountSetting", "PutAccountSettingDefault"):
        yield asked.check(more={"ecs:account-setting": (asked.text("name"),)})
    else:
        yield asked.check()


def _ecs_created(asked: Asked) -> Iterator[Check]:
    arn, brought = asked.arn(_CREATING[asked.operation](asked)), asked.tags("tags")
    yield asked.check(arn, requested(brought))
    if brought:
        # ECS developer guide, "Grant permission to tag resources on creation"
        yield asked.check(arn, requested(brought, f"ecs:CreateAction={asked.operation}"), "ecs:TagResource")
    for name in ("executionRoleArn", "taskRoleArn"):
        if role := asked.text(name):
            whole = role if role.startswith("arn:") else asked.arn(f"role/{role}", "iam")
            yield passed(asked, whole, "ecs-tasks.amazonaws.com")


def _cluster(asked: Asked) -> str:
    return last_part(asked.text("cluster")) or "default"


# -- ECR ---------------------------------------------------------------------------------------------------------------


def ecr(asked: Asked) -> Iterator[Check]:
    """Yield what ECR asks for at one call."""
    names = asked.many("repositoryNames") or [name for name in [asked.text("repositoryName")] if name]
    if asked.operation == "CreateRepository":
        arn, brought = asked.arn(f"repository/{names[0] if names else '*'}"), requested(asked.tags("tags"))
        yield asked.check(arn, brought)
        if asked.tags("tags"):
            yield asked.check(arn, brought, "ecr:TagResource")
        encryption = asked.body.get("encryptionConfiguration") or {}
        yield from used(asked, encryption.get("kmsKey", ""), "ecr", ("DescribeKey", "CreateGrant"), {})
    elif asked.text("resourceArn"):
        yield asked.existing(asked.text("resourceArn"), requested(asked.tags("tags")))
    elif names:
        yield from each(asked, [asked.arn(f"repository/{name}") for name in names])
        if asked.operation == "DeleteRepository":
            # ECR user guide, "Encryption at rest": whoever deletes it retires the grants
            there = ecr_backends[asked.account][asked.region].repositories.get(names[0])
            key = (there.encryption_configuration or {}).get("kmsKey", "") if there else ""
            yield from used(asked, key, "ecr", ("RetireGrant",), {})
    else:
        yield asked.check(asked.arn("repository/*") if asked.operation == "DescribeRepositories" else "*")


# -- Auto Scaling ------------------------------------------------------------------------------------------------------


def autoscaling(asked: Asked) -> Iterator[Check]:
    """Yield what Auto Scaling asks for at one call: for a template also what launching from it takes."""
    operation, name = asked.operation, asked.text("AutoScalingGroupName")
    if operation.startswith("Describe"):
        yield asked.check()
    elif operation == "CreateAutoScalingGroup":
        arn, brought = asked.arn(f"autoScalingGroup:*:autoScalingGroupName/{name}"), requested(asked.tags())
        yield asked.check(arn, brought)
        if asked.tags():
            yield asked.check(arn, brought, "autoscaling:CreateOrUpdateTags")
        yield from _templates(asked, asked.text("VPCZoneIdentifier"))
    elif operation in ("CreateOrUpdateTags", "DeleteTags"):
        for group in sorted({value for key, value in asked.form.items() if key.endswith(".ResourceId")}):
            yield asked.existing(_group(asked, group), requested(asked.tags()))
    elif operation == "TerminateInstanceInAutoScalingGroup":
        yield asked.existing(_group(asked, _group_of(asked, asked.text("InstanceId"))))
    else:
        yield asked.existing(_group(asked, name))
        if operation == "UpdateAutoScalingGroup":
            there = _groups(asked).get(name)
            yield from _templates(
                asked, asked.text("VPCZoneIdentifier") or (there.vpc_zone_identifier if there else "")
            )


def _templates(asked: Asked, subnets: str) -> Iterator[Check]:
    ids = [value for key, value in asked.form.items() if key.endswith("LaunchTemplateId")]
    names = [value for key, value in asked.form.items() if key.endswith("LaunchTemplateName")]
    known = ec2_backends[asked.account][asked.region].launch_template_name_to_ids
    share = asked.form.get("MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity", "100")
    for template in sorted({*ids, *(known.get(name, name) for name in names)}):
        yield from launched(asked, template, [it for it in subnets.split(",") if it], spot=share != "100")


def _groups(asked: Asked) -> Any:
    return autoscaling_backends[asked.account][asked.region].autoscaling_groups


def _group(asked: Asked, name: str) -> str:
    there = _groups(asked).get(name)
    arn: str = there.arn if there else asked.arn(f"autoScalingGroup:*:autoScalingGroupName/{name}")
    return arn


def _group_of(asked: Asked, instance: str) -> str:
    groups = _groups(asked).values()
    return next((g.name for g in groups if any(s.instance.id == instance for s in g.instance_states)), "*")


# -- Elastic Load Balancing --------------------------------------------------------------------------------------------

_ARNS = ("LoadBalancerArn", "TargetGroupArn", "ListenerArn", "RuleArn", "ResourceArns")


def load_balancing(asked: Asked) -> Iterator[Check]:
    """Yield what Elastic Load Balancing asks for at one call."""
    operation, brought = asked.operation, asked.tags()
    new = ""
    if operation.startswith("Describe"):
        yield asked.check()
        return
    arns = [arn for name in _ARNS for arn in asked.many(name)]
    if operation == "CreateLoadBalancer":
        new = asked.arn(f"loadbalancer/app/{asked.text('Name')}/*")
        yield asked.check(new, requested(brought))
    elif operation == "CreateTargetGroup":
        new = asked.arn(f"targetgroup/{asked.text('Name')}/*")
        yield asked.check(new, requested(brought))
    elif operation in ("CreateListener", "CreateRule"):
        of, to = ("loadbalancer", "listener") if operation == "CreateListener" else ("listener", "listener-rule")
        parent = asked.text("LoadBalancerArn" if operation == "CreateListener" else "ListenerArn")
        new = parent.replace(f":{of}/", f":{to}/", 1) + "/*"
        yield asked.existing(parent, requested(brought))
    elif operation == "SetRulePriorities":
        for arn in (value for key, value in asked.form.items() if key.endswith(".RuleArn")):
            yield asked.existing(arn)
    else:
        for arn in arns:
            yield asked.existing(arn, requested(brought))
    if new and brought:
        yield asked.check(
            new, requested(brought, f"elasticloadbalancing:CreateAction={operation}"), "elasticloadbalancing:AddTags"
        )
