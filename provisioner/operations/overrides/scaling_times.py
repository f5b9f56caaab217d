"""Scaling by the clock: tell which limits of the number of tasks hold now, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.config.due import next_due
from provisioner.operations.overrides.sizes import moment

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.config.records import Sizes


def notes(config: Config, sizes: Sizes, now: float) -> list[str]:
    """Return a note for each service with a time in `scaling.schedule`, unless a command holds its number of tasks.

    Args:
        now: seconds since the epoch, on the cloud's clock.
    """
    found = []
    for name, service in config.services.items():
        scaling = service.scaling
        if scaling is None or not scaling.schedule or sizes.rests(name) or name in sizes.scaled:
            continue
        least, most = scaling.bounds(now)
        times = {one: next_due(time.at, scaling.timezone, now) for one, time in scaling.schedule.items()}
        coming = {one: due for one, due in times.items() if due is not None}
        then = ""
        if coming:
            following = min(coming, key=lambda one: coming[one])
            bounds = scaling.from_then(following)
            when = moment(scaling.schedule[following].at, scaling.timezone, now)
            then = f" until {when}, then {bounds.least} to {bounds.most}"
        found.append(f"{config.key(name)}: {least} to {most} tasks{then}")
    return found
