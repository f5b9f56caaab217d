"""The numbers of tasks that ran before a pause or a sleep, which come back after it; and scaling that does not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from provisioner.engine.events import Notice
from provisioner.engine.records.references import KnownResources
from provisioner.resources import suspended_scaling
from provisioner.resources.ecs.service import Service, set_desired_count

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.events import Emit
    from provisioner.state.model import Record


def read_counts(aws: Aws, records: Mapping[str, Record], names: Collection[str]) -> dict[str, int]:
    """Return the present desired counts of these services, and drop the reads that were made for it."""
    knowing = aws.knowing(KnownResources(records, {}))
    shown = {str(live.attributes["service_name"]): live for live in knowing.live(Service) if live.owned}
    aws.drop_reads()
    return {name: int(shown[name].attributes["desired_count"]) for name in names if name in shown}


def restore_counts(config: Config, records: Mapping[str, Record], before: Mapping[str, int], aws: Aws) -> None:
    """Give each scaling service as many tasks as ran before, within its bounds: autoscaling begins at the minimum.

    Args:
        before: the number of tasks that ran before, by service or job.
    """
    for name, tasks in before.items():
        service, record = config.services.get(name), records.get(f"{Service.type_name}/{name}")
        if service and record and service.scaling:
            least, most = service.bounds(aws.pace.time())
            if (wanted := min(tasks, most)) > least:
                set_desired_count(aws, str(record.arguments["cluster"]), name, wanted)


def tell_suspended(config: Config, aws: Aws, emit: Emit) -> None:
    """Name the services whose autoscaling somebody has suspended, and which so stay at their number of tasks."""
    if any(service.scaling for service in config.services.values()):
        for text in suspended_scaling.notes(aws):
            emit(Notice(text))
