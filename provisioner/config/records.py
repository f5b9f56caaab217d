"""Records of commands, which are no resources: the names of their types, and the numbers of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.config.services import Service

SCALED, PAUSED, ASLEEP = "scaled_service", "paused_workload", "sleeping_stack"
"""The types of the records behind `Sizes`. Their names are here because an import of the types needs boto3."""
CALLING = "universal_schedule"
"""The type of the schedules that put the stack to sleep and wake it."""
DEPLOYED = "deployed_image"
"""The type of the records of images that `provision deploy` runs instead of the configured ones."""
EXPIRES = "expiring_stack"
"""The type of the record with the time at which the stack expires."""
PROTECTED = "protected_stack"
"""The type of the record that protects the whole stack from deletion."""
PART = "sleeping_part"
"""The type of the records of parts that `provision sleep` has deleted, for `provision wake` to create again."""
ENDPOINTS, NAT, BALANCER = "endpoints", "nat", "balancer"
PARTS = {ENDPOINTS: "interface endpoints", NAT: "NAT gateways", BALANCER: "load balancer"}
"""Parts of a stack that `sleep` can delete: the name in records and options, and the words for users."""


@dataclass(frozen=True)
class Scaled:
    """The number of tasks that `provision scale` has set for a service.

    Attributes:
        least: the number of tasks; of a service with `scaling`, the minimum.
        most: the same number; of a service with `scaling`, the maximum.
        instead_of: the configured number at that time, in words.
    """

    least: int
    most: int
    instead_of: str


@dataclass(frozen=True)
class Sizes:
    """Numbers of tasks that `provision scale` and `sleep` hold, different from the configuration.

    Attributes:
        scaled: the numbers by service. paused: by service, or job with a schedule, the number of tasks before.
        asleep: whether the whole stack is stopped, by `sleep`.
        by_schedule: whether it is stopped by `[schedule]`, as AWS shows.
        slept: the number of tasks before the `sleep`, by service that scales.
    """

    scaled: Mapping[str, Scaled] = field(default_factory=dict)
    paused: Mapping[str, int] = field(default_factory=dict)
    asleep: bool = False
    by_schedule: bool = False
    slept: Mapping[str, int] = field(default_factory=dict)

    def held(self, name: str) -> bool:
        """Return whether a command has stopped a service or a job, so that its own schedules are off."""
        return self.asleep or name in self.paused

    def rests(self, name: str) -> bool:
        """Return whether a service has no tasks now, because of a command or of `[schedule]`."""
        return self.by_schedule or self.held(name)

    def unanswered(self, services: Mapping[str, Service]) -> bool:
        """Return whether the load balancer answers 503 in place of a public service without tasks."""
        return any(service.public and self.rests(name) for name, service in services.items())
