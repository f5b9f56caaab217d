"""Valkey: one primary with its replicas in the database subnets, which nothing reaches without TLS and a token."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, ready, step
from provisioner.config.redis import PORT, VERSION
from provisioner.config.secrets import Held
from provisioner.resources.elasticache.groups import CacheParameterGroup, CacheSubnetGroup
from provisioner.resources.elasticache.replication_group import ReplicationGroup
from provisioner.resources.ssm import ConnectionUrl, SecureParameter
from provisioner.steps.secrets import redis_token_parameter, redis_url_parameter
from provisioner.steps.security_groups import SecurityGroups
from provisioner.steps.service_roles import ServiceRoles

ENGINE, FAMILY = "valkey", "valkey8"
"""The engine, and the family of its parameters, which a parameter group never changes."""
SNAPSHOTS = 1
"""The daily snapshots that are kept: the space of one is free (ElastiCache pricing, backup storage)."""


@dataclass(frozen=True)
class Redis:
    """The parameters with the URL and the token of Valkey, its endpoint, and the handle that has taken the token."""

    url: Held
    token: Held
    endpoint: str
    main: Handle


@step
def redis(stack: Stack, network: Network, security_groups: SecurityGroups, service_roles: ServiceRoles) -> Redis | None:
    """Declare Valkey and the parameter with its URL, if there is a table `[redis]`.

    Its nodes are the stack's own, and cluster mode is off, as libraries for job queues need it. A serverless cache is
    always in cluster mode and evicts keys.

    The URL changes once Valkey has taken a new token beside the former one; that ends when all services have the new
    one.
    """
    settings, name = stack.config.redis, stack.name
    if settings is None or security_groups.redis is None or service_roles.elasticache is None:
        return None
    if not settings.replicas:
        stack.notice(
            "[redis] has no replica: a failure or a maintenance of its node empties it (replicas = 1 keeps the data)"
        )
    snapshot = stack.facts.redis_snapshot
    if snapshot:
        stack.notice(f"Valkey will be made of the snapshot {snapshot.name}")
    subnets = stack.ensure(CacheSubnetGroup("main", name, f"Database subnets of {name}", network.database))
    parameters = stack.ensure(
        CacheParameterGroup(
            FAMILY, f"{name}-{FAMILY}", FAMILY, f"Settings of {name}", {"maxmemory-policy": settings.policy}
        )
    )
    key = stack.facts.kms_key
    token = stack.ensure(SecureParameter("redis-token", redis_token_parameter(stack), f"Token of {name}'s Valkey", key))
    version = ready(token).version
    group = stack.ensure(
        ReplicationGroup(
            "main",
            replication_group_id=name,
            replication_group_description=f"Valkey of {name}",
            engine=ENGINE,
            engine_version=snapshot.version if snapshot else VERSION,
            cache_node_type=settings.node,
            num_cache_clusters=settings.nodes,
            automatic_failover_enabled=settings.replicas > 0,
            multi_az_enabled=settings.replicas > 0,
            cache_subnet_group_name=subnets.id,
            cache_parameter_group_name=parameters.id,
            security_group_ids=[security_groups.redis],
            password_parameter=token.id,
            password_version=version,
            snapshot_retention_limit=SNAPSHOTS,
            deletion_protection=stack.config.protect,
            final_snapshot=stack.config.protect,
            kms_key_id=key,
            snapshot_name=snapshot.name if snapshot else None,
        ),
        after=[service_roles.elasticache],
        keys={"kms_key_id": "kms_key"},
    )
    place = f"rediss://@{group.endpoint}:{PORT}/0"
    url = stack.ensure(
        ConnectionUrl("redis", redis_url_parameter(stack), place, token.id, version, key), follows=[group]
    )
    # ready: a change makes a new version
    return Redis(Held(url.arn, ready(url).version), Held(token.arn, version), ready(group).endpoint, group)
