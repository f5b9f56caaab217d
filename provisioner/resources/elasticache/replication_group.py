"""ElastiCache: a replication group of Valkey with cluster mode off: one primary, and replicas that may take over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.parameters import parameter_value
from provisioner.aws.permissions import ASKED, CHANGED, OWN, Purpose, Use, grants
from provisioner.aws.tagging import observed, tag_map, tags_of
from provisioner.engine.costs import Around, Cost, hourly
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources import members
from provisioner.resources.elasticache import token_changes
from provisioner.resources.elasticache.api import API
from provisioner.resources.elasticache.groups import TAGGED, WHY
from provisioner.resources.rds.snapshots import FINAL_SNAPSHOT, delete_with_snapshot

_FIXED = {
    "replication_group_id": "ReplicationGroupId",
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "num_cache_clusters": "NumCacheClusters",
    "automatic_failover_enabled": "AutomaticFailoverEnabled",
    "multi_az_enabled": "MultiAZEnabled",
    "cache_subnet_group_name": "CacheSubnetGroupName",
    "kms_key_id": "KmsKeyId",
    "snapshot_name": "SnapshotName",
}
_CHANGED = {
    "replication_group_description": "ReplicationGroupDescription",
    "cache_parameter_group_name": "CacheParameterGroupName",
    "security_group_ids": "SecurityGroupIds",
    "snapshot_retention_limit": "SnapshotRetentionLimit",
}
"""The fields' names in CreateReplicationGroup; ModifyReplicationGroup changes `_CHANGED` at once."""
_NODE = {"cache_node_type": "CacheNodeType"}
_ON = frozenset({"enabled", "enabling"})

_SNAPSHOT = "snapshot:{stack}-final-*"
_FINAL: Purpose = {
    "use": Use.IMPLIED,
    "why": "DeleteReplicationGroup with a final snapshot",
    "source": "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteReplicationGroup.html",
}


