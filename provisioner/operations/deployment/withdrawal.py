"""Withdraw a failed deployment, if each service runs its former revision again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from provisioner.engine.errors import Interrupted, SomeFailed, TimedOut
from provisioner.engine.execution.destroy import Destroy
from provisioner.engine.words import names
from provisioner.resources.ecr.images import ImageInUse
from provisioner.resources.ecs.progress import Progress, progress_of
from provisioner.resources.ecs.service import Service

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.errors import ProvisionError
    from provisioner.engine.events import Emit
    from provisioner.state.model import Record
    from provisioner.state.store import Store

BOTH = "`provision rollback` takes all back, and `provision deploy` with an image that works brings all forward"
GOES_ON = "a deployment that has begun continues: `provision up` watches it, `provision rollback` undoes it"


def withdraw(
    aws: Aws,
    store: Store,
    before: Mapping[str, Record],
    about: Collection[str],
    error: ProvisionError,
    emit: Emit,
) -> str:
    """Restore the former records, so that `up` does not try the deployment again: `up` uses recorded revisions.

    Nothing is restored if the user ended the run or the wait timed out, since the deployment may still succeed; or if
    a service runs its new revision, or may still come to run it.

    Args:
        before: the records before the deployment.
        about: the addresses of the deployment's resources.

    Returns:
        A sentence for the user on the revisions that run now.
    """
    services = [address for address in about if address.startswith(f"{Service.type_name}/")]
    ended = [error, *(error.failures.values() if isinstance(error, SomeFailed) else ())]
    given_up = any(isinstance(one, Interrupted | TimedOut) for one in ended)
    if given_up or not all(address in before for address in services):
        return GOES_ON
    former = {address: str(before[address].arguments["task_definition"]) for address in services}
    shown = {live.address: progress_of(live) for live in aws.live(Service, fresh=True)}
    stay = [address for address, arn in former.items() if _runs(shown.get(address, Progress()), arn)]
    if len(stay) < len(former):
        moved = [address for address in former if address not in stay]
        going = any(_rolls_out(shown.get(address, Progress())) for address in moved)
        return _both(stay, moved) if stay and not going else GOES_ON
    kept = [a for a in about if a in store.records.keys() - before.keys() and a.startswith(f"{ImageInUse.type_name}/")]
    Destroy(aws.exhaustive(), store, kept, emit).run()
    for address, record in list(store.records.items()):
        if address not in before:
            store.drop(address)
        elif record != before[address]:
            store.put(before[address])
    runs = names(sorted({arn.rpartition("/")[2] for arn in former.values()}))
    return f"still running: {runs}. `up` does not try this deployment again"


def _both(stay: Sequence[str], moved: Sequence[str]) -> str:
    old, new = (names([address.partition("/")[2] for address in some]) for some in (stay, moved))
    return f"still running the revision before: {old}; running the deployed one: {new}. {BOTH}"


def _runs(shown: Progress, arn: str) -> bool:
    """Return whether a service runs a revision, and ECS rolls out no other."""
    return shown.runs == arn and not _rolls_out(shown)


def _rolls_out(shown: Progress) -> bool:
    return shown.rollout_state == "IN_PROGRESS" and not shown.undone
