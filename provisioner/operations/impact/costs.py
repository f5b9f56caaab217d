"""Estimate the costs of a stack without a call: as declared, as recorded, and after a plan."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from provisioner.cost import estimate, table
from provisioner.cost.estimate import Difference, Estimate, Load
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.records.type_aliases import renamed

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.config.models import Config
    from provisioner.engine.costs import Settings
    from provisioner.engine.declaration import Declared
    from provisioner.engine.planning.actions import Planned
    from provisioner.state.model import Record

HOUR = 3600
"""In seconds."""
COSTING = {
    "alarm": "cloudwatch.alarms",
    "auto_scaling_group": "autoscaling",
    "bucket": "s3",
    "capacity_provider": "ecs.cluster",
    "cluster": "ecs.cluster",
    "db_cluster": "rds.database",
    "distribution": "cloudfront.distribution",
    "elastic_ip": "ec2.nat",
    "file_system": "efs.file_systems",
    "hosted_zone": "route53.zones",
    "load_balancer": "elbv2.balancer",
    "log_group": "logs",
    "nat_gateway": "ec2.nat",
    "private_dns_namespace": "servicediscovery",
    "replication_group": "elasticache.replication_group",
    "repository": "ecr.repository",
    "scaling_policy": "application_autoscaling",
    "schedule": "scheduler",
    "service": "ecs.service",
    "single_db_instance": "rds.single",
    "vpc_endpoint": "ec2.endpoints",
}
"""The module below `provisioner.resources` of each type that costs something. All modules would take a second."""


def of_config(config: Config, directory: Path, load: Load | None = None, *, asleep: bool = False) -> Estimate:
    """Return the costs of a configuration. Facts that only AWS has are made up, which changes no price.

    Args:
        directory: the state directory.
        asleep: while the stack sleeps.

    Raises:
        ConfigurationError: there is no price at all of that Region, or a step of the user's own failed.
    """
    import provisioner.steps  # noqa: F401  (importing the package registers the steps)
    from provisioner.config.records import Sizes
    from provisioner.steps import offline
    from provisioner.steps.stack import run

    prices = table.load(config.region, directory)
    if not prices.known:
        raise ConfigurationError(_unknown(config.region))
    stack = run(config, replace(offline.facts(config), sizes=Sizes(asleep=asleep)))
    return estimate.estimate(estimate.declared(stack.declared), prices, load)


def _unknown(region: str) -> str:
    """Return the message that a Region has no prices, since it is misspelt or newer than the table, with the remedy."""
    near = difflib.get_close_matches(region, table.regions(), 1)
    known = f"the shipped table has AWS's {len(table.regions())} commercial Regions"
    return (
        f"no price known for {region}: {known}. "
        + (f"Did you mean {near[0]}? " if near else "")
        + f"If AWS has it, `provision cost --refresh --region {region}` reads its prices"
    )


def of_records(records: Mapping[str, Record], region: str, directory: Path) -> Estimate:
    """Return the costs of recorded resources; resources of own types count only if the types are loaded."""
    for name in COSTING.keys() & {record.type for record in records.values()}:
        import_module(f"provisioner.resources.{COSTING[name]}")
    known = renamed(records, importing=False)
    return estimate.estimate(estimate.recorded(known), table.load(region, directory))


@dataclass(frozen=True)
class SoFar:
    """The costs of a stack since its creation, at its last size.

    Attributes:
        dollars: US dollars by list prices, without charges that depend on the load.
        seconds: since its first resource was created.
        complete: whether all prices and all times of creation are known. Unknown amounts are left out of the sum.
    """

    dollars: float
    seconds: float
    complete: bool


def so_far(records: Mapping[str, Record], region: str, directory: Path, now: float) -> SoFar | None:
    """Return the costs of recorded resources so far; None if none are known.

    Args:
        now: seconds since the epoch, by the clock of the target.
    """
    found = of_records(records, region, directory)
    stood = {a: max(now - one.created, 0.0) for a, one in renamed(records, importing=False).items() if one.created}
    dollars = [sums.hour * stood[a] / HOUR for a, sums in found.by_address.items() if a in stood]
    if not (found.known and dollars):
        return None
    complete = len(dollars) == len(found.by_address) and not (found.missing or found.unknown)
    return SoFar(sum(dollars), max(stood.values()), complete)


def of_plan(
    planned: Sequence[Planned],
    records: Mapping[str, Record],
    items: Mapping[str, Declared],
    region: str,
    directory: Path,
) -> Difference:
    """Return the change of the costs by a plan."""
    return of_settings(estimate.recorded(records), estimate.planned(planned, records, items), region, directory)


def of_settings(
    before: Mapping[str, Settings], after: Mapping[str, Settings], region: str, directory: Path
) -> Difference:
    """Return the difference of the costs between two sets of settings, by address."""
    prices = table.load(region, directory)
    return estimate.difference(estimate.estimate(before, prices), estimate.estimate(after, prices))


class OverBudget(ProvisionError):
    """The stack would cost more than `cost.budget`: nothing was changed."""

    code = "over-budget"


def over_budget(config: Config, found: Difference | None) -> OverBudget | None:
    """Return the refusal of a plan after which the stack costs more than it may, as declared; None if it does not.

    A plan that makes it cheaper may go on.
    """
    budget = config.cost.budget
    if budget is None or found is None:
        return None
    usual = found.after.sums.usual
    if usual <= budget or found.more.usual <= -estimate.CENT:
        return None
    return OverBudget(
        f"nothing was changed: the stack would cost about {estimate.rough(usual)} USD a month, and cost.budget is "
        f"{budget:g}. The most: {estimate.dearest(found.after)}. `provision cost --hints` says what would be cheaper; "
        f"or raise cost.budget"
    )


def check_budget(config: Config, found: Difference | None) -> None:
    """Refuse a plan as `over_budget` says.

    Raises:
        OverBudget: the plan is refused. The message names the dearest items.
    """
    if refusal := over_budget(config, found):
        raise refusal
