"""A stable name for the database in the private zone, independent of its endpoint's name."""

from __future__ import annotations

from provisioner import Stack, step
from provisioner.resources.route53.records import RecordSet
from provisioner.steps.database import Database
from provisioner.steps.dns import Dns

TTL = 60
"""Seconds for which resolvers may cache the endpoint's name."""


@step
def database_name(stack: Stack, database: Database | None, dns: Dns) -> None:
    """Declare an alias of the writer's endpoint, for people and programs that do not verify certificates.

    Tasks use the endpoint itself, because no certificate of RDS contains the alias.
    """
    if database is None or dns.private_zone_id is None:
        return
    host, endpoint = f"database.{stack.config.dns.private_domain}", [database.endpoint]
    stack.ensure(
        RecordSet("database", dns.private_zone_id, host, "CNAME", ttl=TTL, resource_records=endpoint),
        keys={"record_name": "dns.private_domain"},
    )
