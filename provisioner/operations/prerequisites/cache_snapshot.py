"""Choose and check the snapshot that a new Valkey is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import code_of
from provisioner.config.redis import VERSION, CacheSnapshot
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.elasticache.replication_group import ReplicationGroup
from provisioner.resources.elasticache.snapshots import final_caches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

KEY = "redis.from_snapshot"
LATEST = "latest"
ENGINE = "valkey"


def chosen(aws: Aws, config: Config, records: Iterable[Record]) -> CacheSnapshot | None:
    """Return the snapshot of `redis.from_snapshot`; None without the key, or once Valkey was created.

    A Valkey that exists keeps its data. No call is made without the key, nor for a recorded one.

    Raises:
        ConfigurationError: there is no such snapshot, or no Valkey can be made of it.
    """
    if config.redis is None or config.redis.from_snapshot is None:
        return None
    recorded = [record for record in records if record.type == ReplicationGroup.type_name]
    if any(record.id for record in recorded):
        return None
    if any(live.owned and not live.deleting for live in aws.live(ReplicationGroup)):
        return None
    name = _latest(aws) if config.redis.from_snapshot == LATEST else config.redis.from_snapshot
    shown = _shown(aws, name)
    # a snapshot is `restoring` while a group is made of it: by an interrupted run, the lists do not show that yet
    _check(shown, name, ("available", "restoring") if recorded else ("available",))
    return CacheSnapshot(name, _version(shown, name))


def _latest(aws: Aws) -> str:
    found = final_caches(aws)
    if not found:
        raise ConfigurationError(
            f'{KEY} is "{LATEST}", but there is no final snapshot of Valkey of {aws.name}: remove the key for an empty '
            "one, or name a snapshot"
        )
    return found[-1].id


def _shown(aws: Aws, name: str) -> Mapping[str, Any]:
    try:
        return next(iter(aws.pages("elasticache", "describe_snapshots", "Snapshots", SnapshotName=name)))
    except StopIteration:
        pass
    except ClientError as error:
        if code_of(error) != "SnapshotNotFoundFault":
            raise
    raise ConfigurationError(
        f'{KEY} is "{name}", but there is no such snapshot of ElastiCache in {aws.region}: `aws elasticache '
        f"describe-snapshots --region {aws.region}` lists them"
    )


def _check(shown: Mapping[str, Any], name: str, statuses: tuple[str, ...]) -> None:
    """Check that a group with cluster mode off can be made of a snapshot.

    Sources: ElastiCache guide, "Restoring from a backup into a new cache"; ElastiCache API, Snapshot.

    Raises:
        ConfigurationError: the engine, the shards or the storage do not fit, or the snapshot is not available.
    """
    engine, shards = shown.get("Engine", ENGINE), int(shown.get("NumNodeGroups") or 1)
    if engine != ENGINE:
        raise ConfigurationError(
            f"{KEY} is {name}, which is of the engine {engine}: upgrade the cache that it is of to Valkey, and use a "
            "snapshot of that"
        )
    if shards > 1:
        raise ConfigurationError(
            f"{KEY} is {name}, which is of {shards} shards: AWS restores it only with cluster mode on, and Valkey of a "
            "stack has it off. Use a snapshot of one shard"
        )
    if shown.get("DataTiering") == "enabled":
        raise ConfigurationError(
            f"{KEY} is {name}, which has data on disks: AWS restores it only with data tiering, which Valkey of a "
            "stack has not. Use a snapshot of nodes without it"
        )
    if (status := shown.get("SnapshotStatus", statuses[0])) not in statuses:
        raise ConfigurationError(f"{KEY} is {name}, which is {status}: wait until it is available")


def _version(shown: Mapping[str, Any], name: str) -> str:
    """Return the version to begin with: the snapshot's if it is newer, since AWS goes back to none.

    Raises:
        ConfigurationError: its major version is one that the stack has no parameters for.
    """
    version = ".".join(str(shown.get("EngineVersion") or VERSION).split(".")[:2])
    numbers = [tuple(int(one) for one in text.split(".")) for text in (version, VERSION)]
    if numbers[0][0] > numbers[1][0]:
        raise ConfigurationError(
            f"{KEY} is {name}, which is of Valkey {version}, but the stack's is of {VERSION}: use a snapshot of "
            f"Valkey {VERSION.partition('.')[0]} or older"
        )
    return version if numbers[0] > numbers[1] else VERSION
