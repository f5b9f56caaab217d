"""Find services that do not run, or do not serve with, the wanted number of tasks yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.resources.ecs.progress import progress_of
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.strategies import target_groups
from provisioner.resources.elbv2.target_groups import target_health

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Observed


def find_unready(aws: Aws, numbers: Mapping[str, range]) -> dict[str, str]:
    """Return for each unready service, by address, why the run waits for it.

    A service is ready once it runs as many tasks as ECS wants, this number is a wanted one, and all of them serve.

    Args:
        numbers: the wanted numbers of tasks, by name of the service.
    """
    found = {}
    for live in aws.live(Service, fresh=True):
        wanted = numbers.get(str(live.attributes["service_name"]))
        if live.owned and wanted is not None and (why := _unlike(live, wanted) or _not_serving(aws, live)):
            found[f"{Service.type_name}/{live.attributes['service_name']}"] = why
    return found


def _unlike(live: Observed, wanted: range) -> str:
    """Return a text with the number of running tasks if it is not a wanted number; empty if it is."""
    desired, shown = live.attributes["desired_count"], progress_of(live)
    if desired in wanted and shown.running_count == desired and not shown.pending_new:
        return ""
    return f"{shown.running_count}/{desired} running{f', {shown.problem}' if shown.problem else ''}"


def _not_serving(aws: Aws, live: Observed) -> str:
    """Return a text with the number of healthy tasks if fewer than run are healthy; empty without a load balancer."""
    runs = progress_of(live).running_count
    for one in live.attributes["load_balancers"] if runs else ():
        states = [target.get("State") for group in target_groups(one) for target in target_health(aws, group)]
        if (healthy := states.count("healthy")) < runs:
            return f"{healthy}/{runs} healthy"
    return ""
