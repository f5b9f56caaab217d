"""Roll out the resources of one `deploy` or `rollback`, and withdraw them after a failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING

from provisioner.engine.declaration import Declared
from provisioner.engine.errors import ProvisionError
from provisioner.engine.events import Emit, Notice, RunStarted
from provisioner.engine.execution.apply import Apply
from provisioner.engine.execution.destroy import Destroy
from provisioner.engine.execution.narrowing import Narrow
from provisioner.engine.records.references import KnownResources
from provisioner.operations.deployment.outlook import of_rollback
from provisioner.operations.deployment.withdrawal import withdraw
from provisioner.operations.impact import duration
from provisioner.operations.planning.dry_run import plan_alone, refuse
from provisioner.operations.runs.summary import Remains, Summary, timed
from provisioner.resources.ecr.images import ImageInUse
from provisioner.resources.ecs.service import Service
from provisioner.state.counted import counted
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.planning.actions import Planned
    from provisioner.state.store import Store
    from provisioner.steps.stack import Stack


@dataclass(frozen=True)
class Waiting:
    """The wait for services.

    Attributes:
        waits: whether to wait until they serve; if not, only until ECS shows the change.
        seconds: the longest wait.
    """

    waits: bool = True
    seconds: float = inf


@dataclass(frozen=True)
class Deployment:
    """The changes of one `deploy` or `rollback`.

    Attributes:
        declared: the resources that it changes.
        replaced: the addresses of the former image's records that are no longer declared.
        before: the records before the run.
        waiting: the wait for the services.
        back_to: for a rollback the ARNs of the wanted revisions, by service or job.
    """

    command: str
    declared: Mapping[str, Declared]
    replaced: Sequence[str]
    before: Mapping[str, Record]
    waiting: Waiting = Waiting()
    back_to: Mapping[str, str] = field(default_factory=dict)


def replacing_other_revisions(aws: Aws) -> Aws:
    """Return an `Aws` that registers a new revision even if somebody else deployed in between."""
    return replace(aws, redeploy=True, retry_failed=True)


def run(
    aws: Aws,
    store: Store,
    stack: Stack,
    deployment: Deployment,
    emit: Emit,
    begins: Callable[[Sequence[Planned]], None] = lambda planned: None,
) -> Summary:
    """Make the changes of a deployment, and no other change; withdraw them if it fails.

    Args:
        begins: called with the plan before anything is written, unless the plan holds a refusal.
    """
    declared, command = deployment.declared, deployment.command
    aws = aws.knowing(KnownResources(store.records, stack.declared))
    for text in stack.notices:
        emit(Notice(text))
    tags = [address for address in deployment.replaced if store.records[address].type == ImageInUse.type_name]
    # the former image may be pulled until the services serve
    going = tags if deployment.waiting.waits else []
    emit(RunStarted(command, aws.name, aws.account, aws.region, counted([*declared, *going])))
    ahead = duration.for_up(declared, store.records, store.state.history)
    emit(ahead)
    leaving = None if deployment.waiting.waits else Service
    apply = Apply(aws, store, declared, emit, ahead.tasks, leaving=leaving, patience=deployment.waiting.seconds)
    former = Destroy(aws.exhaustive(), store, going, emit)
    # a service that was rolled back without steps has them again for its next deployment
    narrow = Narrow(apply, "declared", ["deployment_configuration"] if aws.at_once else [])

    def work() -> Remains:
        planned = plan_alone(aws, store.records, declared, emit)
        refuse(planned, store.records, emit)
        for text in of_rollback(aws, deployment.before, deployment.back_to):
            emit(Notice(text))
        begins(planned)
        try:
            apply.run()
        except ProvisionError as error:
            text, told = withdraw(aws, store, deployment.before, declared, error, emit)
            if text:
                emit(Notice(text))
            if told is error:
                raise
            raise told from error
        narrow.run()
        former.run()
        for address in deployment.replaced:
            # the former image stays in its repository, for a rollback
            if address not in tags:
                store.drop(address)
        return Remains()

    return timed(aws.pace, command, None, store, work, [apply.progress, narrow.progress, former.progress])
