"""Running tasks and registered instances that are left in an ECS cluster at teardown, and Container Insights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.permissions import OWN, Use, grants
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.ecs.api import API
from provisioner.resources.ecs.cluster import Cluster, container_instances, deregister, tasks


@dataclass(frozen=True)
class ContainerInsights(Resource):
    """The Container Insights of a cluster: its id is the cluster's.

    A teardown switches it off first of all. Its last measurements are written for minutes, and recreate its log group
    if that is gone (aws/containers-roadmap#2315).
    """

    cluster: str

    type_name = "container_insights"
    api = API
    created_by_aws = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for cluster in aws.live(Cluster):
            settings = {one["name"]: one["value"] for one in cluster.attributes["settings"]}
            if cluster.owned and not cluster.deleting and settings.get("containerInsights", "disabled") != "disabled":
                yield Observed(cluster.id, {}, status=settings["containerInsights"])

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        off = [{"name": "containerInsights", "value": "disabled"}]
        aws.client("ecs").update_cluster_settings(cluster=live.id, settings=off)


@dataclass(frozen=True)
class ContainerInstances(Resource):
    """The container instances of a cluster, all together: its id is the cluster's.

    A teardown sets them to DRAINING, and deregisters each one once no task runs on it, or at once if its agent is
    disconnected, since then nobody can stop its tasks.
    """

    cluster: str

    type_name = "container_instances"
    api = API
    arn = "container-instance/{stack}/*"
    permissions = (*grants("ecs", "DescribeContainerInstances UpdateContainerInstancesState", OWN),)
    created_by_aws = True
    delete_timeout = 1800
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for cluster in _ours(aws):
            if instances := container_instances(aws, cluster):
                states = Counter(instance["status"] for instance in instances)
                busy = sum(_tasks(instance) for instance in instances)
                shown = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
                # these change without a further call: registering, deregistering, and draining ones with tasks
                waiting = all(_between(i) or _draining(i) for i in instances)
                yield Observed(cluster, {}, status=f"{shown} with {busy} tasks", deleting=waiting)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        instances = container_instances(aws, live.id)
        active = [instance["containerInstanceArn"] for instance in instances if instance["status"] == "ACTIVE"]
        # UpdateContainerInstancesState takes 10 at once
        for some in batches(active, 10):
            aws.client("ecs").update_container_instances_state(
                cluster=live.id, containerInstances=some, status="DRAINING"
            )
        for instance in instances:
            stuck = not instance["agentConnected"]
            if not _between(instance) and (stuck or not _tasks(instance)):
                deregister(aws, live.id, instance["containerInstanceArn"], force=stuck)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        busy = [f"{_tasks(i)} tasks on {i['ec2InstanceId']}" for i in container_instances(aws, live.id) if _tasks(i)]
        return ", ".join(busy)


@dataclass(frozen=True)
class RunningTasks(Resource):
    """The tasks that are left in a cluster when its services are gone, all together: its id is the cluster's.

    A teardown stops them and waits for them. A task on an instance with a disconnected agent will never be reported as
    stopped: it is not waited for, and ends with its instance.
    """

    cluster: str

    type_name = "running_tasks"
    api = API
    arn = "task/{stack}/*"
    permissions = (*grants("ecs", "StopTask", OWN, use=Use.OTHER, why="tasks left over"),)
    created_by_aws = True
    delete_timeout = 1200
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for cluster in _ours(aws):
            left = _running(aws, cluster)
            stopping = [task for task in left if task["desiredStatus"] == "STOPPED"]
            if stopping:
                lost = _disconnected(aws, cluster)
                stopping = [task for task in stopping if task.get("containerInstanceArn") not in lost]
            running = sum(task["desiredStatus"] != "STOPPED" for task in left)
            if running or stopping:
                status = f"{running} tasks running, {len(stopping)} stopping"
                yield Observed(cluster, {}, status=status, deleting=not running)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        for task in _running(aws, live.id):
            if task["desiredStatus"] != "STOPPED":
                aws.client("ecs").stop_task(
                    cluster=live.id, task=task["taskArn"], reason="The cluster is being deleted"
                )

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        groups = Counter(f"{task.get('group', 'task')} {task['lastStatus']}" for task in _running(aws, live.id))
        return ", ".join(f"{count} × {group}" for group, count in sorted(groups.items()))


def _ours(aws: Aws) -> list[str]:
    return [cluster.id for cluster in aws.live(Cluster) if cluster.owned and not cluster.deleting]


def _running(aws: Aws, cluster: str) -> list[Mapping[str, Any]]:
    """Return the tasks that have not stopped yet, stopping ones included."""
    return [task for task in tasks(aws, cluster, "RUNNING", "STOPPED") if task["lastStatus"] != "STOPPED"]


def _disconnected(aws: Aws, cluster: str) -> set[str]:
    return {i["containerInstanceArn"] for i in container_instances(aws, cluster) if not i["agentConnected"]}


def _between(instance: Mapping[str, Any]) -> bool:
    """Say whether ECS is creating or deleting the instance's trunk interface, and accepts no call for it meanwhile."""
    return instance["status"] in ("REGISTERING", "DEREGISTERING")


def _draining(instance: Mapping[str, Any]) -> bool:
    return bool(instance["status"] == "DRAINING" and _tasks(instance) and instance["agentConnected"])


def _tasks(instance: Mapping[str, Any]) -> int:
    return int(instance["runningTasksCount"] + instance["pendingTasksCount"])
