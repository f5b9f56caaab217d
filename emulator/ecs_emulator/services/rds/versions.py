"""Aurora MySQL's versions and instance classes, and the operations that list them."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.responses import RDSResponse

from ecs_emulator.patch import add, refuse, wrap
from ecs_emulator.services.ec2.zones import LOCAL

ENGINE, FAMILY = "aurora-mysql", "aurora-mysql8.0"
DEFAULT_VERSION = "8.0.mysql_aurora.3.08.2"

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
VERSIONS = {f"8.0.mysql_aurora.{release}": mysql for release, mysql in _COMPATIBLE.items()}
CLASSES = (
    "db.serverless",
    "db.t4g.medium",
    "db.t4g.large",
    "db.r6g.large",
    "db.r6g.xlarge",
    "db.r7g.large",
    "db.r7g.xlarge",
)


def can_pause(version: str) -> bool:
    """Return whether a version can scale to 0 ACU: 3.08.0 and later (Aurora guide, "Scaling to zero ACUs")."""
    return version.rpartition("aurora.")[2] >= "3.08"


def _shown(version: str) -> dict[str, Any]:
    later = [
        {"Engine": ENGINE, "EngineVersion": other, "Description": _title(other), "AutoUpgrade": False}
        for other in VERSIONS
        if other > version
    ]
    logs = ["audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"]
    return {
        "Engine": ENGINE,
        "EngineVersion": version,
        "MajorEngineVersion": "8.0",
        "DBParameterGroupFamily": FAMILY,
        "DBEngineDescription": "Aurora MySQL",
        "DBEngineVersionDescription": _title(version),
        "SupportedEngineModes": ["provisioned"],
        "Status": "available",
        "ExportableLogTypes": logs,
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": False,
        "SupportsParallelQuery": True,
        "SupportsGlobalDatabases": True,
        "SupportedFeatureNames": [],
        "SupportedCACertificateIdentifiers": ["rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1"],
        "SupportsCertificateRotationWithoutRestart": True,
        "ValidUpgradeTarget": later,
        "ServerlessV2FeaturesSupport": {"MinCapacity": 0.0 if can_pause(version) else 0.5, "MaxCapacity": 256.0},
    }


def _title(version: str) -> str:
    return f"Aurora MySQL {version.rpartition('aurora.')[2]} (compatible with MySQL {VERSIONS[version]})"


@add(RDSResponse, "describe_db_engine_versions")
def describe_db_engine_versions(self: Any) -> ActionResult:
    """DescribeDBEngineVersions: return versions of Aurora MySQL, the only engine that the embedded cloud knows."""
    params = self.params
    engine = params.get("Engine")
    if engine not in (None, ENGINE):
        return ActionResult({"DBEngineVersions": []})
    wanted = params.get("EngineVersion")
    chosen = [version for version in VERSIONS if wanted in (None, version, "8.0")]
    if params.get("DBParameterGroupFamily") not in (None, FAMILY):
        chosen = []
    if params.get("DefaultOnly"):
        chosen = [version for version in chosen if version == DEFAULT_VERSION]
    return ActionResult({"DBEngineVersions": [_shown(version) for version in chosen]})


@wrap(RDSResponse, "describe_orderable_db_instance_options")
def describe_orderable_db_instance_options(original: Any, self: Any) -> ActionResult:
    """DescribeOrderableDBInstanceOptions: return every class with every version of Aurora MySQL, in every zone."""
    params = self.params
    if params.get("Engine") != ENGINE:
        answer: ActionResult = original(self)
        return answer
    found = ec2_backends[self.current_account][self.region].describe_availability_zones()
    zones = [zone.name for zone in found if zone.zone_type != LOCAL]
    rows = [
        _orderable(version, name, zones)
        for version in VERSIONS
        for name in CLASSES
        if params.get("EngineVersion") in (None, version) and params.get("DBInstanceClass") in (None, name)
    ]
    return ActionResult({"OrderableDBInstanceOptions": rows})


def _orderable(version: str, name: str, zones: list[str]) -> dict[str, Any]:
    return {
        "Engine": ENGINE,
        "EngineVersion": version,
        "DBInstanceClass": name,
        "LicenseModel": "general-public-license",
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


def resolve(engine: str, version: str | None) -> str | None:
    """Return the version of a request, or the default; refuse unknown ones. Other engines' versions stay unchecked."""
    if engine != ENGINE:
        return version
    if version in (None, "8.0"):
        return DEFAULT_VERSION
    if version not in VERSIONS:
        refuse("InvalidParameterCombination", f"Cannot find version {version} for {engine}")
    return version
