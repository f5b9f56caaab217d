"""Resources that `down` leaves on purpose, and a log group that it has to delete a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import explained
from provisioner.engine.errors import OutcomeUnknown
from provisioner.engine.events import Emit, Notice
from provisioner.engine.execution.leftovers import Leftover
from provisioner.operations.prerequisites import secret_parameters
from provisioner.resources.elasticache.replication_group import ReplicationGroup
from provisioner.resources.elasticache.snapshots import final_caches
from provisioner.resources.logs import remove_remade
from provisioner.resources.rds.snapshots import final_snapshots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Resource


def delete_late_log_group(aws: Aws, emit: Emit) -> None:
    """Delete the log group that Container Insights creates again for the last metrics; a failure is only a notice."""
    try:
        if name := remove_remade(aws):
            emit(Notice(f"Container Insights created {name} again, so it was deleted again"))
    except (BotoCoreError, ClientError, OutcomeUnknown) as error:
        emit(Notice(f"could not check whether Container Insights created its log group again: {explained(error)}"))


def keep_or_delete_secrets(aws: Aws, emit: Emit, *, delete: bool) -> list[str]:
    """Delete the secrets that users have set, or leave them; return the names of the secrets that stay."""
    try:
        found = [name.rpartition("/")[2] for name in secret_parameters.kept(aws)]
        if delete:
            secret_parameters.remove(aws, found)
    except (BotoCoreError, ClientError) as error:
        emit(Notice(f"could not check for secrets that were set: {explained(error)}"))
        return []
    return [] if delete else found


def find_final_snapshots(
    aws: Aws, emit: Emit, going: Iterable[type[Resource]], *, redis: bool = False
) -> list[Leftover]:
    """Return the final snapshots of the stack's databases, and of Valkey that goes; a failed read is only a notice.

    Args:
        redis: whether the configuration has Valkey: an earlier run may have deleted it, and ended before it told so.
    """
    caches = redis or ReplicationGroup in going
    reads = {"the database": final_snapshots} | ({"Valkey": final_caches} if caches else {})
    found = list[Leftover]()
    for what, read in reads.items():
        try:
            found += read(aws)
        except (BotoCoreError, ClientError) as error:
            emit(Notice(f"could not check for final snapshots of {what}: {explained(error)}"))
    return found
