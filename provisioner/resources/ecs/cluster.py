"""ECS clusters, capacity providers, and the attachment of providers to a cluster."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws, batches
from provisioner.aws.durations import Takes
from provisioner.aws.permissions import ASKED, CHANGED, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.costs import Around, Cost, monthly
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource, kept
from provisioner.engine.words import count
from provisioner.resources.ecs.api import API, TAGGED
from provisioner.resources.phrases import because
from provisioner.resources.sized import watching_costs


@dataclass(frozen=True)
class Cluster(Resource):
    """An ECS cluster. Deleted ones, which AWS shows as INACTIVE for an hour, are skipped."""

    cluster_name: str
    settings: Sequence[Mapping[str, str]]

    type_name = "cluster"
    api = API
    arn = "cluster/{cluster_name}"
    permissions = (
        *TAGGED,
        *grants("ecs", "DescribeClusters ListContainerInstances", OWN),
        *grants("ecs", "CreateCluster", OWN, conditions=ASKED),
        *grants(
            "ecs",
            "DeleteCluster DeregisterContainerInstance PutClusterCapacityProviders UpdateClusterSettings",
            OWN,
        ),
        *grants("ecs", "UpdateCluster", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("cluster_name",)
    derived = ("id", "arn")
    outputs = ("arn",)
    unordered = frozenset({"settings"})
    delete_timeout = 1200

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield from watching_costs(settings, around)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["cluster_name"] for fields in known}
        # only clusters by name: a policy for this stack's cluster refuses a call that names other clusters as well
        for cluster in clusters(aws, names | ({aws.name} if aws.include_unrecorded else set())):
            live = cls._live(aws, cluster)
            if live.owned or live.id in names:
                yield live

    @staticmethod
    def _live(aws: Aws, cluster: Mapping[str, Any]) -> Observed:
        tags = tag_map(cluster.get("tags"), "key", "value")
        return observed(
            aws,
            cluster["clusterName"],
            {"cluster_name": cluster["clusterName"], "settings": cluster.get("settings", [])},
            tags,
            {"arn": cluster["clusterArn"]},
            status=cluster["status"],
            deleting=cluster["status"] == "DEPROVISIONING",
        )

    def create(self, aws: Aws, token: str) -> Observed:
        cluster = aws.client("ecs").create_cluster(
            clusterName=self.cluster_name, settings=self.settings, tags=aws.tag_list(self.address, "key", "value")
        )["cluster"]
        return self._live(aws, cluster)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("ecs").update_cluster(cluster=live.id, settings=self.settings)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # instances that were still booting when the others were drained
        for instance in container_instances(aws, live.id):
            if instance["status"] != "DEREGISTERING":
                deregister(aws, live.id, instance["containerInstanceArn"], force=True)
        aws.client("ecs").delete_cluster(cluster=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status == "FAILED":
            raise Failed(
                "the capacity providers of the cluster could not be set up (status FAILED): delete it in the ECS "
                "console, then run again"
            )
        return None if live.status == "ACTIVE" else live.status

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        counts = {
            "registeredContainerInstancesCount": "container instances",
            "activeServicesCount": "services",
            "runningTasksCount": "running tasks",
            "pendingTasksCount": "pending tasks",
        }
        described = next(clusters(aws, [live.id]), {})
        return ", ".join(f"{described[key]} {what}" for key, what in counts.items() if described.get(key))


@dataclass(frozen=True)
class CapacityProvider(Resource):
    """An Auto Scaling group as capacity of ECS.

    Attributes:
        managed_scaling: in AWS's spelling, with all members.
    """

    capacity_provider_name: str
    auto_scaling_group_arn: str
    managed_scaling: Mapping[str, Any]
    managed_termination_protection: str = "ENABLED"
    managed_draining: str = "ENABLED"

    type_name = "capacity_provider"
    api = API
    takes = Takes(ready=(durations.PROVIDER_CHANGE,), gone=(durations.PROVIDER_CHANGE,))
    arn = "capacity-provider/{capacity_provider_name}"
    permissions = (
        *TAGGED,
        *grants("ecs", "DescribeCapacityProviders"),
        *grants("ecs", "CreateCapacityProvider", OWN, conditions=ASKED),
        *grants("ecs", "DeleteCapacityProvider", OWN),
        *grants("ecs", "UpdateCapacityProvider", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("capacity_provider_name",)
    derived = ("id", "arn")
    outputs = ("arn",)
    create_only = frozenset({"capacity_provider_name", "auto_scaling_group_arn"})
    update_when_ready = True
    delete_timeout = 600

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield monthly("2 alarms, by which the group scales", "alarm.month", 2)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["capacity_provider_name"] for fields in known}
        for provider in _providers(aws):
            # Fargate's two belong to AWS; AWS still shows deleted ones as INACTIVE
            if provider.get("autoScalingGroupProvider") and provider["status"] != "INACTIVE":
                live = cls._live(aws, provider)
                if live.owned or live.id in names:
                    yield live

    @staticmethod
    def _live(aws: Aws, provider: Mapping[str, Any]) -> Observed:
        group = provider["autoScalingGroupProvider"]
        tags = tag_map(provider.get("tags"), "key", "value")
        update = provider.get("updateStatus", "")
        return observed(
            aws,
            provider["name"],
            {
                "capacity_provider_name": provider["name"],
                "auto_scaling_group_arn": group.get("autoScalingGroupArn"),
                "managed_scaling": group.get("managedScaling", {}),
                "managed_termination_protection": group.get("managedTerminationProtection", "DISABLED"),
                "managed_draining": group.get("managedDraining", "ENABLED"),
            },
            tags,
            {"arn": provider["capacityProviderArn"]},
            status=because(f"{provider['status']} {update}", provider.get("updateStatusReason")),
            deleting=update == "DELETE_IN_PROGRESS" or provider["status"] == "DEPROVISIONING",
        )

    def _settings(self) -> dict[str, Any]:
        return {
            "managedScaling": self.managed_scaling,
            "managedTerminationProtection": self.managed_termination_protection,
            "managedDraining": self.managed_draining,
        }

    def create(self, aws: Aws, token: str) -> Observed:
        provider = aws.client("ecs").create_capacity_provider(
            name=self.capacity_provider_name,
            autoScalingGroupProvider={"autoScalingGroupArn": self.auto_scaling_group_arn, **self._settings()},
            tags=aws.tag_list(self.address, "key", "value"),
        )["capacityProvider"]
        return self._live(aws, provider)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("ecs").update_capacity_provider(name=live.id, autoScalingGroupProvider=self._settings())

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        """Request the deletion, and check the answer: while a cluster uses the provider, it is DELETE_FAILED, no error.

        Raises:
            Failed: the cluster is not this stack's, so waiting would not help.
        """
        answer = aws.client("ecs").delete_capacity_provider(capacityProvider=live.id)["capacityProvider"]
        if answer.get("updateStatus") == "DELETE_FAILED":
            reason = answer.get("updateStatusReason", "")
            users = re.search(r"associated with cluster: ([\w, -]+)", reason)
            if users and {*own_clusters(aws)}.isdisjoint(re.split(r",\s*", users[1])):
                raise Failed(f"capacity provider {live.id} cannot be deleted: {reason}")

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        state, _, reason = live.status.partition(":")
        if "CREATE_FAILED" in state:
            raise Failed(f"capacity provider {live.id} could not be created:{reason}")
        # a provider whose update failed can be updated again
        return live.status if "PROVISIONING" in state or "UPDATE_IN_PROGRESS" in state else None

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        return live.status if "UPDATE_FAILED" in live.status else ""

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return live.status if "DELETE_FAILED" in live.status else ""


@dataclass(frozen=True)
class ClusterCapacityProviders(Resource):
    """The capacity providers of a cluster, and the default strategy for services without one of their own.

    It has the problem `failed` if ECS could not attach the providers: `up` puts them once more.
    """

    cluster: str
    capacity_providers: Sequence[str]
    default_capacity_provider_strategy: Sequence[Mapping[str, Any]]

    type_name = "cluster_capacity_providers"
    has_tags = False
    api = API
    takes = Takes(ready=(durations.PROVIDERS_ATTACH,), gone=(durations.PROVIDERS_ATTACH,))
    identity = ("cluster",)
    derived = ("id",)
    unordered = frozenset({"capacity_providers", "default_capacity_provider_strategy"})
    update_when_ready = True
    create_timeout = 600

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for cluster in clusters(aws, own_clusters(aws)):
            live = cls._live(cluster)
            # an empty list of providers is no resource, but detaching them may still be in progress
            if live.attributes["capacity_providers"] or live.deleting:
                yield live

    @staticmethod
    def _live(cluster: Mapping[str, Any]) -> Observed:
        providers = cluster.get("capacityProviders", [])
        status = cluster.get("attachmentsStatus", "")
        strategy = [{"weight": 0, "base": 0, **entry} for entry in cluster.get("defaultCapacityProviderStrategy", ())]
        return Observed(
            cluster["clusterName"],
            {
                "cluster": cluster["clusterName"],
                "capacity_providers": providers,
                "default_capacity_provider_strategy": strategy,
            },
            status=status,
            problems={"failed": True} if status == "UPDATE_FAILED" else {},
            deleting=not providers and status == "UPDATE_IN_PROGRESS",
        )

    def widened(self, before: Mapping[str, Any], live: Observed) -> ClusterCapacityProviders:
        """Keep a former provider while tasks run on it: ECS cannot remove it before."""
        there = live.attributes["capacity_providers"]
        return replace(self, capacity_providers=kept(self.capacity_providers, before.get("capacity_providers"), there))

    def _put(self, aws: Aws) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = aws.client("ecs").put_cluster_capacity_providers(
            cluster=self.cluster,
            capacityProviders=self.capacity_providers,
            defaultCapacityProviderStrategy=self.default_capacity_provider_strategy,
        )["cluster"]
        return answer

    def create(self, aws: Aws, token: str) -> Observed:
        return self._live(self._put(aws))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        self._put(aws)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ecs").put_cluster_capacity_providers(
            cluster=live.id, capacityProviders=[], defaultCapacityProviderStrategy=[]
        )

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status == "UPDATE_FAILED":
            raise Failed(
                f"the capacity providers could not be attached to cluster {live.id} (attachments UPDATE_FAILED): run "
                f"again to attach them again"
            )
        return "attaching the capacity providers" if live.status == "UPDATE_IN_PROGRESS" else None


def container_instances(aws: Aws, cluster: str) -> list[Mapping[str, Any]]:
    """Return a cluster's container instances as DescribeContainerInstances shows them, draining ones included."""
    found, ecs = list[Mapping[str, Any]](), aws.client("ecs")
    arns = [*aws.pages("ecs", "list_container_instances", "containerInstanceArns", cluster=cluster)]
    for some in batches(arns, 100):
        found += ecs.describe_container_instances(cluster=cluster, containerInstances=some)["containerInstances"]
    return [instance for instance in found if instance["status"] != "INACTIVE"]


