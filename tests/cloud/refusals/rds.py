"""Refusals by RDS."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, UNKNOWN_KEY, Case, Scene, once, parameter
from tests.cloud.refusals.network import group, subnets, twin_subnet

case = partial(Case, "rds")
DELETING = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html"
LIMITS = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html"
SCALING = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html"
LOGS = "https://github.com/hashicorp/terraform/issues/22538"
V2 = {"MinCapacity": 0.5, "MaxCapacity": 4}


@once
def subnet_group(scene: Scene, name: str = "db") -> str:
    """A subnet group over three zones."""
    scene.client("rds").create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription="x", SubnetIds=subnets(scene)
    )
    return name


@once
def parameter_group(scene: Scene) -> str:
    """A cluster parameter group, which the cluster uses."""
    scene.client("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName="utf8", DBParameterGroupFamily="aurora-mysql8.0", Description="x"
    )
    return "utf8"


def request(scene: Scene, **more: Any) -> dict[str, Any]:
    """Return the arguments that create a good cluster."""
    return {
        "DBClusterIdentifier": scene.name("db"), "Engine": "aurora-mysql", "MasterUsername": "dbadmin",
        "MasterUserPassword": "correct-horse", "DBSubnetGroupName": subnet_group(scene),
        "ServerlessV2ScalingConfiguration": V2, **more,
    }  # fmt: skip


def create(scene: Scene, rds: Any, **more: Any) -> Any:
    """Create a cluster."""
    return rds.create_db_cluster(**request(scene, **more))


def postgresql(scene: Scene, rds: Any, **more: Any) -> Any:
    """Create a cluster of PostgreSQL."""
    return create(scene, rds, **{"Engine": "aurora-postgresql", "EngineVersion": "17", **more})


def status(scene: Scene, name: str) -> str:
    return str(scene.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]["Status"])


@once
def cluster(scene: Scene, name: str = "aurora", *, protect: bool = False) -> str:
    """A cluster with the parameter group, available."""
    more = {"DBClusterParameterGroupName": parameter_group(scene), "DeletionProtection": protect}
    create(scene, scene.client("rds"), DBClusterIdentifier=name, **more)
    scene.wait(lambda: status(scene, name) == "available")
    return name


@once
def main(scene: Scene) -> str:
    """The cluster with the writer `aurora-1`, which is available."""
    member(scene, scene.client("rds"), DBInstanceIdentifier="aurora-1")
    scene.wait(lambda: instance_status(scene) == "available")
    return cluster(scene)


@once
def of_16(scene: Scene) -> str:
    """An available cluster of an older major version."""
    postgresql(scene, scene.client("rds"), DBClusterIdentifier="older", EngineVersion="16.10")
    scene.wait(lambda: status(scene, "older") == "available")
    return "older"


@once
def plain(scene: Scene) -> str:
    """A cluster without the capacities of Serverless v2."""
    wanted = request(scene, DBClusterIdentifier="plain")
    del wanted["ServerlessV2ScalingConfiguration"]
    scene.client("rds").create_db_cluster(**wanted)
    scene.wait(lambda: status(scene, "plain") == "available")
    return "plain"


def instance_status(scene: Scene) -> str:
    found = scene.client("rds").describe_db_instances(DBInstanceIdentifier="aurora-1")["DBInstances"][0]
    return str(found["DBInstanceStatus"])


def member(scene: Scene, rds: Any, **more: Any) -> Any:
    """Create an instance of the cluster."""
    wanted = {"DBInstanceIdentifier": scene.name("db"), "DBInstanceClass": "db.serverless", "Engine": "aurora-mysql"}
    return rds.create_db_instance(**{**wanted, "DBClusterIdentifier": cluster(scene), **more})


@once
def protected(scene: Scene) -> str:
    return cluster(scene, "protected", protect=True)


@once
def stopped(scene: Scene) -> str:
    name = cluster(scene, "stopped")
    scene.client("rds").stop_db_cluster(DBClusterIdentifier=name)
    scene.wait(lambda: status(scene, name) == "stopped")
    return name


def deleting(scene: Scene) -> str:
    """A cluster that goes this moment."""
    name = cluster(scene, scene.name("leaving"))
    delete(scene.client("rds"), name)
    return name


def delete(rds: Any, name: str, **more: Any) -> Any:
    return rds.delete_db_cluster(DBClusterIdentifier=name, **(more or {"SkipFinalSnapshot": True}))


def unready(scene: Scene, rds: Any) -> Any:
    """Modify a cluster that is being created."""
    name = scene.name("db")
    create(scene, rds, DBClusterIdentifier=name)
    return rds.modify_db_cluster(DBClusterIdentifier=name, BackupRetentionPeriod=7)


def snapshot_twice(scene: Scene, rds: Any) -> Any:
    """Delete a cluster with a final snapshot whose name is taken."""
    name = cluster(scene, "twice")
    rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier="final")
    return delete(rds, name, FinalDBSnapshotIdentifier="final")


RESTORING = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html"


@once
def snapshot(scene: Scene) -> str:
    """A cluster's snapshot, available."""
    rds, name = scene.client("rds"), cluster(scene, "restored")
    rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier="restored-1")

    def shown() -> str:
        (one,) = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="restored-1")["DBClusterSnapshots"]
        return str(one["Status"])

    scene.wait(lambda: shown() == "available")
    return "restored-1"


