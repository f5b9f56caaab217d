"""ECS clusters: their creation, settings and capacity providers, and their deletion with its refusals."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from ecs_emulator import durations, faults
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import managed
from ecs_emulator.ecs.dispatch import at_most, check_name, operation
from ecs_emulator.ecs.records import FARGATE, Cluster, Shape, Task, last_part, on_fargate, tag_list, tag_map
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse
from ecs_emulator.services.ecs import texts

_INSIGHTS = "containerInsights"
_PENDING = ("PROVISIONING", "PENDING", "ACTIVATING")


@operation
def create_cluster(store: Store, request: Shape) -> Shape:
    """Answer CreateCluster; the same name and content again return the same cluster."""
    name = request.get("clusterName", "default")
    check_name("Cluster", name)
    settings = _settings(request.get("settings"))
    found = store.clusters.get(name)
    if found is not None and found.status != "INACTIVE":
        given = request.get("settings") and settings != found.settings
        if given or ("capacityProviders" in request and request["capacityProviders"] != found.providers):
            refuse(
                "InvalidParameterException",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            )
        return {"cluster": _described(store, found, everything=True)}
    cluster = Cluster(
        name,
        store.arn(f"cluster/{name}"),
        tag_map(request.get("tags")),
        settings,
        request.get("configuration"),
        request.get("serviceConnectDefaults"),
    )
    _check_providers(store, request.get("capacityProviders", []))
    _assign(store, cluster, request.get("capacityProviders", []), request.get("defaultCapacityProviderStrategy", []))
    store.clusters[name] = cluster
    return {"cluster": _described(store, cluster, everything=True)}


@operation
def list_clusters(store: Store, request: Shape) -> Shape:
    """Answer ListClusters; deleted clusters are not listed."""
    arns = [cluster.arn for cluster in store.clusters.values() if cluster.status != "INACTIVE"]
    return {"clusterArns": arns}


@operation
def list_gateway_routes(store: Store, request: Shape) -> Shape:
    """Answer ListGatewayRoutes: there are none, as CreateGateway is not offered here."""
    return {"gatewayRoutes": []}


@operation
def describe_clusters(store: Store, request: Shape) -> Shape:
    """Answer DescribeClusters; deleted clusters stay INACTIVE for a while (API reference, DeleteCluster)."""
    include = set(request.get("include", []))
    at_most(request, "clusters", 100)
    found, failures = [], []
    for name in request.get("clusters") or ["default"]:
        cluster = store.clusters.get(last_part(name))
        if cluster is None:
            arn = name if name.startswith("arn:") else store.arn(f"cluster/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_described(store, cluster, include))
    return {"clusters": found, "failures": failures}


@operation
def update_cluster(store: Store, request: Shape) -> Shape:
    """Answer UpdateCluster; settings, configuration and Service Connect defaults replace the former if given."""
    cluster = store.cluster(request.get("cluster"))
    _refuse_unless_active(cluster)
    if "settings" in request:
        cluster.settings = _settings(request["settings"])
    cluster.configuration = request.get("configuration", cluster.configuration)
    cluster.service_connect = request.get("serviceConnectDefaults", cluster.service_connect)
    return {"cluster": _described(store, cluster, everything=True)}


@operation
def update_cluster_settings(store: Store, request: Shape) -> Shape:
    """Answer UpdateClusterSettings."""
    return update_cluster(store, {"cluster": request.get("cluster"), "settings": request.get("settings")})


@operation
def put_cluster_capacity_providers(store: Store, request: Shape) -> Shape:
    """Answer PutClusterCapacityProviders; it replaces both the providers and the default strategy."""
    cluster = store.cluster(request.get("cluster"))
    _refuse_unless_active(cluster)
    _check_providers(store, request.get("capacityProviders", []))
    if not passed(cluster.busy_until):
        refuse(
            "UpdateInProgressException",
            texts.CLUSTER_BUSY,
        )
    _assign(store, cluster, request.get("capacityProviders", []), request.get("defaultCapacityProviderStrategy", []))
    cluster.failed = faults.current.strike("operations-fail", "ecs:PutClusterCapacityProviders")
    return {"cluster": _described(store, cluster, everything=True)}


@operation
def delete_cluster(store: Store, request: Shape) -> Shape:
    """Answer DeleteCluster; refuse it for a used cluster. With group providers it is DEPROVISIONING for a moment."""
    cluster = store.cluster(request.get("cluster"))
    if cluster.status == "DEPROVISIONING":
        return {"cluster": _described(store, cluster, everything=True)}
    if any(store.instances_of(cluster.name)):
        refuse(
            "ClusterContainsContainerInstancesException",
            texts.CLUSTER_HAS_INSTANCES,
        )
    if any(store.services_of(cluster.name)):
        refuse("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if any(store.tasks_of(cluster.name)):
        refuse("ClusterContainsTasksException", texts.CLUSTER_HAS_TASKS)
    if not passed(cluster.busy_until):
        refuse("UpdateInProgressException", "The specified cluster is in a busy state.")
    had_groups = bool(cluster.attachments)
    for name in list(cluster.attachments):
        managed.detach(store, cluster, name)
    cluster.providers, cluster.strategy = [], []
    cluster.status = "DEPROVISIONING" if had_groups else "INACTIVE"
    cluster.gone_at = later(durations.PROVIDERS_ATTACH)
    return {"cluster": _described(store, cluster, everything=True)}


def check_strategy(store: Store, strategy: list[Shape], providers: list[str]) -> None:
    """Refuse a strategy with providers that the cluster lacks, mixed types, double names or invalid numbers."""
    names = [last_part(entry["capacityProvider"]) for entry in strategy]
    for name in names:
        if name not in providers:
            refuse(
                "InvalidParameterException",
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated "
                "with the cluster. Associate the capacity provider with the cluster or specify a valid capacity "
                "provider and try again.",
            )
    if {name in FARGATE for name in names} == {True, False}:
        refuse(
            "InvalidParameterException",
            "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and "
            "Fargate providers. Specify one or the other and try again.",
        )
    if len(set(names)) < len(names):
        refuse("InvalidParameterException", "A capacity provider can be named once in a capacity provider strategy.")
    for entry in strategy:
        if not (0 <= int(entry.get("weight", 0)) <= 1000 and 0 <= int(entry.get("base", 0)) <= 100_000):
            refuse("InvalidParameterException", "The weight must be between 0 and 1000, the base between 0 and 100000.")
    if sum(1 for entry in strategy if entry.get("base", 0) > 0) > 1:
        refuse("InvalidParameterException", "Only one capacity provider in a strategy can have a base defined.")


def settle(store: Store) -> None:
    """Make clusters INACTIVE when their deletion is complete."""
    for cluster in store.clusters.values():
        if cluster.status == "DEPROVISIONING" and passed(cluster.gone_at):
            cluster.status = "INACTIVE"


def _check_providers(store: Store, given: list[str]) -> None:
    for name in map(last_part, given):
        known = store.providers.get(name)
        if known is None or known.status == "INACTIVE":
            refuse(
                "InvalidParameterException",
                f"The specified capacity provider '{name}' was not found. Specify a valid name or ARN and try again.",
            )


def _assign(store: Store, cluster: Cluster, given: list[str], strategy: list[Shape]) -> None:
    providers = [last_part(name) for name in given]
    check_strategy(store, strategy, providers)
    for name in set(cluster.providers) - set(providers):
        if managed.in_use(store, cluster.name, name):
            refuse("ResourceInUseException", texts.PROVIDER_IN_USE)
    changed = set(providers) != set(cluster.providers)
    for name in [name for name in cluster.attachments if name not in providers]:
        managed.detach(store, cluster, name)
    for name in providers:
        if name not in FARGATE and name not in cluster.attachments:
            managed.attach(store, cluster, store.providers[name])
    cluster.providers = providers
    cluster.strategy = strategy_entries(strategy)
    if changed:
        cluster.busy_until = later(durations.PROVIDERS_ATTACH)


def strategy_entries(strategy: list[Shape]) -> list[Shape]:
    """Return a capacity provider strategy in the form that ECS keeps: names, weights and bases."""
    return [
        {
            "capacityProvider": last_part(entry["capacityProvider"]),
            "weight": int(entry.get("weight", 0)),
            "base": int(entry.get("base", 0)),
        }
        for entry in strategy
    ]


def _settings(given: list[Shape] | None) -> list[Shape]:
    settings = {entry["name"]: entry["value"] for entry in given or []}
    unknown = set(settings) - {_INSIGHTS}
    if unknown or settings.get(_INSIGHTS, "disabled") not in ("enabled", "disabled", "enhanced"):
        refuse("InvalidParameterException", "The specified cluster setting is invalid. Valid name: containerInsights.")
    return [{"name": _INSIGHTS, "value": settings.get(_INSIGHTS, "disabled")}]


def _refuse_unless_active(cluster: Cluster) -> None:
    if cluster.status != "ACTIVE":
        refuse("ClientException", "Cluster was not ACTIVE.")


def _statistics(store: Store, cluster: Cluster, tasks: Sequence[Task]) -> list[dict[str, str]]:
    """Count tasks and services by launch type (API reference, Cluster, statistics)."""
    kinds = {"EC2": False, "Fargate": True}
    counts: dict[str, int] = {}
    for kind, fargate in kinds.items():
        some = [task for task in tasks if fargate == (task.provider in FARGATE or task.launch_type == "FARGATE")]
        counts[f"running{kind}TasksCount"] = sum(task.status == "RUNNING" for task in some)
        counts[f"pending{kind}TasksCount"] = sum(task.status in _PENDING for task in some)
    for status in ("ACTIVE", "DRAINING"):
        for kind, fargate in kinds.items():
            counts[f"{status.lower()}{kind}ServiceCount"] = sum(
                one.status == status and on_fargate(one.shape) == fargate for one in store.services_of(cluster.name)
            )
    return [{"name": name, "value": str(count)} for name, count in counts.items()]


def _described(
    store: Store, cluster: Cluster, include: set[str] | None = None, *, everything: bool = False
) -> dict[str, Any]:
    tasks = list(store.tasks_of(cluster.name))
    shape: dict[str, Any] = {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": sum(1 for _ in store.instances_of(cluster.name)),
        "runningTasksCount": sum(task.status == "RUNNING" for task in tasks),
        "pendingTasksCount": sum(task.status in _PENDING for task in tasks),
        "activeServicesCount": sum(service.status == "ACTIVE" for service in store.services_of(cluster.name)),
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": cluster.providers,
        "defaultCapacityProviderStrategy": cluster.strategy,
    }
    wanted = include or set()
    if "STATISTICS" in wanted:
        shape["statistics"] = _statistics(store, cluster, tasks)
    if everything or "SETTINGS" in wanted:
        shape["settings"] = cluster.settings
    if everything or "TAGS" in wanted:
        shape["tags"] = tag_list(cluster.tags)
    if everything or "CONFIGURATIONS" in wanted:
        shape["configuration"] = cluster.configuration
    if everything or "ATTACHMENTS" in wanted:
        complete = passed(cluster.busy_until)
        status = "CREATED" if complete else "PRECREATED"
        shape["attachments"] = [
            {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, cluster.arn + str(one["details"]))), "status": status, **one}
            for attachments in cluster.attachments.values()
            for one in attachments
        ]
        if cluster.providers or cluster.attachments or cluster.busy_until:
            ended = "UPDATE_FAILED" if cluster.failed else "UPDATE_COMPLETE"
            shape["attachmentsStatus"] = ended if complete else "UPDATE_IN_PROGRESS"
    if cluster.service_connect:
        shape["serviceConnectDefaults"] = cluster.service_connect
    return {name: value for name, value in shape.items() if value is not None}
