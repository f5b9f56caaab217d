"""The work of `provision deploy`: the images, the jobs before, the services; and what becomes of one that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from provisioner.config.builds import check_contexts
from provisioner.config.facts import Deployed
from provisioner.docker.reference import parse
from provisioner.engine import target as limit
from provisioner.engine.apply import Apply
from provisioner.engine.declaration import Declared
from provisioner.engine.destroy import Destroy
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.events import Emit, Notice, RunStarted
from provisioner.engine.known import KnownResources
from provisioner.operations import configuration, connecting, declaring, estimates, image_copies, stores
from provisioner.operations.commands import Ended, Viewer, watched
from provisioner.operations.deploying import images, scope
from provisioner.operations.deploying.connect import check_unchanged
from provisioner.operations.deploying.scope import Wanted
from provisioner.operations.deploying.withdraw import withdraw
from provisioner.operations.planning import plan_alone, refuse
from provisioner.operations.proposal import Proposal, begun
from provisioner.operations.sizing.schedule import asleep_until
from provisioner.operations.sizing.sizes import check_awake
from provisioner.operations.summary import Remains, Summary, timed
from provisioner.resources.ecr.copied_images import is_own
from provisioner.resources.ecr.images import DeployedImage, ImageInUse, digest_of
from provisioner.resources.ecs.service import Service
from provisioner.state.counted import counted
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.planned import Planned
    from provisioner.operations.options import Options
    from provisioner.state.store import Store
    from provisioner.steps.stack import Stack

COMMAND = "deploy"


@dataclass(frozen=True)
class Waiting:
    """How long services are waited for.

    Attributes:
        waits: until they serve, or only until ECS shows what was asked for.
        seconds: at most as long.
    """

    waits: bool = True
    seconds: float = inf


@dataclass(frozen=True)
class Deployment:
    """What one run of `deploy` or `rollback` is about.

    Attributes:
        declared: the resources that it changes.
        replaced: the addresses of what is recorded of the former image, and is declared no more.
        before: what was recorded before it.
        waiting: how long the services are waited for.
    """

    command: str
    declared: Mapping[str, Declared]
    replaced: Sequence[str]
    before: Mapping[str, Record]
    waiting: Waiting = Waiting()


@dataclass(frozen=True)
class Rollout:
    """How a run of `deploy` ended.

    Attributes:
        begun: of each image that services have begun to run, one of these services, with the number of the revision
            that it ran before.
    """

    ended: Ended
    begun: Mapping[str, str]


def deploy(options: Options, wanted: Wanted, viewer: Viewer, waiting: Waiting | None = None) -> Rollout:
    """Roll an image out to the services and jobs that run it.

    Args:
        waiting: how long to wait for the services; unless said, until they serve or ECS gives up.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    chosen = scope.owners(config, wanted)
    check_contexts(config, options.file)
    aws = prepared(connecting.connect(options, config))
    with stores.open_store(options, config, aws, COMMAND) as store:
        check_awake(store.records, asleep_until(config, aws, store.records))
        before = dict(store.records)
        stack = _declared(options, config, aws, before, wanted, chosen)
        declared = limit.alone(stack.declared, before, scope.addresses(stack.declared, config, chosen))
        check_unchanged(before, declared)
        replaced = scope.replaced(before, stack.declared, chosen)
        deployment = Deployment(COMMAND, declared, replaced, before, waiting or Waiting())
        with watched(aws, viewer) as emit:
            proposals = list[Proposal]()

            def planned(found: Sequence[Planned]) -> None:
                # prices that cannot be read stop no deployment
                with suppress(ConfigurationError):
                    proposals.append(begun(options, config, aws, stack, store.state, found, None))

            outcome = run(aws, store, stack, deployment, emit, planned)
            ended = Ended(config, aws, outcome, proposal=next(iter(proposals), None))
            viewer.ended(ended)
        return Rollout(ended, _begun(config, chosen, before, store.records))