def restore(scene: Scene, rds: Any, name: str, **more: Any) -> Any:
    """Restore a cluster from a snapshot."""
    settings = {"DBSubnetGroupName": subnet_group(scene), "ServerlessV2ScalingConfiguration": V2, **more}
    return rds.restore_db_cluster_from_snapshot(
        **{"DBClusterIdentifier": scene.name("db"), "SnapshotIdentifier": name, "Engine": "aurora-mysql", **settings}
    )


def unready_snapshot(scene: Scene, rds: Any) -> Any:
    """Restore from a snapshot that is being made."""
    name = cluster(scene, "unready")
    rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier="unready-1")
    return restore(scene, rds, "unready-1")


def member_of_restored(scene: Scene, rds: Any) -> Any:
    """Create an instance in a cluster that is being restored."""
    name = scene.name("db")
    restore(scene, rds, snapshot(scene), DBClusterIdentifier=name)
    return rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-1",
        DBClusterIdentifier=name,
        Engine="aurora-mysql",
        DBInstanceClass="db.serverless",
    )


def unready_member(scene: Scene, rds: Any) -> Any:
    """Modify an instance that is being created."""
    name = scene.name("db")
    member(scene, rds, DBInstanceIdentifier=name)
    return rds.modify_db_instance(DBInstanceIdentifier=name, PromotionTier=2)


def twice_deleted(scene: Scene, rds: Any) -> Any:
    name = scene.name("db")
    member(scene, rds, DBInstanceIdentifier=name)
    for _ in range(2):
        rds.delete_db_instance(DBInstanceIdentifier=name)


def set_parameter(scene: Scene, rds: Any, group_name: str, **wanted: Any) -> Any:
    one = {"ParameterName": "character_set_server", "ParameterValue": "utf8mb4", "ApplyMethod": "immediate", **wanted}
    return rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=group_name, Parameters=[one])


