"""What `provision history` and `diff` tell: which revisions a service has run, and what is different in them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import not_found
from provisioner.aws.redaction import without_secret_variables
from provisioner.config.loader import suggestion
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import configuration, connection, stores
from provisioner.resources.ecr.images import tags_of_digests
from provisioner.resources.ecs.history import Past, definition, past

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record, State

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
"""ECS's words for the status of a service deployment, in ours."""
AWS_ADDED = (
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy",
    "deregisteredAt",
)  # fmt: skip
"""What AWS adds to a task definition, which says nothing of what was asked for."""


@dataclass(frozen=True)
class Entry:
    """One deployment of a service.

    Attributes:
        revision: of the task definition, such as `shop-dev-web:3`.
        image: its name with the digest, as the task definition has it. tags: what ECR calls it, if it is there.
        began: when, in seconds since the epoch. seconds: how long it took; None while it is under way.
        outcome: one of `WORDS`, or ECS's own word; `SERVES` for the one that runs.
        by: who registered the revision, as the last part of an ARN; empty if ECS does not say.
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
    """Return the deployments of services, the newest first. Only reads are made.

    Raises:
        ConfigurationError: there is no such service, or the stack is not up.
    """
    config, aws, state = _reading(options)
    for name in names:
        check_service(config, name)
    entries = []
    for name in names or config.services:
        record = recorded_service(state.records, name)
        entries += entries_of(aws, name, past(aws, str(record.arguments["cluster"]), name, most))
    return entries


def entries_of(aws: Aws, name: str, deployments: Sequence[Past]) -> list[Entry]:
    """Return what is to be told of these deployments of a service."""
    arns = list(dict.fromkeys(one.task_definition for one in deployments if one.task_definition))
    shown = dict(zip(arns, aws.each(lambda arn: revision_or_empty(aws, arn), arns), strict=True))
    images = {arn: image_of(found, name) for arn, found in shown.items()}
    tags = tags_of_digests(aws, {image for image in images.values() if "@" in image})
    return [
        Entry(
            name,
            last(one.task_definition),
            images.get(one.task_definition, ""),
            tags.get(images.get(one.task_definition, ""), ()),
            one.began.timestamp() if one.began else None,
            (one.ended - one.began).total_seconds() if one.began and one.ended else None,
            outcome,
            last(str(shown.get(one.task_definition, {}).get("registeredBy", ""))),
        )
        for one, outcome in zip(deployments, outcomes(deployments), strict=True)
    ]


def outcomes(deployments: Sequence[Past]) -> list[str]:
    """Return what became of each of these deployments of a service, the newest first."""
    # after one that ECS has rolled back, the one before it serves
    serves = next((one for one in deployments if one.status == "SUCCESSFUL"), None)
    return [SERVES if one is serves else WORDS.get(one.status, one.status.lower()) for one in deployments]


def diff(options: Options, name: str, one: str | None, other: str | None) -> list[str]:
    """Return what is different between two revisions, as `diff -u` writes it; nothing if they are alike.

    Args:
        one, other: numbers of revisions; unless said, the one before the one that runs, and that one.

    Raises:
        ConfigurationError: there is no such service or revision.
    """
    config, aws, state = _reading(options)
    check_service(config, name)
    record = recorded_service(state.records, name)
    runs = str(record.arguments["task_definition"])
    new = arn_of(runs, other) if other else runs
    old = arn_of(runs, one) if one else former(aws, name, record)
    shown = [found(aws, arn) for arn in (old, new)]
    hidden = without_secret_variables(*(one.get("containerDefinitions") for one in shown))
    before, after = (_text(one, containers) for one, containers in zip(shown, hidden, strict=True))
    return list(difflib.unified_diff(before, after, last(old), last(new), lineterm=""))


def former(aws: Aws, name: str, record: Record) -> str:
    """Return the ARN of the revision that a service ran before the one that is recorded.

    Raises:
        ConfigurationError: ECS knows none.
    """
    runs = str(record.arguments["task_definition"])
    for one in past(aws, str(record.arguments["cluster"]), name):
        if one.status == "SUCCESSFUL" and one.task_definition not in ("", runs):
            return one.task_definition
    raise ConfigurationError(f"{name} has run nothing before {last(runs)} that ECS knows of")


def found(aws: Aws, arn: str) -> Mapping[str, Any]:
    """Return a revision.

    Raises:
        ConfigurationError: there is none.
    """
    if shown := revision_or_empty(aws, arn):
        return shown
    raise ConfigurationError(f"there is no revision {last(arn)}: `provision history` shows them")


def check_service(config: Config, name: str) -> None:
    """Refuse a name that no service has."""
    if name not in config.services:
        raise ConfigurationError(f"{name} is not a service{suggestion(name, config.services)}")


def recorded_service(records: Mapping[str, Record], name: str) -> Record:
    """Return the record of a service; raises ConfigurationError if it has not been created."""
    record = records.get(f"service/{name}")
    if record is None or "task_definition" not in record.arguments:
        raise ConfigurationError(f"service {name} has not been created yet: run `provision up`")
    return record


def arn_of(runs: str, number: str) -> str:
    """Return the ARN of another revision of the family that runs, by its number or by `family:number`."""
    digits = number.rpartition(":")[2]
    if not digits.isdecimal():
        raise ConfigurationError(f"{number} is not a revision: write its number, such as 3")
    return f"{runs.rpartition(':')[0]}:{int(digits)}"


def image_of(shown: Mapping[str, Any], name: str) -> str:
    """Return the image of a workload's own container."""
    containers = shown.get("containerDefinitions", ())
    return next((str(one.get("image", "")) for one in containers if one.get("name") == name), "")


def last(arn: str) -> str:
    """Return the end of an ARN."""
    return arn.rpartition("/")[2]


def connected(options: Options) -> tuple[Config, Aws, State]:
    """Return the configuration, the way to AWS, and what is recorded; no lock is taken."""
    config = configuration.load(options)
    aws = connection.connect(options, config)
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    return config, aws, state


def _reading(options: Options) -> tuple[Config, Aws, State]:
    config, aws, state = connected(options)
    return config, aws.reading(), state


def revision_or_empty(aws: Aws, arn: str) -> Mapping[str, Any]:
    """Return a revision, empty if it was deleted."""
    try:
        return definition(aws, arn)
    except ClientError as error:
        if not not_found(error, "ecs"):
            raise
        return {}


def _text(shown: Mapping[str, Any], containers: Any) -> list[str]:
    """Return a revision as lines of JSON, without what AWS adds, and with these container definitions."""
    own = {key: value for key, value in shown.items() if key not in AWS_ADDED and value not in ([], {}, None)}
    own["containerDefinitions"] = containers
    return json.dumps(own, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
