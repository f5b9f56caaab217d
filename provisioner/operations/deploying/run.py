"""The work of `provision deploy`: the images, the jobs before, the services; and what becomes of one that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
from provisioner.engine.plan import plan
from provisioner.operations import configuration, connecting, declaring, estimates, stores
from provisioner.operations.commands import Ended, Viewer, watched
from provisioner.operations.deploying import images, scope
from provisioner.operations.deploying.scope import Wanted
from provisioner.operations.deploying.withdraw import withdraw
from provisioner.operations.planning import answered, refuse
from provisioner.operations.summary import Remains, Summary, timed
from provisioner.resources.ecr.copied_images import is_own
from provisioner.resources.ecr.images import DeployedImage, ImageInUse, digest_of
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.options import Options
    from provisioner.state.store import Store
    from provisioner.steps.stack import Stack

COMMAND = "deploy"


@dataclass(frozen=True)
class Deployment:
    """What one run of `deploy` or `rollback` is about.

    Attributes:
        declared: the resources that it changes.
        replaced: the addresses of what is recorded of the former image, and is declared no more.
        before: what was recorded before it.
    """

    command: str
    declared: Mapping[str, Declared]
    replaced: Sequence[str]
    before: Mapping[str, Record]


def deploy(options: Options, wanted: Wanted, viewer: Viewer) -> Ended:
    """Roll an image out to the services and jobs that run it.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    chosen = scope.owners(config, wanted)
    check_contexts(config, options.file)
    aws = prepared(connecting.connect(options, config))
    with stores.open_store(options, config, aws, COMMAND) as store:
        before = dict(store.records)
        stack = _declared(options, config, aws, before, wanted, chosen)
        declared = limit.alone(stack.declared, before, scope.addresses(stack.declared, config, chosen))
        deployment = Deployment(COMMAND, declared, scope.replaced(before, stack.declared, chosen), before)
        with watched(aws, viewer) as emit:
            ended = Ended(config, aws, run(aws, store, stack, deployment, emit))
            viewer.ended(ended)
    return ended


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
    after = {name: _checked(aws, one) if name in chosen else one for name, one in after.items()}
    others = {address: record for address, record in records.items() if record.type != DeployedImage.type_name}
    return declaring.declared(options, config, aws, {**others, **as_records(after)})


def _checked(aws: Aws, deployed: Deployed) -> Deployed:
    """Return a deployed image with its digest, if it is of this account's ECR; of others copies are made later.

    Raises:
        ConfigurationError: there is no such image.
    """
    named = parse(deployed.image)
    if not is_own(aws, named):
        return deployed
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


def run(aws: Aws, store: Store, stack: Stack, deployment: Deployment, emit: Emit) -> Summary:
    """Bring about what a deployment is about, and nothing else of the stack; take it back if it fails."""
    declared, command = deployment.declared, deployment.command
    aws = aws.knowing(KnownResources(store.records, stack.declared))
    for text in stack.notices:
        emit(Notice(text))
    tags = [address for address in deployment.replaced if store.records[address].type == ImageInUse.type_name]
    emit(RunStarted(command, aws.name, aws.account, aws.region, len(declared) + len(tags)))
    ahead = estimates.for_up(declared, store.records, store.state.history)
    emit(ahead)
    apply = Apply(aws, store, declared, emit, ahead.tasks)
    former = Destroy(aws.exhaustive(), store, tags, emit)

    def work() -> Remains:
        refuse(answered(aws, emit, lambda: plan(aws, store.records, declared, (), limited=True)), store.records, emit)
        try:
            apply.run()
        except ProvisionError as error:
            emit(Notice(withdraw(aws, store, deployment.before, declared, error, emit)))
            raise
        former.run()
        for address in deployment.replaced:
            # the former image stays in its repository, for a rollback
            if address in store.records:
                store.drop(address)
        return Remains()

    return timed(aws.pace, command, None, store, work, [apply.progress, former.progress])
