"""Find the subnets of an existing VPC that a stack is in: by its state, or without one in AWS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.aws.errors import IgnoreNotFound
from provisioner.resources.ecs.service import Service
from provisioner.resources.elasticache.groups import CacheSubnetGroup
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.rds.groups import DbSubnetGroup

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.resource import Resource
    from provisioner.state.model import Record

DESCRIBED = 10
"""The most services in one answer of DescribeServices: all services of a stack are in the same subnets."""


@dataclass(frozen=True)
class InUse:
    """The ids of the subnets of a stack's load balancer, tasks and database."""

    balancer: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    database: frozenset[str] = frozenset()


def in_use(aws: Aws, config: Config, records: Iterable[Record]) -> InUse:
    """Return the subnets that an earlier run has chosen: the recorded ones, else the ones in AWS."""
    found = recorded(records)
    return found if found != InUse() else standing(aws, config)


def recorded(records: Iterable[Record]) -> InUse:
    """Return the subnets in the records."""
    there = list(records)

    def of(resource_type: type[Resource], field: str) -> frozenset[str]:
        fields = [record.arguments for record in there if record.type == resource_type.type_name]
        return frozenset(subnet for one in fields for subnet in one.get(field) or ())

    return InUse(
        of(LoadBalancer, "subnets"),
        of(Service, "subnets"),
        of(DbSubnetGroup, "subnet_ids") | of(CacheSubnetGroup, "subnet_ids"),
    )


def standing(aws: Aws, config: Config) -> InUse:
    """Return the subnets of the resources that have the stack's names: `recover` knows no records."""
    balancer, tasks, database = list[str](), list[str](), list[str]()
    if config.public and config.listener is None:
        with IgnoreNotFound():
            found = aws.client("elbv2").describe_load_balancers(Names=[config.name])["LoadBalancers"]
            balancer += [zone["SubnetId"] for one in found for zone in one["AvailabilityZones"]]
    with IgnoreNotFound():
        names = [*config.services][:DESCRIBED]
        for one in aws.client("ecs").describe_services(cluster=config.name, services=names)["services"]:
            network = one.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
            tasks += network.get("subnets", ()) if one["status"] == "ACTIVE" else ()
    if config.own_database:
        with IgnoreNotFound():
            groups = aws.client("rds").describe_db_subnet_groups(DBSubnetGroupName=config.name)["DBSubnetGroups"]
            database += [subnet["SubnetIdentifier"] for one in groups for subnet in one["Subnets"]]
    if config.redis:
        with IgnoreNotFound():
            described = aws.client("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName=config.name)
            database += [
                subnet["SubnetIdentifier"] for one in described["CacheSubnetGroups"] for subnet in one["Subnets"]
            ]
    return InUse(frozenset(balancer), frozenset(tasks), frozenset(database))
