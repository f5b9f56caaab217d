"""The versions and instance classes of RDS for PostgreSQL and RDS for MySQL, and the operations that list them."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.responses import RDSResponse

from ecs_emulator.patch import wrap
from ecs_emulator.services.ec2.zones import LOCAL
from ecs_emulator.services.rds.versions import Engine, chosen, shown

# "RDS for PostgreSQL release notes", without the older major versions and the minor versions that are deprecated
_POSTGRES = (
    *("15.12", "15.13", "15.14", "15.15", "16.8", "16.9", "16.10", "16.11"),
    *("17.4", "17.5", "17.6", "17.7"),
)
POSTGRES = Engine(
    name="postgres",
    title="PostgreSQL",
    versions={version: version for version in _POSTGRES},
    # a major version means the Region's default minor one; the newest is taken here
    defaults={version.partition(".")[0]: version for version in _POSTGRES},
    default="17.7",
    major=lambda version: version.partition(".")[0],
    pauses=lambda version: False,
    # CreateDBInstance, EnableCloudwatchLogsExports
    logs=("iam-db-auth-error", "postgresql", "upgrade"),
    license="postgresql-license",
    # aws-cloudformation/cfn-lint#4425
    reserved_users=("admin", "rdsadmin"),
    reserved_databases=("admin", "rdsadmin"),
)

# "RDS for MySQL release notes"
_MYSQL = ("8.0.41", "8.0.42", "8.0.43", "8.0.44", "8.4.4", "8.4.5", "8.4.6", "8.4.7")
COMMUNITY_MYSQL = Engine(
    name="mysql",
    title="MySQL Community Edition",
    versions={version: version for version in _MYSQL},
    defaults={version.rpartition(".")[0]: version for version in _MYSQL},
    default="8.4.7",
    major=lambda version: version.rpartition(".")[0],
    pauses=lambda version: False,
    logs=("audit", "error", "general", "iam-db-auth-error", "slowquery"),
    license="general-public-license",
    reserved_users=("rdsadmin", "rdsrepladmin", "root", "mysql"),
    reserved_databases=("mysql", "sys"),
)
SINGLES = {engine.name: engine for engine in (POSTGRES, COMMUNITY_MYSQL)}
SINGLE_CLASSES = tuple(
    f"db.{family}.{size}"
    for family, sizes in (
        ("t3", ("micro", "small", "medium", "large", "xlarge", "2xlarge")),
        ("t4g", ("micro", "small", "medium", "large", "xlarge", "2xlarge")),
        ("m6g", ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")),
        ("m7g", ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")),
        ("r6g", ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")),
        ("r7g", ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")),
    )
    for size in sizes
)
"""Classes that both engines offer ("Supported DB engines for DB instance classes"); not all that AWS has."""


@wrap(RDSResponse, "describe_db_engine_versions")
def describe_db_engine_versions(original: Any, self: Any) -> ActionResult:
    """DescribeDBEngineVersions: add the versions of the engines without a cluster."""
    params = self.params
    engines = [engine for engine in SINGLES.values() if params.get("Engine") in (None, engine.name)]
    rows = [shown(engine, version) for engine in engines for version in chosen(engine, params)]
    for row in rows:
        del row["ServerlessV2FeaturesSupport"]
        row |= {"SupportsReadReplica": True, "SupportsGlobalDatabases": False, "SupportedEngineModes": []}
    return ActionResult({"DBEngineVersions": [*original(self).result["DBEngineVersions"], *rows]})


@wrap(RDSResponse, "describe_orderable_db_instance_options")
def describe_orderable_db_instance_options(original: Any, self: Any) -> ActionResult:
    """DescribeOrderableDBInstanceOptions: return every class with every version and gp3, in every zone."""
    params = self.params
    engine = SINGLES.get(params.get("Engine") or "")
    if engine is None:
        answer: ActionResult = original(self)
        return answer
    found = ec2_backends[self.current_account][self.region].describe_availability_zones()
    zones = [{"Name": zone.name} for zone in found if zone.zone_type != LOCAL]
    rows = [
        {
            "Engine": engine.name,
            "EngineVersion": version,
            "DBInstanceClass": name,
            "LicenseModel": engine.license,
            "AvailabilityZones": zones,
            "MultiAZCapable": True,
            "ReadReplicaCapable": True,
            "Vpc": True,
            "SupportsStorageEncryption": True,
            "StorageType": "gp3",
            "SupportsIops": True,
            "SupportsEnhancedMonitoring": True,
            "SupportsIAMDatabaseAuthentication": True,
            "SupportsPerformanceInsights": True,
            "MinStorageSize": 20,
            "MaxStorageSize": 65536,
            "SupportsClusters": False,
        }
        for version in engine.versions
        for name in SINGLE_CLASSES
        if params.get("EngineVersion") in (None, version) and params.get("DBInstanceClass") in (None, name)
    ]
    return ActionResult({"OrderableDBInstanceOptions": rows})
