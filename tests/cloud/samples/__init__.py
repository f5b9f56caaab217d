"""One sample of each resource type that the steps can declare, and the contract that every resource type is held to."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.engine.resource import Resource
from tests.cloud.samples.alarms import ALARMS
from tests.cloud.samples.balancing import BALANCING
from tests.cloud.samples.caches import CACHES
from tests.cloud.samples.database import DATABASE
from tests.cloud.samples.edge import EDGE
from tests.cloud.samples.files import FILES
from tests.cloud.samples.jobs import JOBS
from tests.cloud.samples.names import NAMES
from tests.cloud.samples.network import NETWORK
from tests.cloud.samples.queues import QUEUES
from tests.cloud.samples.sample import Sample
from tests.cloud.samples.services import SERVICES
from tests.cloud.samples.stores import STORES

GROUND: Mapping[type[Resource], Sample] = {
    **NETWORK,
    **NAMES,
    **STORES,
    **QUEUES,
    **DATABASE,
    **CACHES,
    **FILES,
    **ALARMS,
    **EDGE,
}
"""Samples that live together first."""
SERVING: Mapping[type[Resource], Sample] = {**BALANCING, **SERVICES, **JOBS}
"""Samples that live together second."""
ALL = {**GROUND, **SERVING}
