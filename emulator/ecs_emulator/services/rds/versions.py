"""The versions and instance classes of Aurora MySQL and Aurora PostgreSQL, and the operations that list them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.responses import RDSResponse

from ecs_emulator.patch import add, refuse, wrap
from ecs_emulator.services.ec2.zones import LOCAL


@dataclass(frozen=True)
class Engine:
    """An engine of RDS.

    Attributes:
        name: its name in the API of RDS.
        title: its name in descriptions.
        versions: its versions, each with the version of the community's database that it is compatible with.
        defaults: the default version of each major version, by the beginning of the version.
        default: the version of a request that names none.
        major: returns the major version of a version.
        pauses: tells whether a version can scale to 0 ACU.
        logs: the logs that it exports.
        license: its license model.
        reserved_users, reserved_databases: the names that it refuses for the master user, and for a database.
    """

    name: str
    title: str
    versions: Mapping[str, str]
    defaults: Mapping[str, str]
    default: str
    major: Callable[[str], str]
    pauses: Callable[[str], bool]
    logs: Sequence[str]
    license: str
    reserved_users: Sequence[str]
    reserved_databases: Sequence[str]

    def family(self, version: str) -> str:
        """Return the family of the parameter groups of a version."""
        return f"{self.name}{self.major(version)}"

    @property
    def families(self) -> Sequence[str]:
        """Return the families of all its versions."""
        return sorted({self.family(version) for version in self.versions})

    def described(self, version: str) -> str:
        """Return the description of a version."""
        shown = version.rpartition("aurora.")[2]
        if self.title.split()[0] != "Aurora":
            return f"{self.title} {shown}"
        return f"{self.title} {shown} (compatible with {self.title.split()[1]} {self.versions[version]})"


# "Database engine updates for Amazon Aurora MySQL version 3": Aurora's version and the MySQL it is compatible with.
_COMPATIBLE = {
    "3.04.0": "8.0.28",
    "3.04.1": "8.0.28",
    "3.04.2": "8.0.28",
    "3.04.3": "8.0.28",
    "3.04.4": "8.0.28",
    "3.08.0": "8.0.39",
    "3.08.1": "8.0.39",
    "3.08.2": "8.0.39",
    "3.09.0": "8.0.40",
    "3.10.0": "8.0.42",
    "3.10.1": "8.0.42",
    "3.10.2": "8.0.42",
    "3.10.3": "8.0.42",
    "3.11.0": "8.0.43",
    "3.11.1": "8.0.43",
}
MYSQL = Engine(
    name="aurora-mysql",
    title="Aurora MySQL",
    versions={f"8.0.mysql_aurora.{release}": mysql for release, mysql in _COMPATIBLE.items()},
    defaults={"8.0": "8.0.mysql_aurora.3.08.2"},
    default="8.0.mysql_aurora.3.08.2",
    major=lambda version: "8.0",
    # 3.08.0 and later (Aurora guide, "Scaling to zero ACUs")
    pauses=lambda version: version.rpartition("aurora.")[2] >= "3.08",
    logs=("audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"),
    license="general-public-license",
    reserved_users=("rdsadmin", "rdsrepladmin", "root", "mysql"),
    # MySQL's own schemas; the further reserved words that AWS refuses are not documented
    reserved_databases=("mysql", "sys"),
)

# DescribeDBEngineVersions of 2025-11 and 2026-08 (aws-samples/aws-saas-tenant-usage-and-cost-attribution#4,
# ministackorg/ministack#1299), without the older major versions. Two that cannot pause are among them.
_POSTGRESQL = (
    *("13.9", "13.15", "13.23", "14.6", "14.12", "14.17", "14.20", "15.7", "15.10", "15.12", "15.15"),
    *("16.2", "16.3", "16.8", "16.9", "16.10", "16.11", "17.4", "17.5", "17.6", "17.7"),
)
_FIRST_THAT_PAUSES = {"13": 15, "14": 12, "15": 7, "16": 3}
"""The first minor version that can scale to 0 ACU (Aurora guide, "Aurora Serverless v2 capacity")."""


def _pauses(version: str) -> bool:
    major, _, minor = version.partition(".")
    return int(minor) >= _FIRST_THAT_PAUSES.get(major, 0)


POSTGRESQL = Engine(
    name="aurora-postgresql",
    title="Aurora PostgreSQL",
    versions={version: version for version in _POSTGRESQL},
    # CreateDBCluster resolves a major version to the Region's default one: 16 to 16.11 (ministackorg/ministack#1491),
    # and 17 to 17.7, the default of all (AWS CLI reference, create-db-cluster); of the others the newest is taken here
    defaults={version.partition(".")[0]: version for version in _POSTGRESQL},
    default="17.7",
    major=lambda version: version.partition(".")[0],
    pauses=_pauses,
    logs=("iam-db-auth-error", "instance", "postgresql"),
    license="postgresql-license",
    # aws-cloudformation/cfn-lint#4425, against deployments; postgres is none
    reserved_users=("admin", "rdsadmin"),
    # awslabs/aws-saas-boost#180
    reserved_databases=("admin", "rdsadmin"),
)
ENGINES = {engine.name: engine for engine in (MYSQL, POSTGRESQL)}
CLASSES = (
    "db.serverless",
    "db.t4g.medium",
    "db.t4g.large",
    "db.r6g.large",
    "db.r6g.xlarge",
    "db.r7g.large",
    "db.r7g.xlarge",
)


def shown(engine: Engine, version: str) -> dict[str, Any]:
    """Return a version of an engine as DescribeDBEngineVersions shows it."""
    later = [
        {
            "Engine": engine.name,
            "EngineVersion": other,
            "Description": engine.described(other),
            "AutoUpgrade": False,
            "IsMajorVersionUpgrade": engine.major(other) != engine.major(version),
        }
        for other in engine.versions
        if _number(other) > _number(version)
    ]
    return {
        "Engine": engine.name,
        "EngineVersion": version,
        "MajorEngineVersion": engine.major(version),
        "DBParameterGroupFamily": engine.family(version),
        "DBEngineDescription": engine.title,
        "DBEngineVersionDescription": engine.described(version),
        "SupportedEngineModes": ["provisioned"],
        "Status": "available",
        "ExportableLogTypes": [*engine.logs],
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": False,
        "SupportsParallelQuery": engine is MYSQL,
        "SupportsGlobalDatabases": True,
        "SupportedFeatureNames": [],
        "SupportedCACertificateIdentifiers": ["rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1"],
        "SupportsCertificateRotationWithoutRestart": True,
        "ValidUpgradeTarget": later,
        "ServerlessV2FeaturesSupport": {"MinCapacity": 0.0 if engine.pauses(version) else 0.5, "MaxCapacity": 256.0},
    }


def _number(version: str) -> list[int]:
    """Return a version as numbers, which compare as AWS orders them."""
    return [int(part) for part in version.rpartition("aurora.")[2].split(".")]


def chosen(engine: Engine, params: Mapping[str, Any]) -> list[str]:
    """Return the requested versions of an engine: one, all of a major version, or all."""
    wanted, family = params.get("EngineVersion"), params.get("DBParameterGroupFamily")
    chosen = [version for version in engine.versions if wanted in (None, version, engine.major(version))]
    if family is not None:
        chosen = [version for version in chosen if engine.family(version) == family]
    if params.get("DefaultOnly"):
        default = engine.defaults.get(wanted or "", engine.default)
        chosen = [version for version in chosen if version == default]
    return chosen


@add(RDSResponse, "describe_db_engine_versions")
def describe_db_engine_versions(self: Any) -> ActionResult:
    """DescribeDBEngineVersions: return the versions of Aurora's two engines."""
    params = self.params
    engines = [engine for engine in ENGINES.values() if params.get("Engine") in (None, engine.name)]
    rows = [shown(engine, version) for engine in engines for version in chosen(engine, params)]
    return ActionResult({"DBEngineVersions": rows})


