"""Run `provision rollback`: return a service, and all that run its image, to revisions that they ran before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning import target as limit
from provisioner.operations.context import configuration, standing, stores
from provisioner.operations.deployment import revision_choice, rollout, scope
from provisioner.operations.deployment.service_connect import check_unchanged
from provisioner.operations.overrides import images, sleep_schedule
from provisioner.operations.planning import declaration
from provisioner.operations.runs.viewer import Ended, Viewer, watched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record
    from provisioner.state.store import Store
    from provisioner.steps.stack import Stack

COMMAND = "rollback"


def rollback(options: Options, service: str | None, to: str | None, viewer: Viewer) -> Ended:
    """Return a service, and all that run its image, to the revisions that they ran before.

    Args:
        service: its name; None if the stack has only one.
        to: the number of the revision; None: the revision that served before the running one.

    Raises:
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    config = configuration.load(options, declares=True)
    name = service or _only_service(config)
    configuration.check_service(config, name)
    aws = replace(rollout.replacing_other_revisions(standing.connect(options, config)), at_once=True)
    with stores.open_store(options, config, aws, COMMAND) as store:
        sleep_schedule.check_awake(config, aws, store.records)
        target = revision_choice.choose_target(config, aws, store.records, name, to)
        before, owner, now = dict(store.records), config.image_of(name), aws.pace.time()
        kept = images.as_records(revision_choice.deployed_after(config, before, owner, target, now))
        others = {address: record for address, record in before.items() if address not in images.records_of(before)}
        stack = declaration.declare_stack(options, config, aws, {**others, **kept}, deploying=[owner])
        services = scope.services_of(stack.declared, target.revisions)
        check_unchanged(before, {address: stack.declared[address] for address in services})
        marked = images.as_records(revision_choice.put_back(config, owner, target, now, images.UNDER_WAY))
        # the image comes first: an `up` or a `rollback` after a kill goes on with it
        for record in (*marked.values(), *revision_choice.record_revisions(before, target)):
            store.put(record)
        about = [*services, *scope.tags_of(stack.declared, owner)]
        ended = _roll_back(config, aws, store, stack, before, owner, about, target.revisions, viewer)
        if ended.outcome.ok:
            for address in marked.keys() & kept.keys():
                store.put(kept[address])
        return ended


def _only_service(config: Config) -> str:
    if len(config.services) > 1:
        raise ConfigurationError(f"name a service: {', '.join(config.services)}")
    return next(iter(config.services))


def _roll_back(
    config: Config,
    aws: Aws,
    store: Store,
    stack: Stack,
    before: Mapping[str, Record],
    owner: str,
    about: list[str],
    back_to: Mapping[str, str],
    viewer: Viewer,
) -> Ended:
    """Make the changes while the viewer watches, and return how the run ended."""
    declared = limit.alone(stack.declared, store.records, about)
    replaced = scope.replaced(store.records, stack.declared, [owner])
    deployment = rollout.Deployment(COMMAND, declared, replaced, before, back_to=back_to)
    with watched(aws, viewer) as emit:
        ended = Ended(config, aws, rollout.run(aws, store, stack, deployment, emit))
        viewer.ended(ended)
    return ended
