"""Find the existing VPC that a stack's copy needs, with the recorded and the configured subnets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioner.config.network import Subnets
from provisioner.engine.resource import Resource
from provisioner.operations.network.zones import endpoints_of
from provisioner.resources.ec2.common import ANYWHERE
from provisioner.resources.ec2.security import SecurityGroupEgress
from provisioner.resources.ecs.service import Service
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.rds.groups import DbSubnetGroup

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

ZONES = 2
"""The zones of an assumed VPC."""
ANOTHER_ACCOUNT = "210987654321"
"""The owner of a VPC that another account shares: a stack with a database has no private zone there."""
SUBNETS: Mapping[type[Resource], str] = {LoadBalancer: "subnets", DbSubnetGroup: "subnet_ids"}
"""Resource types in the public and in the private subnets, besides services, with their field of subnets."""


def stand_in_vpcs(records: Mapping[str, Record], config: Config, assumed: list[str]) -> list[dict[str, Any]]:
    """Return the existing VPC of the stack, if it uses one, with the recorded and the configured subnets."""
    if (vpc := config.network.vpc) is None:
        return []
    used = {name: [s for r in _of(records, kind) for s in r[name]] for kind, name in SUBNETS.items()}
    named = config.network.subnets or Subnets()
    inner = dict.fromkeys((*named.private, *used["subnet_ids"], *_of_services(records)))
    public = dict.fromkeys((*named.public, *used["subnets"])) or dict.fromkeys(_stand_ins("1"))
    if config.listener:
        # another's load balancer is in each zone of the tasks
        public |= dict.fromkeys(_stand_ins("1", max(0, len(inner) - len(public))))
    private = [one for one in inner if one not in public] or _stand_ins("2")
    rules = [rule for fields in _of(records, SecurityGroupEgress) for rule in fields["rules"]]
    targets = {str(rule["CidrIpv4"]) for rule in rules if "CidrIpv4" in rule}
    way_out = ANYWHERE in targets or not targets
    inside = sorted(targets - {ANYWHERE})
    out = "by NAT" if way_out else "nowhere"
    assumed.append(
        f"{vpc} has {len(public)} public subnets, and {len(private)} private ones, from which a route leads {out}"
    )
    cidr, *further = inside or ["10.0.0.0/16"]
    alone = config.network.model_copy(update={"vpc": None, "egress": "none"})
    services = [] if way_out else [*endpoints_of(config.model_copy(update={"network": alone})), "s3"]
    made = {"id": vpc, "cidr": cidr, "public": [*public], "private": private, "way_out": way_out}
    has_database = bool({"db_cluster/main", "single_db_instance/main"} & records.keys())
    shared = has_database and "hosted_zone/private" not in records
    return [{**made, "further": further, "endpoints": services, "owner": ANOTHER_ACCOUNT if shared else ""}]


def _of(records: Mapping[str, Record], resource_type: type[Resource]) -> list[Mapping[str, Any]]:
    return [record.arguments for record in records.values() if record.type == resource_type.type_name]


def _of_services(records: Mapping[str, Record]) -> list[str]:
    return [subnet for fields in _of(records, Service) for subnet in fields["subnets"]]


def _stand_ins(digit: str, zones: int = ZONES) -> list[str]:
    return [f"subnet-{digit}{number:016d}" for number in range(1, zones + 1)]