def tasks(aws: Aws, cluster: str, *desired: str, **which: str) -> list[Mapping[str, Any]]:
    """Return the tasks of a cluster or service with these desired statuses, as DescribeTasks shows them."""
    return described(aws, cluster, task_arns(aws, cluster, *desired, **which))


def task_arns(aws: Aws, cluster: str, *desired: str, **which: str) -> Iterator[str]:
    """Yield the ARNs of the tasks of a cluster, or of a service or a family in it, with these desired statuses."""
    for status in desired:
        yield from aws.pages("ecs", "list_tasks", "taskArns", cluster=cluster, desiredStatus=status, **which)


def described(aws: Aws, cluster: str, arns: Iterable[str], **more: Any) -> list[Mapping[str, Any]]:
    """Return these tasks of a cluster as DescribeTasks shows them, each once; `more` is passed to the calls."""
    found, ecs = list[Mapping[str, Any]](), aws.client("ecs")
    for some in batches(list(dict.fromkeys(arns)), 100):
        found += ecs.describe_tasks(cluster=cluster, tasks=some, **more).get("tasks", ())
    return found


def own_clusters(aws: Aws) -> list[str]:
    """Return the names of this stack's clusters."""
    return [cluster.id for cluster in aws.live(Cluster) if cluster.owned]


def still_stopping(aws: Aws) -> str:
    """Describe the tasks of this stack's clusters that are still stopping; empty if there are none."""
    found = [task for cluster in own_clusters(aws) for task in tasks(aws, cluster, "STOPPED")]
    left = [task for task in found if task.get("lastStatus") != "STOPPED"]
    return f"{count(len(left), 'task')} still stopping" if left else ""


def deregister(aws: Aws, cluster: str, arn: str, *, force: bool) -> None:
    """Deregister a container instance from its cluster; `force` leaves tasks behind that nobody can stop."""
    aws.client("ecs").deregister_container_instance(cluster=cluster, containerInstance=arn, force=force)


def clusters(aws: Aws, names: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the clusters of these names that are there, as DescribeClusters shows them with their tags."""
    for some in batches(sorted(names), 100):
        answer = aws.read("ecs", "describe_clusters", clusters=some, include=["ATTACHMENTS", "SETTINGS", "TAGS"])
        yield from (cluster for cluster in answer["clusters"] if cluster["status"] != "INACTIVE")


def _providers(aws: Aws) -> Iterator[Mapping[str, Any]]:
    """Yield all capacity providers of the account."""
    return aws.pages("ecs", "describe_capacity_providers", "capacityProviders", include=["TAGS"])
