"""Choose and check the snapshot that a new database is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.config.database_engines import ENGINES
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.rds.database import DbCluster
from provisioner.resources.rds.single import SingleDbInstance
from provisioner.resources.rds.snapshots import OF_CLUSTERS, OF_INSTANCES, SnapshotCalls, final_snapshots, snapshots

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
    settings = config.own_database
    if settings is None or settings.from_snapshot is None:
        return None
    made = DbCluster if settings.kind.aurora else SingleDbInstance
    if any(record.type == made.type_name and record.id for record in records):
        return None
    if any(live.owned and not live.deleting for live in aws.live(made)):
        return None
    calls = OF_CLUSTERS if settings.kind.aurora else OF_INSTANCES
    name = _latest(aws, calls) if settings.from_snapshot == LATEST else settings.from_snapshot
    shown = _shown(aws, name, calls)
    _check(shown, name, settings, key=config.kms_key)
    if not settings.kind.aurora:
        _check_instance(shown, name, settings, key=config.kms_key)
    return name


def _latest(aws: Aws, calls: SnapshotCalls) -> str:
    found = final_snapshots(aws, calls)
    if not found:
        raise ConfigurationError(
            f'{KEY} is "{LATEST}", but there is no final snapshot of {aws.name}: remove the key for an empty database, '
            "or name a snapshot"
        )
    return found[-1].id


def _shown(aws: Aws, name: str, calls: SnapshotCalls) -> Mapping[str, Any]:
    wanted = {calls.identifier: name, "IncludeShared": name.startswith("arn:")}
    try:
        found = [*snapshots(aws, calls, **wanted)]
    except ClientError as error:
        if error.response["Error"]["Code"] not in UNKNOWN:
            raise
        found = []
    if found:
        return found[0]
    raise ConfigurationError(
        f'{KEY} is "{name}", but there is no such {calls.sort} in {aws.region}: `aws rds describe-{calls.words}s '
        f"--region {aws.region}` lists them"
    )


def _check(shown: Mapping[str, Any], name: str, settings: Database, *, key: str | None) -> None:
    """Check that a database of these settings can be made of a snapshot.

    Raises:
        ConfigurationError: engine, user or encryption do not fit, or the snapshot is not available.
    """
    engine, user = shown.get("Engine", ""), shown.get("MasterUsername", settings.user)
    if engine != settings.kind.name:
        key = next((one.key for one in ENGINES.values() if one.name == engine), engine)
        raise ConfigurationError(
            f'{KEY} is {name}, which is of the engine {engine}: write engine = "{key}", or use one of '
            f"{settings.kind.name}"
        )
    if user != settings.user:
        raise ConfigurationError(
            f'database.user is "{settings.user}", but the user in {name} is {user}, and stays: write user = "{user}"'
        )
    if settings.kind.aurora and not shown.get("StorageEncrypted") and not key:
        raise ConfigurationError(
            f"{KEY} is {name}, which is not encrypted: set kms_key, by which the new database will be"
        )
    if (status := shown.get("Status", "available")) != "available":
        raise ConfigurationError(f"{KEY} is {name}, which is {status}: wait until it is available")


def _check_instance(shown: Mapping[str, Any], name: str, settings: Database, *, key: str | None) -> None:
    """Check the properties of a snapshot that an instance keeps: encryption, key, version, and the size of the disk.

    RestoreDBInstanceFromDBSnapshot takes neither a key nor a version (RDS API).

    Raises:
        ConfigurationError: an instance of these settings cannot be made of it.
    """
    copied = f"copy it with `aws rds copy-db-snapshot --kms-key-id {key or 'alias/aws/rds'}`, and name the copy"
    if not shown.get("Encrypted"):
        raise ConfigurationError(f"{KEY} is {name}, which is not encrypted, and its database would not be: {copied}")
    if key and key not in str(shown.get("KmsKeyId")):
        raise ConfigurationError(f"{KEY} is {name}, whose key is not kms_key, and stays: {copied}")
    version, wanted = str(shown.get("EngineVersion", "")), settings.kind.version
    if not f"{version}.".startswith(f"{wanted}."):
        raise ConfigurationError(
            f"{KEY} is {name}, which is of version {version}, but its database has the parameters of {wanted}: upgrade "
            f"the snapshot with `aws rds modify-db-snapshot --engine-version {wanted}`, or a copy of it"
        )
    if settings.storage < (size := int(shown.get("AllocatedStorage") or 0)):
        raise ConfigurationError(
            f"database.storage is {settings.storage}, but {name} is of a disk with {size} GB: write storage = {size}"
        )
