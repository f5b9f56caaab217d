"""The settings of a task of a service or job: the recorded ones, with its configured `security_groups`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.config.loader import suggestion
from provisioner.config.records import ENDPOINTS, NAT, PART, PARTS
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.ecs.cluster import Cluster
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State


@dataclass(frozen=True)
class Runnable:
    """The settings of a RunTask call.

    Attributes:
        name: the name of the service or job, and of its container.
        job: whether it is a job.
        task_definition: the ARN of the revision that `up` registered last.
        network: the `awsvpcConfiguration`.
        capacity: `launchType` or `capacityProviderStrategy`: Fargate on demand, or the instances of a service on EC2.
        log_group: the name of its log group.
    """

    name: str
    job: bool
    cluster: str
    task_definition: str
    network: Mapping[str, Any]
    capacity: Mapping[str, Any]
    log_group: str

    @property
    def family(self) -> str:
        """The family of the task definition."""
        return self.task_definition.rpartition("/")[2].rpartition(":")[0]

    def log_stream(self, task: str) -> str:
        """Return the name of a task's log stream, as the awslogs driver forms it from the task's id."""
        return f"{self.name}/{self.name}/{task}"


def runnable(options: Options, config: Config, state: State, name: str) -> Runnable:
    """Return the settings to run a service or job once.

    Raises:
        ConfigurationError: the name is unknown, it is not in the stack yet, or the stack sleeps without the parts that
            tasks need to start.
    """
    if name not in config.workloads:
        raise ConfigurationError(f"there is no job or service {name}{suggestion(name, config.workloads)}")
    up = options.command_line("up")
    cluster = state.first(Cluster.type_name)
    if cluster is None or not cluster.id:
        raise ConfigurationError(f"{config.name} is not up, so {name} cannot run: create it with {up}")
    if gone := [PARTS[one] for one in (ENDPOINTS, NAT) if f"{PART}/{one}" in state.records]:
        raise ConfigurationError(
            f"{config.name} is asleep without its {' and '.join(gone)}, so no task can start: run "
            f"{options.command_line('wake')} first"
        )
    definition = state.records.get(f"{TaskDefinition.type_name}/{name}")
    group, log = state.records.get(f"security_group/{name}"), state.records.get(f"log_group/service-{name}")
    if definition is None or definition.phase != "ready" or not (group and group.id and log and log.id):
        raise ConfigurationError(f"{config.key(name)} is not in the stack yet: create it with {up}")
    network = {**_place(state.records), "securityGroups": [group.id, *config.workloads[name].security_groups]}
    capacity = _capacity(definition, state.records.get(f"{Service.type_name}/{name}"))
    arn = str(definition.outputs["arn"])
    return Runnable(name, name in config.jobs, cluster.id, arn, network, capacity, log.id)


def _place(records: Mapping[str, Record]) -> dict[str, Any]:
    """Return the subnets and the public address setting of the recorded services, or else the private subnets."""
    for record in records.values():
        if record.type == Service.type_name and record.id:
            return {"subnets": record.arguments["subnets"], "assignPublicIp": record.arguments["assign_public_ip"]}
    private = [record.id for record in _subnets(records, "private") if record.id]
    return {"subnets": private, "assignPublicIp": "DISABLED"}


def _subnets(records: Mapping[str, Record], tier: str) -> Sequence[Record]:
    return [record for record in records.values() if record.address.startswith(f"subnet/{tier}-")]


def _capacity(definition: Record, service: Record | None) -> dict[str, Any]:
    """Return the capacity: instances for a service on EC2, else Fargate on demand, because Spot may end a task."""
    if service is not None and "EC2" in definition.arguments["requires_compatibilities"]:
        return {"capacityProviderStrategy": service.arguments["capacity_provider_strategy"]}
    return {"launchType": "FARGATE"}
