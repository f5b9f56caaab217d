"""What the stack of a configuration costs, without a call: as it is declared, as it is recorded, and after a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from provisioner.cost import estimate, table
from provisioner.cost.estimate import Difference, Estimate, Load
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.config.models import Config
    from provisioner.engine.declaration import Declared
    from provisioner.engine.planned import Planned
    from provisioner.state.model import Record

COSTING = (
    "application_autoscaling", "autoscaling", "cloudwatch.alarms", "ec2.endpoints", "ec2.nat", "ecr.repository",
    "ecs.cluster", "ecs.service", "elbv2.balancer", "logs", "rds.database", "route53.zones", "s3", "scheduler",
    "servicediscovery",
)  # fmt: skip
"""The modules of the types that cost something, below `provisioner.resources`: all of them take a second to import."""


def of_config(config: Config, directory: Path, load: Load | None = None, *, asleep: bool = False) -> Estimate:
    """Return what a configuration costs. What only AWS knows is made up, and makes no difference.

    Args:
        directory: the state directory.
        asleep: while the stack sleeps.

    Raises:
        ConfigurationError: there is no price at all of that Region, or a step of the user's own failed.
    """
    import provisioner.steps  # noqa: F401  (importing the package registers the steps)
    from provisioner.config.facts import Sizes
    from provisioner.steps import offline
    from provisioner.steps.stack import run

    prices = table.load(config.region, directory)
    if not prices.known:
        raise ConfigurationError(
            f"no price known for {config.region}: `provision prices refresh --region {config.region}` reads them. The "
            f"shipped table has {', '.join(table.regions())}"
        )
    stack = run(config, replace(offline.facts(config), sizes=Sizes(asleep=asleep)))
    return estimate.estimate(estimate.declared(stack.declared), prices, load)


def of_records(records: Mapping[str, Record], region: str, directory: Path) -> Estimate:
    """Return what recorded resources cost."""
    for module in COSTING:
        import_module(f"provisioner.resources.{module}")
    return estimate.estimate(estimate.recorded(records), table.load(region, directory))


def of_plan(
    planned: Sequence[Planned],
    records: Mapping[str, Record],
    items: Mapping[str, Declared],
    region: str,
    directory: Path,
) -> Difference:
    """Return what a plan changes of the cost."""
    prices = table.load(region, directory)
    before = estimate.estimate(estimate.recorded(records), prices)
    after = estimate.estimate(estimate.planned(planned, records, items), prices)
    return estimate.difference(before, after)
