"""Refuse containers that do not fit together in a task: their number, sizes, ports and dependencies."""

from __future__ import annotations

from collections import Counter

from ecs_emulator.ecs.definition_sizes import units
from ecs_emulator.ecs.records import Shape
from ecs_emulator.patch import refuse

_MOST = 10
"""The most containers of a task definition (ECS service quotas)."""


def check_together(request: Shape, containers: list[Shape]) -> None:
    """Refuse containers that do not fit together with a ClientException."""
    if len(containers) > _MOST:
        # aws/amazon-ecs-cli#184
        refuse("ClientException", "Too many containers.")
    _check_sizes(request, containers)
    _check_ports(request, containers)
    _check_order(containers)


def _check_sizes(request: Shape, containers: list[Shape]) -> None:
    """Refuse a task smaller than its containers together (aws/aws-cdk#1553, pulumi/pulumi-awsx#1220).

    The API reference demands it of their memory (ContainerDefinition, memory); AWS's message for that is not known.
    """
    cpu, memory = units(request.get("cpu") or "", "vcpu"), units(request.get("memory") or "", "gb")
    if cpu and sum(int(one.get("cpu") or 0) for one in containers) > cpu:
        refuse(
            "ClientException",
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
        )
    for container in containers:
        if memory and int(container.get("memory") or 0) > memory:
            refuse(
                "ClientException",
                f"The 'memory' setting for container '{container['name']}' is greater than for the task.",
            )
    if memory and sum(int(one.get("memoryReservation") or one.get("memory") or 0) for one in containers) > memory:
        refuse(
            "ClientException",
            "The sum of all container 'memory' values cannot be greater than the value of the task 'memory'.",
        )


def _check_ports(request: Shape, containers: list[Shape]) -> None:
    """Refuse a host port that is used twice; with awsvpc the host is the task (aws/amazon-ecs-agent#1220)."""
    awsvpc = request.get("networkMode") == "awsvpc"
    used = Counter(
        (str(mapping.get("protocol") or "tcp"), port)
        for container in containers
        for mapping in container.get("portMappings") or ()
        if (port := mapping.get("hostPort") or (mapping.get("containerPort") if awsvpc else None))
    )
    for (protocol, port), times in used.items():
        if times > 1:
            refuse("ClientException", f"{protocol.upper()} host port '{port}' is mapped multiple times in task.")


def _check_order(containers: list[Shape]) -> None:
    """Refuse cycles, essential containers that have to end, and HEALTHY without a check (ContainerDependency)."""
    waits = {one["name"]: {on["containerName"] for on in one.get("dependsOn", [])} for one in containers}
    checked = {one["name"] for one in containers if one.get("healthCheck")}
    essential = {one["name"] for one in containers if one.get("essential", True)}
    for container in containers:
        for on in container.get("dependsOn", []):
            if on.get("condition") in ("COMPLETE", "SUCCESS") and on["containerName"] in essential:
                # boto/boto3#2436
                refuse(
                    "ClientException",
                    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
                )
            if on.get("condition") == "HEALTHY" and on["containerName"] not in checked:
                refuse("ClientException", f"Container '{on['containerName']}' needs a health check to be waited for.")
    while free := [name for name, others in waits.items() if not others & waits.keys()]:
        for name in free:
            del waits[name]
    if waits:
        refuse("ClientException", f"There is a cycle in the dependencies of containers: {', '.join(sorted(waits))}.")
