"""Refusals by RDS of instances without a cluster, their parameter groups and snapshots."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter
from tests.cloud.refusals.rds import subnet_group

case = partial(Case, "rds")
SMALLER = "https://github.com/convox/rack/issues/2846"
OPTIMIZED = "https://github.com/hashicorp/terraform-provider-aws/issues/12493"
IOPS = "https://github.com/hashicorp/terraform-provider-aws/issues/28589"
CLASS = "https://github.com/aws-quickstart/quickstart-awx/issues/47"
OLDER = "https://github.com/hashicorp/terraform/issues/22462"
MAJOR = "https://github.com/aws-controllers-k8s/community/issues/1265"
STOPPING = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html"


def request(scene: Scene, **more: Any) -> dict[str, Any]:
    """Return the arguments that create a good instance of PostgreSQL."""
    return {
        "DBInstanceIdentifier": scene.name("single"), "Engine": "postgres", "EngineVersion": "17",
        "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "StorageType": "gp3", "DBName": "sample",
        "MasterUsername": "dbadmin", "MasterUserPassword": "correct-horse", "DBSubnetGroupName": subnet_group(scene),
        **more,
    }  # fmt: skip


def create(scene: Scene, rds: Any, **more: Any) -> Any:
    """Create an instance."""
    return rds.create_db_instance(**request(scene, **more))


@once
def parameter_group(scene: Scene, family: str = "mysql8.4") -> str:
    """A parameter group of MySQL."""
    name = family.replace(".", "-")
    scene.client("rds").create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily=family, Description="x"
    )
    return name


def _standing(scene: Scene, name: str, **more: Any) -> str:
    rds = scene.client("rds")
    create(scene, rds, DBInstanceIdentifier=name, **more)
    scene.wait(lambda: status(scene, name) == "available")
    return name


def status(scene: Scene, name: str) -> str:
    """Return the status of an instance."""
    (shown,) = scene.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return str(shown["DBInstanceStatus"])


@once
def standing(scene: Scene) -> str:
    """An available instance with a disk of 40 GiB."""
    return _standing(scene, "standing", AllocatedStorage=40)


@once
def of_16(scene: Scene) -> str:
    """An available instance of an older major version."""
    return _standing(scene, "older", EngineVersion="16.10")


@once
def grown(scene: Scene) -> str:
    """An instance whose disk was enlarged just now."""
    name = _standing(scene, "grown")
    scene.client("rds").modify_db_instance(DBInstanceIdentifier=name, AllocatedStorage=30, ApplyImmediately=True)
    scene.wait(lambda: status(scene, name) == "storage-optimization")
    return name


@once
def stopped(scene: Scene) -> str:
    """An instance that is stopped."""
    name = _standing(scene, "stopped")
    scene.client("rds").stop_db_instance(DBInstanceIdentifier=name)
    scene.wait(lambda: status(scene, name) == "stopped")
    return name


@once
def snapshot(scene: Scene) -> str:
    """A snapshot of the disk of 40 GiB."""
    rds, name = scene.client("rds"), standing(scene)
    rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier="kept")
    scene.wait(
        lambda: rds.describe_db_snapshots(DBSnapshotIdentifier="kept")["DBSnapshots"][0]["Status"] == "available"
    )
    return "kept"


def modify(scene: Scene, rds: Any, name: str, **more: Any) -> Any:
    """Change an instance at once."""
    return rds.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **more)


def restore(scene: Scene, rds: Any, **more: Any) -> Any:
    """Create an instance of the snapshot."""
    wanted = {"DBInstanceIdentifier": scene.name("restored"), "DBSnapshotIdentifier": snapshot(scene), **more}
    return rds.restore_db_instance_from_db_snapshot(DBSubnetGroupName=subnet_group(scene), **wanted)


CASES = (
    case("CreateDBParameterGroup", "of a family that does not exist", "InvalidParameterValue",
        "https://github.com/terraform-aws-modules/terraform-aws-rds/issues/173",
        lambda s, c: c.create_db_parameter_group(
            DBParameterGroupName="x", DBParameterGroupFamily="postgres10.7", Description="x"),
        "ParameterGroupFamily postgres10.7 is not a valid parameter group family"),
    case("CreateDBParameterGroup", "with a name in use", "DBParameterGroupAlreadyExists", ERRORS,
        lambda s, c: c.create_db_parameter_group(
            DBParameterGroupName=parameter_group(s), DBParameterGroupFamily="mysql8.4", Description="x")),
    case("ModifyDBParameterGroup", "of a static parameter, at once", "InvalidParameterCombination",
        parameter("Parameters"),
        lambda s, c: c.modify_db_parameter_group(DBParameterGroupName=parameter_group(s), Parameters=[
            {"ParameterName": "tls_version", "ParameterValue": "TLSv1.3", "ApplyMethod": "immediate"}])),
    case("DescribeDBParameters", "of an unknown group", "DBParameterGroupNotFound", ERRORS,
        lambda s, c: c.describe_db_parameters(DBParameterGroupName="nothing")),
    case("CreateDBInstance", "with a disk below 20 GiB", "InvalidParameterCombination", SMALLER,
        lambda s, c: create(s, c, AllocatedStorage=10),
        "Invalid storage size for engine name postgres and storage type gp3: 10"),
    case("CreateDBInstance", "of a class that PostgreSQL does not offer", "InvalidParameterCombination", CLASS,
        lambda s, c: create(s, c, DBInstanceClass="db.m4.large"), "RDS does not support creating a DB instance"),
    case("CreateDBInstance", "of a version that does not exist", "InvalidParameterCombination",
        "https://github.com/sidpalas/devops-directive-terraform-course/issues/8",
        lambda s, c: create(s, c, EngineVersion="9.5"), "Cannot find version 9.5 for postgres"),
    case("CreateDBInstance", "of PostgreSQL with admin as user", "InvalidParameterValue",
        "https://github.com/aws-cloudformation/cfn-lint/pull/4425",
        lambda s, c: create(s, c, MasterUsername="admin"), "reserved word"),
    case("CreateDBInstance", "of MySQL with a password of 42 characters", "InvalidParameterValue",
        parameter("MasterUserPassword"),
        lambda s, c: create(s, c, Engine="mysql", EngineVersion="8.4", MasterUserPassword="x" * 42)),
    case("CreateDBInstance", "with a parameter group of another family", "InvalidParameterCombination",
        "https://github.com/aws/aws-cdk/issues/5126",
        lambda s, c: create(s, c, DBParameterGroupName=parameter_group(s)), "DBParameterGroupFamily postgres17"),
    case("CreateDBInstance", "with an unknown parameter group", "DBParameterGroupNotFound", ERRORS,
        lambda s, c: create(s, c, DBParameterGroupName="nothing")),
    case("CreateDBInstance", "of PostgreSQL with a log of MySQL's", "InvalidParameterCombination",
        parameter("EnableCloudwatchLogsExports"),
        lambda s, c: create(s, c, EnableCloudwatchLogsExports=["slowquery"]), "You cannot use the log types"),
    case("CreateDBInstance", "with more storage than the quota", "StorageQuotaExceeded", ERRORS,
        lambda s, c: [create(s, c, AllocatedStorage=65536) for _ in range(2)]),
    case("ModifyDBInstance", "with a smaller disk", "InvalidParameterCombination", SMALLER,
        lambda s, c: modify(s, c, standing(s), AllocatedStorage=30),
        "Invalid storage size for engine name postgres and storage type gp3: 30"),
    case("ModifyDBInstance", "with a larger disk within six hours", "InvalidParameterCombination", OPTIMIZED,
        lambda s, c: modify(s, c, grown(s), AllocatedStorage=60), "previous storage change is being optimized"),
    case("ModifyDBInstance", "with IOPS for a gp3 disk below 400 GiB", "InvalidParameterCombination", IOPS,
        lambda s, c: modify(s, c, standing(s), AllocatedStorage=50, Iops=3000), "a storage size less than 400"),
    case("ModifyDBInstance", "with a gp3 disk of 400 GiB without IOPS", "InvalidParameterCombination", IOPS,
        lambda s, c: modify(s, c, standing(s), AllocatedStorage=400), "You must specify both the storage size"),
    case("ModifyDBInstance", "to an older version", "InvalidParameterCombination", OLDER,
        lambda s, c: modify(s, c, of_16(s), EngineVersion="16.9"), "Cannot upgrade postgres from 16.10 to 16.9"),
    case("ModifyDBInstance", "to another major version without AllowMajorVersionUpgrade",
        "InvalidParameterCombination", MAJOR,
        lambda s, c: modify(s, c, of_16(s), EngineVersion="17.7"), "The AllowMajorVersionUpgrade flag must be"),
    case("ModifyDBInstance", "while it is stopped", "InvalidDBInstanceState", STOPPING,
        lambda s, c: modify(s, c, stopped(s), BackupRetentionPeriod=3)),
    case("DeleteDBInstance", "without a cluster and without a word on a snapshot", "InvalidParameterCombination",
        parameter("SkipFinalSnapshot"), lambda s, c: c.delete_db_instance(DBInstanceIdentifier=standing(s)),
        "FinalDBSnapshotIdentifier is required"),
    case("DeleteDBInstance", "without a cluster, with a final snapshot whose name is in use", "DBSnapshotAlreadyExists",
        "https://github.com/cloud-custodian/cloud-custodian/issues/309",
        lambda s, c: c.delete_db_instance(
            DBInstanceIdentifier=standing(s), FinalDBSnapshotIdentifier=snapshot(s)), "already exists"),
    case("StopDBInstance", "while it is stopped", "InvalidDBInstanceState", ERRORS,
        lambda s, c: c.stop_db_instance(DBInstanceIdentifier=stopped(s))),
    case("RestoreDBInstanceFromDBSnapshot", "of an unknown snapshot", "DBSnapshotNotFound", ERRORS,
        lambda s, c: restore(s, c, DBSnapshotIdentifier="nothing")),
    case("RestoreDBInstanceFromDBSnapshot", "with a smaller disk", "InvalidParameterCombination",
        "https://github.com/ministryofjustice/cloud-platform-user-guide/pull/1911",
        lambda s, c: restore(s, c, AllocatedStorage=20), "Invalid storage size"),
    case("RestoreDBInstanceFromDBSnapshot", "with another engine", "InvalidParameterValue", parameter("Engine"),
        lambda s, c: restore(s, c, Engine="mysql")),
    case("DeleteDBParameterGroup", "that is a default one", "InvalidDBParameterGroupState", ERRORS,
        lambda s, c: c.delete_db_parameter_group(DBParameterGroupName="default.postgres17")),
)  # fmt: skip
