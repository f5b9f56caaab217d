"""The work of `provision down`: delete what is recorded, then look for what is left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import explained
from provisioner.engine.declaration import STEPS
from provisioner.engine.errors import UNPROTECT, NotOwned, OutcomeUnknown, PartProtected, Protected
from provisioner.engine.events import Emit, Notice, RunStarted
from provisioner.engine.execution.destroy import Destroy
from provisioner.engine.execution.leftovers import Leftover, find_leftovers
from provisioner.engine.planning import target as limit
from provisioner.engine.records import consistency, protection
from provisioner.engine.records.consistency import type_of
from provisioner.engine.records.references import KnownResources
from provisioner.engine.scheduling.progress import prefetch
from provisioner.engine.traits import ListedOneByOne
from provisioner.operations.impact import duration
from provisioner.operations.impact.data_loss import costly
from provisioner.operations.overrides import expiration
from provisioner.operations.prerequisites import secret_parameters
from provisioner.operations.runs.summary import Remains, Summary, timed
from provisioner.resources.ecs.cluster import Cluster
from provisioner.resources.logs import remove_remade
from provisioner.resources.rds.snapshots import final_snapshots
from provisioner.state.counted import counted
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Observed, Resource
    from provisioner.state.store import Store


def removal(records: Mapping[str, Record], target_step: str | None = None) -> dict[str, Record]:
    """Return what `down` removes: everything, or the resources of one step and all that is built on them.

    Until when the stack is wanted is no part of it: that is forgotten last, so that `down --expired` can be run again.
    """
    addresses = records if target_step is None else limit.step_and_dependents(records, target_step)
    return {address: records[address] for address in addresses if address != expiration.ADDRESS}


def deletable(going: Mapping[str, Record]) -> dict[str, Record]:
    """Return what of it `down` deletes, the last steps first: without what it retains, and what only AWS creates.

    Of the latter, such as container instances, nobody knows how many there are before they are looked up.
    """
    order = {step: number for number, step in enumerate(reversed(STEPS))}
    types = {address: type_of(record) for address, record in going.items()}
    deleted = [a for a, resource_type in types.items() if not (resource_type.retained or resource_type.created_by_aws)]
    return {a: going[a] for a in sorted(deleted, key=lambda a: order.get(going[a].step, -1))}


def created_by_aws(going: Mapping[str, Record]) -> bool:
    """Say whether `down` also deletes what only AWS creates, which nobody can count beforehand."""
    return any(type_of(record).created_by_aws for record in going.values())


def protected(aws: Aws, records: Mapping[str, Record], addresses: Collection[str]) -> list[str]:
    """Return which of these recorded resources are protected from deletion, by the state or in AWS."""
    return protection.protected(aws.knowing(KnownResources(dict(records))), [records[address] for address in addresses])


def check_protection(aws: Aws, records: Mapping[str, Record], going: Collection[str], command: str = UNPROTECT) -> None:
    """Refuse to delete what is protected, and a part of a protected stack that holds data or serves.

    Args:
        command: what deletes it all the same, in backticks.

    Raises:
        Protected: by the state or by AWS.
    """
    if found := protected(aws, records, going):
        raise Protected(found, command)
    lost = [address for address in going if costly(records[address])]
    if lost and (found := protected(aws, records, records.keys() - going)):
        raise PartProtected(lost, sorted(found), command)


def down(
    aws: Aws,
    store: Store,
    emit: Emit,
    target_step: str | None = None,
    *,
    unprotect: bool = False,
    delete_secrets: bool = False,
) -> Summary:
    """Remove what is recorded, then look through every resource type for what is left.

    Args:
        target_step: delete the resources of this step and their dependents, and look for their resource types only.
        unprotect: lift the protection from deletion as well. The database then leaves a final snapshot.
        delete_secrets: delete the secrets that users have set for the stack as well, once nothing uses them.
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
        _check_owned(aws, going)
        if not unprotect:
            check_protection(aws, store.records, going)
        destroy.run()
        if target_step is None or Cluster in resource_types:
            _late_metrics(aws, emit)
        aws.know_tagged_types()
        left = find_leftovers(aws, store.records, resource_types if target_step else None)
        if target_step is None and not left:
            expiration.keep(store, None)
        kept = [] if target_step else _secrets(aws, emit, delete=delete_secrets)
        return Remains(left, _snapshots(aws, emit), kept)

    return timed(aws.pace, "down", target_step, store, work, (destroy.progress,))


def _check_owned(aws: Aws, going: Mapping[str, Record]) -> None:
    """Refuse a state whose resources carry another stack's tags: what has no tags would be deleted all the same.

    Another project and environment can make the same name: `a` and `b-c`, `a-b` and `c`.

    Raises:
        NotOwned: of those that are there none is this stack's, and one says whose it is.
        ApiError: of those that are there none is this stack's, and the tags of one cannot be read.
    """
    there = [
        (type_of(record), live)
        for record in going.values()
        if record.id and aws.taggable(type_of(record)) and not issubclass(type_of(record), ListedOneByOne)
        for live in _listed(aws, type_of(record))
        if live.id == record.id
    ]
    if any(live.owned for _, live in there):
        return
    for resource_type, live in there:
        if whose := aws.other_owner(_tags(aws, resource_type, live)):
            raise NotOwned(
                f"the recorded resources belong to another stack ({whose}), {live.id} for example, so nothing was "
                f"deleted: use the configuration with that project and environment"
            )


def _listed(aws: Aws, resource_type: type[Resource]) -> list[Observed]:
    try:
        return aws.live(resource_type)
    except (BotoCoreError, ClientError):
        return []  # what cannot be read now is waited for, one by one


def _tags(aws: Aws, resource_type: type[Resource], live: Observed) -> dict[str, str]:
    """Return the tags of what is listed; of what is gone meanwhile none."""
    try:
        return aws.read_tags(resource_type, live)
    except (BotoCoreError, ClientError) as error:
        if aws.errors.not_found(error, resource_type.service):
            return {}
        raise explained(error) from error


def _late_metrics(aws: Aws, emit: Emit) -> None:
    """Remove the log group that the cluster's last metrics made again; it matters little if that cannot be done."""
    try:
        if name := remove_remade(aws):
            emit(Notice(f"Container Insights created {name} again, so it was deleted again"))
    except (BotoCoreError, ClientError, OutcomeUnknown) as error:
        emit(Notice(f"could not check whether Container Insights created its log group again: {explained(error)}"))


def _secrets(aws: Aws, emit: Emit, *, delete: bool) -> list[str]:
    """Return the names of the secrets that users have set and that stay."""
    try:
        found = [name.rpartition("/")[2] for name in secret_parameters.kept(aws)]
        if delete:
            secret_parameters.remove(aws, found)
    except (BotoCoreError, ClientError) as error:
        emit(Notice(f"could not check for secrets that were set: {explained(error)}"))
        return []
    return [] if delete else found


def _snapshots(aws: Aws, emit: Emit) -> list[Leftover]:
    try:
        return final_snapshots(aws)
    except (BotoCoreError, ClientError) as error:
        emit(Notice(f"could not check for final snapshots of the database: {explained(error)}"))
        return []
