"""Answers of RDS about Aurora: members that it sends and members that it leaves out, and reads that moto lacks."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.rds.models import DBCluster, DBInstance, DBInstanceClustered, OptionGroup, RDSBackend
from moto.rds.responses import RDSResponse

from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.rds.versions import ENGINES

_NO_CERTIFICATE = "Certificate not found: {}"

# "Using SSL/TLS to encrypt a connection": the authorities that a Region offers, the first one by default.
AUTHORITIES = {
    "rds-ca-rsa2048-g1": datetime(2061, 5, 25, tzinfo=UTC),
    "rds-ca-rsa4096-g1": datetime(2121, 5, 25, tzinfo=UTC),
    "rds-ca-ecc384-g1": datetime(2121, 5, 25, tzinfo=UTC),
}
_DEFAULT = "rds-ca-rsa2048-g1"
_CERTIFICATE_ENDS = datetime(2027, 5, 25, tzinfo=UTC)


@wrap(DBCluster, "scaling_configuration_info")
def scaling_configuration_info(original: Any, self: Any) -> Any:
    """DescribeDBClusters: show this member for Serverless v1 only, as in records (cloud-custodian)."""
    return original(self) if self.engine_mode == "serverless" else None


@wrap(RDSBackend, "create_db_cluster")
def create_db_cluster(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """CreateDBCluster: show the key's ARN, and for Aurora neither a storage type nor public access.

    AWS's recorded answers of Aurora clusters have these members only for I/O-Optimized storage and Multi-AZ clusters.
    """
    cluster = original(self, kwargs)
    cluster.kms_key_id = (kwargs.get("kms_key_id") or own_key(self)) if cluster.storage_encrypted else None
    if cluster.engine.startswith("aurora"):
        cluster.storage_type = None if cluster.storage_type == "aurora" else cluster.storage_type
        cluster.publicly_accessible = None
    return cluster


@wrap(RDSBackend, "create_db_instance")
def create_db_instance(original: Any, self: Any, db_kwargs: dict[str, Any]) -> Any:
    """CreateDBInstance: refuse an unknown certificate authority; set the key of an instance without a cluster."""
    authority = db_kwargs.get("ca_certificate_identifier")
    if authority not in (None, *AUTHORITIES):
        refuse("CertificateNotFound", _NO_CERTIFICATE.format(authority))
    database = original(self, db_kwargs)
    database.ca_certificate_identifier = authority or _DEFAULT
    if not isinstance(database, DBInstanceClustered):
        database.kms_key_id = (db_kwargs.get("kms_key_id") or own_key(self)) if database.storage_encrypted else None
    return database


replace(DBInstanceClustered, "storage_type")(
    property(lambda self: self.cluster.storage_type or "aurora", lambda self, value: None)
)
add(DBInstance, "certificate_details")(
    property(lambda self: {"CAIdentifier": self.ca_certificate_identifier, "ValidTill": _CERTIFICATE_ENDS})
)


def own_key(rds: Any) -> str:
    """Return the ARN of the key that AWS keeps for RDS in the account."""
    seed = hashlib.sha256(f"alias/aws/rds {rds.account_id} {rds.region_name}".encode()).hexdigest()
    return f"arn:aws:kms:{rds.region_name}:{rds.account_id}:key/{uuid.UUID(seed[:32])}"


@add(RDSResponse, "describe_certificates")
def describe_certificates(self: Any) -> ActionResult:
    """DescribeCertificates: return the authorities that the Region offers."""
    requested = self.params.get("CertificateIdentifier")
    if requested not in (None, *AUTHORITIES):
        refuse("CertificateNotFound", _NO_CERTIFICATE.format(requested))
    shown = [
        {
            "CertificateIdentifier": name,
            "CertificateType": "CA",
            "Thumbprint": hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(),
            "ValidFrom": datetime(2021, 5, 25, tzinfo=UTC),
            "ValidTill": ends,
            "CertificateArn": f"arn:aws:rds:{self.region}::cert:{name}",
            "CustomerOverride": False,
        }
        for name, ends in AUTHORITIES.items()
        if requested in (None, name)
    ]
    return ActionResult({"Certificates": shown, "DefaultCertificateForNewLaunches": _DEFAULT})


@add(RDSResponse, "describe_pending_maintenance_actions")
def describe_pending_maintenance_actions(self: Any) -> ActionResult:
    """DescribePendingMaintenanceActions: return none; the embedded cloud never has any."""
    return ActionResult({"PendingMaintenanceActions": []})


@add(RDSResponse, "describe_db_cluster_endpoints")
def describe_db_cluster_endpoints(self: Any) -> ActionResult:
    """DescribeDBClusterEndpoints: return the writer's and the reader's endpoint of each cluster."""
    clusters = self.backend.describe_db_clusters(self.params.get("DBClusterIdentifier"))
    shown = [
        {
            "DBClusterIdentifier": cluster.db_cluster_identifier,
            "Endpoint": endpoint,
            "Status": "available" if cluster.status == "available" else "creating",
            "EndpointType": sort,
        }
        for cluster in clusters
        for sort, endpoint in (("WRITER", cluster.endpoint), ("READER", cluster.reader_endpoint))
    ]
    return ActionResult({"DBClusterEndpoints": shown})


@replace(RDSResponse, "describe_option_groups")
def describe_option_groups(self: Any) -> ActionResult:
    """DescribeOptionGroups: return the account's groups, and the defaults of Aurora, which have no options."""
    members = {"OptionGroupName": "name", "EngineName": "engine_name", "MajorEngineVersion": "major_engine_version"}
    # ignore an empty text, which Ansible's rds_option_group_info sends
    requested = {member: value for name, member in members.items() if (value := self.params.get(name))}
    defaults = [_default_options(self.backend, name, major) for name, major in _MAJORS]
    shown = [
        group
        for group in [*self.backend.option_groups.values(), *defaults]
        if all(getattr(group, member) == value for member, value in requested.items())
    ]
    if "name" in requested and not shown:
        refuse("OptionGroupNotFoundFault", f"Specified OptionGroupName: {requested['name']} not found.")
    return ActionResult({"OptionGroupsList": shown})