CASES = (
    case("RestoreDBClusterFromSnapshot", "from an unknown snapshot", "DBClusterSnapshotNotFoundFault", RESTORING,
        lambda s, c: restore(s, c, "unknown")),
    case("RestoreDBClusterFromSnapshot", "from a snapshot that is being made", "InvalidDBClusterSnapshotStateFault",
        RESTORING, unready_snapshot),
    case("RestoreDBClusterFromSnapshot", "with another engine", "InvalidParameterValue", RESTORING,
        lambda s, c: restore(s, c, snapshot(s), Engine="aurora-postgresql")),
    case("RestoreDBClusterFromSnapshot", "under a name in use", "DBClusterAlreadyExistsFault", RESTORING,
        lambda s, c: restore(s, c, snapshot(s), DBClusterIdentifier=cluster(s, "restored"))),
    case("CreateDBInstance", "in a cluster that is being restored", "InvalidDBClusterStateFault", RESTORING,
        member_of_restored),
    case("CreateDBSubnetGroup", "with a name in use", "DBSubnetGroupAlreadyExists", ERRORS,
        lambda s, c: c.create_db_subnet_group(
            DBSubnetGroupName=subnet_group(s), DBSubnetGroupDescription="x", SubnetIds=subnets(s))),
    case("CreateDBSubnetGroup", "in one zone only", "DBSubnetGroupDoesNotCoverEnoughAZs", ERRORS,
        lambda s, c: c.create_db_subnet_group(
            DBSubnetGroupName="x", DBSubnetGroupDescription="x", SubnetIds=[subnets(s)[0], twin_subnet(s)])),
    case("CreateDBSubnetGroup", "with an unknown subnet", "InvalidParameterValue",
        "https://github.com/brianz/serverless-design-patterns/issues/16",
        lambda s, c: c.create_db_subnet_group(
            DBSubnetGroupName="x", DBSubnetGroupDescription="x", SubnetIds=[subnets(s)[0], "subnet-0000000000000000"])),
    case("CreateDBSubnetGroup", "with the name default", "InvalidParameterValue", parameter("DBSubnetGroupName"),
        lambda s, c: c.create_db_subnet_group(
            DBSubnetGroupName="default", DBSubnetGroupDescription="x", SubnetIds=subnets(s))),
    case("CreateDBSubnetGroup", "with invalid characters in the name", "InvalidParameterValue",
        parameter("DBSubnetGroupName"),
        lambda s, c: c.create_db_subnet_group(
            DBSubnetGroupName="db/1", DBSubnetGroupDescription="x", SubnetIds=subnets(s))),
    case("CreateDBSubnetGroup", "with a name of more than 255 characters", "InvalidParameterValue",
        parameter("DBSubnetGroupName"),
        lambda s, c: c.create_db_subnet_group(
            DBSubnetGroupName="x" * 256, DBSubnetGroupDescription="x", SubnetIds=subnets(s))),
    case("ModifyDBSubnetGroup", "that is unknown", "DBSubnetGroupNotFoundFault", ERRORS,
        lambda s, c: c.modify_db_subnet_group(DBSubnetGroupName="nothing", SubnetIds=subnets(s))),
    case("ModifyDBSubnetGroup", "without a subnet that a database is in", "SubnetAlreadyInUse", ERRORS,
        lambda s, c: (main(s), c.modify_db_subnet_group(DBSubnetGroupName="db", SubnetIds=subnets(s)[1:]))),
    case("DeleteDBSubnetGroup", "while a cluster is in it", "InvalidDBSubnetGroupStateFault", ERRORS,
        lambda s, c: (cluster(s), c.delete_db_subnet_group(DBSubnetGroupName=subnet_group(s))), "is still using it"),
    case("DeleteDBSubnetGroup", "that is unknown", "DBSubnetGroupNotFoundFault", ERRORS,
        lambda s, c: c.delete_db_subnet_group(DBSubnetGroupName="nothing")),
    case("DescribeDBSubnetGroups", "of an unknown name", "DBSubnetGroupNotFoundFault", ERRORS,
        lambda s, c: c.describe_db_subnet_groups(DBSubnetGroupName="nothing")),

    case("CreateDBClusterParameterGroup", "with a name in use", "DBParameterGroupAlreadyExists", ERRORS,
        lambda s, c: c.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=parameter_group(s), DBParameterGroupFamily="aurora-mysql8.0", Description="x")),
    case("CreateDBClusterParameterGroup", "with invalid characters in the name", "InvalidParameterValue",
        parameter("DBClusterParameterGroupName"),
        lambda s, c: c.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="a_b", DBParameterGroupFamily="aurora-mysql8.0", Description="x")),
    case("CreateDBClusterParameterGroup", "of a family that does not exist", "InvalidParameterValue",
        parameter("DBParameterGroupFamily"),
        lambda s, c: c.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="x", DBParameterGroupFamily="aurora-mysql9.9", Description="x")),
    case("ModifyDBClusterParameterGroup", "that is unknown", "DBParameterGroupNotFound", ERRORS,
        lambda s, c: set_parameter(s, c, "nothing")),
    case("ModifyDBClusterParameterGroup", "of the defaults", "InvalidDBParameterGroupState", ERRORS,
        lambda s, c: (cluster(s), set_parameter(s, c, "default.aurora-mysql8.0"))),
    case("ModifyDBClusterParameterGroup", "with a parameter that does not exist", "InvalidParameterValue", TEXT,
        lambda s, c: set_parameter(s, c, parameter_group(s), ParameterName="charset_server"),
        why_not="the family has some 400 parameters, of which the embedded cloud knows those that matter here"),
    case("DeleteDBClusterParameterGroup", "while a cluster uses it", "InvalidDBParameterGroupState", ERRORS,
        lambda s, c: (main(s), c.delete_db_cluster_parameter_group(DBClusterParameterGroupName="utf8"))),
    case("DeleteDBClusterParameterGroup", "that is unknown", "DBParameterGroupNotFound", ERRORS,
        lambda s, c: c.delete_db_cluster_parameter_group(DBClusterParameterGroupName="nothing")),
    case("DescribeDBClusterParameters", "of an unknown group", "DBParameterGroupNotFound", ERRORS,
        lambda s, c: c.describe_db_cluster_parameters(DBClusterParameterGroupName="nothing")),

    case("CreateDBCluster", "with a name in use", "DBClusterAlreadyExistsFault", ERRORS,
        lambda s, c: (main(s), create(s, c, DBClusterIdentifier="aurora"))),
    case("CreateDBCluster", "with two hyphens in a row in the name", "InvalidParameterValue",
        parameter("DBClusterIdentifier"), lambda s, c: create(s, c, DBClusterIdentifier="a--b")),
    case("CreateDBCluster", "with a name of more than 63 characters", "InvalidParameterValue",
        parameter("DBClusterIdentifier"), lambda s, c: create(s, c, DBClusterIdentifier="x" * 64)),
    case("CreateDBCluster", "with a password of less than 8 characters", "InvalidParameterValue",
        parameter("MasterUserPassword"), lambda s, c: create(s, c, MasterUserPassword="1234567")),
    case("CreateDBCluster", "with a password of more than 41 characters", "InvalidParameterValue",
        parameter("MasterUserPassword"), lambda s, c: create(s, c, MasterUserPassword="x" * 42)),
    case("CreateDBCluster", 'with /, " or @ in the password', "InvalidParameterValue",
        parameter("MasterUserPassword"), lambda s, c: create(s, c, MasterUserPassword="user@example")),
    case("CreateDBCluster", "with a reserved user", "InvalidParameterValue", parameter("MasterUsername"),
        lambda s, c: create(s, c, MasterUsername="rdsadmin"), "reserved word"),
    case("CreateDBCluster", "with root as user", "InvalidParameterValue", parameter("MasterUsername"),
        lambda s, c: create(s, c, MasterUsername="Root"), "reserved word"),
    case("CreateDBCluster", "with a reserved name of the database", "InvalidParameterValue",
        parameter("DatabaseName"), lambda s, c: create(s, c, DatabaseName="mysql"), "reserved word"),
    case("CreateDBCluster", "with a user of more than 16 characters", "InvalidParameterValue",
        parameter("MasterUsername"), lambda s, c: create(s, c, MasterUsername="x" * 17)),
    case("CreateDBCluster", "with a user that begins with a digit", "InvalidParameterValue",
        parameter("MasterUsername"), lambda s, c: create(s, c, MasterUsername="1admin")),
    case("CreateDBCluster", "without a user", "InvalidParameterValue", parameter("MasterUsername"),
        lambda s, c: c.create_db_cluster(**{
            key: value for key, value in request(s).items() if key not in ("MasterUsername", "MasterUserPassword")})),
    case("CreateDBCluster", "with invalid characters in the database's name", "InvalidParameterValue",
        parameter("DatabaseName"), lambda s, c: create(s, c, DatabaseName="my-app")),
    case("CreateDBCluster", "of Serverless v1", "InvalidParameterValue", parameter("EngineMode"),
        lambda s, c: create(s, c, EngineMode="serverless")),
    case("CreateDBCluster", "of an engine that does not exist", "InvalidParameterValue", parameter("Engine"),
        lambda s, c: create(s, c, Engine="aurora-maria")),
    case("CreateDBCluster", "of a version that does not exist", "InvalidParameterCombination",
        parameter("EngineVersion"), lambda s, c: create(s, c, EngineVersion="8.0.mysql_aurora.3.99.9"),
        "Cannot find version"),
    case("CreateDBCluster", "with an unknown subnet group", "DBSubnetGroupNotFoundFault", ERRORS,
        lambda s, c: create(s, c, DBSubnetGroupName="nothing")),
    case("CreateDBCluster", "with an unknown security group", "InvalidParameterValue",
        parameter("VpcSecurityGroupIds"), lambda s, c: create(s, c, VpcSecurityGroupIds=["sg-00000000000000000"])),
    case("CreateDBCluster", "with a security group of another VPC", "InvalidParameterCombination",
        parameter("VpcSecurityGroupIds"), lambda s, c: create(s, c, VpcSecurityGroupIds=[group(s, 1)]),
        "in different VPCs"),
    case("CreateDBCluster", "with an unknown parameter group", "DBClusterParameterGroupNotFound", ERRORS,
        lambda s, c: create(s, c, DBClusterParameterGroupName="nothing")),
    case("CreateDBCluster", "with MinCapacity greater than MaxCapacity", "InvalidParameterValue", SCALING,
        lambda s, c: create(s, c, ServerlessV2ScalingConfiguration={"MinCapacity": 8, "MaxCapacity": 4})),
    case("CreateDBCluster", "with a capacity that is not a multiple of 0.5", "InvalidParameterValue", SCALING,
        lambda s, c: create(s, c, ServerlessV2ScalingConfiguration={"MinCapacity": 0.7, "MaxCapacity": 4})),
    case("CreateDBCluster", "with capacity 0 before version 3.08", "InvalidParameterValue",
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html",
        lambda s, c: create(s, c, EngineVersion="8.0.mysql_aurora.3.04.0", ServerlessV2ScalingConfiguration={
            "MinCapacity": 0, "MaxCapacity": 4})),
    case("CreateDBCluster", "with a pause sooner than 300 seconds", "InvalidParameterValue", SCALING,
        lambda s, c: create(s, c, ServerlessV2ScalingConfiguration={
            "MinCapacity": 0, "MaxCapacity": 4, "SecondsUntilAutoPause": 60})),
    case("CreateDBCluster", "with backups kept for more than 35 days", "InvalidParameterValue",
        parameter("BackupRetentionPeriod"), lambda s, c: create(s, c, BackupRetentionPeriod=36)),
    case("CreateDBCluster", "with an unknown key", "KMSKeyNotAccessibleFault", ERRORS,
        lambda s, c: create(s, c, StorageEncrypted=True, KmsKeyId=UNKNOWN_KEY)),
    case("CreateDBCluster", "with a log that the engine does not write", "InvalidParameterCombination", LOGS,
        lambda s, c: create(s, c, EnableCloudwatchLogsExports=["postgresql"])),
    case("CreateDBCluster", "with a port below 1150", "InvalidParameterValue", parameter("Port"),
        lambda s, c: create(s, c, Port=80)),
    case("CreateDBCluster", "with an invalid backup window", "InvalidParameterValue",
        parameter("PreferredBackupWindow"), lambda s, c: create(s, c, PreferredBackupWindow="at night")),
    case("ModifyDBCluster", "to a log that the engine does not write", "InvalidParameterCombination", LOGS,
        lambda s, c: c.modify_db_cluster(
            DBClusterIdentifier=cluster(s), CloudwatchLogsExportConfiguration={"EnableLogTypes": ["upgrade"]})),
    case("ModifyDBCluster", "to an older version", "InvalidParameterCombination",
        "https://github.com/ministryofjustice/cloud-platform-environments/pull/7615",
        lambda s, c: c.modify_db_cluster(DBClusterIdentifier=of_16(s), EngineVersion="16.9"),
        "Cannot upgrade aurora-postgresql from 16.10 to 16.9"),
    case("ModifyDBCluster", "to another major version without AllowMajorVersionUpgrade",
        "InvalidParameterCombination", "https://github.com/hashicorp/terraform-provider-aws/issues/13389",
        lambda s, c: c.modify_db_cluster(DBClusterIdentifier=of_16(s), EngineVersion="17.7"),
        "The AllowMajorVersionUpgrade flag must be"),
    case("ModifyDBCluster", "that is unknown", "DBClusterNotFoundFault", ERRORS,
        lambda s, c: c.modify_db_cluster(DBClusterIdentifier="nothing", BackupRetentionPeriod=7)),
    case("ModifyDBCluster", "while it is being created", "InvalidDBClusterStateFault", ERRORS, unready),
    case("ModifyDBCluster", "with a password of less than 8 characters", "InvalidParameterValue",
        parameter("MasterUserPassword"),
        lambda s, c: c.modify_db_cluster(DBClusterIdentifier=cluster(s), MasterUserPassword="1234567")),
    case("ModifyDBCluster", "to an unknown parameter group", "DBClusterParameterGroupNotFound", ERRORS,
        lambda s, c: c.modify_db_cluster(DBClusterIdentifier=cluster(s), DBClusterParameterGroupName="nothing")),
    case("DeleteDBCluster", "that is unknown", "DBClusterNotFoundFault", ERRORS, lambda s, c: delete(c, "nothing")),
    case("DeleteDBCluster", "while instances are in it", "InvalidDBClusterStateFault",
        "https://github.com/localstack/localstack/issues/10215", lambda s, c: delete(c, main(s)),
        "it still contains DB instances in non-deleting state"),
    case("DeleteDBCluster", "while deletion protection is on", "InvalidParameterCombination", DELETING,
        lambda s, c: delete(c, protected(s)), "disable deletion protection"),
    case("DeleteDBCluster", "while it is stopped", "InvalidDBClusterStateFault",
        "https://github.com/hashicorp/terraform-provider-aws/issues/28262", lambda s, c: delete(c, stopped(s)),
        "is in stopped state"),
    case("DeleteDBCluster", "while it is being deleted", "InvalidDBClusterStateFault", ERRORS,
        lambda s, c: delete(c, deleting(s))),
    case("DeleteDBCluster", "with neither SkipFinalSnapshot nor FinalDBSnapshotIdentifier",
        "InvalidParameterCombination", parameter("SkipFinalSnapshot"),
        lambda s, c: delete(c, cluster(s, "spare"), SkipFinalSnapshot=False),
        "FinalDBSnapshotIdentifier is required"),
    case("DeleteDBCluster", "with a final snapshot and without one", "InvalidParameterCombination",
        parameter("FinalDBSnapshotIdentifier"),
        lambda s, c: delete(c, cluster(s, "spare"), SkipFinalSnapshot=True, FinalDBSnapshotIdentifier="x")),
    case("DeleteDBCluster", "with a final snapshot whose name is in use", "DBClusterSnapshotAlreadyExistsFault", ERRORS,
        snapshot_twice),
    case("DeleteDBCluster", "with a final snapshot whose name ends with a hyphen", "InvalidParameterValue",
        parameter("FinalDBSnapshotIdentifier"),
        lambda s, c: delete(c, cluster(s, "spare"), FinalDBSnapshotIdentifier="final-")),
    case("DescribeDBClusters", "of an unknown name", "DBClusterNotFoundFault", ERRORS,
        lambda s, c: c.describe_db_clusters(DBClusterIdentifier="nothing")),

    case("CreateDBClusterParameterGroup", "of a family of PostgreSQL that does not exist", "InvalidParameterValue",
        parameter("DBParameterGroupFamily"),
        lambda s, c: c.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="x", DBParameterGroupFamily="aurora-postgresql9.9", Description="x")),
    case("CreateDBCluster", "of PostgreSQL, with admin as user", "InvalidParameterValue",
        "https://github.com/aws-cloudformation/cfn-lint/pull/4425",
        lambda s, c: postgresql(s, c, MasterUsername="admin"), "reserved word"),
    case("CreateDBCluster", "of PostgreSQL, with admin as database", "InvalidParameterValue",
        "https://github.com/awslabs/aws-saas-boost/issues/180",
        lambda s, c: postgresql(s, c, DatabaseName="admin"), "reserved word"),
    case("CreateDBCluster", "of PostgreSQL, of a version that does not exist", "InvalidParameterCombination",
        "https://github.com/cn-terraform/terraform-aws-sonarqube/issues/4",
        lambda s, c: postgresql(s, c, EngineVersion="16.99"), "Cannot find version 16.99 for aurora-postgresql"),
    case("CreateDBCluster", "of PostgreSQL, with capacity 0 before version 16.3", "InvalidParameterValue",
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html",
        lambda s, c: postgresql(s, c, EngineVersion="16.2", ServerlessV2ScalingConfiguration={
            "MinCapacity": 0, "MaxCapacity": 4})),
    case("CreateDBCluster", "of PostgreSQL, with a log of MySQL's", "InvalidParameterCombination", LOGS,
        lambda s, c: postgresql(s, c, EnableCloudwatchLogsExports=["slowquery"]),
        "You cannot use the log types 'slowquery' with engine version aurora-postgresql 17.7"),
    case("CreateDBCluster", "of PostgreSQL, with a parameter group of MySQL's", "InvalidParameterCombination",
        parameter("DBClusterParameterGroupName"),
        lambda s, c: postgresql(s, c, DBClusterParameterGroupName=parameter_group(s)), "aurora-postgresql17"),

    case("CreateDBInstance", "with a name in use", "DBInstanceAlreadyExists", ERRORS,
        lambda s, c: (main(s), member(s, c, DBInstanceIdentifier="aurora-1"))),
    case("CreateDBInstance", "in an unknown cluster", "DBClusterNotFoundFault", ERRORS,
        lambda s, c: member(s, c, DBClusterIdentifier="nothing")),
    case("CreateDBInstance", "in a cluster that is being deleted", "InvalidDBClusterStateFault", ERRORS,
        lambda s, c: member(s, c, DBClusterIdentifier=deleting(s))),
    case("CreateDBInstance", "with two hyphens in a row in the name", "InvalidParameterValue",
        parameter("DBInstanceIdentifier"), lambda s, c: member(s, c, DBInstanceIdentifier="a--b")),
    case("CreateDBInstance", "of a class that Aurora MySQL does not offer", "InvalidParameterCombination",
        parameter("DBInstanceClass"), lambda s, c: member(s, c, DBInstanceClass="db.t2.micro")),
    case("CreateDBInstance", "with a user in addition to the cluster's", "InvalidParameterCombination",
        parameter("MasterUsername"), lambda s, c: member(s, c, MasterUsername="other")),
    case("CreateDBInstance", "of Serverless v2 in a cluster without its capacities", "InvalidDBClusterStateFault",
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.create.html",
        lambda s, c: member(s, c, DBClusterIdentifier=plain(s))),
    case("CreateDBInstance", "of another engine than the cluster's", "InvalidParameterCombination", parameter("Engine"),
        lambda s, c: member(s, c, Engine="aurora-postgresql")),
    case("CreateDBInstance", "in a zone where the subnet group has no subnet", "InvalidVPCNetworkStateFault", ERRORS,
        lambda s, c: member(s, c, AvailabilityZone="ap-northeast-1b")),
    case("ModifyDBInstance", "that is unknown", "DBInstanceNotFound", ERRORS,
        lambda s, c: c.modify_db_instance(DBInstanceIdentifier="nothing", PromotionTier=1)),
    case("ModifyDBInstance", "while it is being created", "InvalidDBInstanceState", ERRORS, unready_member),
    case("DeleteDBInstance", "that is unknown", "DBInstanceNotFound", ERRORS,
        lambda s, c: c.delete_db_instance(DBInstanceIdentifier="nothing")),
    case("DeleteDBInstance", "while it is being deleted", "InvalidDBInstanceState", ERRORS, twice_deleted),
    case("DeleteDBInstance", "of a cluster, with a final snapshot", "InvalidParameterCombination",
        parameter("FinalDBSnapshotIdentifier"),
        lambda s, c: (main(s), c.delete_db_instance(
            DBInstanceIdentifier="aurora-1", FinalDBSnapshotIdentifier="final"))),
    case("DescribeDBInstances", "of an unknown name", "DBInstanceNotFound", ERRORS,
        lambda s, c: c.describe_db_instances(DBInstanceIdentifier="nothing")),
    case("ListTagsForResource", "of an unknown cluster", "DBClusterNotFoundFault", ERRORS,
        lambda s, c: c.list_tags_for_resource(
            ResourceName="arn:aws:rds:ap-northeast-1:123456789012:cluster:nothing")),
    case("AddTagsToResource", "with other signs than those allowed", "InvalidParameterValue",
        "https://github.com/cloud-custodian/cloud-custodian/issues/2115",
        lambda s, c: c.add_tags_to_resource(
            ResourceName="arn:aws:rds:ap-northeast-1:123456789012:cluster:x", Tags=[{"Key": "a", "Value": "(b)"}]),
        "Tag values may only contain unicode letters"),
    case("AddTagsToResource", "on an unknown cluster", "DBClusterNotFoundFault", ERRORS,
        lambda s, c: c.add_tags_to_resource(
            ResourceName="arn:aws:rds:ap-northeast-1:123456789012:cluster:nothing", Tags=[{"Key": "a", "Value": "b"}])),
)  # fmt: skip
