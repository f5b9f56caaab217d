"""Describe the effect of a rollback on the traffic of each service, and its duration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from provisioner.operations.impact.duration import times
from provisioner.resources.ecs import strategies
from provisioner.resources.ecs.progress import Progress, progress_of
from provisioner.resources.ecs.revisions import short_name
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.stopping import SECONDS

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record

_SHIFT = 30.0
"""Seconds that ECS takes at the least for the stages of a deployment that shifts traffic."""


def of_rollback(aws: Aws, records: Mapping[str, Record], services: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each service that gets another revision.

    Args:
        services: the ARNs of the wanted revisions, by service or job.
    """
    for live in aws.live(Service):
        name, shown = str(live.attributes["service_name"]), progress_of(live)
        wanted = services.get(name, "")
        if live.address not in records or not wanted:
            continue
        if shown.former and shown.former.task_definition == wanted:
            yield _returns(name, wanted, shown, live.attributes)
        elif shown.runs != wanted:
            yield _replaced(name, wanted, shown, live.attributes)


def _returns(name: str, wanted: str, shown: Progress, there: Mapping[str, Any]) -> str:
    """Describe a stop of the deployment under way."""
    share = "" if shown.weight is None else f" and have {100 - shown.weight:g} % of its traffic"
    back = "all of it is theirs again" if share else "they are all that runs again" if serves(there) else "it is done"
    return f"{name}: tasks of {short_name(wanted)} still run{share}; {back} in about {SECONDS:.0f} s"


def _replaced(name: str, wanted: str, shown: Progress, there: Mapping[str, Any]) -> str:
    """Describe a deployment of the former revision without steps."""
    shifts = strategies.shifts(there)
    seconds = times(Service.type_name, there).ready + (_SHIFT if shifts else 0.0)
    runs, verb = short_name(shown.runs), "serves" if serves(there) else "runs"
    then = "then all traffic moves at once" if shifts else "then its tasks go"
    return (
        f"{name}: {runs} {verb} until tasks of {short_name(wanted)} are healthy, in about {_roughly(seconds)}; {then}"
    )


def serves(settings: Mapping[str, Any]) -> bool:
    """Return whether a service with these settings gets calls from others; otherwise it only runs."""
    return any(settings.get(field) for field in ("load_balancers", "service_registries", "service_connect"))


def _roughly(seconds: float) -> str:
    return f"{ceil(seconds / 60 - 0.1)} min" if seconds > 55 else f"{ceil(seconds / 10) * 10} s"
