"""Outages of services: of their tasks, and of the paths to their database and the services that they call.

Every task that still runs is checked, also while its service is drained: it finishes its work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ecs_emulator.ecs import connect
from ecs_emulator.ecs.records import Service, Task, TaskDefinition, last_part
from ecs_emulator.ecs.store import Store, stores
from ecs_emulator.ecs.ways_out import unreached
from ecs_emulator.outages.network import groups_of
from ecs_emulator.security_groups import allow_tcp

DELETED = "the service is deleted"
STANDING = ("creating", "deleting", "failing-over", "starting", "stopped", "stopping")
"""The statuses in which a database does not answer (Aurora user guide, "DB cluster status")."""
ALIVE = ("RUNNING", "DEACTIVATING", "STOPPING")
"""The statuses of a task whose containers run, also while it drains connections and stops (ECS guide, lifecycle)."""
URL = re.compile(r"http://(?P<host>[^/:]+):(?P<port>\d+)")
"""The variables of a container with the URL of a service that it calls."""


class Condition(NamedTuple):
    """Reasons of an outage: why no task of a service runs, and why running tasks lack access; empty if all is well."""

    runs: str
    reaches: str


def conditions() -> dict[str, Condition]:
    """Return the present condition of each service of the cloud, by ARN."""
    return {
        service.arn: condition(kept, service)
        for kept in stores()
        for service in list(kept.services.values())
        if service.status != "INACTIVE"
    }


def condition(kept: Store, service: Service) -> Condition:
    """Return the present condition of a service."""
    tasks = [task for task in kept.tasks_of(service.cluster, service.name) if task.status in ALIVE]
    runs = "" if any(task.status == "RUNNING" for task in tasks) else "none of its tasks is running"
    return Condition(runs, next(filter(None, (_lacks(kept, task) for task in tasks)), ""))


def _lacks(kept: Store, task: Task) -> str:
    """Return the reason why a running task, or its successor at any time, lacks access; empty if it does not."""
    hosts = [value for value in _variables(task.definition) if value.endswith(".rds.amazonaws.com")]
    calls = filter(None, map(URL.fullmatch, _variables(task.definition)))
    databases = (_no_database(kept, host, task) for host in hosts)
    if service := unreached(kept, task):
        return f"its running tasks have no way to {service}"
    return next(filter(None, databases), "") or next(filter(None, (_unreached(kept, task, url) for url in calls)), "")


def _variables(definition: TaskDefinition) -> Iterator[str]:
    """Yield the values of the environment variables of all containers."""
    for container in definition.shape["containerDefinitions"]:
        yield from (str(variable.get("value", "")) for variable in container.get("environment") or ())


def _no_database(kept: Store, host: str, task: Task) -> str:
    from moto.rds.models import rds_backends

    rds: Any = rds_backends[kept.account][kept.region]
    rds.settle()
    cluster = next((one for one in rds.clusters.values() if one.endpoint == host), None)
    single = next((one for one in rds.databases.values() if one.address == host), None)
    database = cluster or single
    if database is None:
        return "its database is deleted"
    if database.status in STANDING:
        return f"its database is {database.status}"
    if cluster and all(one.status in STANDING for one in cluster._members):
        return "its database has no available instance"
    if not cluster and not database.answers():
        return f"its database is {database.status}, and does not answer meanwhile"
    let = allow_tcp(kept.ec2, groups_of(task), database.vpc_security_group_ids, int(database.port))
    return "" if let else "no security groups let its running tasks reach the database"


def _unreached(kept: Store, task: Task, url: re.Match[str]) -> str:
    """Return the reason why a task cannot call the service at a URL, if the service belongs to this cloud.

    The name leads to all running tasks in turn (Cloud Map, multivalue answers; the proxies of Service Connect take
    turns too), so each of them has to answer.
    """
    from moto.servicediscovery.models import servicediscovery_backends

    discovery: Any = servicediscovery_backends[kept.account][kept.region]
    found = [
        one.id
        for one in discovery.services.values()
        if f"{one.name}.{discovery.namespaces[one.namespace_id].name}" == url["host"]
    ]
    callees = [
        one
        for other in kept.services.values()
        for one in kept.tasks_of(other.cluster, other.name)
        if one.status == "RUNNING" and one.registered and any(_registered(one, service) for service in found)
    ]
    port = int(url["port"])
    if (endpoint := task.endpoints.get(f"{url['host']}:{port}")) and callees:
        # the proxy of Service Connect answers under this name, and knows the tasks that are registered for it
        callees = [one for one in callees if endpoint in connect.entries(kept, one)]
        if not callees:
            return f"the proxies of its running tasks know no task of {url['host']}"
    deaf = [one for one in callees if port not in _ports(one)]
    if deaf:
        which = "no task" if len(deaf) == len(callees) else f"{len(deaf)} of {len(callees)} tasks"
        return f"{which} of {url['host']} {'listens' if which == 'no task' else 'do not listen'} on port {port}"
    if not all(allow_tcp(kept.ec2, groups_of(task), groups_of(one), port) for one in callees):
        return f"no security groups let its running tasks call {url['host']} on port {port}"
    return ""


def _registered(task: Task, discovery_service: str) -> bool:
    return any(last_part(one["registryArn"]) == discovery_service for one in task.spec.get("serviceRegistries") or ())


def _ports(task: Task) -> set[int]:
    containers = task.definition.shape["containerDefinitions"]
    return {one["containerPort"] for container in containers for one in container.get("portMappings") or ()}
