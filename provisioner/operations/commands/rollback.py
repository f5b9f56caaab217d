"""The work of `provision rollback`: a service, and what runs its image, go back to revisions that they ran before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioner.config.facts import Deployed
from provisioner.docker.reference import parse
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning import target as limit
from provisioner.operations.context import configuration, connection, stores
from provisioner.operations.context.configuration import check_service
from provisioner.operations.context.records import service_record
from provisioner.operations.deployment import scope
from provisioner.operations.deployment.rollout import Deployment, prepared, run
from provisioner.operations.deployment.service_connect import check_unchanged, lacks_port
from provisioner.operations.overrides import images
from provisioner.operations.overrides.images import as_records
from provisioner.operations.overrides.sizes import check_awake
from provisioner.operations.overrides.sleep_schedule import asleep_until
from provisioner.operations.planning import declaration
from provisioner.operations.runs.viewer import Ended, Viewer, watched
from provisioner.resources.ecr.copied_images import is_own
from provisioner.resources.ecr.images import DeployedImage, digest_of
from provisioner.resources.ecs.revisions import arn_of_number, image_of, previous_arn, revision, short_name
from provisioner.resources.ecs.task_definition import revisions

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record

COMMAND = "rollback"


@dataclass(frozen=True)
class Target:
    """Where a rollback goes.

    Attributes:
        image: the image of the revision that is gone back to; empty if that is the one that runs.
        revisions: the ARNs of the revisions that are gone back to, by service or job.
    """

    image: str
    revisions: Mapping[str, str]


def rollback(options: Options, service: str | None, to: str | None, viewer: Viewer) -> Ended:
    """Let a service, and all that run its image, go back to the revisions that they ran before.

    Args:
        service: may be left out where there is just one.
        to: the number of the revision; unless said, the one that served before the one that runs.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    name = service or _only(config)
    check_service(config, name)
    aws = prepared(connection.connect(options, config))
    with stores.open_store(options, config, aws, COMMAND) as store:
        check_awake(store.records, asleep_until(config, aws, store.records))
        target = _target(config, aws, store.records, name, to)
        before = dict(store.records)
        owner = config.image_of(name)
        asked = as_records(_deployed(config, before, owner, target))
        stack = declaration.declare_stack(options, config, aws, {**before, **asked})
        check_unchanged(before, {a: stack.declared[a] for a in scope.services_of(stack.declared, target.revisions)})
        # first the image: an `up` that is run after a kill goes on with that
        for record in (*asked.values(), *_records(before, target)):
            store.put(record)
        deployed = f"{DeployedImage.type_name}/{owner}"
        if deployed in before.keys() - asked.keys():
            store.drop(deployed)
        about = [*scope.services_of(stack.declared, target.revisions), *asked, *scope.tags_of(stack.declared, owner)]
        declared = limit.alone(stack.declared, store.records, about)
        deployment = Deployment(COMMAND, declared, scope.replaced(store.records, stack.declared, [owner]), before)
        with watched(aws, viewer) as emit:
            ended = Ended(config, aws, run(aws, store, stack, deployment, emit))
            viewer.ended(ended)
    return ended


def _deployed(config: Config, before: Mapping[str, Record], owner: str, target: Target) -> dict[str, Deployed]:
    """Return the deployed images as they are to be from now on."""
    after, _ = images.in_effect(config, before)
    says = images.source_of(config.images[owner])
    if says == f"image {target.image}":
        after.pop(owner, None)
    elif target.image:
        after[owner] = Deployed(target.image, says)
    return after


def _only(config: Config) -> str:
    if len(config.services) > 1:
        raise ConfigurationError(f"name a service: {', '.join(config.services)}")
    return next(iter(config.services))


def _target(config: Config, aws: Aws, records: Mapping[str, Record], name: str, to: str | None) -> Target:
    """Return where to go back to.

    Raises:
        ConfigurationError: there is no such revision, it is the one that runs, or it can be used no more.
    """
    record = service_record(records, name)
    runs, cluster = str(record.arguments["task_definition"]), str(record.arguments["cluster"])
    arn = arn_of_number(runs, to) if to else previous_arn(aws, cluster, name, runs)
    if arn == runs:
        raise ConfigurationError(f"{name} runs {short_name(arn)} already")
    shown = revision(aws, arn)
    if shown.get("status", "ACTIVE") != "ACTIVE":
        raise ConfigurationError(
            f"{short_name(arn)} was deregistered, so ECS starts no more tasks of it: choose another one"
        )
    if lacks_port(record, shown):
        before = f"{short_name(arn)} is from before network.connect, and others could not reach it by Service Connect"
        raise ConfigurationError(f"{before}: choose a later one, or deploy its image")
    image = image_of(shown, name)
    if image == image_of(revision(aws, runs), name):
        return Target("", {name: arn})
    for one in shown["containerDefinitions"]:
        _check_there(aws, str(one["image"]))
    return Target(image, {name: arn, **_others(config, aws, records, name, image)})


def _check_there(aws: Aws, image: str) -> None:
    named = parse(image)
    if named.digest and is_own(aws, named) and not digest_of(aws, named.repository, named.tag, named.digest):
        raise ConfigurationError(f"ECR has no {image} any more: choose another revision, or deploy an image")


def _others(config: Config, aws: Aws, records: Mapping[str, Record], name: str, image: str) -> dict[str, str]:
    """Return the newest revisions with an image of what else runs the service's image, as far as there are any."""
    chosen = {}
    for other in scope.workloads(config, [config.image_of(name)]):
        record = records.get(f"task_definition/{other}")
        if other != name and record and record.id:
            shown = (revision(aws, arn) for arn in revisions(aws, record.id))
            service = records.get(f"service/{other}")
            usable = (one for one in shown if image_of(one, other) == image and not lacks_port(service, one))
            arn = next((str(one["taskDefinitionArn"]) for one in usable), None)
            if arn:
                chosen[other] = arn
    return chosen


def _records(records: Mapping[str, Record], target: Target) -> list[Record]:
    """Return the records of the task definitions with the revisions that are gone back to."""
    return [
        replace(record, outputs={**record.outputs, "arn": arn})
        for name, arn in target.revisions.items()
        if (record := records.get(f"task_definition/{name}"))
    ]
