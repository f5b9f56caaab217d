"""Samples of the database's resource types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Handle, ids
from provisioner.engine.resource import Resource
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.logs import LogGroup
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.groups import DbClusterParameterGroup, DbSubnetGroup
from provisioner.resources.rds.instance_groups import DbParameterGroup
from provisioner.resources.rds.single import SingleDbInstance
from provisioner.resources.rds.snapshots import FINAL_SNAPSHOT
from provisioner.resources.ssm import SecureParameter
from tests.cloud.samples.network import closed, subnets
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

DB, PASSWORD, FAMILY = "sample", "/sample/password", "aurora-mysql8.0"
SINGLE_PASSWORD = "/sample/single-password"


def _cluster(here: Here) -> Handle:
    secret = here.ensure(SecureParameter("password", PASSWORD, "Master password"))
    # RDS makes a group itself where it finds none, and leaves it
    logs = [here.ensure(LogGroup(name, f"/aws/rds/cluster/{DB}/{name}", 7)) for name in ("error", "audit")]
    _ = here[SecurityGroup]
    return here.ensure(
        DbCluster(
            NAME,
            db_cluster_identifier=DB,
            engine="aurora-mysql",
            engine_version="8.0",
            database_name="sample",
            master_username="dbadmin",
            password_parameter=secret.id,
            password_version=secret.version,
            db_subnet_group_name=here[DbSubnetGroup].id,
            vpc_security_group_ids=[closed(here, "database").id],
            db_cluster_parameter_group_name=here[DbClusterParameterGroup].id,
            serverless_v2_scaling_configuration={"MinCapacity": 0.5, "MaxCapacity": 4},
            backup_retention_period=7,
            # of a cluster without a key of the user's RDS does not tell which one it has
            kms_key_id=here.others.key,
            enable_cloudwatch_logs_exports=["error"],
        ),
        after=logs,
    )


def _clustered(hand: ByHand, **change: Any) -> None:
    hand("rds").modify_db_cluster(DBClusterIdentifier=DB, ApplyImmediately=True, **change)


def _another_password(hand: ByHand, name: str = PASSWORD) -> None:
    hand("ssm").put_parameter(Name=name, Value="another-password", Type="SecureString", Overwrite=True)


def _final(hand: ByHand) -> None:
    hand("rds").add_tags_to_resource(ResourceName=hand.outputs["arn"], Tags=[FINAL_SNAPSHOT])


def _instance(hand: ByHand, **change: Any) -> None:
    hand("rds").modify_db_instance(DBInstanceIdentifier=hand.id, ApplyImmediately=True, **change)


def _grouped(hand: ByHand, names: tuple[str, ...], description: str = "Subnets") -> None:
    hand("rds").modify_db_subnet_group(
        DBSubnetGroupName=hand.id,
        DBSubnetGroupDescription=description,
        SubnetIds=[hand[f"subnet/{name}"] for name in names],
    )


def _subnet_group(here: Here) -> Handle:
    subnets(here, "acd")
    return here.ensure(DbSubnetGroup(NAME, DB, "Subnets", ids(subnets(here))))


def _single(here: Here) -> Handle:
    # one of its own: another password of the cluster's would be a change of both
    secret = here.ensure(SecureParameter("single-password", SINGLE_PASSWORD, "Master password"))
    logs = [here.ensure(LogGroup(name, f"/aws/rds/instance/{DB}/{name}", 7)) for name in ("postgresql", "upgrade")]
    _ = here[SecurityGroup]
    return here.ensure(
        SingleDbInstance(
            NAME,
            db_instance_identifier=DB,
            engine="postgres",
            engine_version="17",
            db_instance_class="db.t4g.micro",
            allocated_storage=20,
            db_name="sample",
            master_username="dbadmin",
            password_parameter=secret.id,
            password_version=secret.version,
            db_subnet_group_name=here[DbSubnetGroup].id,
            vpc_security_group_ids=[closed(here, "database").id],
            db_parameter_group_name=here[DbParameterGroup].id,
            backup_retention_period=7,
            kms_key_id=here.others.key,
            enable_cloudwatch_logs_exports=["postgresql"],
        ),
        after=logs,
    )


def _set_of_instance(hand: ByHand) -> None:
    parameter = {"ParameterName": "timezone", "ParameterValue": "Asia/Tokyo", "ApplyMethod": "immediate"}
    hand("rds").modify_db_parameter_group(DBParameterGroupName=hand.id, Parameters=[parameter])


def _set(hand: ByHand) -> None:
    parameter = {"ParameterName": "time_zone", "ParameterValue": "Asia/Tokyo", "ApplyMethod": "immediate"}
    hand("rds").modify_db_cluster_parameter_group(DBClusterParameterGroupName=hand.id, Parameters=[parameter])


DATABASE: Mapping[type[Resource], Sample] = {
    DbSubnetGroup: Sample(
        _subnet_group,
        {
            "db_subnet_group_description": lambda hand: _grouped(hand, (NAME, "c"), "Theirs"),
            "subnet_ids": lambda hand: _grouped(hand, (NAME, "c", "d")),
        },
    ),
    DbClusterParameterGroup: Sample(
        lambda here: here.ensure(
            DbClusterParameterGroup(NAME, DB, FAMILY, "Settings", {"character_set_server": "utf8mb4"})
        ),
        {"parameters": _set},
    ),
    DbCluster: Sample(
        _cluster,
        {
            "password_version": _another_password,
            "vpc_security_group_ids": lambda hand: _clustered(hand, VpcSecurityGroupIds=[hand[SecurityGroup]]),
            "db_cluster_parameter_group_name": lambda hand: _clustered(
                hand, DBClusterParameterGroupName=f"default.{FAMILY}"
            ),
            "serverless_v2_scaling_configuration": lambda hand: _clustered(
                hand, ServerlessV2ScalingConfiguration={"MinCapacity": 1, "MaxCapacity": 8}
            ),
            "backup_retention_period": lambda hand: _clustered(hand, BackupRetentionPeriod=14),
            "deletion_protection": lambda hand: _clustered(hand, DeletionProtection=True),
            "final_snapshot": _final,
            "copy_tags_to_snapshot": lambda hand: _clustered(hand, CopyTagsToSnapshot=False),
            "engine_lifecycle_support": lambda hand: _clustered(
                hand, EngineLifecycleSupport="open-source-rds-extended-support"
            ),
            "enable_iam_database_authentication": lambda hand: _clustered(hand, EnableIAMDatabaseAuthentication=True),
            "enable_cloudwatch_logs_exports": lambda hand: _clustered(
                hand, CloudwatchLogsExportConfiguration={"EnableLogTypes": ["audit"], "DisableLogTypes": ["error"]}
            ),
        },
    ),
    DbInstance: Sample(
        lambda here: here.ensure(DbInstance(NAME, f"{DB}-1", here[DbCluster].id, "aurora-mysql")),
        {
            "db_instance_class": lambda hand: _instance(hand, DBInstanceClass="db.r6g.large"),
            "publicly_accessible": lambda hand: _instance(hand, PubliclyAccessible=True),
            "auto_minor_version_upgrade": lambda hand: _instance(hand, AutoMinorVersionUpgrade=False),
            "promotion_tier": lambda hand: _instance(hand, PromotionTier=9),
        },
    ),
    DbParameterGroup: Sample(
        lambda here: here.ensure(DbParameterGroup(NAME, DB, "postgres17", "Settings", {"rds.force_ssl": "1"})),
        {"parameters": _set_of_instance},
    ),
    SingleDbInstance: Sample(
        _single,
        {
            "db_instance_class": lambda hand: _instance(hand, DBInstanceClass="db.m7g.large"),
            "multi_az": lambda hand: _instance(hand, MultiAZ=True),
            "password_version": lambda hand: _another_password(hand, SINGLE_PASSWORD),
            "vpc_security_group_ids": lambda hand: _instance(hand, VpcSecurityGroupIds=[hand[SecurityGroup]]),
            "db_parameter_group_name": lambda hand: _instance(hand, DBParameterGroupName="default.postgres17"),
            "backup_retention_period": lambda hand: _instance(hand, BackupRetentionPeriod=14),
            "storage_type": lambda hand: _instance(hand, StorageType="gp2"),
            "deletion_protection": lambda hand: _instance(hand, DeletionProtection=True),
            "final_snapshot": _final,
            "copy_tags_to_snapshot": lambda hand: _instance(hand, CopyTagsToSnapshot=False),
            "publicly_accessible": lambda hand: _instance(hand, PubliclyAccessible=True),
            "auto_minor_version_upgrade": lambda hand: _instance(hand, AutoMinorVersionUpgrade=False),
            "engine_lifecycle_support": lambda hand: _instance(
                hand, EngineLifecycleSupport="open-source-rds-extended-support"
            ),
            "enable_iam_database_authentication": lambda hand: _instance(hand, EnableIAMDatabaseAuthentication=True),
            "enable_cloudwatch_logs_exports": lambda hand: _instance(
                hand,
                CloudwatchLogsExportConfiguration={"EnableLogTypes": ["upgrade"], "DisableLogTypes": ["postgresql"]},
            ),
        },
        # a disk that somebody has enlarged is refused, since it cannot shrink again
        other={"allocated_storage": 30},
    ),
}