_MAJORS = sorted({(name, engine.major(version)) for name, engine in ENGINES.items() for version in engine.versions})


def _default_options(rds: Any, name: str, major: str) -> OptionGroup:
    called = f"default:{name}-{major.replace('.', '-')}"
    default = OptionGroup(rds, called, name, major, f"Default option group for {name} {major}")
    default.vpc_and_non_vpc_instance_memberships = True
    return default


@wrap(RDSBackend, "describe_option_group_options")
def describe_option_group_options(original: Any, engine_name: str, major_engine_version: str | None = None) -> Any:
    """DescribeOptionGroupOptions: return none for Aurora, which moto does not know as an engine."""
    return [] if engine_name in ENGINES else original(engine_name, major_engine_version)


@replace(RDSResponse, "describe_db_log_files")
def describe_db_log_files(self: Any) -> ActionResult:
    """DescribeDBLogFiles: support FilenameContains; moto breaks on every parameter besides the instance."""
    files = self.backend.describe_db_log_files(self.params["DBInstanceIdentifier"])
    part = self.params.get("FilenameContains") or ""
    shown = [
        {"LogFileName": one.log_file_name, "LastWritten": int(one.last_written * 1000), "Size": one.size}
        for one in files
        if part in one.log_file_name
    ]
    return ActionResult({"DescribeDBLogFiles": shown})


@wrap(RDSBackend, "describe_blue_green_deployments")
def describe_blue_green_deployments(
    original: Any, self: Any, blue_green_deployment_identifier: Any = None, filters: Any = None, **_pages: Any
) -> Any:
    """DescribeBlueGreenDeployments: accept the parameters of pages, on which moto breaks."""
    return original(self, blue_green_deployment_identifier, filters)
