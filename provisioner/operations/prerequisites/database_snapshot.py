"""Choose and check the snapshot that a new database is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.engine.errors import ConfigurationError
from provisioner.resources.rds.database import DbCluster
from provisioner.resources.rds.snapshots import final_snapshots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.config.tables import Database
    from provisioner.state.model import Record

KEY = "database.from_snapshot"
LATEST = "latest"
UNKNOWN = ("DBClusterSnapshotNotFoundFault", "DBSnapshotNotFound")
"""The codes for a snapshot that does not exist."""


def chosen(aws: Aws, config: Config, records: Iterable[Record]) -> str | None:
    """Return the snapshot of `database.from_snapshot`; None without the key, or once the database was created.

    A database that exists keeps its data: no call is made for it.

    Raises:
        ConfigurationError: there is no such snapshot, or a database of these settings cannot be made of it.
    """
    settings = config.database
    if settings is None or settings.from_snapshot is None:
        return None
    if any(record.type == DbCluster.type_name and record.id for record in records):
        return None
    if any(live.owned and not live.deleting for live in aws.live(DbCluster)):
        return None
    name = _latest(aws) if settings.from_snapshot == LATEST else settings.from_snapshot
    _check(_shown(aws, name), name, settings, key=config.kms_key)
    return name


def _latest(aws: Aws) -> str:
    found = final_snapshots(aws)
    if not found:
        raise ConfigurationError(
            f'{KEY} is "{LATEST}", but there is no final snapshot of {aws.name}: remove the key for an empty database, '
            "or name a snapshot"
        )
    return found[-1].id


def _shown(aws: Aws, name: str) -> Mapping[str, Any]:
    try:
        answer = aws.client("rds").describe_db_cluster_snapshots(
            DBClusterSnapshotIdentifier=name, IncludeShared=name.startswith("arn:")
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in UNKNOWN:
            raise
        answer = {}
    for shown in answer.get("DBClusterSnapshots", ()):
        found: Mapping[str, Any] = shown
        return found
    raise ConfigurationError(
        f'{KEY} is "{name}", but there is no such cluster snapshot in {aws.region}: `aws rds '
        f"describe-db-cluster-snapshots --region {aws.region}` lists them"
    )


def _check(shown: Mapping[str, Any], name: str, settings: Database, *, key: str | None) -> None:
    """Check that a database of these settings can be made of a snapshot.

    Raises:
        ConfigurationError: engine, user or encryption do not fit, or the snapshot is not available.
    """
    engine, user = shown.get("Engine", ""), shown.get("MasterUsername", settings.user)
    if engine != settings.engine:
        raise ConfigurationError(
            f'{KEY} is {name}, which is of the engine {engine}: write engine = "{engine}", or use one of '
            f"{settings.engine}"
        )
    if user != settings.user:
        raise ConfigurationError(
            f'database.user is "{settings.user}", but the user in {name} is {user}, and stays: write user = "{user}"'
        )
    if not shown.get("StorageEncrypted") and not key:
        raise ConfigurationError(
            f"{KEY} is {name}, which is not encrypted: set kms_key, by which the new database will be"
        )
    if (status := shown.get("Status", "available")) != "available":
        raise ConfigurationError(f"{KEY} is {name}, which is {status}: wait until it is available")
