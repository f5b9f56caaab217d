"""Refusals by ElastiCache: names, tokens, failover, groups in use, and changes of a group that is not available."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, Case, Scene, once, parameter
from tests.cloud.refusals.network import group, subnets

case = partial(Case, "elasticache")
AUTH = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html"
UNDERSCORE = "https://github.com/magenx/Magento-2-aws-cluster-terraform/issues/43"
FAILOVER = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html"
TOKEN, ANOTHER = "a0correct0horse0battery0staple0", "another0token0of0thirty0characters"
UPGRADES = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html"
POLICY = "maxmemory-policy"


@once
def subnet_group(scene: Scene) -> str:
    """A subnet group over three zones."""
    scene.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="cache", CacheSubnetGroupDescription="x", SubnetIds=subnets(scene)
    )
    return "cache"


@once
def parameter_group(scene: Scene, family: str = "valkey8") -> str:
    """A parameter group."""
    scene.client("elasticache").create_cache_parameter_group(
        CacheParameterGroupName=family, CacheParameterGroupFamily=family, Description="x"
    )
    return family


def create(scene: Scene, cache: Any, **more: Any) -> Any:
    """Create a replication group with one replica."""
    wanted = {
        "ReplicationGroupId": scene.name("cache"), "ReplicationGroupDescription": "x", "Engine": "valkey",
        "EngineVersion": "8.1", "CacheNodeType": "cache.t4g.micro", "NumCacheClusters": 2,
        "AutomaticFailoverEnabled": True, "MultiAZEnabled": True, "CacheSubnetGroupName": subnet_group(scene),
        "TransitEncryptionEnabled": True, "CacheParameterGroupName": parameter_group(scene),
        "SecurityGroupIds": [group(scene)], "AuthToken": TOKEN,
    }  # fmt: skip
    return cache.create_replication_group(**(wanted | more))


def status(scene: Scene, name: str) -> str:
    found = scene.client("elasticache").describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    return str(found["Status"])


@once
def main(scene: Scene) -> str:
    """A replication group with one replica, available."""
    create(scene, scene.client("elasticache"), ReplicationGroupId="main")
    scene.wait(lambda: status(scene, "main") == "available")
    return "main"


def creating(scene: Scene) -> str:
    """A replication group in creation."""
    name = scene.name("new")
    create(scene, scene.client("elasticache"), ReplicationGroupId=name)
    return name


@once
def leaving(scene: Scene) -> str:
    """A replication group that is being deleted."""
    cache, name = scene.client("elasticache"), creating(scene)
    scene.wait(lambda: status(scene, name) == "available")
    cache.delete_replication_group(ReplicationGroupId=name)
    return name


def new_snapshot(scene: Scene) -> str:
    """A snapshot that is being made."""
    name = scene.name("snapshot")
    scene.client("elasticache").create_snapshot(ReplicationGroupId=main(scene), SnapshotName=name)
    return name


@once
def snapshot(scene: Scene) -> str:
    """A snapshot of the available group."""
    cache = scene.client("elasticache")
    cache.create_snapshot(ReplicationGroupId=main(scene), SnapshotName="kept")
    scene.wait(lambda: cache.describe_snapshots(SnapshotName="kept")["Snapshots"][0]["SnapshotStatus"] == "available")
    return "kept"


def modify(scene: Scene, cache: Any, name: str = "", **more: Any) -> Any:
    return cache.modify_replication_group(ReplicationGroupId=name or main(scene), ApplyImmediately=True, **more)


def replicas(scene: Scene, call: Any, number: int) -> Any:
    return call(ReplicationGroupId=main(scene), NewReplicaCount=number, ApplyImmediately=True)


def set_parameter(scene: Scene, cache: Any, name: str, value: str, of: str = "") -> Any:
    pair = {"ParameterName": name, "ParameterValue": value}
    group_name = of or parameter_group(scene)
    return cache.modify_cache_parameter_group(CacheParameterGroupName=group_name, ParameterNameValues=[pair])


CREATE, MODIFY = "CreateReplicationGroup", "ModifyReplicationGroup"
CASES = (
    case(CREATE, "with a name that stands", "ReplicationGroupAlreadyExists", ERRORS,
        lambda s, c: create(s, c, ReplicationGroupId=main(s))),
    case(CREATE, "with 41 characters in its name", "InvalidParameterValue", parameter("ReplicationGroupId"),
        lambda s, c: create(s, c, ReplicationGroupId="a" * 41)),
    case(CREATE, "with a digit first", "InvalidParameterValue", parameter("ReplicationGroupId"),
        lambda s, c: create(s, c, ReplicationGroupId="1a")),
    case(CREATE, "with a token of 15 characters", "InvalidParameterValue", parameter("AuthToken"),
        lambda s, c: create(s, c, AuthToken="a" * 15), "AuthToken"),
    case(CREATE, "with an underscore in the token", "InvalidParameterValue", UNDERSCORE,
        lambda s, c: create(s, c, AuthToken="correct_horse_battery"), "Invalid AuthToken"),
    case(CREATE, "with a token and without TLS", "InvalidParameterCombination", parameter("AuthToken"),
        lambda s, c: create(s, c, TransitEncryptionEnabled=False)),
    case(CREATE, "with failover of one node", "InvalidParameterCombination", FAILOVER,
        lambda s, c: create(s, c, NumCacheClusters=1, MultiAZEnabled=False), "at least 2"),
    case(CREATE, "in several zones without failover", "InvalidParameterCombination", FAILOVER,
        lambda s, c: create(s, c, AutomaticFailoverEnabled=False)),
    case(CREATE, "of no node type", "InvalidParameterValue", ERRORS,
        lambda s, c: create(s, c, CacheNodeType="t4g.micro")),
    case(CREATE, "in an unknown subnet group", "CacheSubnetGroupNotFoundFault", ERRORS,
        lambda s, c: create(s, c, CacheSubnetGroupName="none")),
    case(CREATE, "with an unknown parameter group", "CacheParameterGroupNotFound", ERRORS,
        lambda s, c: create(s, c, CacheParameterGroupName="none")),
    case(CREATE, "with parameters of another engine", "InvalidParameterCombination", ERRORS,
        lambda s, c: create(s, c, CacheParameterGroupName=parameter_group(s, "redis7"))),
    case(CREATE, "with a security group of another VPC", "InvalidParameterValue", ERRORS,
        lambda s, c: create(s, c, SecurityGroupIds=[group(s, 1)])),
    case(CREATE, "of an unknown snapshot", "SnapshotNotFoundFault", parameter("SnapshotName"),
        lambda s, c: create(s, c, SnapshotName="none")),
    case(CREATE, "of a snapshot that is being made", "InvalidSnapshotState", parameter("SnapshotName"),
        lambda s, c: create(s, c, SnapshotName=new_snapshot(s))),
    case(CREATE, "of Redis, of a snapshot of Valkey", "InvalidParameterCombination", UPGRADES,
        lambda s, c: create(s, c, SnapshotName=snapshot(s), Engine="redis", EngineVersion="7.1",
            CacheParameterGroupName="default.redis7")),
    case(CREATE, "of a version older than its snapshot's", "InvalidParameterCombination", parameter("EngineVersion"),
        lambda s, c: create(s, c, SnapshotName=snapshot(s), EngineVersion="7.2")),
    case("DescribeSnapshots", "of a source that is none", "InvalidParameterValue",
        "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeSnapshots.html",
        lambda s, c: c.describe_snapshots(SnapshotSource="manual")),
    case("DeleteSnapshot", "that is being made", "InvalidSnapshotState", ERRORS,
        lambda s, c: c.delete_snapshot(SnapshotName=new_snapshot(s))),
    case("CreateSnapshot", "of a group in creation", "InvalidReplicationGroupState", ERRORS,
        lambda s, c: c.create_snapshot(ReplicationGroupId=creating(s), SnapshotName="x")),
    case(MODIFY, "of an unknown group", "ReplicationGroupNotFoundFault", ERRORS,
        lambda s, c: modify(s, c, "none", SnapshotRetentionLimit=1)),
    case(MODIFY, "in creation", "InvalidReplicationGroupState", ERRORS,
        lambda s, c: modify(s, c, creating(s), SnapshotRetentionLimit=1)),
    case(MODIFY, "with SET before ROTATE", "InvalidParameterCombination", parameter("AuthTokenUpdateStrategy"),
        lambda s, c: modify(s, c, AuthToken=ANOTHER, AuthTokenUpdateStrategy="SET")),
    case(MODIFY, "with a strategy and without a token", "InvalidParameterCombination",
        parameter("AuthTokenUpdateStrategy"), lambda s, c: modify(s, c, AuthTokenUpdateStrategy="ROTATE")),
    case(MODIFY, "with an unknown strategy", "InvalidParameterValue", AUTH,
        lambda s, c: modify(s, c, AuthToken=ANOTHER, AuthTokenUpdateStrategy="REPLACE")),
    case(MODIFY, "with an unknown parameter group", "CacheParameterGroupNotFound", ERRORS,
        lambda s, c: modify(s, c, CacheParameterGroupName="none")),
    case("IncreaseReplicaCount", "to as many", "NoOperationFault", ERRORS,
        lambda s, c: replicas(s, c.increase_replica_count, 1)),
    case("IncreaseReplicaCount", "to six", "InvalidParameterValue", TEXT,
        lambda s, c: replicas(s, c.increase_replica_count, 6)),
    case("DecreaseReplicaCount", "to none with Multi-AZ", "InvalidParameterCombination", parameter("NewReplicaCount"),
        lambda s, c: replicas(s, c.decrease_replica_count, 0)),
    case("DecreaseReplicaCount", "to more", "NoOperationFault", ERRORS,
        lambda s, c: replicas(s, c.decrease_replica_count, 2)),
    case("DeleteReplicationGroup", "in creation", "InvalidReplicationGroupState", ERRORS,
        lambda s, c: c.delete_replication_group(ReplicationGroupId=creating(s))),
    case("DeleteReplicationGroup", "that is being deleted", "InvalidReplicationGroupState", ERRORS,
        lambda s, c: c.delete_replication_group(ReplicationGroupId=leaving(s))),
    case("DeleteReplicationGroup", "with a final snapshot whose name is in use", "SnapshotAlreadyExistsFault", ERRORS,
        lambda s, c: c.delete_replication_group(ReplicationGroupId=main(s), FinalSnapshotIdentifier=snapshot(s))),
    case("CreateCacheSubnetGroup", "with an unknown subnet", "InvalidSubnet", ERRORS,
        lambda s, c: c.create_cache_subnet_group(CacheSubnetGroupName=s.name(), CacheSubnetGroupDescription="x",
            SubnetIds=["subnet-0123456789abcdef0"])),
    case("ModifyCacheSubnetGroup", "without a subnet with a node", "SubnetInUse", ERRORS,
        lambda s, c: (main(s), c.modify_cache_subnet_group(CacheSubnetGroupName=subnet_group(s),
            SubnetIds=subnets(s)[2:]))),
    case("DeleteCacheSubnetGroup", "in use", "CacheSubnetGroupInUse", ERRORS,
        lambda s, c: (main(s), c.delete_cache_subnet_group(CacheSubnetGroupName=subnet_group(s)))),
    case("DeleteCacheSubnetGroup", "that is unknown", "CacheSubnetGroupNotFoundFault", ERRORS,
        lambda s, c: c.delete_cache_subnet_group(CacheSubnetGroupName="none")),
    case("CreateCacheParameterGroup", "of an unknown family", "InvalidParameterValue", ERRORS,
        lambda s, c: c.create_cache_parameter_group(CacheParameterGroupName="x", CacheParameterGroupFamily="valkey1",
            Description="x")),
    case("CreateCacheParameterGroup", "with a name that stands", "CacheParameterGroupAlreadyExists", ERRORS,
        lambda s, c: c.create_cache_parameter_group(CacheParameterGroupName=parameter_group(s),
            CacheParameterGroupFamily="valkey8", Description="x")),
    case("ModifyCacheParameterGroup", "with an unknown parameter", "InvalidParameterValue", ERRORS,
        lambda s, c: set_parameter(s, c, "max-memory", "1")),
    case("ModifyCacheParameterGroup", "with a value that is none", "InvalidParameterValue", ERRORS,
        lambda s, c: set_parameter(s, c, POLICY, "never")),
    case("ModifyCacheParameterGroup", "of a default group", "InvalidParameterValue", TEXT,
        lambda s, c: set_parameter(s, c, POLICY, "noeviction", "default.valkey8")),
    case("DeleteCacheParameterGroup", "in use", "InvalidCacheParameterGroupState", ERRORS,
        lambda s, c: (main(s), c.delete_cache_parameter_group(CacheParameterGroupName=parameter_group(s)))),
    case("ListTagsForResource", "of an unknown group", "ReplicationGroupNotFoundFault", ERRORS,
        lambda s, c: c.list_tags_for_resource(
            ResourceName="arn:aws:elasticache:ap-northeast-1:123456789012:replicationgroup:none")),
)  # fmt: skip
