"""Choose the task of a session: the named task, or the newest task of a service whose agent answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import explaining
from provisioner.config.loader import suggestion
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.ecs.cluster import Cluster, tasks
from provisioner.resources.ecs.service import Service
from provisioner.session.channel import SessionFailed

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State

AGENT = "ExecuteCommandAgent"


@dataclass(frozen=True)
class Place:
    """A container of a task.

    Attributes:
        service: the service that the task belongs to.
        task: the task in the form of DescribeTasks.
        sidecar: the name of the sidecar; empty: the service's own container.
    """

    service: str
    cluster: str
    task: Mapping[str, Any]
    sidecar: str = ""

    @property
    def name(self) -> str:
        """The name of the container: the sidecar's, or the service's."""
        return self.sidecar or self.service

    @property
    def id(self) -> str:
        """The task's id."""
        return str(self.task["taskArn"]).rpartition("/")[2]

    @property
    def container(self) -> Mapping[str, Any]:
        """The container in the form of DescribeTasks; empty if the task does not have it."""
        found: Sequence[Mapping[str, Any]] = self.task.get("containers") or ()
        return next((one for one in found if one.get("name") == self.name), {})

    @property
    def agent(self) -> Mapping[str, Any]:
        """The container's agent of ECS Exec in the form of DescribeTasks; empty if it has none."""
        found: Sequence[Mapping[str, Any]] = self.container.get("managedAgents") or ()
        return next((one for one in found if one.get("name") == AGENT), {})

    @property
    def usable(self) -> bool:
        """Return whether a session can begin: ECS Exec is enabled for the task, and its agent runs."""
        return bool(self.task.get("enableExecuteCommand")) and self.agent.get("lastStatus") == "RUNNING"

    @property
    def target(self) -> str:
        """The name of the container in Systems Manager."""
        return f"ecs:{self.cluster}_{self.id}_{self.container.get('runtimeId', '')}"


def named(options: Options, config: Config, state: State, service: str) -> tuple[str, str]:
    """Return the recorded names of the cluster and of the service in ECS.

    Raises:
        ConfigurationError: there is no such service, or it is not in the stack yet.
    """
    if service in config.jobs:
        raise ConfigurationError(
            f"{service} is a job, whose tasks run on their own: see {options.command_line('run', service)}"
        )
    if service not in config.services:
        raise ConfigurationError(f"there is no service {service}{suggestion(service, config.services)}")
    cluster = state.first(Cluster.type_name)
    record = state.records.get(f"{Service.type_name}/{service}")
    if cluster is None or not cluster.id or record is None or not record.id:
        up = options.command_line("up")
        raise ConfigurationError(f"services.{service} is not in the stack yet: create it with {up}")
    return cluster.id, str(record.arguments["service_name"])


def sidecar_of(config: Config, service: str, container: str) -> str:
    """Return the sidecar with this container's name; empty for the service's own container or an empty name.

    Raises:
        ConfigurationError: the service has no such container.
    """
    sidecars = config.services[service].sidecars
    if container in ("", service):
        return ""
    if container not in sidecars:
        raise ConfigurationError(f"{service} has no container {container}{suggestion(container, [service, *sidecars])}")
    return container


def places(aws: Aws, service: str, cluster: str, name: str, sidecar: str = "") -> list[Place]:
    """Return the containers of a service's tasks: usable ones first, and of these the newest first.

    Args:
        sidecar: the sidecar to choose instead of the service's own container; empty: none.

    Raises:
        ApiError: a call was refused.
    """
    with explaining():
        found = [Place(service, cluster, task, sidecar) for task in tasks(aws, cluster, "RUNNING", serviceName=name)]
    newest = sorted(found, key=lambda one: str(one.task.get("createdAt", "")), reverse=True)
    return sorted(newest, key=lambda one: not one.usable)


def chosen(several: Sequence[Place], service: str, task: str) -> Place:
    """Return the container to use: the first, or the container in the task with the given id.

    Args:
        several: the containers, the best first.
        task: the beginning of the task's id, or its ARN; empty: any task.

    Raises:
        SessionFailed: no task runs.
        ConfigurationError: no task's id, or more than one, begins with `task`.
    """
    if not several:
        raise SessionFailed(f"no task of {service} runs: see `provision status`")
    if not task:
        return several[0]
    wanted = task.rpartition("/")[2]
    found = [one for one in several if one.id.startswith(wanted)]
    if len(found) != 1:
        there = ", ".join(one.id[:8] for one in several)
        what = "no task" if not found else "more than one task"
        raise ConfigurationError(f"--task {task}: {what} of {service} begins so; there are {there}")
    return found[0]
