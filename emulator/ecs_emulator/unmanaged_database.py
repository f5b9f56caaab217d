"""Create somebody else's database under a given identifier, in a VPC that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends

from ecs_emulator import clock
from ecs_emulator.unmanaged_vpc import put_group

USER, PASSWORD = "standin", "stands-for-an-unknown-one"


def put_databases(account: str, region: str, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Create databases that are available at once, with subnet groups and security groups, unless they exist.

    Args:
        wanted: of each `id`, `cluster` (whether it is one, of Aurora), `engine`, `name` (of the database in it), `vpc`
            (an id) and `groups` (ids of security groups).

    Raises:
        KeyError: a member is missing, or the VPC.
    """
    rds: Any = rds_backends[account][region]
    for one in wanted:
        if one["id"] in rds.clusters or one["id"] in rds.databases:
            continue
        for group in one["groups"]:
            put_group(account, region, group, one["vpc"])
        asked = _asked(account, region, rds, one)
        made = (_cluster if one["cluster"] else _instance)(rds, asked, one)
        made.ready_at = clock.now()


def _asked(account: str, region: str, rds: Any, one: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of CreateDBCluster and CreateDBInstance that both have."""
    ec2, place = ec2_backends[account][region], f"{one['id']}-subnets"
    subnets = [subnet for subnet in ec2.describe_subnets() if subnet.vpc_id == ec2.vpcs[one["vpc"]].id]
    rds.create_subnet_group(place, "Subnets of somebody else", subnets, [])
    return {
        "engine": one["engine"],
        "master_username": USER,
        "master_user_password": PASSWORD,
        "db_subnet_group_name": place,
        "vpc_security_group_ids": [*one["groups"]],
        "storage_encrypted": True,
    }


def _cluster(rds: Any, asked: dict[str, Any], one: Mapping[str, Any]) -> Any:
    return rds.create_db_cluster({**asked, "db_cluster_identifier": one["id"], "database_name": one["name"]})


def _instance(rds: Any, asked: dict[str, Any], one: Mapping[str, Any]) -> Any:
    size = {"db_instance_class": "db.t4g.micro", "allocated_storage": 20, "storage_type": "gp3"}
    made = rds.create_db_instance({**asked, **size, "db_instance_identifier": one["id"], "db_name": one["name"]})
    made.phases = []
    return made
