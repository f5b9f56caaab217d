"""The database in the database subnets: Aurora Serverless v2, paused without connections, or one instance of RDS."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, ready, step
from provisioner.config.tables import Database as Settings
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.groups import DbClusterParameterGroup, DbSubnetGroup
from provisioner.resources.rds.instance_groups import DbParameterGroup
from provisioner.resources.rds.single import SingleDbInstance
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
    """The database's id, the writer's endpoint, the port, which is known beforehand, and both handles.

    `main` has the password: the cluster, or the one instance, which then is the writer too.
    """

    id: str
    endpoint: str
    port: int
    main: Handle
    writer: Handle


@step
def database(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    secrets: Secrets | None,
    service_roles: ServiceRoles,
) -> Database | None:
    """Declare the database with its subnets, parameters and log groups, if there is a table `[database]`.

    The log groups of exported logs are declared before the database: RDS would create them without tags and retention,
    and leave them behind.
    """
    settings, name = stack.config.own_database, stack.name
    if settings is None or secrets is None or security_groups.database is None or service_roles.rds is None:
        return None
    subnets = stack.ensure(DbSubnetGroup("main", name, f"Database subnets of {name}", network.database))
    if stack.facts.snapshot:
        stack.notice(f"the database will be made of the snapshot {stack.facts.snapshot}")
    declare = _cluster if settings.kind.aurora else _instance
    return declare(stack, settings, secrets, subnets, security_groups.database, service_roles.rds)


def _log_groups(stack: Stack, settings: Settings) -> list[Handle]:
    """Declare the groups of the exported logs."""
    place = f"/aws/rds/{'cluster' if settings.kind.aurora else 'instance'}/{stack.name}"
    return [stack.ensure(log_group(stack, f"database-{log}", f"{place}/{log}")) for log in settings.logs]


def _parameters(settings: Settings) -> dict[str, str]:
    """Return the parameters of the engine and of the exported logs.

    AWS advises to wait 5 minutes before using a new parameter group. No wait is needed here: they are defaults of the
    engines, but for TLS and the logs, which are dynamic.
    """
    parameters = dict(settings.kind.parameters)
    for log in settings.logs:
        parameters |= settings.kind.logs[log]
    return parameters


def _instance(
    stack: Stack, settings: Settings, secrets: Secrets, subnets: Handle, group: str, role: Handle
) -> Database:
    """Declare the parameter group and the instance. Its endpoint is known once it has been created."""
    name, engine = stack.name, settings.kind
    parameter_group = stack.ensure(
        DbParameterGroup(
            engine.group_address, engine.group_name(name), engine.family, f"Settings of {name}", _parameters(settings)
        )
    )
    groups = _log_groups(stack, settings)
    instance = stack.ensure(
        SingleDbInstance(
            "main",
            db_instance_identifier=name,
            engine=engine.name,
            engine_version=engine.version,
            db_instance_class=settings.instance,
            allocated_storage=settings.storage,
            db_name=settings.name,
            master_username=settings.user,
            password_parameter=secrets.parameter_name,
            password_version=secrets.parameter_version,
            db_subnet_group_name=subnets.id,
            vpc_security_group_ids=[group],
            db_parameter_group_name=parameter_group.id,
            backup_retention_period=settings.backup_days,
            multi_az=settings.standby,
            deletion_protection=stack.config.protect,
            final_snapshot=stack.config.protect,
            kms_key_id=stack.facts.kms_key,
            enable_iam_database_authentication=settings.iam_authentication,
            enable_cloudwatch_logs_exports=settings.logs,
            snapshot_identifier=stack.facts.snapshot,
        ),
        after=[role, *groups],
        keys={
            "engine": ENGINE,
            "db_name": "database.name",
            "master_username": "database.user",
            "kms_key_id": "kms_key",
        },
    )
    return Database(instance.id, ready(instance).endpoint, engine.port, instance, instance)


def _cluster(stack: Stack, settings: Settings, secrets: Secrets, subnets: Handle, group: str, role: Handle) -> Database:
    """Declare the parameter group, the cluster, its writer, and readers in other zones.

    Performance Insights stays off, and so does the export of audit logs unless the configuration asks for it: both keep
    the database from pausing.

    The first reader is Aurora's preferred next writer, and always as large as the writer; further readers grow with
    their own work (Aurora user guide, aurora-serverless-v2-setting-capacity).
    """
    name, engine = stack.name, settings.kind
    parameter_group = stack.ensure(
        DbClusterParameterGroup(
            engine.group_address, engine.group_name(name), engine.family, f"Settings of {name}", _parameters(settings)
        )
    )
    groups = _log_groups(stack, settings)
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
            vpc_security_group_ids=[group],
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
        after=[role, *groups],
        keys={
            "engine": ENGINE,
            "database_name": "database.name",
            "master_username": "database.user",
            "kms_key_id": "kms_key",
        },
    )
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
