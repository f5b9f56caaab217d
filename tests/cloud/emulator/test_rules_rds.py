"""RDS: Aurora clusters, their instances, and the groups they stand on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rules_rig import Net, net, refused

VERSION = "8.0.mysql_aurora.3.08.2"
TAGS = [{"Key": "Owner", "Value": "me"}]


@pytest.fixture
def place(cloud: EmbeddedCloud) -> Net:
    return net(cloud)


@pytest.fixture
def rds(cloud: EmbeddedCloud) -> Any:
    return cloud.client("rds")


def subnet_group(place: Net, subnets: list[str] | None = None) -> Any:
    return place.cloud.client("rds").create_db_subnet_group(
        DBSubnetGroupName="db", DBSubnetGroupDescription="database", SubnetIds=subnets or place.subnets, Tags=TAGS
    )["DBSubnetGroup"]


def parameter_group(cloud: EmbeddedCloud, family: str = "aurora-mysql8.0", name: str = "utf8") -> Any:
    return cloud.client("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name, DBParameterGroupFamily=family, Description="utf8mb4", Tags=TAGS
    )


def cluster_request(**more: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": "db",
        "Engine": "aurora-mysql",
        "EngineVersion": VERSION,
        "MasterUsername": "dbadmin",
        "MasterUserPassword": "correct-horse-battery",
        "DatabaseName": "sample",
        "DBSubnetGroupName": "db",
        "StorageEncrypted": True,
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0, "MaxCapacity": 4},
        "Tags": TAGS,
        **more,
    }


def member_request(**more: Any) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": "db-1",
        "DBInstanceClass": "db.serverless",
        "Engine": "aurora-mysql",
        "DBClusterIdentifier": "db",
        **more,
    }


def test_versions_and_classes_are_known(rds: Any) -> None:
    versions = rds.describe_db_engine_versions(Engine="aurora-mysql")["DBEngineVersions"]
    features = {entry["EngineVersion"]: entry["ServerlessV2FeaturesSupport"]["MinCapacity"] for entry in versions}
    assert features["8.0.mysql_aurora.3.04.4"] == 0.5
    assert features["8.0.mysql_aurora.3.08.0"] == features["8.0.mysql_aurora.3.11.1"] == 0
    default = rds.describe_db_engine_versions(Engine="aurora-mysql", DefaultOnly=True)["DBEngineVersions"]
    assert len(default) == 1
    assert rds.describe_db_engine_versions(Engine="aurora-mysql", EngineVersion="9.9")["DBEngineVersions"] == []
    of_16 = rds.describe_db_engine_versions(Engine="aurora-postgresql", EngineVersion="16")["DBEngineVersions"]
    assert {one["DBParameterGroupFamily"] for one in of_16} == {"aurora-postgresql16"}
    least = {one["EngineVersion"]: one["ServerlessV2FeaturesSupport"]["MinCapacity"] for one in of_16}
    assert (least["16.2"], least["16.3"], least["16.11"]) == (0.5, 0, 0)
    for wanted, version in (({}, "17.7"), ({"EngineVersion": "16"}, "16.11")):
        found = rds.describe_db_engine_versions(Engine="aurora-postgresql", DefaultOnly=True, **wanted)
        assert [one["EngineVersion"] for one in found["DBEngineVersions"]] == [version]
    request = {"Engine": "aurora-mysql", "EngineVersion": VERSION, "DBInstanceClass": "db.serverless"}
    options = rds.describe_orderable_db_instance_options(**request)["OrderableDBInstanceOptions"]
    assert len(options) == 1
    assert len(options[0]["AvailabilityZones"]) == 4


def test_subnet_group(place: Net, rds: Any) -> None:
    refused(lambda: subnet_group(place, place.subnets[:1]), "DBSubnetGroupDoesNotCoverEnoughAZs", "ap-northeast-1a")
    refused(lambda: subnet_group(place, [place.subnets[0], "subnet-0"]), "InvalidParameterValue")
    subnet_group(place, place.subnets[:2])
    refused(lambda: subnet_group(place), "DBSubnetGroupAlreadyExists")
    refused(
        lambda: rds.modify_db_subnet_group(DBSubnetGroupName="db", SubnetIds=place.subnets[:1]),
        "DBSubnetGroupDoesNotCoverEnoughAZs",
    )
    rds.modify_db_subnet_group(DBSubnetGroupName="db", SubnetIds=place.subnets, DBSubnetGroupDescription="more")
    group = rds.describe_db_subnet_groups(DBSubnetGroupName="db")["DBSubnetGroups"][0]
    assert [subnet["SubnetIdentifier"] for subnet in group["Subnets"]] == place.subnets
    assert group["DBSubnetGroupDescription"] == "more"
    assert rds.list_tags_for_resource(ResourceName=group["DBSubnetGroupArn"])["TagList"] == TAGS
    rds.delete_db_subnet_group(DBSubnetGroupName="db")
    refused(lambda: rds.describe_db_subnet_groups(DBSubnetGroupName="db"), "DBSubnetGroupNotFoundFault")


def test_cluster_parameter_group(cloud: EmbeddedCloud, rds: Any) -> None:
    refused(lambda: parameter_group(cloud, "aurora-mysql9.9"), "InvalidParameterValue", "family")
    refused(lambda: parameter_group(cloud, name="under_score"), "InvalidParameterValue", "identifier")
    parameter_group(cloud)
    refused(lambda: parameter_group(cloud), "DBParameterGroupAlreadyExists")
    wanted = {"ParameterName": "character_set_server", "ParameterValue": "utf8mb4", "ApplyMethod": "immediate"}
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="utf8", Parameters=[wanted])
    name = {"DBClusterParameterGroupName": "utf8"}
    was_set = rds.describe_db_cluster_parameters(**name, Source="user")["Parameters"]
    assert [(entry["ParameterName"], entry["ParameterValue"], entry["Source"]) for entry in was_set] == [
        ("character_set_server", "utf8mb4", "user")
    ]
    every = {entry["ParameterName"]: entry for entry in rds.describe_db_cluster_parameters(**name)["Parameters"]}
    assert every["time_zone"]["Source"] == "engine-default"
    # what has the value already does not count as set
    same = {"ParameterName": "time_zone", "ParameterValue": "UTC", "ApplyMethod": "immediate"}
    rds.modify_db_cluster_parameter_group(**name, Parameters=[same])
    assert len(rds.describe_db_cluster_parameters(**name, Source="user")["Parameters"]) == 1
    static = {"ParameterName": "tls_version", "ParameterValue": "TLSv1.3", "ApplyMethod": "immediate"}
    refused(lambda: rds.modify_db_cluster_parameter_group(**name, Parameters=[static]), "InvalidParameterCombination")
    refused(lambda: rds.reset_db_cluster_parameter_group(**name, Parameters=[static]), "InvalidParameterCombination")
    copied = rds.copy_db_cluster_parameter_group(
        SourceDBClusterParameterGroupIdentifier="utf8",
        TargetDBClusterParameterGroupIdentifier="copy",
        TargetDBClusterParameterGroupDescription="of utf8",
    )["DBClusterParameterGroup"]
    assert (copied["DBParameterGroupFamily"], copied["Description"]) == ("aurora-mysql8.0", "of utf8")
    own = rds.describe_db_cluster_parameters(DBClusterParameterGroupName="copy", Source="user")["Parameters"]
    assert own == was_set
    rds.reset_db_cluster_parameter_group(**name, ResetAllParameters=True)
    assert rds.describe_db_cluster_parameters(**name, Source="user")["Parameters"] == []
    rds.delete_db_cluster_parameter_group(**name)
    refused(lambda: rds.delete_db_cluster_parameter_group(**name), "DBParameterGroupNotFound")


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"MasterUserPassword": "short"}, "InvalidParameterValue", "shorter"),
        ({"MasterUserPassword": "x" * 42}, "InvalidParameterValue", "longer"),
        ({"MasterUserPassword": "with/slash-in-it"}, "InvalidParameterValue", "printable"),
        ({"MasterUserPassword": "with@sign-in-it"}, "InvalidParameterValue", "printable"),
        ({"MasterUserPassword": 'with"quote-in-it'}, "InvalidParameterValue", "printable"),
        ({"MasterUserPassword": "with space in it"}, "InvalidParameterValue", "printable"),
        ({"MasterUsername": "rdsadmin"}, "InvalidParameterValue", "reserved"),
        ({"MasterUsername": "1admin"}, "InvalidParameterValue", "MasterUsername"),
        ({"DatabaseName": "my-sample"}, "InvalidParameterValue", "DatabaseName"),
        ({"DBClusterIdentifier": "two--hyphens"}, "InvalidParameterValue", "identifier"),
        ({"EngineVersion": "8.0.mysql_aurora.3.99.9"}, "InvalidParameterCombination", "Cannot find version"),
        ({"EngineVersion": "8.0.mysql_aurora.3.04.4"}, "InvalidParameterValue", "minimum capacity"),
        ({"EngineMode": "serverless"}, "InvalidParameterValue", "unavailable"),
        ({"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault", "none"),
        ({"DBClusterParameterGroupName": "none"}, "DBClusterParameterGroupNotFound", "none"),
        ({"VpcSecurityGroupIds": ["sg-00000000000000000"]}, "InvalidParameterValue", "sg-0000"),
    ],
)
def test_bad_clusters_are_refused(place: Net, rds: Any, more: dict[str, Any], code: str, says: str) -> None:
    subnet_group(place)
    refused(lambda: rds.create_db_cluster(**cluster_request(**more)), code, says)
    assert rds.describe_db_clusters()["DBClusters"] == []


@pytest.mark.parametrize(
    "scaling",
    [
        {"MinCapacity": 0.3, "MaxCapacity": 4},
        {"MinCapacity": 2, "MaxCapacity": 1},
        {"MinCapacity": 0, "MaxCapacity": 0.5},
        {"MinCapacity": 1, "MaxCapacity": 4, "SecondsUntilAutoPause": 600},
        {"MinCapacity": 0, "MaxCapacity": 4, "SecondsUntilAutoPause": 60},
    ],
)
def test_bad_scaling_is_refused(place: Net, rds: Any, scaling: dict[str, Any]) -> None:
    subnet_group(place)
    wanted = cluster_request(ServerlessV2ScalingConfiguration=scaling)
    refused(lambda: rds.create_db_cluster(**wanted), "InvalidParameterValue", "Serverless v2")


def statuses(place: Net) -> tuple[str, str]:
    """The statuses of the cluster and of its one instance."""
    rds = place.cloud.client("rds")
    cluster = rds.describe_db_clusters(DBClusterIdentifier="db")["DBClusters"][0]
    instance = rds.describe_db_instances(DBInstanceIdentifier="db-1")["DBInstances"][0]
    return cluster["Status"], instance["DBInstanceStatus"]


def living_database(place: Net) -> str:
    """A cluster with one instance, available; returns its security group."""
    rds, group = place.cloud.client("rds"), place.group("database")
    subnet_group(place)
    parameter_group(place.cloud)
    rds.create_db_cluster(**cluster_request(VpcSecurityGroupIds=[group], DBClusterParameterGroupName="utf8"))
    rds.create_db_instance(**member_request())
    place.cloud.wait(lambda: statuses(place) == ("available", "available"), "the database")
    return group


def test_cluster_and_instance_are_creating_then_available(place: Net, rds: Any) -> None:
    subnet_group(place)
    request = cluster_request()
    made = rds.create_db_cluster(**request)["DBCluster"]
    assert made["Status"] == "creating"
    assert made["Endpoint"].startswith("db.cluster-")
    assert made["ReaderEndpoint"].startswith("db.cluster-ro-")
    assert made["ServerlessV2ScalingConfiguration"]["SecondsUntilAutoPause"] == 300
    assert made["TagList"] == TAGS
    refused(
        lambda: rds.modify_db_cluster(DBClusterIdentifier="db", DeletionProtection=True), "InvalidDBClusterStateFault"
    )
    refused(lambda: rds.create_db_cluster(**request), "DBClusterAlreadyExistsFault")
    refused(lambda: rds.create_db_instance(**member_request(DBClusterIdentifier="no")), "DBClusterNotFoundFault")
    bad_class = member_request(DBInstanceClass="db.m1.small")
    refused(lambda: rds.create_db_instance(**bad_class), "InvalidParameterCombination", "db.m1.small")
    member = rds.create_db_instance(**member_request(Tags=TAGS))["DBInstance"]
    assert member["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in member
    assert member["DBSubnetGroup"]["VpcId"] == place.vpc
    place.cloud.wait(lambda: statuses(place) == ("available", "available"), "the database")
    assert rds.describe_db_instances()["DBInstances"][0]["Endpoint"]["Port"] == 3306
    members = rds.describe_db_clusters()["DBClusters"][0]["DBClusterMembers"]
    assert [(entry["DBInstanceIdentifier"], entry["IsClusterWriter"]) for entry in members] == [("db-1", True)]


def test_an_instances_interface_changes_with_the_cluster(place: Net, rds: Any) -> None:
    group, ec2 = living_database(place), place.cloud.client("ec2")
    held = place.interfaces(group)
    assert [interface["Description"] for interface in held] == ["RDSNetworkInterface"]
    assert held[0]["SubnetId"] in place.subnets
    refused(lambda: ec2.delete_security_group(GroupId=group), "DependencyViolation")
    rest = [subnet for subnet in place.subnets if subnet != held[0]["SubnetId"]]
    refused(lambda: rds.modify_db_subnet_group(DBSubnetGroupName="db", SubnetIds=rest), "SubnetAlreadyInUse")
    other = place.group("other")
    scaling = {"MinCapacity": 0.5, "MaxCapacity": 8}
    request = {"DBClusterIdentifier": "db", "VpcSecurityGroupIds": [other]}
    rds.modify_db_cluster(**request, ServerlessV2ScalingConfiguration=scaling)
    assert rds.describe_db_clusters()["DBClusters"][0]["ServerlessV2ScalingConfiguration"] == scaling
    assert place.unused(group)
    assert len(place.interfaces(other)) == 1


def test_cluster_goes_after_its_instances_and_leaves_nothing(place: Net, rds: Any) -> None:
    group = living_database(place)
    delete = {"DBClusterIdentifier": "db", "SkipFinalSnapshot": True}
    rds.modify_db_cluster(DBClusterIdentifier="db", DeletionProtection=True)
    refused(lambda: rds.delete_db_cluster(**delete), "InvalidParameterCombination", "protect")
    rds.modify_db_cluster(DBClusterIdentifier="db", DeletionProtection=False)
    refused(lambda: rds.delete_db_cluster(**delete), "InvalidDBClusterStateFault", "non-deleting")
    refused(lambda: rds.delete_db_subnet_group(DBSubnetGroupName="db"), "InvalidDBSubnetGroupStateFault")
    refused(
        lambda: rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName="utf8"),
        "InvalidDBParameterGroupState",
    )
    gone = rds.delete_db_instance(DBInstanceIdentifier="db-1", SkipFinalSnapshot=True)["DBInstance"]
    assert gone["DBInstanceStatus"] == "deleting"
    # The cluster may go as soon as every instance is on its way.
    refused(lambda: rds.delete_db_cluster(DBClusterIdentifier="db"), "InvalidParameterCombination", "FinalDBSnapshot")
    assert rds.delete_db_cluster(**delete)["DBCluster"]["Status"] == "deleting"
    place.cloud.wait(lambda: not rds.describe_db_clusters()["DBClusters"], "the cluster to go")
    refused(lambda: rds.describe_db_clusters(DBClusterIdentifier="db"), "DBClusterNotFoundFault")
    refused(lambda: rds.describe_db_instances(DBInstanceIdentifier="db-1"), "DBInstanceNotFound")
    assert rds.describe_db_cluster_snapshots()["DBClusterSnapshots"] == []
    assert rds.describe_db_snapshots()["DBSnapshots"] == []
    place.cloud.client("ec2").delete_security_group(GroupId=group)
    rds.delete_db_subnet_group(DBSubnetGroupName="db")
    rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName="utf8")


def test_final_snapshot_is_kept(place: Net, rds: Any) -> None:
    subnet_group(place)
    rds.create_db_cluster(**cluster_request(CopyTagsToSnapshot=True))
    cluster, last = {"DBClusterIdentifier": "db"}, {"DBClusterSnapshotIdentifier": "last"}

    def kept() -> dict[str, tuple[str, Any]]:
        found = rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
        return {s["DBClusterSnapshotIdentifier"]: (s["Status"], s["TagList"]) for s in found}

    # a cluster without instances can be saved, but not before it is available
    refused(lambda: rds.create_db_cluster_snapshot(**cluster, **last), "InvalidDBClusterStateFault", "creating")
    refused(lambda: rds.delete_db_cluster(**cluster, FinalDBSnapshotIdentifier="last"), "InvalidDBClusterStateFault")
    place.cloud.wait(lambda: rds.describe_db_clusters()["DBClusters"][0]["Status"] == "available", "the cluster")
    rds.create_db_cluster_snapshot(**cluster, DBClusterSnapshotIdentifier="Earlier")
    for name in ("earlier", "EARLIER"):
        taken = {"FinalDBSnapshotIdentifier": name}
        refused(lambda t=taken: rds.delete_db_cluster(**cluster, **t), "DBClusterSnapshotAlreadyExistsFault", "earlier")  # type: ignore[misc]
    both = {"FinalDBSnapshotIdentifier": "last", "SkipFinalSnapshot": True}
    refused(lambda: rds.delete_db_cluster(**cluster, **both), "InvalidParameterCombination", "both")
    bad = {"FinalDBSnapshotIdentifier": "two--hyphens"}
    refused(lambda: rds.delete_db_cluster(**cluster, **bad), "InvalidParameterValue")
    too_long = {"DBClusterSnapshotIdentifier": "s" * 64}
    refused(lambda: rds.create_db_cluster_snapshot(**cluster, **too_long), "InvalidParameterValue")
    gone = rds.delete_db_cluster(**cluster, FinalDBSnapshotIdentifier="last")["DBCluster"]
    assert (gone["Status"], kept()["last"][0]) == ("deleting", "creating")
    refused(lambda: rds.delete_db_cluster_snapshot(**last), "InvalidDBClusterSnapshotStateFault")
    refused(lambda: rds.create_db_cluster_snapshot(**cluster, **last), "InvalidDBClusterStateFault", "deleting")
    place.cloud.wait(lambda: not rds.describe_db_clusters()["DBClusters"], "the cluster to go")
    assert kept() == {"earlier": ("available", TAGS), "last": ("available", TAGS)}
    rds.delete_db_cluster_snapshot(**last)
    refused(lambda: rds.delete_db_cluster_snapshot(**last), "DBClusterSnapshotNotFoundFault")


def test_serverless_member_needs_scaling(place: Net, rds: Any) -> None:
    subnet_group(place)
    request = cluster_request()
    del request["ServerlessV2ScalingConfiguration"]
    rds.create_db_cluster(**request)
    refused(lambda: rds.create_db_instance(**member_request()), "InvalidDBClusterStateFault", "scaling configuration")
    rds.create_db_instance(**member_request(DBInstanceClass="db.r7g.large"))


def test_a_cluster_has_states_of_a_failover_a_stop_and_a_start(place: Net, rds: Any) -> None:
    living_database(place)
    cluster = {"DBClusterIdentifier": "db"}
    refused(lambda: rds.failover_db_cluster(**cluster), "InvalidDBClusterStateFault", "at least two")
    rds.create_db_instance(**member_request(DBInstanceIdentifier="db-2"))
    place.cloud.wait(lambda: len(_available(rds)) == 2, "both instances")

    def fails_over() -> bool:
        rds.failover_db_cluster(**cluster)
        return statuses(place)[0] == "failing-over"

    place.cloud.wait(fails_over, "a look at the failover")
    place.cloud.wait(lambda: statuses(place) == ("available", "available"), "the failover")
    # an answer has the status from before (recorded: cloud-custodian, test_rdscluster_start)
    assert rds.stop_db_cluster(**cluster)["DBCluster"]["Status"] == "available"
    place.cloud.wait(lambda: statuses(place) == ("stopped", "stopped"), "the cluster to stop")
    refused(lambda: rds.stop_db_cluster(**cluster), "InvalidDBClusterStateFault", "stopped")
    assert rds.start_db_cluster(**cluster)["DBCluster"]["Status"] == "stopped"
    place.cloud.wait(lambda: statuses(place) == ("available", "available"), "the cluster to start")


def _available(rds: Any) -> list[str]:
    found = rds.describe_db_instances()["DBInstances"]
    return [i["DBInstanceIdentifier"] for i in found if i["DBInstanceStatus"] == "available"]


def test_answers_have_the_members_that_aurora_s_have(place: Net, rds: Any) -> None:
    living_database(place)
    cluster, instance = rds.describe_db_clusters()["DBClusters"][0], rds.describe_db_instances()["DBInstances"][0]
    # AWS's recorded answers: cloud-custodian, test_rdscluster_pending_maintenance
    assert not {"ScalingConfigurationInfo", "StorageType", "PubliclyAccessible"} & cluster.keys()
    assert cluster["KmsKeyId"].startswith("arn:aws:kms:ap-northeast-1:123456789012:key/")
    assert instance["KmsKeyId"] == cluster["KmsKeyId"]
    assert instance["StorageType"] == "aurora"
    assert instance["CertificateDetails"]["CAIdentifier"] == instance["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
    offered = rds.describe_certificates()
    assert offered["DefaultCertificateForNewLaunches"] in {c["CertificateIdentifier"] for c in offered["Certificates"]}
    refused(lambda: rds.describe_certificates(CertificateIdentifier="rds-ca-2019"), "CertificateNotFound")
    endpoints = rds.describe_db_cluster_endpoints(DBClusterIdentifier="db")["DBClusterEndpoints"]
    assert {e["EndpointType"]: e["Endpoint"] for e in endpoints} == {
        "WRITER": cluster["Endpoint"],
        "READER": cluster["ReaderEndpoint"],
    }
    assert rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"] == []


def test_option_groups_are_listed(rds: Any) -> None:
    group = {"OptionGroupName": "mine", "EngineName": "mysql", "MajorEngineVersion": "8.0"}
    rds.create_option_group(**group, OptionGroupDescription="mine")
    listed = {entry["OptionGroupName"] for entry in rds.describe_option_groups()["OptionGroupsList"]}
    assert listed >= {"mine", "default:aurora-mysql-8-0", "default:aurora-postgresql-17"}
    (mine,) = rds.describe_option_groups(OptionGroupName="mine")["OptionGroupsList"]
    assert mine["EngineName"] == "mysql"
    refused(lambda: rds.describe_option_groups(OptionGroupName="none"), "OptionGroupNotFoundFault")
