"""Translate an ECS service into `[services.NAME]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.config.network import CONNECT
from provisioner.config.protocols import BY_HTTPS
from provisioner.migration import names
from provisioner.migration.ecs import container, deployment, public, scaling, stack_tags, task
from provisioner.migration.ecs.answers import SERVICE_TAG, Answer, tags
from provisioner.migration.ecs.findings import Gathered, Keys, Workload

FARGATE, FARGATE_SPOT = "FARGATE", "FARGATE_SPOT"

KEYS = Keys(
    read=frozenset(
        {
            *("serviceArn", "serviceName", "clusterArn", "loadBalancers", "serviceRegistries", "status"),
            *("desiredCount", "runningCount", "pendingCount", "launchType", "capacityProviderStrategy"),
            *("platformFamily", "taskDefinition", "deploymentConfiguration", "taskSets", "deployments", "roleArn"),
            *("events", "createdAt", "createdBy", "currentServiceDeployment", "currentServiceRevisions"),
            *("networkConfiguration", "healthCheckGracePeriodSeconds", "schedulingStrategy", "tags", "propagateTags"),
            *("deploymentController", "enableECSManagedTags", "enableExecuteCommand", "availabilityZoneRebalancing"),
            *("platformVersion", "placementConstraints", "placementStrategy", "resourceManagementType"),
        }
    ),
    why={},
)
OF_DEPLOYMENT = Keys(
    read=frozenset(
        {
            *("id", "status", "taskDefinition", "desiredCount", "pendingCount", "runningCount", "failedTasks"),
            *("createdAt", "updatedAt", "capacityProviderStrategy", "launchType", "platformVersion", "platformFamily"),
            *("networkConfiguration", "rolloutState", "rolloutStateReason", "serviceConnectResources"),
            "fargateEphemeralStorage",
        }
    ),
    why={
        "serviceConnectConfiguration": f"{CONNECT}: callers name a service in calls, which sets its URL",
        "volumeConfigurations": "a task has no disk of EBS here: put lasting data into [volumes.NAME] or a bucket",
        "vpcLatticeConfigurations": "VPC Lattice is not used: callers name a service in calls, which sets its URL",
    },
)


def add(gathered: Gathered, service: Answer) -> None:
    """Add a service, or note why it is left out."""
    called = str(service.get("serviceName", ""))
    name = names.workload(tags(service).get(SERVICE_TAG) or _short(gathered, service, called))
    workload = Workload(name, f"service {called}", service, gathered)
    if why := _left_out(gathered, workload):
        workload.leave("", f"{why}: {name} is left out", "all")
        return
    if name != called:
        workload.tell("serviceName", f"is called {name} here")
    if _fill(workload):
        gathered.services[name] = workload


def _short(gathered: Gathered, service: Answer, called: str) -> str:
    """Return a service's name without CloudFormation's suffixes: its only container's name, if it has one container."""
    short = names.without_suffix(called)
    if short == called:
        return called
    definition = gathered.answers.definitions.get(str(service.get("taskDefinition")), {})
    containers = [str(one.get("name")) for one in definition.get("containerDefinitions") or ()]
    only = names.workload(containers[0]) if len(containers) == 1 else ""
    return only if only and only not in gathered.services else short


def _left_out(gathered: Gathered, workload: Workload) -> str:
    service = workload.raw
    controller = (service.get("deploymentController") or {}).get("type", "ECS")
    if service.get("status", "ACTIVE") != "ACTIVE":
        return "is being deleted"
    if service.get("schedulingStrategy") == "DAEMON":
        return "is a daemon, one task on each instance, which is not made here"
    if service.get("launchType") == "EXTERNAL":
        return "runs on machines of your own (ECS Anywhere), which no stack here has"
    if controller == "EXTERNAL":
        return "is deployed by another controller than ECS's"
    if workload.name in gathered.services:
        return f"is another service called {workload.name} here: give one of the two another name"
    if not isinstance(service.get("taskDefinition"), str):
        return "names no task definition"
    if service["taskDefinition"] not in workload.answers.definitions:
        return "has a task definition that could not be read"
    return ""


def _fill(workload: Workload) -> bool:
    """Write the settings of a service into the table, and note the rest; return False if the service is left out."""
    service = workload.raw
    _launch(workload)
    reached = _reached(service)
    definition = workload.answers.definitions[str(service["taskDefinition"])]
    main = task.fill(workload, definition, [name for name, _ in reached])
    if main is None:
        return False
    _port(workload, main, [port for name, port in reached if name in (main.get("name"), "")])
    container.fill(workload, main)
    _front(workload, main, reached)
    public.fill(workload)
    workload.table["exec"] = bool(service.get("enableExecuteCommand"))
    scaling.fill(workload)
    deployment.fill(workload)
    _placement(workload)
    shared = stack_tags.common(workload.answers.services)
    if alone := sorted(key for key in stack_tags.own(service) if key not in shared):
        workload.tell("tags", f"{', '.join(alone)}: not on all services alike: [tags] are on all resources")
    KEYS.leave_rest(service, workload.leave)
    current: Answer = next((one for one in service.get("deployments") or () if one.get("status") == "PRIMARY"), {})
    OF_DEPLOYMENT.leave_rest(current, workload.leave)
    return True


