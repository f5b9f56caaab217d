"""The work of `provision deploy`: the images, the jobs before, the services; and what becomes of one that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioner.config.builds import check_contexts
from provisioner.config.facts import Deployed
from provisioner.docker.reference import parse
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning import target as limit
from provisioner.operations.context import configuration, connection, stores
from provisioner.operations.deployment import scope
from provisioner.operations.deployment.rollout import Deployment, Waiting, prepared, run
from provisioner.operations.deployment.scope import Wanted
from provisioner.operations.deployment.service_connect import check_unchanged
from provisioner.operations.overrides import images
from provisioner.operations.overrides.images import as_records
from provisioner.operations.overrides.sizes import check_awake
from provisioner.operations.overrides.sleep_schedule import asleep_until
from provisioner.operations.planning import declaration
from provisioner.operations.planning.proposal import Proposal, begun
from provisioner.operations.prerequisites import image_copies
from provisioner.operations.runs.viewer import Ended, Viewer, watched
from provisioner.resources.ecr.copied_images import is_own
from provisioner.resources.ecr.images import DeployedImage, digest_of
from provisioner.resources.ecs.service import Service
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.context.options import Options
    from provisioner.steps.stack import Stack

COMMAND = "deploy"


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
    aws = prepared(connection.connect(options, config))
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
    return declaration.declare_stack(options, config, aws, {**others, **as_records(after)})


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
