"""The name that services find the database under, whatever its endpoint is called."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.step import Stack, step
from provisioner.kinds.route53 import RecordSet
from steps.database import Database
from steps.dns import Dns

TTL = 60
"""Seconds that the endpoint's name may be remembered."""


@dataclass(frozen=True)
class DatabaseName:
    """The database's host name, which is known beforehand: who uses it does not wait for the database."""

    host: str


@step
def database_name(stack: Stack, database: Database, dns: Dns) -> DatabaseName:
    """Declare the alias of the writer's endpoint in the private zone."""
    host = f"database.{stack.config.dns.private_domain}"
    endpoint = [database.endpoint]
    stack.ensure(
        RecordSet("database", dns.private_zone_id, host, "CNAME", ttl=TTL, resource_records=endpoint),
        keys={"record_name": "dns.private_domain"},
    )
    return DatabaseName(host)
