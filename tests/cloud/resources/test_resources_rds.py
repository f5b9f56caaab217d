"""RDS's types, beyond the contract: passwords, parameters, snapshots, failed and stopped ones, others' clusters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from provisioner.engine.declaration import Handle, ids
from provisioner.engine.errors import Failed
from provisioner.engine.events import ResourceDone, ResourceStarted
from provisioner.engine.resource import Change, Observed
from provisioner.operations.inspection import health
from provisioner.resources.ec2.network import Subnet, Vpc
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.groups import DbClusterParameterGroup, DbSubnetGroup
from provisioner.resources.ssm import SecureParameter
from provisioner.steps.stack import Stack
from tests.cloud.faults.life import met, set_faults
from tests.cloud.rig import Rig

pytestmark = pytest.mark.slow

NAME = "ecs-sample-dev"
ZONES = "ac"
CHARACTERS = MappingProxyType({"character_set_server": "utf8mb4"})
PAUSING = {"MinCapacity": 0, "MaxCapacity": 4, "SecondsUntilAutoPause": 300}


def settings(stack: Stack, parameters: Mapping[str, str] = CHARACTERS) -> Handle:
    return stack.ensure(DbClusterParameterGroup("main", NAME, "aurora-mysql8.0", "Settings", dict(parameters)))


def declared(
    stack: Stack,
    *,
    scaling: dict[str, float] | None = None,
    key: str | None = None,
    readers: int = 0,
    logs: Sequence[str] = (),
) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16", enable_dns_hostnames=False))
    subnets = [
        stack.ensure(Subnet(zone, vpc.id, f"ap-northeast-1{zone}", f"10.0.{number * 16}.0/20"))
        for number, zone in enumerate(ZONES)
    ]
    group = stack.ensure(SecurityGroup("db", vpc.id, "db", "Database", [], []))
    secret = stack.ensure(SecureParameter("password", f"/{NAME}/database/password", "Master password"))
    place = stack.ensure(DbSubnetGroup("main", NAME, "Database subnets", ids(subnets)))
    cluster = stack.ensure(
        DbCluster(
            "main",
            db_cluster_identifier=NAME,
            engine="aurora-mysql",
            engine_version="8.0",
            database_name="sample",
            master_username="dbadmin",
            password_parameter=secret.id,
            password_version=secret.version,
            db_subnet_group_name=place.id,
            vpc_security_group_ids=[group.id],
            db_cluster_parameter_group_name=settings(stack).id,
            serverless_v2_scaling_configuration=scaling or PAUSING,
            backup_retention_period=7,
            kms_key_id=key,
            enable_cloudwatch_logs_exports=logs,
        )
    )
    writer = stack.ensure(DbInstance("main", f"{NAME}-1", cluster.id, "aurora-mysql"))
    places = tuple(f"ap-northeast-1{zone}" for zone in ZONES)
    for number in range(2, readers + 2):
        tier: dict[str, Any] = {"promotion_tier": number - 1, "zones": places}
        stack.ensure(DbInstance(f"r{number}", f"{NAME}-{number}", cluster.id, "aurora-mysql", **tier), after=[writer])


def cluster(rig: Rig) -> Any:
    return rig.cloud.client("rds").describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]


def test_a_new_or_changed_password_reaches_rds_once(rig: Rig) -> None:
    outcome = rig.up(declared).ok()
    ssm, name = rig.cloud.client("ssm"), f"/{NAME}/database/password"
    password = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    assert password not in "".join(path.read_text() for path in rig.directory.rglob("*") if path.is_file())
    # but for what the test itself sees of the calls
    assert password not in repr(replace(outcome, calls=[]))
    ssm.delete_parameter(Name=name)
    assert [(item.address, list(item.changes)) for item in rig.plan(declared)] == [
        ("secure_parameter/password", ["parameter_name", "description"]),
        ("db_cluster/main", ["password_version"]),
    ]
    assert rig.up(declared).ok().writes == ["PutParameter", "ModifyDBCluster", "AddTagsToResource"]
    assert rig.up(declared).ok().writes == []
    rig.cloud.advance(1)  # versions are told apart by the second
    ssm.put_parameter(Name=name, Value="another-password", Type="SecureString", Overwrite=True)
    assert rig.up(declared).ok().writes == ["ModifyDBCluster", "AddTagsToResource"]
    assert rig.plan(declared) == []


def test_the_clusters_password_is_the_parameters_value(rig: Rig) -> None:
    rig.up(declared).ok()
    aws, sent = rig.aws(), list[str]()
    item = rig.declare(declared).declared["db_cluster/main"]
    assert isinstance(item.resource, DbCluster)
    desired = replace(item.resource, password_parameter=f"/{NAME}/database/password", password_version="2/2")
    (live,) = aws.live(DbCluster)
    modify = "before-call.rds.ModifyDBCluster"
    aws.client("rds").meta.events.register(
        modify, lambda params, **_: sent.append(params["body"]["MasterUserPassword"])
    )
    desired.update(aws, live, {"password_version": Change("1/1", "2/2")})
    value = rig.cloud.client("ssm").get_parameter(Name=desired.password_parameter, WithDecryption=True)
    assert sent == [value["Parameter"]["Value"]]


def test_a_password_counts_as_given_once_the_cluster_has_it(rig: Rig) -> None:
    """RDS answers at once, and the cluster is available for a while before it begins: new tasks would be refused."""
    rig.up(declared).ok()
    rig.cloud.client("ssm").delete_parameter(Name=f"/{NAME}/database/password")
    assert "ModifyDBCluster" in rig.up(declared).ok().writes
    assert cluster(rig)["Status"] == "available"
    assert "PendingModifiedValues" not in cluster(rig)
    given = {"DBClusterIdentifier": NAME, "MasterUserPassword": "another-password", "ApplyImmediately": True}
    answered = rig.cloud.client("rds").modify_db_cluster(**given)["DBCluster"]
    for shown in (answered, cluster(rig)):
        assert (shown["Status"], shown["PendingModifiedValues"]) == ("available", {"MasterUserPassword": "****"})
    rig.cloud.advance(16)
    assert cluster(rig)["Status"] == "resetting-master-credentials"
    assert "PendingModifiedValues" not in cluster(rig)


def test_a_parameter_set_to_its_present_value_is_no_difference(rig: Rig) -> None:
    same = {**CHARACTERS, "time_zone": "UTC"}
    rig.up(lambda stack: settings(stack, same)).ok()
    assert rig.plan(lambda stack: settings(stack, same)) == []
    assert rig.up(settings).ok().writes == []


def test_static_parameters_change_at_the_next_restart(rig: Rig) -> None:
    rig.up(lambda stack: settings(stack, {"binlog_format": "ROW", "time_zone": "Asia/Tokyo"})).ok()
    group = {"DBClusterParameterGroupName": NAME, "Source": "user"}
    found = rig.cloud.client("rds").describe_db_cluster_parameters(**group)["Parameters"]
    assert {entry["ParameterName"]: entry["ApplyMethod"] for entry in found} == {
        "binlog_format": "pending-reboot",
        "time_zone": "immediate",
    }
    assert rig.up(settings).ok().writes == ["ResetDBClusterParameterGroup", "ModifyDBClusterParameterGroup"]
    assert rig.plan(settings) == []


def test_a_restored_cluster_is_taken_without_a_database_name(rig: Rig) -> None:
    rig.up(declared).ok()
    rds, before = rig.cloud.client("rds"), cluster(rig)
    rds.modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=True, ApplyImmediately=True)
    (left,) = rig.down(unprotect=True).ok().summary.snapshots

    def around(stack: Stack) -> None:
        declared(stack)
        for address in ("db_cluster/main", "db_instance/main"):
            del stack.declared[address]

    rig.up(around).ok()
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier=NAME,
        SnapshotIdentifier=left.id,
        Engine=before["Engine"],
        EngineVersion=before["EngineVersion"],
        DBSubnetGroupName=NAME,
        DBClusterParameterGroupName=NAME,
        VpcSecurityGroupIds=[group.id for group in rig.aws().live(SecurityGroup)],
        ServerlessV2ScalingConfiguration=PAUSING,
        Tags=before["TagList"],
    )
    assert "DatabaseName" not in cluster(rig)
    # it is given the password of the new parameter
    assert sorted(rig.up(declared).ok().writes) == ["AddTagsToResource", "CreateDBInstance", "ModifyDBCluster"]
    assert rig.plan(declared) == []


def test_settings_that_wait_for_a_restart_are_reported_until_it(rig: Rig) -> None:
    def told() -> list[str]:
        return [database["problem"] for database in health.look(rig.aws(), rig.state()).databases]

    rig.up(declared).ok()
    assert told() == [""]
    rig.up(lambda stack: declared(stack, scaling={"MinCapacity": 1, "MaxCapacity": 8})).ok()
    (problem,) = told()
    assert f"`aws rds reboot-db-instance --db-instance-identifier {NAME}-1 --region ap-northeast-1`" in problem
    rig.cloud.client("rds").reboot_db_instance(DBInstanceIdentifier=f"{NAME}-1")
    assert told() == [""]


def test_a_lost_instance_is_created_anew(rig: Rig) -> None:
    rig.up(declared).ok()
    rds = rig.cloud.client("rds")
    rds.delete_db_instance(DBInstanceIdentifier=f"{NAME}-1", SkipFinalSnapshot=True)
    assert rig.up(declared).ok().writes == ["CreateDBInstance"]
    assert rig.plan(declared) == []


def test_somebody_elses_cluster_is_refused_and_left_as_it_is(rig: Rig) -> None:
    rds, ec2 = rig.cloud.client("rds"), rig.cloud.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"]
    rds.create_db_subnet_group(
        DBSubnetGroupName=NAME, DBSubnetGroupDescription="theirs", SubnetIds=[s["SubnetId"] for s in subnets]
    )
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=NAME, DBParameterGroupFamily="aurora-mysql8.0", Description="theirs"
    )
    rds.create_db_cluster(
        DBClusterIdentifier=NAME,
        Engine="aurora-mysql",
        MasterUsername="theirs",
        MasterUserPassword="12345678",
        DBSubnetGroupName=NAME,
        DBClusterParameterGroupName=NAME,
    )
    before = rig.cloud.wait(lambda: (made := cluster(rig))["Status"] == "available" and made, "their cluster")
    refused = {item.address for item in rig.plan(declared) if "not the tags of this stack" in item.why}
    assert refused == {"db_subnet_group/main", "db_cluster_parameter_group/main", "db_cluster/main"}
    assert rig.up(declared).summary.exit_code == 1
    assert rig.down().ok().summary.leftovers == []
    after = cluster(rig)
    for made in (before, after):
        made.pop("LatestRestorableTime", None)
    assert after == before
    assert [g["DBSubnetGroupDescription"] for g in rds.describe_db_subnet_groups()["DBSubnetGroups"]] == ["theirs"]


def test_the_clusters_removal_does_not_wait_for_its_instance(rig: Rig) -> None:
    rig.up(declared).ok()
    shown = [(type(event), getattr(event, "address", "")) for event in rig.down().ok().events]
    assert shown.index((ResourceStarted, "db_cluster/main")) < shown.index((ResourceDone, "db_instance/main"))


def test_a_stopped_database_is_started_to_be_removed(rig: Rig) -> None:
    rig.up(declared).ok()
    rig.cloud.client("rds").stop_db_cluster(DBClusterIdentifier=NAME)
    rig.cloud.wait(lambda: cluster(rig)["Status"] == "stopped", "the cluster to stop")
    failed = rig.up(declared).failures()
    start = f"aws rds start-db-cluster --db-cluster-identifier {NAME}"
    assert start in str(failed["db_cluster/main"])
    # a change does not help, and is not tried for half an hour
    failed = rig.up(lambda stack: declared(stack, scaling={"MinCapacity": 1, "MaxCapacity": 8})).failures()
    assert start in str(failed["db_cluster/main"])
    down = rig.down().ok()
    assert "StartDBCluster" in down.writes
    assert down.summary.leftovers == []


def test_a_protected_cluster_leaves_a_final_snapshot(rig: Rig) -> None:
    rig.up(declared).ok()
    rds = rig.cloud.client("rds")
    rds.modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=True, ApplyImmediately=True)
    assert "db_cluster/main is protected from deletion" in str(rig.down().summary.error)
    # the names of the next second are taken
    soon = [datetime.now(UTC) + timedelta(seconds=seconds) for seconds in range(2)]
    taken = [f"{NAME}-final-{moment:%Y%m%d-%H%M%S}" for moment in soon]
    for name in taken:
        rds.create_db_cluster_snapshot(DBClusterIdentifier=NAME, DBClusterSnapshotIdentifier=name, Tags=[])
    down = rig.down(unprotect=True).ok()
    (left,) = down.summary.snapshots
    assert left.id not in taken
    assert (left.type_name, down.summary.leftovers) == ("final snapshot", [])
    (shown,) = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=left.id)["DBClusterSnapshots"]
    assert shown["AllocatedStorage"] == 1, "whatever Aurora stores"
    assert not re.search(r"\d+ GiB\b", left.why), "so no size is told"
    assert "the database's data, taken " in left.why


def test_a_failed_database_leaves_no_snapshot_and_says_so(rig: Rig) -> None:
    attributes = {"final_snapshot": True, "deletion_protection": False}
    failed = Observed("c", attributes, {"arn": "arn"}, status="inaccessible-encryption-credentials")
    with pytest.raises(Failed, match="identifier c --skip-final-snapshot --region ap-northeast-1"):
        DbCluster.delete(rig.aws(), failed)


def test_a_database_that_fails_over_is_waited_for(rig: Rig) -> None:
    rig.up(declared).ok()
    rds, reader = rig.cloud.client("rds"), {"DBInstanceIdentifier": f"{NAME}-2"}
    rds.create_db_instance(
        **reader, DBClusterIdentifier=NAME, Engine="aurora-mysql", DBInstanceClass="db.serverless", PromotionTier=2
    )
    made = "the reader to be available"
    rig.cloud.wait(
        lambda: rds.describe_db_instances(**reader)["DBInstances"][0]["DBInstanceStatus"] == "available", made
    )
    rds.failover_db_cluster(DBClusterIdentifier=NAME)
    assert rig.up(declared).ok().writes == []


def test_new_groups_and_a_lifted_protection_are_waited_for(rig: Rig) -> None:
    set_faults(rig.cloud, "refusals", only="rds:(Create|Delete)DBCluster$")
    rig.up(declared).ok()
    rds = rig.cloud.client("rds")
    rds.modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=True, ApplyImmediately=True)
    down = rig.down(unprotect=True).ok()
    assert [left.type_name for left in down.summary.snapshots] == ["final snapshot"]
    assert met(rig.cloud)["refusals"].keys() == {"rds:CreateDBCluster", "rds:DeleteDBCluster"}


@pytest.mark.parametrize("status", ["failing-over", "backing-up", "storage-optimization", "incompatible-with-nothing"])
def test_a_passing_or_unknown_status_is_waited_for(status: str) -> None:
    assert DbCluster.pending(Observed("c", {}, status=status)) == status
    assert DbInstance.pending(Observed("c-1", {"db_cluster_identifier": "c"}, status=status)) == status


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("stopped", "aws rds start-db-cluster --db-cluster-identifier c"),
        ("incompatible-network", "incompatible-network"),
        ("failed", "failed"),
        ("inaccessible-encryption-credentials-recoverable", "inaccessible-encryption-credentials-recoverable"),
    ],
)
def test_a_status_that_never_becomes_available_is_told_at_once(status: str, said: str) -> None:
    with pytest.raises(Failed, match=said):
        DbInstance.pending(Observed("c-1", {"db_cluster_identifier": "c"}, status=status))
    assert DbInstance.pending(Observed("c-1", {"db_cluster_identifier": "c"}, status="rebooting")) == "rebooting"


def test_down_leaves_a_restored_copy_and_names_it(rig: Rig) -> None:
    """As AWS Backup restores with `CopySourceTagsToRestoredResource`: the copy carries the address as well."""
    rig.up(declared).ok()
    rds, before = rig.cloud.client("rds"), cluster(rig)
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="rescue", DBClusterIdentifier=NAME)

    def taken() -> bool:
        (shown,) = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="rescue")["DBClusterSnapshots"]
        return bool(shown["Status"] == "available")

    rig.cloud.wait(taken, "the snapshot to be available")
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="rescued",
        SnapshotIdentifier="rescue",
        Engine=before["Engine"],
        EngineVersion=before["EngineVersion"],
        ServerlessV2ScalingConfiguration=PAUSING,
        Tags=before["TagList"],
    )
    assert "in use by rescued" in str(rig.down().failures()["db_subnet_group/main"])
    assert [one["DBClusterIdentifier"] for one in rds.describe_db_clusters()["DBClusters"]] == ["rescued"]
    rds.delete_db_cluster(DBClusterIdentifier="rescued", SkipFinalSnapshot=True)
    assert rig.down().ok().summary.leftovers == []