@wrap(RDSResponse, "describe_orderable_db_instance_options")
def describe_orderable_db_instance_options(original: Any, self: Any) -> ActionResult:
    """DescribeOrderableDBInstanceOptions: return every class with every version of Aurora, in every zone."""
    params = self.params
    engine = ENGINES.get(params.get("Engine") or "")
    if engine is None:
        answer: ActionResult = original(self)
        return answer
    found = ec2_backends[self.current_account][self.region].describe_availability_zones()
    zones = [zone.name for zone in found if zone.zone_type != LOCAL]
    rows = [
        _orderable(engine, version, name, zones)
        for version in engine.versions
        for name in CLASSES
        if params.get("EngineVersion") in (None, version) and params.get("DBInstanceClass") in (None, name)
    ]
    return ActionResult({"OrderableDBInstanceOptions": rows})


def _orderable(engine: Engine, version: str, name: str, zones: list[str]) -> dict[str, Any]:
    return {
        "Engine": engine.name,
        "EngineVersion": version,
        "DBInstanceClass": name,
        "LicenseModel": engine.license,
        "AvailabilityZones": [{"Name": zone} for zone in zones],
        "MultiAZCapable": False,
        "ReadReplicaCapable": False,
        "Vpc": True,
        "SupportsStorageEncryption": True,
        "StorageType": "aurora",
        "SupportsIops": False,
        "SupportsEnhancedMonitoring": True,
        "SupportsIAMDatabaseAuthentication": True,
        "SupportsPerformanceInsights": True,
        "SupportedEngineModes": ["provisioned"],
        "SupportedNetworkTypes": ["IPV4", "DUAL"],
        "SupportsClusters": True,
    }


def resolve(name: str, version: str | None) -> str | None:
    """Return the version of a request, or the default; refuse unknown ones. Other engines' versions stay unchecked."""
    engine = ENGINES.get(name)
    return version if engine is None else full_version(engine, version)


def full_version(engine: Engine, version: str | None) -> str:
    """Return the full version that a request means; refuse unknown ones."""
    full = engine.default if version is None else engine.defaults.get(version, version)
    if full not in engine.versions:
        refuse("InvalidParameterCombination", f"Cannot find version {version} for {engine.name}")
    return full


def check_upgrade(engine: Engine, now: str, wanted: str, *, allowed: bool) -> None:
    """Refuse an older version, and another major version without AllowMajorVersionUpgrade.

    Sources: hashicorp/terraform#22462 and, of clusters, ministryofjustice/cloud-platform-environments#7615
    (an older version); aws-controllers-k8s/community#1265 and, of clusters, hashicorp/terraform-provider-aws#13389 (the
    flag).
    """
    if _number(wanted) < _number(now):
        refuse("InvalidParameterCombination", f"Cannot upgrade {engine.name} from {now} to {wanted}")
    if engine.major(wanted) != engine.major(now) and not allowed:
        refuse(
            "InvalidParameterCombination",
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
        )


def can_pause(name: str, version: str) -> bool:
    """Return whether a version of an engine can scale to 0 ACU; no other engine can."""
    engine = ENGINES.get(name)
    return engine is not None and engine.pauses(version)
