"""Withdraw a failed deployment, if each service runs its former revision again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.engine.errors import Interrupted, SomeFailed, TimedOut, Withdrawn
from provisioner.engine.execution.destroy import Destroy
from provisioner.engine.words import names
from provisioner.operations.deployment.outlook import serves
from provisioner.operations.overrides.expiration import moment
from provisioner.resources.ecr.images import ImageInUse
from provisioner.resources.ecs import stopping
from provisioner.resources.ecs.progress import Progress, RolloutFailed, progress_of
from provisioner.resources.ecs.service import Service

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.errors import ProvisionError
    from provisioner.engine.events import Emit
    from provisioner.state.model import Record
    from provisioner.state.store import Store

BOTH = "`provision rollback` takes all back, and `provision deploy` with an image that works brings all forward"
GOES_ON = "a deployment that has begun continues: `provision up` watches it, `provision rollback {}` undoes it"
NOT_AGAIN = "`up` does not try this deployment again"


def withdraw(
    aws: Aws,
    store: Store,
    before: Mapping[str, Record],
    about: Collection[str],
    error: ProvisionError,
    emit: Emit,
) -> tuple[str, ProvisionError]:
    """Restore the former records, so that `up` does not try the deployment again: `up` uses recorded revisions.

    Nothing is restored if the user ended the run or the wait timed out, since the deployment may still succeed; or if
    a service runs its new revision, or may still come to run it.

    Args:
        before: the records before the deployment.
        about: the addresses of the deployment's resources.

    Returns:
        A sentence for the user on the revisions that run now, empty if the error says it; and the error of the run.
    """
    services = [address for address in about if address.startswith(f"{Service.type_name}/")]
    failures = error.failures if isinstance(error, SomeFailed) else {}
    goes_on = GOES_ON.format(_name(services[0]) if services else "")
    if any(isinstance(one, Interrupted | TimedOut) for one in (error, *failures.values())):
        return goes_on, error
    if not all(address in before for address in services):
        return goes_on, error
    for address, one in failures.items():
        if isinstance(one, RolloutFailed) and one.stopped:
            stopping.await_end(aws, str(before[address].arguments["cluster"]), _name(address))
    former = {address: str(before[address].arguments["task_definition"]) for address in services}
    shown = {str(live.address): progress_of(live) for live in aws.live(Service, fresh=True)}
    stay = [address for address, arn in former.items() if _runs(shown.get(address, Progress()), arn)]
    if len(stay) < len(former):
        moved = [address for address in former if address not in stay]
        going = any(_rolls_out(shown.get(address, Progress())) for address in moved)
        return _both(stay, moved) if stay and not going else goes_on, error
    told = list(_told(failures, before, store.records, shown))
    _restore(aws, store, before, about, emit)
    if told and isinstance(error, SomeFailed):
        return "", Withdrawn(error, [*told, NOT_AGAIN])
    runs = names(sorted({arn.rpartition("/")[2] for arn in former.values()}))
    return f"still running: {runs}. {NOT_AGAIN}", error


def _restore(aws: Aws, store: Store, before: Mapping[str, Record], about: Collection[str], emit: Emit) -> None:
    """Put the records back as they were, and delete the tags that keep the new images."""
    kept = [a for a in about if a in store.records.keys() - before.keys() and a.startswith(f"{ImageInUse.type_name}/")]
    Destroy(aws.exhaustive(), store, kept, emit).run()
    for address, record in list(store.records.items()):
        if address not in before:
            store.drop(address)
        elif record != before[address]:
            store.put(before[address])


def _told(
    failures: Mapping[str, BaseException],
    before: Mapping[str, Record],
    now: Mapping[str, Record],
    shown: Mapping[str, Progress],
) -> Iterator[str]:
    """Yield for each failed service the revision that serves, and the reason why the other one does not."""
    for address, one in failures.items():
        if address in shown and (isinstance(one, RolloutFailed) or shown[address].rolled_back):
            asked = before[address].arguments
            old, new = (str(records[address].arguments["task_definition"]) for records in (before, now))
            still = f"{_name(address)} still {'serves' if serves(asked) else 'runs'} revision {old.rpartition(':')[2]}"
            why = one if isinstance(one, RolloutFailed) else shown[address]
            line = f": {why.last_line}" if why.last_line else ""
            since = _since(shown[address].began)
            yield f"{still}{since}; revision {new.rpartition(':')[2]} failed: {why.cause}{line}"


def _since(began: datetime | None) -> str:
    return f", since {moment(began.timestamp())}" if began else ""


def _both(stay: Sequence[str], moved: Sequence[str]) -> str:
    old, new = (names([_name(address) for address in some]) for some in (stay, moved))
    return f"still running the revision before: {old}; running the deployed one: {new}. {BOTH}"


def _name(address: str) -> str:
    return address.partition("/")[2]


def _runs(shown: Progress, arn: str) -> bool:
    """Return whether a service runs a revision, and ECS rolls out no other."""
    return shown.runs == arn and not _rolls_out(shown)


def _rolls_out(shown: Progress) -> bool:
    return shown.rollout_state == "IN_PROGRESS" and not shown.undone