def _reached(service: Answer) -> list[tuple[str, int]]:
    """Return the containers, with their ports, to which load balancers and registries lead."""
    return [
        (str(one.get("containerName") or ""), int(one.get("containerPort") or 0))
        for one in (*(service.get("loadBalancers") or ()), *(service.get("serviceRegistries") or ()))
    ]


def _front(workload: Workload, main: Answer, reached: Sequence[tuple[str, int]]) -> None:
    """Write `target_container`, if load balancers and registries lead to a sidecar."""
    sidecars: Mapping[str, dict[str, Any]] = workload.table.get("sidecars", {})
    for called, port in reached:
        name = names.workload(called) if called not in ("", main.get("name")) else ""
        if name in sidecars and port:
            workload.table["target_container"] = name
            sidecars[name]["port"] = port
            return


def _port(workload: Workload, main: Answer, reached: Sequence[int]) -> None:
    """Write the port into the table: the port that clients reach, or else the container's first port."""
    mapped = [one for one in main.get("portMappings") or () if one.get("containerPort")]
    ports = [int(one["containerPort"]) for one in mapped if one.get("protocol", "tcp") == "tcp"]
    port = next((one for one in (*reached, *ports) if one), 0)
    if port:
        workload.table["port"] = port
    for one in mapped:
        if one["containerPort"] == port and one.get("appProtocol") in BY_HTTPS:
            # of a public service its target group says it
            workload.table["protocol"] = one["appProtocol"]
        if one["containerPort"] != port or one.get("protocol", "tcp") != "tcp":
            shown = f"{one['containerPort']}/{one.get('protocol', 'tcp')}"
            workload.leave("portMappings", f"{shown}: a service has one port here, by TCP")
    for one in main.get("portMappings") or ():
        if one.get("containerPortRange"):
            workload.leave("portMappings", f"{one['containerPortRange']}: a service has one port here")


def _launch(workload: Workload) -> None:
    """Write `launch` into the table, and for Fargate the part of the tasks that is not on Spot."""
    service = workload.raw
    strategy = service.get("capacityProviderStrategy") or ()
    if not strategy:
        if service.get("launchType") == FARGATE:
            workload.table |= {"launch": "fargate", "on_demand": {"percent": 100}}
        else:
            _on_instances(workload)
        return
    shares = {str(one.get("capacityProvider")): one for one in strategy}
    if not shares.keys() <= {FARGATE, FARGATE_SPOT}:
        for name, one in shares.items():
            share = f"{name}, weight {one.get('weight') or 0}, base {one.get('base') or 0}"
            why = "the stack launches instances of its own, which capacity describes, and places all tasks there"
            if name in (FARGATE, FARGATE_SPOT):
                why = "a service is on Fargate or on instances here: write launch"
            workload.leave("capacityProviderStrategy", f"{share}: {why}")
        _on_instances(workload)
        return
    weights = {name: int(one.get("weight") or 0) for name, one in shares.items()}
    bases = {name: int(one.get("base") or 0) for name, one in shares.items()}
    total = sum(weights.values())
    percent = round(100 * weights.get(FARGATE, 0) / total) if total else 100 * (FARGATE in shares)
    workload.table |= {"launch": "fargate", "on_demand": {"percent": percent}}
    if total and percent * total != 100 * weights.get(FARGATE, 0):
        workload.tell("capacityProviderStrategy", f"the weights are written as {percent} percent on-demand")
    if bases.get(FARGATE_SPOT):
        workload.tell("capacityProviderStrategy", "a base on Spot is not kept: the base here is on-demand")
    if base := bases.get(FARGATE):
        if percent:
            workload.table["on_demand"] = {"base": base, "percent": percent}
        else:
            workload.leave("capacityProviderStrategy", f"a base of {base} on-demand needs a percent of 1 or more here")


def _on_instances(workload: Workload) -> None:
    workload.table["launch"] = "ec2"


def _placement(workload: Workload) -> None:
    service = workload.raw
    for one in service.get("placementConstraints") or ():
        workload.leave("placementConstraints", f"{one.get('type')}: ECS chooses the instance")
    for one in service.get("placementStrategy") or ():
        # ECS's default is to spread tasks (developer guide, "task placement strategies")
        if one.get("type") != "spread":
            workload.leave("placementStrategy", f"{one.get('type')}: ECS spreads tasks over zones and instances")
    if (version := service.get("platformVersion")) and version not in ("LATEST", "1.4.0"):
        workload.leave("platformVersion", f"{version}: Fargate's newest is used")
    if service.get("resourceManagementType", "CUSTOMER") != "CUSTOMER":
        why = (
            "an Express service: ECS made its load balancer, which others may share, its certificate and its name, and "
            "changes them; here they are the stack's, and it answers under another name"
        )
        workload.leave("resourceManagementType", why)
    if gateway := workload.answers.gateways.get(str(service.get("serviceArn"))):
        why = f"{gateway}: a gateway of ECS leads users to it, which is not made here: write public = true"
        workload.leave("gatewayConnectors", why, "entrance")
