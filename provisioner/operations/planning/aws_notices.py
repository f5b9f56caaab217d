"""Notices about resources in AWS that differ from the declaration and that the plan does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import explained
from provisioner.engine.planning.actions import Planned
from provisioner.operations.planning import dns_takeover
from provisioner.resources import suspended_scaling
from provisioner.resources.autoscaling import left_outdated, newest_in_use
from provisioner.resources.ecs.job_run import failed_runs
from provisioner.resources.ecs.service_notes import (
    deployed_by_others,
    ineffective_counts,
    rolled_back_by_ecs,
    under_way,
)
from provisioner.resources.elasticache.snapshots import earlier_cache
from provisioner.resources.rds.snapshots import OF_CLUSTERS, OF_INSTANCES, earlier_data
from provisioner.resources.route53.records import diverted
from provisioner.resources.sns import unconfirmed

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.steps.stack import Stack


def notes(aws: Aws, stack: Stack, planned: Iterable[Planned] = ()) -> list[str]:
    """Return notices of differences that `up` leaves alone; call it after `show_plan`, or at the end of `up`.

    One notice says that there is no newer AMI, if the user asked for one.

    A refused or unanswered read is a notice as well, since nothing else depends on it.

    Args:
        planned: the result of `show_plan`.
    """
    planned = list(planned)
    replaced = {item.address for item in planned if "task_definition" in item.changes}
    scaled = {name: service for name, service in stack.config.services.items() if service.scaling}
    counts = {name: service.count for name, service in scaled.items() if "count" in service.model_fields_set}
    checks: tuple[tuple[str, Callable[[], list[str]]], ...] = (
        ("deployments by others", lambda: deployed_by_others(aws, replaced)),
        ("rollbacks by ECS", lambda: rolled_back_by_ecs(aws, replaced)),
        ("deployments under way", lambda: under_way(aws, replaced)),
        ("failed jobs", lambda: failed_runs(aws)),
        ("the effect of scaling on `count`", lambda: ineffective_counts(aws, counts)),
        ("suspended autoscaling", lambda: suspended_scaling.notes(aws) if scaled else []),
        ("confirmed subscriptions to alarms", lambda: unconfirmed(aws)),
        ("for records of others at the public name", lambda: _diverted(aws, stack.config)),
        ("for the end of existing certificates", lambda: list(stack.facts.ending)),
        ("for instances of an older launch template version", lambda: left_outdated(aws)),
        ("for the newest AMI", lambda: newest_in_use(aws, stack.facts.image_id)),
    )
    return [*before(aws, stack, planned), *(text for about, check in checks for text in _noted(about, check))]


def before(aws: Aws, stack: Stack, planned: Iterable[Planned]) -> list[str]:
    """Return notices about data and records that the run cannot bring back; they need the plan."""
    planned = list(planned)
    addresses = {one.address for one in planned if one.action == "adopt"}
    about = "for the zone of an adopted public name"
    return [*snapshots(aws, planned), *_noted(about, partial(dns_takeover.adopted, aws, stack.declared, addresses))]


def _diverted(aws: Aws, config: Config) -> list[str]:
    return [text for name in config.names for text in diverted(aws, name)]


def snapshots(aws: Aws, planned: Iterable[Planned]) -> list[str]:
    """Return notes on snapshots of an earlier database and Valkey that the plan creates; a refused read is one too."""
    made = {item.address.partition("/")[0]: item for item in planned if item.action == "create"}
    found = list[str]()
    for name, calls in (("db_cluster", OF_CLUSTERS), ("single_db_instance", OF_INSTANCES)):
        if name in made and "snapshot_identifier" not in made[name].changes:
            found += _noted("for final snapshots of an earlier database", partial(earlier_data, aws, calls))
    if (name := "replication_group") in made and "snapshot_name" not in made[name].changes:
        found += _noted("for final snapshots of an earlier Valkey", partial(earlier_cache, aws))
    return found


def _noted(about: str, check: Callable[[], list[str]]) -> list[str]:
    try:
        return check()
    except (BotoCoreError, ClientError) as error:
        return [f"could not check {about}: {explained(error)}"]
