"""This stack: one file a step. Importing the package registers all of them."""

from __future__ import annotations

from steps import (
    account,
    capacity,
    certificate,
    cluster,
    database,
    discovery,
    dns,
    drain,
    endpoints,
    images,
    load_balancer,
    logs,
    network,
    repositories,
    roles,
    secrets,
    security_groups,
    service_roles,
)

__all__ = [
    "account",
    "capacity",
    "certificate",
    "cluster",
    "database",
    "discovery",
    "dns",
    "drain",
    "endpoints",
    "images",
    "load_balancer",
    "logs",
    "network",
    "repositories",
    "roles",
    "secrets",
    "security_groups",
    "service_roles",
]
