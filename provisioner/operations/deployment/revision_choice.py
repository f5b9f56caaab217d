"""Choose the revisions that a rollback goes back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioner.config.facts import Deployed
from provisioner.docker.reference import parse
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context.records import service_record
from provisioner.operations.deployment import scope
from provisioner.operations.deployment.service_connect import lacks_port
from provisioner.operations.overrides import images
from provisioner.operations.overrides.images import BY_ROLLBACK, UNDER_WAY
from provisioner.resources.ecr.copied_images import is_own
from provisioner.resources.ecr.images import digest_of
from provisioner.resources.ecs.revisions import arn_of_number, image_of, previous_arn, revision, short_name
from provisioner.resources.ecs.task_definition import TaskDefinition, revisions

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record


@dataclass(frozen=True)
class Target:
    """The revisions that a rollback goes back to.

    Attributes:
        image: the image of these revisions; empty if it is the running one.
        revisions: the ARNs of the revisions, by service or job.
    """

    image: str
    revisions: Mapping[str, str]


def choose_target(config: Config, aws: Aws, records: Mapping[str, Record], name: str, to: str | None) -> Target:
    """Return the revision of a service that a rollback goes back to, with the revisions of all that run its image.

    Args:
        to: the number of the revision; None: the revision that served before the running one, or the target of a
            rollback that was killed.

    Raises:
        ConfigurationError: the revision does not exist, runs already, or cannot be used any more.
    """
    record = service_record(records, name)
    if to is None and (target := _cut_short(config, records, name)):
        return target
    runs, cluster = str(record.arguments["task_definition"]), str(record.arguments["cluster"])
    arn = arn_of_number(runs, to) if to else previous_arn(aws, cluster, name, runs)
    if arn == runs:
        raise ConfigurationError(f"{name} runs {short_name(arn)} already: choose another revision")
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
    return Target(image, {name: arn, **_choose_others(config, aws, records, name, image)})


def _check_there(aws: Aws, image: str) -> None:
    named = parse(image)
    if named.digest and is_own(aws, named) and not digest_of(aws, named.repository, named.tag, named.digest):
        raise ConfigurationError(f"ECR has no {image} any more: choose another revision, or deploy an image")


def _choose_others(config: Config, aws: Aws, records: Mapping[str, Record], name: str, image: str) -> dict[str, str]:
    """Return, for each other workload that runs the service's image, its newest usable revision with that image."""
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


def record_revisions(records: Mapping[str, Record], target: Target) -> list[Record]:
    """Return the records of the task definitions, with the chosen revisions."""
    return [
        replace(record, outputs={**record.outputs, "arn": arn})
        for name, arn in target.revisions.items()
        if (record := records.get(f"task_definition/{name}"))
    ]


def put_back(config: Config, owner: str, target: Target, now: float, by: str = BY_ROLLBACK) -> dict[str, Deployed]:
    """Return the image that a rollback goes back to, also if it is the configured one; nothing if the image stays.

    Args:
        owner: the service or job whose image the target has.
        now: the time in seconds since the epoch.
        by: the command in the record; UNDER_WAY until all that run the image have their revisions.
    """
    says = images.source_of(config.images[owner])
    return {owner: Deployed(target.image, says, by, now)} if target.image else {}


def _cut_short(config: Config, records: Mapping[str, Record], name: str) -> Target | None:
    """Return the target of a rollback that did not come to its end; None if there was none."""
    owner = config.image_of(name)
    marked = images.recorded(records).get(owner)
    if marked is None or marked.by != UNDER_WAY:
        return None
    recorded = {one: records.get(f"{TaskDefinition.type_name}/{one}") for one in scope.workloads(config, [owner])}
    wanted = {one: str(record.outputs["arn"]) for one, record in recorded.items() if record and "arn" in record.outputs}
    return Target(marked.image, wanted) if name in wanted else None


def deployed_after(
    config: Config, records: Mapping[str, Record], owner: str, target: Target, now: float
) -> dict[str, Deployed]:
    """Return the deployed images as they are recorded from now on.

    Args:
        owner: the service or job whose image the target has.
        now: the time in seconds since the epoch.
    """
    after, _ = images.in_effect(config, records)
    after |= put_back(config, owner, target, now)
    if images.is_configured(config, owner, target.image):
        del after[owner]
    return after
