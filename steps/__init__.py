"""This stack: one file a step. Importing the package registers all of them."""

from __future__ import annotations

from provisioner.steps import (  # noqa: F401  (importing a step registers it)
    account,
    capacity,
    certificate,
    cluster,
    database,
    database_name,
    discovery,
    dns,
    drain,
    endpoints,
    flow_logs,
    guardduty,
    images,
    job_runs,
    load_balancer,
    logs,
    minimum,
    network,
    repositories,
    roles,
    scaling,
    schedules,
    secrets,
    security_groups,
    service_roles,
    service_secrets,
    services,
    task_definitions,
)
