"""Find recorded resources that AWS charges by the hour, used or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from provisioner.resources.autoscaling import AutoScalingGroup
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.ec2.nat import ElasticIp, NatGateway
from provisioner.resources.ecs.service import Service
from provisioner.resources.elasticache.replication_group import ReplicationGroup
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.single import SingleDbInstance

if TYPE_CHECKING:
    from provisioner.state.model import Record

_TYPES = (
    *(AutoScalingGroup, DbCluster, DbInstance, ElasticIp, LoadBalancer, NatGateway, ReplicationGroup, Service),
    SingleDbInstance,
)
HOURLY = frozenset(one.type_name for one in _TYPES)
"""Types that are charged by the hour, by AWS's price lists: load balancers, Aurora's instances and storage, instances
of a group and of RDS, nodes of Valkey, tasks of a service, NAT gateways, and public addresses."""


def billed(records: Iterable[Record]) -> list[str]:
    """Return the addresses of hourly charged resources, unfinished creations included."""
    return sorted(record.address for record in records if record.type in HOURLY or _interface(record))


def _interface(record: Record) -> bool:
    """Return whether a record is an interface endpoint. Gateway endpoints are free (AWS PrivateLink guide)."""
    return record.type == VpcEndpoint.type_name and record.arguments.get("vpc_endpoint_type") != "Gateway"
