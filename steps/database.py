"""The database: Aurora Serverless v2 in the database subnets, paused while it has no connections."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, ready, step
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.groups import DbClusterParameterGroup, DbSubnetGroup
from provisioner.steps.logs import log_group
from provisioner.steps.secrets import Secrets
from provisioner.steps.security_groups import SecurityGroups
from provisioner.steps.service_roles import ServiceRoles

ENGINE = "database.engine"
"""The key of the engine, which no instance changes either."""
PAUSE = 300
"""Seconds without a connection until the database pauses; AWS's minimum."""


@dataclass(frozen=True)
class Database:
    """The cluster's id, the writer's endpoint, the port, which is known beforehand, and both handles."""

    cluster_id: str
    endpoint: str
    port: int
    cluster: Handle
    writer: Handle


@step
def database(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    secrets: Secrets | None,
    service_roles: ServiceRoles,
) -> Database | None:
    """Declare the cluster, its writer, and readers in other zones, if there is a table `[database]`.

    Performance Insights stays off, and so does the export of audit logs unless the configuration asks for it: both keep
    the database from pausing. The log groups of exported logs are declared before the cluster: RDS would create them
    without tags and retention, and leave them behind.

    The first reader is Aurora's preferred next writer, and always as large as the writer; further readers grow with
    their own work (Aurora user guide, aurora-serverless-v2-setting-capacity).
    """
    settings, name = stack.config.database, stack.name
    if settings is None or secrets is None or security_groups.database is None or service_roles.rds is None:
        return None
    subnets = stack.ensure(DbSubnetGroup("main", name, f"Database subnets of {name}", network.database))
    engine = settings.kind
    # AWS advises to wait 5 minutes before using a new parameter group. No wait is needed here: the character sets
    # are MySQL 8.0's own defaults, and TLS alone is PostgreSQL 17's
    parameters = dict(engine.parameters)
    for log in settings.logs:
        parameters |= engine.logs[log]
    parameter_group = stack.ensure(
        DbClusterParameterGroup(
            engine.group_address, engine.group_name(name), engine.family, f"Settings of {name}", parameters
        )
    )
    groups = [
        stack.ensure(log_group(stack, f"database-{log}", f"/aws/rds/cluster/{name}/{log}")) for log in settings.logs
    ]
    scaling = {"MinCapacity": settings.min_acu, "MaxCapacity": settings.max_acu}
    if settings.min_acu == 0:
        scaling["SecondsUntilAutoPause"] = PAUSE
    cluster = stack.ensure(
        DbCluster(
            "main",
            db_cluster_identifier=name,
            engine=engine.name,
            engine_version=engine.version,
            database_name=settings.name,
            master_username=settings.user,
            password_parameter=secrets.parameter_name,
            password_version=secrets.parameter_version,
            db_subnet_group_name=subnets.id,
            vpc_security_group_ids=[security_groups.database],
            db_cluster_parameter_group_name=parameter_group.id,
            serverless_v2_scaling_configuration=scaling,
            backup_retention_period=settings.backup_days,
            deletion_protection=stack.config.protect,
            final_snapshot=stack.config.protect,
            kms_key_id=stack.facts.kms_key,
            enable_iam_database_authentication=settings.iam_authentication,
            enable_cloudwatch_logs_exports=settings.logs,
            snapshot_identifier=stack.facts.snapshot,
        ),
        after=[service_roles.rds, *groups],
        keys={
            "engine": ENGINE,
            "database_name": "database.name",
            "master_username": "database.user",
            "kms_key_id": "kms_key",
        },
    )
    if stack.facts.snapshot:
        stack.notice(f"the database will be made of the snapshot {stack.facts.snapshot}")
    # an instance can be created before a new cluster is ready, but not before a restored one (RDS API,
    # RestoreDBClusterFromSnapshot)
    member_of = ready(cluster).id if stack.facts.snapshot else cluster.id
    zones = stack.facts.zones if settings.readers else ()
    writer = stack.ensure(DbInstance("main", f"{name}-1", member_of, engine.name, zones=zones), keys={"engine": ENGINE})
    for number in range(1, settings.readers + 1):
        first = number % len(zones)
        stack.ensure(
            DbInstance(
                f"reader-{number}",
                f"{name}-{number + 1}",
                member_of,
                engine.name,
                promotion_tier=number,
                zones=(*zones[first:], *zones[:first]),
            ),
            # the first instance of a cluster is its writer
            after=[writer],
            keys={"engine": ENGINE},
        )
    return Database(cluster.id, cluster.endpoint, engine.port, cluster, writer)
