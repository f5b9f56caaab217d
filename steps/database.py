"""The database: Aurora MySQL Serverless v2 in the database subnets, paused when nobody uses it."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.step import Stack, step
from provisioner.kinds.rds import DbCluster, DbInstance
from provisioner.kinds.rds_groups import DbClusterParameterGroup, DbSubnetGroup
from steps.network import Network
from steps.secrets import Secrets
from steps.security_groups import MYSQL, SecurityGroups
from steps.service_roles import ServiceRoles

ENGINE, FAMILY = "aurora-mysql", "aurora-mysql8.0"
VERSION = "8.0"
"""The region's default of Aurora MySQL version 3 (CreateDBCluster). A full version is retired after a year or so, and
every default since 3.08 can pause at 0 ACU."""
PAUSE = 300
"""Seconds without a connection before it pauses, the shortest that AWS takes."""
BACKUP_DAYS = 7
UTF8MB4 = ("character_set_client", "character_set_connection", "character_set_database", "character_set_results",
           "character_set_server")  # fmt: skip


@dataclass(frozen=True)
class Database:
    """The writer's endpoint, and the port, which is known beforehand."""

    endpoint: str
    port: int


@step
def database(
    stack: Stack, network: Network, security_groups: SecurityGroups, secrets: Secrets, service_roles: ServiceRoles
) -> Database:
    """Declare the cluster and its one instance.

    Performance Insights and the export of audit logs stay off: both would keep it from pausing.
    """
    want, name = stack.config.database, stack.name
    subnets = stack.ensure(DbSubnetGroup("main", name, f"Database subnets of {name}", network.database))
    # AWS advises to let a group settle for 5 minutes before it is used; what is in here is MySQL 8.0's own default
    settings = stack.ensure(
        DbClusterParameterGroup("main", name, FAMILY, f"Settings of {name}", dict.fromkeys(UTF8MB4, "utf8mb4"))
    )
    scaling = {"MinCapacity": want.min_acu, "MaxCapacity": want.max_acu}
    if want.min_acu == 0:
        scaling["SecondsUntilAutoPause"] = PAUSE
    cluster = stack.ensure(
        DbCluster(
            "main",
            db_cluster_identifier=name,
            engine=ENGINE,
            engine_version=VERSION,
            database_name=want.name,
            master_username=want.user,
            password_parameter=secrets.parameter_name,
            password_version=secrets.parameter_version,
            db_subnet_group_name=subnets.id,
            vpc_security_group_ids=[security_groups.database],
            db_cluster_parameter_group_name=settings.id,
            serverless_v2_scaling_configuration=scaling,
            backup_retention_period=BACKUP_DAYS,
            deletion_protection=stack.config.protect,
            final_snapshot=stack.config.protect,
            kms_key_id=stack.facts.kms_key,
        ),
        after=[service_roles.rds],
    )
    stack.ensure(DbInstance("main", f"{name}-1", cluster.id, ENGINE))
    return Database(cluster.endpoint, MYSQL)
