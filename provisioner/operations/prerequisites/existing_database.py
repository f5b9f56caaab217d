"""Read the database that `database.cluster` or `database.instance_id` names, and refuse an unusable one.

The database, its subnets and its security groups are read only: they are never changed, tagged or deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import code_of
from provisioner.aws.tagging import tag_map
from provisioner.config.database_engines import ENGINES
from provisioner.config.facts import ExistingDatabase
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import names
from provisioner.resources.ec2.security import peers_let_in
from provisioner.resources.rds.database import DbCluster
from provisioner.resources.rds.single import SingleDbInstance

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.config.tables import Database
    from provisioner.state.model import Record

ABSENT = ("DBClusterNotFoundFault", "DBInstanceNotFound")
"""The codes for a database that does not exist (RDS API, DescribeDBClusters and DescribeDBInstances)."""
AVAILABLE = "available"
GOING = "deleting"
STOPPED = ("stopped", "stopping", "starting")
BROKEN = ("failed", "inaccessible", "incompatible", "restore-error", "insufficient-capacity", "storage-full")
"""The beginnings of statuses in which a database serves nobody (RDS and Aurora user guides, "Viewing status")."""


def read(aws: Aws, config: Config, records: Iterable[Record] = ()) -> ExistingDatabase | None:
    """Return the database of somebody else that the stack uses; None if it has its own, or none.

    Args:
        records: the state's records: a database of the stack's own is not exchanged.

    Raises:
        ConfigurationError: there is no such database, or tasks could not use it; or the stack has a database with data.
    """
    if (settings := config.used_database) is None:
        return None
    key = f"database.{settings.named_by} is {settings.identifier}"
    _check_records(key, records)
    found, vpc = (_cluster if settings.cluster else _instance)(aws, settings, key)
    if vpc != config.network.vpc:
        raise ConfigurationError(
            f"{key}, which is in {vpc}, and network.vpc is {config.network.vpc}: use the same VPC for both"
        )
    if found.engine not in {one.name for one in ENGINES.values()}:
        raise ConfigurationError(f"{key}, whose engine is {found.engine}: use a database of MySQL or PostgreSQL")
    if "name" in settings.model_fields_set:
        found = replace(found, name=settings.name)
    if not found.name:
        raise ConfigurationError(
            f"{key}, and RDS knows no name of a database in it: add database.name with that of the tasks"
        )
    return replace(_with_groups(aws, settings, found), notices=tuple(_notices(found, key)))


def _with_groups(aws: Aws, settings: Database, found: ExistingDatabase) -> ExistingDatabase:
    """Return the database with the peers of its security groups at its port, and the stack that owns a group."""
    chosen = settings.security_group
    if chosen and chosen not in found.security_groups:
        raise ConfigurationError(
            f"database.security_group is {chosen}, which is no group of the database {found.id}, so that a rule there "
            f"lets nobody in: use one of {names(found.security_groups)}"
        )
    filters = [{"Name": "group-id", "Values": list(found.security_groups)}]
    groups = list(aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=filters))
    owners = {one["GroupId"]: aws.other_owner(tag_map(one.get("Tags"))) for one in groups}
    if stack := owners.get(chosen or ""):
        raise ConfigurationError(
            f"database.security_group is {chosen}, which belongs to the stack of {stack}, whose next `up` would take "
            "the rule away: remove it. Name the group of a service there that its database lets in, as security_groups "
            "of each service and job with database = true"
        )
    peers = {peer for one in groups for peer in peers_let_in(one["IpPermissions"], found.port)}
    return replace(found, lets_in=tuple(sorted(peers)), stack=next(filter(None, owners.values()), ""))


def _check_records(key: str, records: Iterable[Record]) -> None:
    """Refuse to use another's database in place of the stack's own, which `up` would delete with its data."""
    own = {DbCluster.type_name, SingleDbInstance.type_name}
    if made := next((one for one in records if one.type in own and one.id), None):
        raise ConfigurationError(
            f"{key}, but this stack has a database of its own ({made.address}), which would go with its data: remove "
            f"the key, or make a stack with another env that uses {key.rpartition(' ')[2]}, and copy the data there"
        )


def _cluster(aws: Aws, settings: Database, key: str) -> tuple[ExistingDatabase, str]:
    (one,) = _described(aws, "describe_db_clusters", "DBClusters", key, DBClusterIdentifier=settings.identifier)
    place = one.get("Endpoint"), one.get("Port")
    found = _found(one, key, one["DBClusterIdentifier"], place, one["Status"], one.get("DatabaseName"))
    groups = aws.client("rds").describe_db_subnet_groups(DBSubnetGroupName=one["DBSubnetGroup"])["DBSubnetGroups"]
    return found, str(groups[0]["VpcId"])


def _instance(aws: Aws, settings: Database, key: str) -> tuple[ExistingDatabase, str]:
    (one,) = _described(aws, "describe_db_instances", "DBInstances", key, DBInstanceIdentifier=settings.identifier)
    if member := one.get("DBClusterIdentifier"):
        raise ConfigurationError(
            f"{key}, which is one of cluster {member}, and another may be its writer tomorrow: write cluster = "
            f'"{member}" instead'
        )
    shown = one.get("Endpoint") or {}
    place = shown.get("Address"), shown.get("Port")
    found = _found(one, key, one["DBInstanceIdentifier"], place, one["DBInstanceStatus"], one.get("DBName"))
    return found, str(one["DBSubnetGroup"]["VpcId"])


def _described(aws: Aws, call: str, member: str, key: str, **of: str) -> Sequence[Mapping[str, Any]]:
    try:
        answer: Mapping[str, Any] = getattr(aws.client("rds"), call)(**of)
    except ClientError as error:
        if code_of(error) not in ABSENT:
            raise
        raise ConfigurationError(
            f"{key}, but account {aws.account} has no such database in {aws.region}: use the identifier of an existing "
            f"one, or remove the key, and the stack makes its own"
        ) from None
    shown: Sequence[Mapping[str, Any]] = answer[member]
    return shown


def _found(
    shown: Mapping[str, Any], key: str, id: str, place: tuple[str | None, int | None], status: str, name: str | None
) -> ExistingDatabase:
    host, port = place
    if status == GOING:
        raise ConfigurationError(
            f"{key}, which its owner is deleting: name another, or remove the key, and the stack makes its own"
        )
    if not host or not port:
        raise ConfigurationError(
            f"{key}, which is {status} and has no endpoint yet: wait until it is {AVAILABLE}, or name another"
        )
    groups = tuple(sorted(one["VpcSecurityGroupId"] for one in shown.get("VpcSecurityGroups", ())))
    return ExistingDatabase(id, host, int(port), str(shown["Engine"]), status, name or "", groups)


def _notices(found: ExistingDatabase, key: str) -> Iterator[str]:
    if found.status in STOPPED:
        yield f"{key}, which is {found.status}: tasks reach it once its owner has started it"
    elif found.status.startswith(BROKEN):
        yield f"{key}, which is {found.status}: tasks reach it once its owner has mended it"
