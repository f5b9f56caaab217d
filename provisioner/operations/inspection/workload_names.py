"""Find the service or job of a resource by its name: the steps name a workload's resources after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from provisioner.config.records import CALLING, PAUSED, SCALED

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

Kind = Literal["service", "job"]

BEFORE = {"role": ("task-", "execution-"), "log_group": ("service-",)}
"""The prefixes before the name of the service or job, by resource type. Other types have no prefix."""
OWN = frozenset(
    {
        *("alarm", "copied_image", "deployed_image", "discovery_service", "event_rule", "image"),
        *("image_in_use", "job_run"),
        *("listener_rule", PAUSED, "repository", "scalable_target", SCALED, "scaling_policy", "schedule"),
        "scheduled_action",
        *("security_group", "security_group_egress", "security_group_ingress", "service", "target_group"),
        *("task_definition", "wanted_image"),
        *(CALLING, *BEFORE),
    }
)
"""The resource types that each service or job has for itself. Resources of other types may share its name by chance."""


def workloads(config: Config, records: Mapping[str, Record]) -> dict[str, Kind]:
    """Return the names of all services and jobs: the declared ones first, then those found only in the state."""
    found: dict[str, Kind] = dict.fromkeys(config.services, "service")
    found |= dict.fromkeys(config.jobs, "job")
    for address in records:
        type_name, _, name = address.partition("/")
        if type_name == "task_definition":
            found.setdefault(name, "service" if f"service/{name}" in records else "job")
    return found


def workload_of(address: str, names: Iterable[str]) -> str:
    """Return the service or job that a resource belongs to; empty if it belongs to the whole stack.

    Args:
        names: the names of all services and jobs. If several match, the longest counts.
    """
    type_name, _, name = address.partition("/")
    if type_name not in OWN:
        return ""
    if before := BEFORE.get(type_name):
        rest = next((name.removeprefix(one) for one in before if name.startswith(one)), "")
    else:
        rest = name
    return max((one for one in names if rest == one or rest.startswith((f"{one}.", f"{one}-"))), key=len, default="")
