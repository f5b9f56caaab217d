"""The data of ECS: one store for each account and Region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecs_emulator.ecs.records import (
    FARGATE,
    CapacityProvider,
    Cluster,
    ContainerInstance,
    Service,
    Task,
    TaskDefinition,
    last_part,
)
from ecs_emulator.patch import on_reset, refuse


class Store:
    """The ECS data of one account and Region."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.clusters: dict[str, Cluster] = {}
        self.providers: dict[str, CapacityProvider] = {}
        self.definitions: dict[str, list[TaskDefinition]] = {}
        self.services: dict[str, Service] = {}
        self.tasks: dict[str, Task] = {}
        self.instances: dict[str, ContainerInstance] = {}
        self.account_defaults: dict[str, str] = {}
        self.account_settings: dict[str, dict[str, str]] = {}
        self.known_agents: dict[str, float] = {}
        for name in FARGATE:
            arn = self.arn(f"capacity-provider/{name}")
            self.providers[name] = CapacityProvider(name, arn, {}, {}, status="ACTIVE")

    @property
    def caller(self) -> str:
        """The ARN of the account's one user, the caller of every call here."""
        return f"arn:aws:iam::{self.account}:user/moto"

    def arn(self, resource: str) -> str:
        """Return an ECS ARN of this account and Region."""
        return f"arn:aws:ecs:{self.region}:{self.account}:{resource}"

    @property
    def ec2(self) -> Any:
        """Moto's EC2 of the same account and Region."""
        from moto.ec2.models import ec2_backends

        return ec2_backends[self.account][self.region]

    @property
    def autoscaling(self) -> Any:
        """Moto's Auto Scaling of the same account and Region."""
        from moto.autoscaling.models import autoscaling_backends

        return autoscaling_backends[self.account][self.region]

    @property
    def elbv2(self) -> Any:
        """Moto's load balancing of the same account and Region."""
        from moto.elbv2.models import elbv2_backends

        return elbv2_backends[self.account][self.region]

    @property
    def discovery(self) -> Any:
        """Moto's Cloud Map of the same account and Region."""
        from moto.servicediscovery.models import servicediscovery_backends

        return servicediscovery_backends[self.account][self.region]

    @property
    def iam(self) -> Any:
        """Moto's IAM of the same account."""
        from moto.iam.models import iam_backends

        return iam_backends[self.account]["aws"]

    def cluster(self, name: str | None) -> Cluster:
        """Return the cluster with a name or ARN (by default "default"); refuse a missing or INACTIVE cluster."""
        found = self.clusters.get(last_part(name or "default"))
        if found is None or found.status == "INACTIVE":
            refuse("ClusterNotFoundException", "Cluster not found.")
        return found

    def services_of(self, cluster: str) -> Iterator[Service]:
        """Yield the services of a cluster that are not INACTIVE."""
        for service in list(self.services.values()):
            if service.cluster == cluster and service.status != "INACTIVE":
                yield service

    def tasks_of(self, cluster: str, service: str | None = None) -> Iterator[Task]:
        """Yield the tasks of a cluster, or of one service in it, that have not ended."""
        for task in list(self.tasks.values()):
            if task.cluster == cluster and not task.ended and service in (None, task.service):
                yield task

    def tasks_on(self, instance: ContainerInstance) -> list[Task]:
        """Return the tasks on a container instance that have not ended."""
        return [task for task in self.tasks.values() if task.instance == instance.arn and not task.ended]

    def instances_of(self, cluster: str) -> Iterator[ContainerInstance]:
        """Yield the registered container instances of a cluster."""
        for instance in list(self.instances.values()):
            if instance.cluster == cluster and instance.status != "INACTIVE":
                yield instance

    def definition(self, name: str) -> TaskDefinition | None:
        """Return a task definition by ARN, `family:revision`, or `family` (its newest ACTIVE revision)."""
        family, _, revision = last_part(name).partition(":")
        revisions = self.definitions.get(family, [])
        if revision:
            return next((one for one in revisions if str(one.revision) == revision), None)
        return next((one for one in reversed(revisions) if one.status == "ACTIVE"), None)

    def revision(self, arn: str) -> TaskDefinition:
        """Return the task definition with an ARN from a deployment, which therefore exists."""
        definition = self.definition(arn)
        if definition is None:
            raise LookupError(arn)
        return definition


_stores: dict[tuple[str, str], Store] = {}


def store(account: str, region: str) -> Store:
    """Return the store of an account and Region; create it at the first call."""
    return _stores.setdefault((account, region), Store(account, region))


def stores() -> list[Store]:
    """Return all stores in use."""
    return list(_stores.values())


@on_reset
def forget() -> None:
    """Empty ECS in every Region."""
    _stores.clear()
