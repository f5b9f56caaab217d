"""Run `provision scale`: give a service another number of tasks, until stack.toml changes its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.config.records import Scaled, Sizes
from provisioner.config.scaling import Bounds
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import configuration, standing, stores
from provisioner.operations.context.configuration import check_service
from provisioner.operations.overrides import sizes, sleep_schedule
from provisioner.operations.sizing.resize import Sizing, run
from provisioner.operations.sizing.scope import numbers, sized
from provisioner.resources.ecs.sizes import ScaledService

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.operations.runs.viewer import Ended, Viewer

COMMAND = "scale"


def scale(options: Options, name: str, number: int, most: int | None, viewer: Viewer) -> Ended:
    """Give a service another number of tasks, or other bounds if it scales, and wait until it has it.

    Args:
        number: the number of tasks; for a service that scales, the minimum.
        most: the maximum for a service that scales; None: the configured one.

    Raises:
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    config = configuration.load(options, declares=True)
    check_service(config, name)
    wanted = _wanted(config, name, number, most)
    aws = standing.connect(options, config)
    with stores.open_store(options, config, aws, COMMAND) as store:
        sleep_schedule.check_awake(config, aws, store.records)
        before, _ = sizes.in_effect(config, store.records)
        if name in before.paused:
            raise ConfigurationError(f"{name} is paused: run `provision wake {name}` first")
        after = _after(before, name, wanted)
        released = [] if wanted else [f"{ScaledService.type_name}/{name}"]
        config = sizes.applied(config, after)
        now = aws.pace.time()
        declared = sized(config, store.records, after, [name], now)
        sizing = Sizing(COMMAND, declared, after, released, numbers(config, after, [name], now))
        return run(config, aws, store, sizing, viewer)


def _after(before: Sizes, name: str, wanted: Scaled | None) -> Sizes:
    others = {other: one for other, one in before.scaled.items() if other != name}
    return replace(before, scaled={**others, name: wanted} if wanted else others)


def _wanted(config: Config, name: str, number: int, most: int | None) -> Scaled | None:
    """Return the wanted number of tasks; None if the configuration says the same.

    Raises:
        ConfigurationError: it cannot have that.
    """
    service = config.services[name]
    if number < 1:
        raise ConfigurationError(f"{name} would stop serving: `provision sleep {name}` does that, and `wake` undoes it")
    if most is not None and service.scaling is None:
        raise ConfigurationError(f"--max: {config.key(name)} has no `scaling`, so it has no maximum: leave it out")
    usual = service.scaling.usual if service.scaling else Bounds(service.count, service.count)
    bound = number if service.scaling is None else usual.most if most is None else most
    if bound < number:
        said = f"raise --max {most}" if most is not None else f"scaling.max is {bound}: add --max {number}"
        raise ConfigurationError(f"{name} cannot have a minimum of {number} tasks: {said}")
    wanted = Scaled(number, bound, sizes.source_of(service))
    for key, why in sizes.resized(service, wanted).problems():
        # with scaling, `count` is only the first number of tasks of a new service
        if key != "count":
            what = sizes.size_of(service, wanted)
            raise ConfigurationError(f"{name} cannot have {what}: {config.key(name)}.{key}: {why}")
    return None if (wanted.least, wanted.most) == usual else wanted
