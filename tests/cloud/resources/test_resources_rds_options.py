"""Options of a database: readers in other zones, exported logs, and options that are off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.resources.test_resources_rds import NAME, cluster, declared
from tests.cloud.rig import Rig


def instances(rig: Rig) -> dict[str, dict[str, Any]]:
    """The instances by the last part of their names."""
    found = rig.cloud.client("rds").describe_db_instances()["DBInstances"]
    return {one["DBInstanceIdentifier"].rpartition("-")[2]: one for one in found}


def writer(rig: Rig) -> str:
    (name,) = [one["DBInstanceIdentifier"] for one in cluster(rig)["DBClusterMembers"] if one["IsClusterWriter"]]
    return str(name).rpartition("-")[2]


@pytest.mark.slow
def test_readers_are_in_other_zones_and_come_and_go(rig: Rig) -> None:
    def with_readers(number: int) -> Any:
        return lambda stack: declared(stack, readers=number)

    rig.up(with_readers(0)).ok()
    first = instances(rig)["1"]["AvailabilityZone"]
    assert rig.up(with_readers(2)).ok().writes == ["CreateDBInstance"] * 2
    made = instances(rig)
    zones = [made[name]["AvailabilityZone"] for name in "123"]
    assert zones[0] == first
    assert zones[1] != first, "a reader is where the writer is not"
    assert len(set(zones)) == 2, "the subnet group has two zones"
    assert [made[name]["PromotionTier"] for name in "123"] == [1, 1, 2]
    assert writer(rig) == "1"
    assert rig.plan(with_readers(2)) == []

    # who was a reader may write by the time it is to go
    rig.cloud.client("rds").failover_db_cluster(DBClusterIdentifier=NAME, TargetDBInstanceIdentifier=f"{NAME}-3")
    assert rig.up(with_readers(1)).ok().writes == ["DeleteDBInstance"]
    assert rig.plan(with_readers(1)) == []
    assert sorted(instances(rig)) == ["1", "2"]
    assert writer(rig) in "12"
    assert rig.down().ok().summary.leftovers == []


def test_what_is_off_is_not_sent(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list is sent as an empty text, of which AWS could make anything."""
    aws, sent = rig.aws(), list[str]()
    event = "before-call.rds.CreateDBCluster"
    aws.client("rds").meta.events.register(event, lambda params, **_: sent.extend(params["body"]))
    monkeypatch.setattr(rig, "aws", lambda: aws)
    rig.up(declared).ok()
    assert "DBClusterIdentifier" in sent
    options = ("KmsKeyId", "EnableIAMDatabaseAuthentication", "EnableCloudwatchLogsExports")
    assert [name for name in sent if name.startswith(options)] == []


def test_rds_makes_the_log_groups_that_it_finds_none_of(rig: Rig) -> None:
    rig.up(lambda stack: declared(stack, logs=["error"])).ok()
    (group,) = rig.cloud.client("logs").describe_log_groups()["logGroups"]
    assert group["logGroupName"] == f"/aws/rds/cluster/{NAME}/error"
    assert "retentionInDays" not in group
