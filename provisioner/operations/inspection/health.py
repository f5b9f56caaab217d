"""Read the condition of the running parts of a stack. Makes only read calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from provisioner.engine.records.type_aliases import renamed
from provisioner.operations.inspection import certificates, stores
from provisioner.state.model import Record, State

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

DATABASES = {"db_cluster": "rds.database", "single_db_instance": "rds.single"}
"""The module below `provisioner.resources` of each type of databases. The other types that are read are imported by the
functions that read them."""


@dataclass(frozen=True)
class Health:
    """The condition of the running parts: one mapping for each part, as `status` shows it.

    Attributes:
        at: the time of the read, in seconds since the epoch by AWS's clock.
    """

    services: list[dict[str, Any]]
    instances: list[dict[str, Any]]
    databases: list[dict[str, Any]]
    amis: list[dict[str, Any]]
    jobs: list[dict[str, Any]] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)
    caches: list[dict[str, Any]] = field(default_factory=list)
    queues: list[dict[str, Any]] = field(default_factory=list)
    volumes: list[dict[str, Any]] = field(default_factory=list)
    at: float = 0.0


def look(aws: Aws, state: State, jobs: Collection[str] = ()) -> Health:
    """Read the condition of all running parts from AWS, in parallel. Makes only read calls.

    Args:
        jobs: the names of the jobs.

    Raises:
        ApiError: a read was refused.
        StateError: a record of one of these parts is invalid.
    """
    from provisioner.aws.errors import explaining
    from provisioner.engine.records.references import KnownResources
    from provisioner.engine.resource import RESOURCE_TYPES
    from provisioner.operations.inspection import workloads
    from provisioner.operations.prerequisites import ami

    # import only the resource types that are read here: importing those of all steps takes longer than the calls
    for name in DATABASES.keys() & {record.type for record in state.records.values()}:
        import_module(f"provisioner.resources.{DATABASES[name]}")
    records = renamed(state.records, importing=False)
    looked_at = {address: record for address, record in records.items() if record.type in RESOURCE_TYPES}
    aws = aws.reading().knowing(KnownResources(looked_at))
    with explaining():
        # make no call for types without a record
        types = {record.type for record in records.values()}
        asked: Sequence[Callable[[Aws], Any]] = (
            partial(workloads.of, records=records, jobs=jobs),
            _instances if "auto_scaling_group" in types else _nothing,
            partial(_databases, records=records) if "db_cluster" in types else _nothing,
            partial(_instance, records=records) if "single_db_instance" in types else _nothing,
            ami.condition if "launch_template" in types else _nothing,
            partial(certificates.conditions, records=records),
            partial(stores.caches, records=records) if "replication_group" in types else _nothing,
            partial(stores.queues, records=records) if "queue" in types else _nothing,
            partial(stores.volumes, records=records) if "file_system" in types else _nothing,
        )
        (services, job_list), instances, clusters, single, *others = aws.each(lambda ask: ask(aws), asked)
        amis, certified, caches, queues, volumes = others
        databases = [*clusters, *single]
        at = aws.pace.time()
        return Health(services, instances, databases, amis, job_list, certified, caches, queues, volumes, at)


def _nothing(_: Aws) -> list[dict[str, Any]]:
    return []


def _instances(aws: Aws) -> list[dict[str, Any]]:
    from provisioner.resources.autoscaling import AutoScalingGroup
    from provisioner.resources.ecs.cluster import container_instances, own_clusters

    groups = [live for live in aws.live(AutoScalingGroup) if live.owned]
    outdated = {name for live in groups for name in live.details.get("outdated", ())}
    misfits = {name for live in groups for name in live.details.get("misfits", ())}
    return [
        {
            "id": instance["ec2InstanceId"],
            "status": instance["status"],
            "connected": instance["agentConnected"],
            "type": _attribute(instance, "ecs.instance-type"),
            "ami": _attribute(instance, "ecs.ami-id"),
            "outdated": instance["ec2InstanceId"] in outdated,
            "misfit": instance["ec2InstanceId"] in misfits,
            "tasks": instance["runningTasksCount"] + instance["pendingTasksCount"],
        }
        for cluster in own_clusters(aws)
        for instance in container_instances(aws, cluster)
    ]


def _attribute(instance: Mapping[str, Any], name: str) -> str:
    return next((str(one["value"]) for one in instance["attributes"] if one["name"] == name), "")


def _databases(aws: Aws, records: Mapping[str, Record]) -> list[dict[str, Any]]:
    from provisioner.resources.rds.database import DbCluster, DbInstance

    waiting: dict[str, list[str]] = {}
    for live in aws.live(DbInstance):
        if live.details["restart"]:
            waiting.setdefault(live.attributes["db_cluster_identifier"], []).append(live.id)
    found = {str(live.id): live for live in aws.live(DbCluster) if live.owned}
    recorded = [str(one.id) for one in records.values() if one.type == DbCluster.type_name and one.id]
    there = [
        {
            "name": live.id,
            "status": live.status,
            "host": live.outputs.get("endpoint"),
            "problem": _restart(waiting.get(name, ()), aws.region),
        }
        for name, live in found.items()
    ]
    return [*there, *_missing(recorded, found)]


def _instance(aws: Aws, records: Mapping[str, Record]) -> list[dict[str, Any]]:
    from provisioner.resources.rds.single import SingleDbInstance

    found = {str(live.id): live for live in aws.live(SingleDbInstance) if live.owned}
    recorded = [str(one.id) for one in records.values() if one.type == SingleDbInstance.type_name and one.id]
    there = [
        {
            "name": live.id,
            "status": live.status,
            "host": live.outputs.get("endpoint"),
            "problem": _restart([live.id] if live.details["restart"] else [], aws.region),
        }
        for live in found.values()
    ]
    return [*there, *_missing(recorded, found)]


def _missing(recorded: Iterable[str], found: Collection[str]) -> list[dict[str, Any]]:
    return [{"name": name, "status": "missing", "host": None, "problem": ""} for name in recorded if name not in found]


def _restart(instances: Collection[str], region: str) -> str:
    """Return the commands that reboot database instances with pending settings, such as a new capacity range."""
    return "; ".join(
        f"settings of {name} need a reboot: run `aws rds reboot-db-instance --db-instance-identifier {name} "
        f"--region {region}`"
        for name in instances
    )
