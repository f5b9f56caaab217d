"""Find cheaper settings: estimate the configuration again with one setting changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.operations.impact import costs

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.config.models import Config
    from provisioner.cost.estimate import Load

LEAST = 1.0
"""The least saving that is shown, in US dollars a month."""


@dataclass(frozen=True)
class Hint:
    """A change that saves money.

    Attributes:
        change: as `stack.toml` says it, or the command.
        saves: US dollars a month, for the declared stack.
        but: the disadvantage.
    """

    change: str
    saves: float
    but: str


def hints(config: Config, directory: Path, load: Load | None = None) -> list[Hint]:
    """Return the hints, the largest saving first. Each is estimated by itself, so savings cannot be added up.

    Raises:
        ConfigurationError: as `costs.of_config`.
    """
    whole = costs.of_config(config, directory, load).sums.usual
    found = [
        Hint(change, whole - costs.of_config(other, directory, load).sums.usual, but)
        for change, but, other in _others(config)
    ]
    asleep = costs.of_config(config, directory, asleep=True).sums.usual
    found.append(Hint("`provision sleep` while nobody works", whole - asleep, "nothing answers until `provision wake`"))
    return sorted((one for one in found if one.saves >= LEAST), key=lambda one: -one.saves)


def _others(config: Config) -> Iterator[tuple[str, str, Config]]:
    """Yield each possible change, its disadvantage, and the configuration with it."""
    network = config.network
    if network.vpc is None:
        if network.zones > 2:
            yield "network.zones = 2", "two zones instead of more", _with(config, "network", zones=2)
        for egress, but in (
            ("public", "tasks have public addresses"),
            ("nat", "a way out to the internet, through one zone"),
            ("nat-per-zone", "a way out to the internet"),
        ):
            possible = egress != "public" or not config.on_instances
            if egress != network.egress and possible:
                yield f'network.egress = "{egress}"', but, _with(config, "network", egress=egress, endpoints=())
    if config.own_database and config.own_database.kind.aurora and config.own_database.min_acu:
        but = "the database pauses when idle; the next connection takes some 15 s"
        yield "database.min_acu = 0", but, _with(config, "database", min_acu=0)
    if config.on_instances and not config.capacity.spot:
        yield "capacity.spot = true", "AWS may take instances back", _with(config, "capacity", spot=True)
    if config.logs.insights and not (config.alarms and config.alarms.running):
        but = "no metrics of Container Insights, such as the number of running tasks"
        yield "logs.insights = false", but, _with(config, "logs", insights=False)
    yield from _launches(config)
    if network.egress == "none" and not config.on_instances and any(map(config.exec_on, config.services)):
        yield "services.*.exec = false", "no shell in tasks", _services(config, exec=False)


def _launches(config: Config) -> Iterator[tuple[str, str, Config]]:
    """Yield the other launch types that tasks could run with, as `_others` does."""
    spot = {"base": 0, "percent": 0}
    on_demand = {
        name: one.model_copy(update={"on_demand": one.on_demand.model_copy(update=spot)})
        for name, one in config.services.items()
        if one.launch == "fargate" and (one.on_demand.percent or one.on_demand.base)
    }
    if on_demand:
        services = {**config.services, **on_demand}
        yield (
            "services.*.on_demand = { percent = 0 }",
            "Fargate Spot: AWS may stop tasks",
            config.model_copy(update={"services": services}),
        )
    if config.on_instances:
        yield 'services.*.launch = "fargate"', "no instances of your own", _services(config, launch="fargate")


def _services(config: Config, **changes: Any) -> Config:
    services = {name: one.model_copy(update=changes) for name, one in config.services.items()}
    return config.model_copy(update={"services": services})


def _with(config: Config, table: str, **changes: Any) -> Config:
    return config.model_copy(update={table: getattr(config, table).model_copy(update=changes)})
