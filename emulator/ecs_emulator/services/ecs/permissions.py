"""Permissions of ECS, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ecs_emulator.authorization.api_call import ApiCall, Context, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.ecs.records import last_part
from ecs_emulator.ecs.store import store
from ecs_emulator.services.ec2.permissions import passed

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
    "ContinueServiceDeployment": ("serviceDeploymentArn", "service-deployment/{path}"),
    "StopServiceDeployment": ("serviceDeploymentArn", "service-deployment/{path}"),
    "DescribeServiceDeployments": ("serviceDeploymentArns", "service-deployment/{path}"),
    "DescribeServiceRevisions": ("serviceRevisionArns", "service-revision/{path}"),
    "DescribeTasks": ("tasks", _TASK),
    "StopTask": ("task", _TASK),
    "GetTaskProtection": ("tasks", _TASK),
    "UpdateTaskProtection": ("tasks", _TASK),
    "DescribeContainerInstances": ("containerInstances", _INSTANCE),
    "UpdateContainerInstancesState": ("containerInstances", _INSTANCE),
    "DescribeCapacityProviders": ("capacityProviders", "capacity-provider/{name}"),
    "DeleteCapacityProvider": ("capacityProvider", "capacity-provider/{name}"),
    "UpdateCapacityProvider": ("name", "capacity-provider/{name}"),
    "DeleteTaskDefinitions": ("taskDefinitions", "task-definition/{name}"),
}  # fmt: skip
"""The parameter that names an operation's resources, and the last part of their ARNs."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to ECS."""
    operation, within = call.operation, {"ecs:cluster": (call.arn(f"cluster/{_cluster(call)}"),)}
    if operation in _CREATING:
        yield from _ecs_created(call)
    elif operation in _NAMED and call.many(_NAMED[operation][0]):
        parameter, pattern = _NAMED[operation]
        for name in call.many(parameter):
            parts = {"cluster": _cluster(call), "name": last_part(name), "path": name.partition("/")[2]}
            arn = call.arn(pattern.format(**parts))
            yield call.existing(arn, within if "{cluster}" in pattern else {})
        yield from _balancing(call)
    elif operation == "RunTask":
        yield from _run(call, within)
    elif operation == "ExecuteCommand":
        named = {"ecs:container-name": (call.text("container"),)} if call.text("container") else {}
        yield call.existing(within["ecs:cluster"][0], named)
        task = call.arn(f"task/{_cluster(call)}/{last_part(call.text('task'))}")
        yield call.existing(task, {**within, **named})
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
    yield call.check(arn, {**requested(brought), **_privileged(call)})
    if brought:
        # ECS developer guide, "Grant permission to tag resources on creation"
        yield call.check(arn, requested(brought, f"ecs:CreateAction={call.operation}"), "ecs:TagResource")
    yield from _balancing(call)
    for name in ("executionRoleArn", "taskRoleArn"):
        if role := call.text(name):
            whole = role if role.startswith("arn:") else call.arn(f"role/{role}", "iam")
            yield passed(call, whole, "ecs-tasks.amazonaws.com")


def _privileged(call: ApiCall) -> Context:
    """Return whether a new revision has a privileged container, as the condition key of its registration."""
    if call.operation != "RegisterTaskDefinition":
        return {}
    found = any(one.get("privileged") for one in call.body.get("containerDefinitions") or ())
    return {"ecs:privileged": (str(found).lower(),)}


def _balancing(call: ApiCall) -> Iterator[Check]:
    """Yield the checks of passing ECS the role by which it shifts a service's traffic."""
    for balancer in call.body.get("loadBalancers") or ():
        if role := (balancer.get("advancedConfiguration") or {}).get("roleArn"):
            yield passed(call, role, "ecs.amazonaws.com")


def _run(call: ApiCall, within: Context) -> Iterator[Check]:
    """Yield the checks of RunTask: on the revision, on tags, and on passing the roles of the task.

    A family's name is resolved to a revision first (API reference, RunTask).
    """
    definition = store(call.account, call.region).definition(call.text("taskDefinition"))
    arn = definition.arn if definition else call.arn(f"task-definition/{last_part(call.text('taskDefinition'))}")
    brought = call.tags("tags")
    yield call.existing(arn, {**within, **requested(brought)})
    if brought:
        task = call.arn(f"task/{_cluster(call)}/*")
        yield call.check(task, requested(brought, "ecs:CreateAction=RunTask"), "ecs:TagResource")
    given = {**(definition.shape if definition else {}), **(call.body.get("overrides") or {})}
    for name in ("executionRoleArn", "taskRoleArn"):
        if role := given.get(name):
            yield passed(call, role, "ecs-tasks.amazonaws.com")


def _cluster(call: ApiCall) -> str:
    return last_part(call.text("cluster")) or "default"
