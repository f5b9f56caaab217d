"""Delete the recorded resources of a stack or a step, then search for leftovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.events import Emit, RunStarted
from provisioner.engine.execution.destroy import Destroy
from provisioner.engine.execution.leftovers import find_leftovers
from provisioner.engine.records import consistency
from provisioner.engine.records.consistency import type_of
from provisioner.engine.records.references import KnownResources
from provisioner.engine.scheduling.progress import prefetch
from provisioner.engine.traits import ListedOneByOne
from provisioner.operations.impact import duration
from provisioner.operations.overrides import stack_protection
from provisioner.operations.runs.ownership_check import check_owned
from provisioner.operations.runs.remainders import delete_late_log_group, find_final_snapshots, keep_or_delete_secrets
from provisioner.operations.runs.summary import Remains, Summary, timed
from provisioner.operations.runs.teardown_scope import check_protection, removal
from provisioner.resources.ecs.cluster import Cluster
from provisioner.state.counted import counted

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.store import Store


def down(
    aws: Aws,
    store: Store,
    emit: Emit,
    target_step: str | None = None,
    *,
    unprotect: bool = False,
    configured: bool = False,
    redis: bool = False,
    delete_secrets: bool = False,
) -> Summary:
    """Delete the recorded resources, then list every resource type to find leftovers.

    Args:
        target_step: delete only the resources of this step and their dependents, and list only their types.
        unprotect: also lift the protection from deletion. The database then leaves a final snapshot.
        configured: whether the configuration protects the stack.
        redis: whether the configuration has Valkey.
        delete_secrets: also delete the secrets that users have set for the stack, once nothing uses them.
    """
    aws = aws.knowing(KnownResources(dict(store.records))).exhaustive()
    consistency.check_order(store.records)
    going = removal(store.records, target_step)
    emit(RunStarted("down", aws.name, aws.account, aws.region, counted(going)))
    ahead = duration.for_down(going, store.state.history)
    emit(ahead)
    destroy = Destroy(aws, store, going, emit, unprotect=unprotect, tasks=ahead.tasks)
    resource_types = list(dict.fromkeys(type_of(record) for record in going.values()))

    def work() -> Remains:
        prefetch(aws, (one for one in resource_types if not issubclass(one, ListedOneByOne)))
        check_owned(aws, going)
        if not unprotect:
            check_protection(aws, store.records, going, configured=configured)
        destroy.run()
        if target_step is None or Cluster in resource_types:
            delete_late_log_group(aws, emit)
        aws.know_tagged_types()
        left = find_leftovers(aws, store.records, resource_types if target_step else None)
        if target_step is None and not left:
            stack_protection.drop_last(store)
        kept = [] if target_step else keep_or_delete_secrets(aws, emit, delete=delete_secrets)
        return Remains(left, find_final_snapshots(aws, emit, resource_types, redis=redis), kept)

    return timed(aws.pace, "down", target_step, store, work, (destroy.progress,))
