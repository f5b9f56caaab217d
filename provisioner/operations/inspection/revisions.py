"""List the deployments of services and compare two revisions, for `provision history`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.aws.redaction import without_secret_variables
from provisioner.operations.context.configuration import check_service
from provisioner.operations.context.reading import open_unlocked
from provisioner.operations.context.records import service_record
from provisioner.resources.ecs.history import Past, past
from provisioner.resources.ecs.revisions import (
    arn_of_number,
    image_of,
    previous_arn,
    revision,
    revision_or_empty,
    short_name,
)

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.operations.context.options import Options

SERVES, ROLLED_BACK = "serves", "rolled back"
WORDS = {
    "SUCCESSFUL": "succeeded",
    "ROLLBACK_SUCCESSFUL": ROLLED_BACK,
    "ROLLBACK_IN_PROGRESS": "rolling back",
    "ROLLBACK_REQUESTED": "rolling back",
    "ROLLBACK_FAILED": "failed to roll back",
    "IN_PROGRESS": "in progress",
    "PENDING": "pending",
    "STOPPED": "stopped",
    "STOP_REQUESTED": "stopping",
}
"""The displayed word for each status of a service deployment in ECS."""
AWS_ADDED = (
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy",
    "deregisteredAt",
)  # fmt: skip
"""The fields that AWS adds to a task definition. They are no part of the request, so a comparison ignores them."""


@dataclass(frozen=True)
class Entry:
    """One deployment of a service.

    Attributes:
        revision: the revision of the task definition, such as `shop-dev-web:3`.
        image: the image reference of the task definition, with its digest.
        tags: the image's tags in ECR; none if ECR does not have it.
        began: the start, in seconds since the epoch.
        seconds: the duration; None while the deployment is under way.
        outcome: a word of `WORDS`, or ECS's own word; `SERVES` for the deployment that serves now.
        by: the user or role that registered the revision, a role with its session; empty if ECS does not say.
    """

    service: str
    revision: str
    image: str
    tags: Sequence[str]
    began: float | None
    seconds: float | None
    outcome: str
    by: str


def history(options: Options, names: Sequence[str], most: int) -> list[Entry]:
    """Return the deployments of services, the newest first. Makes only read calls.

    Raises:
        ConfigurationError: there is no such service, or the stack is not up.
    """
    config, aws, state = open_unlocked(options)
    aws = aws.reading()
    for name in names:
        check_service(config, name)
    entries = []
    for name in names or config.services:
        record = service_record(state.records, name)
        entries += entries_of(aws, name, past(aws, str(record.arguments["cluster"]), name, most))
    return entries


def entries_of(aws: Aws, name: str, deployments: Sequence[Past]) -> list[Entry]:
    """Return the entries of these deployments of a service, with image, tags and outcome."""
    arns = list(dict.fromkeys(one.task_definition for one in deployments if one.task_definition))
    shown = dict(zip(arns, aws.each(lambda arn: revision_or_empty(aws, arn), arns), strict=True))
    images = {arn: image_of(found, name) for arn, found in shown.items()}
    tags = _tags_of_digests(aws, {image for image in images.values() if "@" in image})
    return [
        Entry(
            name,
            short_name(one.task_definition),
            images.get(one.task_definition, ""),
            tags.get(images.get(one.task_definition, ""), ()),
            one.began.timestamp() if one.began else None,
            (one.ended - one.began).total_seconds() if one.began and one.ended else None,
            outcome,
            caller(
                str(shown.get(one.task_definition, {}).get("registeredBy", "")), own=aws.connection.endpoint is not None
            ),
        )
        for one, outcome in zip(deployments, outcomes(deployments), strict=True)
    ]


def _tags_of_digests(aws: Aws, images: Collection[str]) -> Mapping[str, Sequence[str]]:
    """Return the tags of images that are named by digests; without any, no module of builds is imported."""
    if not images:
        return {}
    from provisioner.resources.ecr.images import tags_of_digests

    return tags_of_digests(aws, images)


def caller(arn: str, *, own: bool) -> str:
    """Return the caller that registered a revision: a user, or a role with the name of its session.

    Args:
        own: whether the embedded cloud answers, which has one caller for all users of this machine.
    """
    if own and arn.endswith(":user/moto"):
        return "this machine"
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return rest if kind == "assumed-role" else short_name(arn)


def outcomes(deployments: Sequence[Past]) -> list[str]:
    """Return the outcome of each of these deployments of a service, the newest first."""
    # after a rollback by ECS, the last successful deployment before it serves
    serves = next((one for one in deployments if one.status == "SUCCESSFUL"), None)
    return [SERVES if one is serves else WORDS.get(one.status, one.status.lower()) for one in deployments]


def diff(options: Options, name: str, one: str | None, other: str | None) -> list[str]:
    """Return the differences between two revisions in the format of `diff -u`; empty if they are equal.

    Args:
        one: the number of the old revision; None: the revision before the running one.
        other: the number of the new revision; None: the running one.

    Raises:
        ConfigurationError: there is no such service or revision.
    """
    config, aws, state = open_unlocked(options)
    aws = aws.reading()
    check_service(config, name)
    record = service_record(state.records, name)
    runs, cluster = str(record.arguments["task_definition"]), str(record.arguments["cluster"])
    new = arn_of_number(runs, other) if other else runs
    old = arn_of_number(runs, one) if one else previous_arn(aws, cluster, name, runs)
    shown = [revision(aws, arn) for arn in (old, new)]
    hidden = without_secret_variables(*(one.get("containerDefinitions") for one in shown))
    before, after = (_text(one, containers) for one, containers in zip(shown, hidden, strict=True))
    return list(difflib.unified_diff(before, after, short_name(old), short_name(new), lineterm=""))


def _text(shown: Mapping[str, Any], containers: Any) -> list[str]:
    """Return a revision as lines of JSON, without the fields in `AWS_ADDED`, and with these container definitions."""
    own = {key: value for key, value in shown.items() if key not in AWS_ADDED and value not in ([], {}, None)}
    own["containerDefinitions"] = containers
    return json.dumps(own, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
