"""Samples of the resource types of Valkey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Handle, ids
from provisioner.engine.resource import Resource
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.elasticache.groups import CacheParameterGroup, CacheSubnetGroup
from provisioner.resources.elasticache.replication_group import ReplicationGroup
from provisioner.resources.elasticache.token_changes import FORMER
from provisioner.resources.rds.snapshots import FINAL_SNAPSHOT
from provisioner.resources.ssm import SecureParameter
from tests.cloud.samples.network import closed, subnets
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

CACHE, TOKEN, FAMILY = "sample", "/sample/token", "valkey8"
POLICY = "maxmemory-policy"


def _subnet_group(here: Here) -> Handle:
    subnets(here, "acd")
    return here.ensure(CacheSubnetGroup(NAME, CACHE, "Subnets", ids(subnets(here))))


def _grouped(hand: ByHand, names: tuple[str, ...], description: str = "Subnets") -> None:
    hand("elasticache").modify_cache_subnet_group(
        CacheSubnetGroupName=hand.id,
        CacheSubnetGroupDescription=description,
        SubnetIds=[hand[f"subnet/{name}"] for name in names],
    )


def _set(hand: ByHand) -> None:
    parameter = {"ParameterName": "timeout", "ParameterValue": "60"}
    hand("elasticache").modify_cache_parameter_group(CacheParameterGroupName=hand.id, ParameterNameValues=[parameter])


def _group(here: Here) -> Handle:
    token = here.ensure(SecureParameter("token", TOKEN, "Token"))
    _ = here[SecurityGroup]
    return here.ensure(
        ReplicationGroup(
            NAME,
            replication_group_id=CACHE,
            replication_group_description="Sample",
            engine="valkey",
            engine_version="8.1",
            cache_node_type="cache.t4g.micro",
            num_cache_clusters=2,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            cache_subnet_group_name=here[CacheSubnetGroup].id,
            cache_parameter_group_name=here[CacheParameterGroup].id,
            security_group_ids=[closed(here, "redis").id],
            password_parameter=token.id,
            password_version=token.version,
            # of a group without a key of the user's ElastiCache may tell one too
            kms_key_id=here.others.key,
        )
    )


def _changed(hand: ByHand, **change: Any) -> None:
    hand("elasticache").modify_replication_group(ReplicationGroupId=CACHE, ApplyImmediately=True, **change)


def _another_token(hand: ByHand) -> None:
    value = "another0token0of0thirty0characters"
    hand("ssm").put_parameter(Name=TOKEN, Value=value, Type="SecureString", Overwrite=True)


def _rotated(hand: ByHand) -> None:
    """Leave a rotation of the token half done."""
    _changed(hand, AuthToken="their0token0of0thirty0characters00", AuthTokenUpdateStrategy="ROTATE")
    tags = [{"Key": FORMER, "Value": "2026-01-01T00:00:00Z/7"}]
    hand("elasticache").add_tags_to_resource(ResourceName=hand.outputs["arn"], Tags=tags)


def _more(hand: ByHand) -> None:
    hand("elasticache").increase_replica_count(ReplicationGroupId=CACHE, NewReplicaCount=2, ApplyImmediately=True)


CACHES: Mapping[type[Resource], Sample] = {
    CacheSubnetGroup: Sample(
        _subnet_group,
        {
            "cache_subnet_group_description": lambda hand: _grouped(hand, (NAME, "c"), "Theirs"),
            "subnet_ids": lambda hand: _grouped(hand, (NAME, "c", "d")),
        },
    ),
    CacheParameterGroup: Sample(
        lambda here: here.ensure(CacheParameterGroup(NAME, CACHE, FAMILY, "Settings", {POLICY: "noeviction"})),
        {"parameters": _set},
    ),
    ReplicationGroup: Sample(
        _group,
        {
            "replication_group_description": lambda hand: _changed(hand, ReplicationGroupDescription="Theirs"),
            "cache_node_type": lambda hand: _changed(hand, CacheNodeType="cache.t4g.small"),
            "num_cache_clusters": _more,
            "automatic_failover_enabled multi_az_enabled": lambda hand: _changed(
                hand, AutomaticFailoverEnabled=False, MultiAZEnabled=False
            ),
            "multi_az_enabled": lambda hand: _changed(hand, MultiAZEnabled=False),
            "cache_parameter_group_name": lambda hand: _changed(hand, CacheParameterGroupName=f"default.{FAMILY}"),
            "security_group_ids": lambda hand: _changed(hand, SecurityGroupIds=[hand[SecurityGroup]]),
            "password_version": _another_token,
            "former_password_version": _rotated,
            "snapshot_retention_limit": lambda hand: _changed(hand, SnapshotRetentionLimit=7),
            "final_snapshot": lambda hand: hand("elasticache").add_tags_to_resource(
                ResourceName=hand.outputs["arn"], Tags=[FINAL_SNAPSHOT]
            ),
        },
        untried={"deletion_protection": "ElastiCache knows no such thing: it is the record that says so"},
    ),
}