def _begun(
    config: Config, chosen: Sequence[str], before: Mapping[str, Record], now: Mapping[str, Record]
) -> dict[str, str]:
    by_image = dict[str, tuple[str, str]]()
    for name in scope.workloads(config, chosen):
        former, record = (records.get(f"{Service.type_name}/{name}") for records in (before, now))
        ran = former.arguments["task_definition"] if former else None
        if ran and record and record.arguments["task_definition"] != ran:
            by_image.setdefault(config.image_of(name), (name, str(ran).rpartition(":")[2]))
    return dict(by_image.values())


def prepared(aws: Aws) -> Aws:
    """Return the way to AWS for who asks for a revision himself: whoever deployed or rolled back another one."""
    return replace(aws, redeploy=True, retry_failed=True)


def _declared(
    options: Options,
    config: Config,
    aws: Aws,
    records: Mapping[str, Record],
    wanted: Wanted,
    chosen: Sequence[str],
) -> Stack:
    """Return the stack as it is declared with the images that are wanted.

    Raises:
        ConfigurationError: there is no such image.
    """
    holds, _ = images.in_effect(config, records)
    after = scope.changed(config, holds, wanted, chosen)
    after = {name: _checked(aws, config, name, one) if name in chosen else one for name, one in after.items()}
    others = {address: record for address, record in records.items() if record.type != DeployedImage.type_name}
    return declaring.declared(options, config, aws, {**others, **as_records(after)})


def _checked(aws: Aws, config: Config, name: str, deployed: Deployed) -> Deployed:
    """Return a deployed image with its digest.

    Raises:
        ConfigurationError: there is no such image.
    """
    named = parse(deployed.image)
    if not is_own(aws, named):
        copies = image_copies.find(aws, images.applied(config, {name: deployed}), "", [name], "--image")
        return replace(deployed, image=copies[name].source)
    digest = digest_of(aws, named.repository, named.tag, named.digest)
    if not digest:
        raise ConfigurationError(f"--image: ECR has no {deployed.image}: push it, or check the name and the tag")
    return replace(deployed, image=str(replace(named, digest=digest)))


def as_records(deployed: Mapping[str, Deployed]) -> dict[str, Record]:
    """Return deployed images as the state records them, by address."""
    kind = DeployedImage.type_name
    return {
        f"{kind}/{name}": Record(f"{kind}/{name}", kind, "ready", "", arguments=asdict(one), step="images")
        for name, one in deployed.items()
    }


def run(
    aws: Aws,
    store: Store,
    stack: Stack,
    deployment: Deployment,
    emit: Emit,
    begins: Callable[[Sequence[Planned]], None] = lambda planned: None,
) -> Summary:
    """Bring about what a deployment is about, and nothing else of the stack; take it back if it fails.

    Args:
        begins: is handed the plan before anything is written, if nothing of it is refused.
    """
    declared, command = deployment.declared, deployment.command
    aws = aws.knowing(KnownResources(store.records, stack.declared))
    for text in stack.notices:
        emit(Notice(text))
    tags = [address for address in deployment.replaced if store.records[address].type == ImageInUse.type_name]
    # the former image may be pulled until the services serve
    going = tags if deployment.waiting.waits else []
    emit(RunStarted(command, aws.name, aws.account, aws.region, counted([*declared, *going])))
    ahead = estimates.for_up(declared, store.records, store.state.history)
    emit(ahead)
    leaving = None if deployment.waiting.waits else Service
    apply = Apply(aws, store, declared, emit, ahead.tasks, leaving=leaving, patience=deployment.waiting.seconds)
    former = Destroy(aws.exhaustive(), store, going, emit)

    def work() -> Remains:
        planned = plan_alone(aws, store.records, declared, emit)
        refuse(planned, store.records, emit)
        begins(planned)
        try:
            apply.run()
        except ProvisionError as error:
            emit(Notice(withdraw(aws, store, deployment.before, declared, error, emit)))
            raise
        former.run()
        for address in deployment.replaced:
            # the former image stays in its repository, for a rollback
            if address not in tags:
                store.drop(address)
        return Remains()

    return timed(aws.pace, command, None, store, work, [apply.progress, former.progress])
