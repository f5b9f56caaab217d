"""ElastiCache as an API: its tag calls and its temporary refusals. It documents no rates."""

from __future__ import annotations

from provisioner.aws.api import Api, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

API = Api(
    "elasticache",
    "ElastiCache",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(aws.client("elasticache").list_tags_for_resource(ResourceName=arn)["TagList"]),
        lambda aws, arn, tags: aws.client("elasticache").add_tags_to_resource(ResourceName=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("elasticache").remove_tags_from_resource(ResourceName=arn, TagKeys=keys),
    ),
    transient=(
        Row("not_yet_consistent", "CacheSubnetGroupNotFoundFault|CacheParameterGroupNotFound", "", 120,
            "the group has not propagated yet", "ElastiCache API, CreateReplicationGroup"),
        Row("not_yet_consistent", "InvalidSubnet", "", 120,
            "the network has not propagated yet", "ElastiCache API, CreateCacheSubnetGroup"),
        Row("in_use",
            "InvalidReplicationGroupState|InvalidCacheClusterState|InvalidCacheParameterGroupState|CacheSubnetGroupInUse",
            "", 1800, "the cache is being changed or deleted", "ElastiCache API"),
        Row("in_use", "SnapshotAlreadyExistsFault", "", 60,
            "a snapshot has this name already; the retry uses another", "ElastiCache API, DeleteReplicationGroup"),
    ),
)  # fmt: skip
