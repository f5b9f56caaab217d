"""ElastiCache's subnet groups in the embedded cloud."""

from __future__ import annotations

from tests.cloud.conftest import Network


def test_a_changed_subnet_group_shows_what_a_new_one_does(network: Network) -> None:
    cache, name = network.cloud.client("elasticache"), "caches"
    text = {"CacheSubnetGroupDescription": name}
    made = cache.create_cache_subnet_group(CacheSubnetGroupName=name, SubnetIds=network.subnets, **text)
    changed = cache.modify_cache_subnet_group(CacheSubnetGroupName=name, SubnetIds=network.subnets)
    assert changed["CacheSubnetGroup"] == made["CacheSubnetGroup"]
