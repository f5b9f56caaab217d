"""Read the database that `database.cluster` or `database.instance_id` names, and refuse an unusable one.

The database, its subnets and its security groups are read only: they are never changed, tagged or deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import code_of
from provisioner.config.database_engines import ENGINES
from provisioner.config.facts import ExistingDatabase
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import names
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
STOPPED = ("stopped", "stopping")


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
    return replace(found, notices=tuple(_notices(config, found, key)))


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
    groups = aws.client("rds").describe_db_subnet_groups(DBSubnetGroupName=one["DBSubnetGroup"])["DBSubnetGroups"]
    return _found(
        one, one["DBClusterIdentifier"], one.get("Endpoint"), one.get("Port"), one["Status"], one.get("DatabaseName")
    ), str(groups[0]["VpcId"])


def _instance(aws: Aws, settings: Database, key: str) -> tuple[ExistingDatabase, str]:
    (one,) = _described(aws, "describe_db_instances", "DBInstances", key, DBInstanceIdentifier=settings.identifier)
    if member := one.get("DBClusterIdentifier"):
        raise ConfigurationError(
            f"{key}, which is one of cluster {member}, and another may be its writer tomorrow: write cluster = "
            f'"{member}" instead'
        )
    place = one.get("Endpoint") or {}
    status = one["DBInstanceStatus"]
    found = _found(one, one["DBInstanceIdentifier"], place.get("Address"), place.get("Port"), status, one.get("DBName"))
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
    shown: Mapping[str, Any], id: str, host: str | None, port: int | None, status: str, name: str | None
) -> ExistingDatabase:
    if not host or not port or status == "deleting":
        raise ConfigurationError(
            f"the database {id} is {status}, and tasks cannot use it: wait until it is {AVAILABLE}, or name another"
        )
    groups = tuple(sorted(one["VpcSecurityGroupId"] for one in shown.get("VpcSecurityGroups", ())))
    return ExistingDatabase(id, host, int(port), str(shown["Engine"]), status, name or "", groups)


def _notices(config: Config, found: ExistingDatabase, key: str) -> Iterator[str]:
    if found.status in STOPPED:
        yield f"{key}, which is {found.status}: tasks reach it once its owner has started it"
    yield (
        f"{key}, which belongs to somebody else: ask its owner to let in the security group "
        f"{config.name}-database-clients by port {found.port} (groups of the database: {names(found.security_groups)})"
    )