@dataclass(frozen=True)
class ReplicationGroup(Resource):
    """A replication group: its nodes, its endpoint, its token. Connections need TLS and the token.

    `engine_version` is the first version: AWS upgrades minor versions by itself. `password_parameter` names the
    SecureString with the token, and `password_version` is that parameter's version. A tag records the version that the
    group was given. A new token first stands beside the former one (`former_password_version`, a wider form), until
    all services have the new one.

    ElastiCache does one change at a time: the group is `modifying` meanwhile, and refuses others. It has no protection
    from deletion: with `deletion_protection`, the record keeps `down` from deleting it. With `final_snapshot` its
    deletion leaves a snapshot; that is a tag, as of a database. With `snapshot_name` a new one is made of a snapshot,
    with the stack's own token and settings.
    """

    replication_group_id: str
    replication_group_description: str
    engine: str
    engine_version: str
    cache_node_type: str
    num_cache_clusters: int
    automatic_failover_enabled: bool
    multi_az_enabled: bool
    cache_subnet_group_name: str
    cache_parameter_group_name: str
    security_group_ids: Sequence[str]
    password_parameter: str
    password_version: str
    snapshot_retention_limit: int = 1
    deletion_protection: bool = False
    final_snapshot: bool = False
    former_password_version: str | None = None
    kms_key_id: str | None = None
    snapshot_name: str | None = None

    type_name = "replication_group"
    arn = "replicationgroup:{replication_group_id}"
    api = API
    takes = Takes(ready=(durations.CACHE_CREATE,), output=(durations.CACHE_CREATE,), gone=(durations.CACHE_DELETE,))
    permissions = (
        *grants("elasticache", "DescribeReplicationGroups"),
        *grants("elasticache", "DescribeCacheClusters", use=Use.OPTION, why=WHY),
        *TAGGED,
        # what the tool keeps in tags is in no list: the bulk read shows whose it is
        *grants("elasticache", "ListTagsForResource", OWN, use=Use.OPTION, why=WHY),
        *grants("elasticache", "CreateReplicationGroup", OWN, conditions=ASKED, use=Use.OPTION, why=WHY),
        *grants(
            "elasticache",
            "CreateReplicationGroup",
            "subnetgroup:{stack}",
            "parametergroup:{stack}-*",
            use=Use.OPTION,
            why=WHY,
        ),
        *grants(
            "elasticache",
            "CreateReplicationGroup",
            "snapshot:*",
            use=Use.OPTION,
            why="`redis.from_snapshot`",
            when="snapshot_name",
        ),
        *grants("elasticache", "DeleteReplicationGroup", OWN, use=Use.OPTION, why=WHY),
        # without `{stack}`, which would add a condition: this action knows no key for the tags of a snapshot
        *grants(
            "elasticache", "DeleteReplicationGroup", "snapshot:{project}-{environment}-final-*", use=Use.OPTION, why=WHY
        ),
        *grants("elasticache", "ModifyReplicationGroup", OWN, "parametergroup:{stack}-*", use=Use.OTHER, why=CHANGED),
        *grants("elasticache", "IncreaseReplicaCount DecreaseReplicaCount", OWN, use=Use.OTHER, why=CHANGED),
        *grants("elasticache", "RemoveTagsFromResource", OWN, use=Use.OTHER, why=CHANGED),
        *grants("elasticache", "CreateSnapshot", OWN, _SNAPSHOT, **_FINAL),
        *grants("elasticache", "DescribeSnapshots", use=Use.OPTION, why=WHY),
    )
    identity = ("replication_group_id",)
    derived = ("id", "arn")
    outputs = ("arn", "endpoint")
    create_only = frozenset({"replication_group_id", "engine", "cache_subnet_group_name", "kms_key_id"})
    ignore_changes = frozenset({"engine_version", "password_parameter", "snapshot_name"})
    unordered = frozenset({"security_group_ids"})
    protection = "deletion_protection"
    update_when_ready = True
    create_timeout = 2400
    delete_timeout = 2400
    poll_interval = 10

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return (
            "the data of Valkey, except its final snapshot" if settings.get("final_snapshot") else "the data of Valkey"
        )

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        node, nodes = settings.get("cache_node_type", "a node of Valkey"), int(settings.get("num_cache_clusters", 1))
        yield hourly(f"{f'{nodes} × ' if nodes > 1 else ''}{node}", f"valkey.{node}", nodes)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        keyed = {fields["replication_group_id"]: bool(fields.get("kms_key_id")) for fields in known}
        ours = []
        for group in aws.pages("elasticache", "describe_replication_groups", "ReplicationGroups"):
            name = group["ReplicationGroupId"]
            if aws.owns(tags_of(aws, "elasticache", group["ARN"], known=name in keyed)) or name in keyed:
                shown = aws.client("elasticache").list_tags_for_resource(ResourceName=group["ARN"])
                ours.append((group, tag_map(shown["TagList"])))
        if not ours:
            return
        # version, groups and security groups are settings of the nodes alone (ElastiCache API, ReplicationGroup)
        nodes: dict[str, Mapping[str, Any]] = {}
        for node in aws.pages("elasticache", "describe_cache_clusters", "CacheClusters"):
            nodes.setdefault(node.get("ReplicationGroupId", ""), node)
        for group, tags in ours:
            name = group["ReplicationGroupId"]
            yield cls._live(aws, group, nodes.get(name, {}), tags, keyed=keyed.get(name, False))

    @staticmethod
    def _live(
        aws: Aws, group: Mapping[str, Any], node: Mapping[str, Any], tags: Mapping[str, str], *, keyed: bool
    ) -> Observed:
        name, status = group["ReplicationGroupId"], group["Status"]
        attributes = {
            "replication_group_id": name,
            "replication_group_description": group["Description"],
            "cache_node_type": group.get("CacheNodeType"),
            "num_cache_clusters": len(group.get("MemberClusters", ())),
            "automatic_failover_enabled": group.get("AutomaticFailover") in _ON,
            "multi_az_enabled": group.get("MultiAZ") in _ON,
            "snapshot_retention_limit": group.get("SnapshotRetentionLimit", 0),
            "password_version": tags.get(token_changes.NEWEST),
            "former_password_version": tags.get(token_changes.FORMER),
            "final_snapshot": FINAL_SNAPSHOT["Key"] in tags,
        }
        if "Engine" in group:
            attributes["engine"] = group["Engine"]
        if keyed:
            # without a key of the user's it has AWS's own key, which the answer may name too
            attributes["kms_key_id"] = group.get("KmsKeyId")
        # a node lacks these while it is being created
        if settings := node.get("CacheParameterGroup"):
            attributes["cache_parameter_group_name"] = settings["CacheParameterGroupName"]
        if subnets := node.get("CacheSubnetGroupName"):
            attributes["cache_subnet_group_name"] = subnets
        if groups := node.get("SecurityGroups"):
            attributes["security_group_ids"] = sorted(one["SecurityGroupId"] for one in groups)
        outputs = {"arn": group["ARN"]}
        for shard in group.get("NodeGroups", ()):
            if address := (shard.get("PrimaryEndpoint") or {}).get("Address"):
                outputs["endpoint"] = address
        details = {
            "token_pending": (group.get("PendingModifiedValues") or {}).get("AuthTokenStatus", ""),
            "token_changed": token_changes.changed_at(group),
            "created": group.get("ReplicationGroupCreateTime"),
        }
        return observed(
            aws, name, attributes, tags, outputs, status=status, deleting=status == "deleting", details=details
        )

    def create(self, aws: Aws, token: str) -> Observed:
        tags = aws.tags(self.address) | {token_changes.NEWEST: self.password_version}
        tags |= {FINAL_SNAPSHOT["Key"]: FINAL_SNAPSHOT["Value"]} if self.final_snapshot else {}
        fields = {name: value for name, value in self.fields().items() if value is not None}
        group = aws.client("elasticache").create_replication_group(
            **members.arguments(_FIXED | _CHANGED | _NODE, fields),
            ClusterMode="disabled",
            TransitEncryptionEnabled=True,
            AtRestEncryptionEnabled=True,
            AutoMinorVersionUpgrade=True,
            AuthToken=parameter_value(aws, self.password_parameter, self.password_version),
            Tags=tag_pairs(tags),
        )["ReplicationGroup"]
        return self._live(aws, group, {}, tags, keyed=bool(self.kms_key_id))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        """Make one change that takes time; the group is `modifying` then, and the next round makes the next."""
        if "final_snapshot" in changes:
            self._mark_final(aws, live)
        if changes.keys() & {"password_version", "former_password_version"}:
            self._change_token(aws, live)
        elif changes.keys() & {"num_cache_clusters", "automatic_failover_enabled", "multi_az_enabled"}:
            self._change_nodes(aws, live)
        elif settings := members.changed(_NODE, changes) or members.changed(_CHANGED, changes):
            self._modify(aws, live, **settings)

    def _modify(self, aws: Aws, live: Observed, **settings: Any) -> None:
        aws.client("elasticache").modify_replication_group(
            ReplicationGroupId=live.id, ApplyImmediately=True, **settings
        )

    def _mark_final(self, aws: Aws, live: Observed) -> None:
        cache, arn = aws.client("elasticache"), live.outputs["arn"]
        if self.final_snapshot:
            cache.add_tags_to_resource(ResourceName=arn, Tags=[FINAL_SNAPSHOT])
        else:
            cache.remove_tags_from_resource(ResourceName=arn, TagKeys=[FINAL_SNAPSHOT["Key"]])

    def _change_token(self, aws: Aws, live: Observed) -> None:
        """Add the new token beside the former one; or leave the present one alone, once all services have it."""
        cache, arn, former = aws.client("elasticache"), live.outputs["arn"], live.attributes["former_password_version"]
        now, wanted, parameter = live.attributes["password_version"], self.password_version, self.password_parameter
        if now != wanted:
            if not token_changes.same(aws, parameter, now, wanted):
                token_changes.change(aws, live, "ROTATE", parameter, wanted)
            # after the change: an interrupted run then repeats it
            tags = {token_changes.NEWEST: wanted, token_changes.FORMER: now or "unknown"}
            cache.add_tags_to_resource(ResourceName=arn, Tags=tag_pairs(tags))
        elif former and not self.former_password_version:
            if not token_changes.same(aws, parameter, former, wanted):
                token_changes.change(aws, live, "SET", parameter, wanted)
            cache.remove_tags_from_resource(ResourceName=arn, TagKeys=[token_changes.FORMER, token_changes.BEGUN])

    def _change_nodes(self, aws: Aws, live: Observed) -> None:
        """Switch failover off before the last replica goes, and on after the first has come."""
        cache, there = aws.client("elasticache"), live.attributes
        before, failover = int(there["num_cache_clusters"]), self.automatic_failover_enabled
        if not failover and (there["automatic_failover_enabled"] or there["multi_az_enabled"]):
            self._modify(aws, live, AutomaticFailoverEnabled=False, MultiAZEnabled=False)
        elif self.num_cache_clusters != before:
            wanted = {"ReplicationGroupId": live.id, "NewReplicaCount": self.num_cache_clusters - 1}
            if self.num_cache_clusters > before:
                cache.increase_replica_count(**wanted, ApplyImmediately=True)
            else:
                cache.decrease_replica_count(**wanted, ApplyImmediately=True)
        else:
            self._modify(aws, live, AutomaticFailoverEnabled=failover, MultiAZEnabled=self.multi_az_enabled)

    def widened(self, before: Mapping[str, Any], live: Observed) -> ReplicationGroup:
        """Keep the former token: running tasks have it until they are replaced."""
        now, former = live.attributes["password_version"], live.attributes["former_password_version"]
        return replace(self, former_password_version=now if now != self.password_version else former)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        def delete(**final: Any) -> None:
            aws.client("elasticache").delete_replication_group(ReplicationGroupId=live.id, **final)

        if live.attributes["final_snapshot"]:
            delete_with_snapshot(aws, live, lambda name: delete(FinalSnapshotIdentifier=name))
        else:
            delete()

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status == "create-failed":
            raise Failed(f"{live.id} is create-failed: see its events in the ElastiCache console")
        if live.status == "available" and live.details.get("token_pending"):
            return "available, with its new token pending"
        return None if live.status == "available" else live.status
