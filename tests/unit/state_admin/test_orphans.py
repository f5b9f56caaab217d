"""The dependencies of an orphan, as far as its own fields tell."""

from __future__ import annotations

from provisioner.engine.resource import Observed
from provisioner.operations.state_admin.orphans import Orphans
from provisioner.resources.ecs.cluster import Cluster
from provisioner.resources.elasticache.groups import CacheSubnetGroup
from provisioner.resources.elasticache.replication_group import ReplicationGroup


def test_an_orphan_is_built_on_what_a_field_of_it_names() -> None:
    group = Observed("shop-dev", {"replication_group_id": "shop-dev", "cache_subnet_group_name": "shop-dev"})
    subnets = Observed("shop-dev", {"cache_subnet_group_name": "shop-dev", "subnet_ids": []})
    cluster = Observed("shop-dev", {"cluster_name": "shop-dev"})
    found = {
        "replication_group/main": (ReplicationGroup, group),
        "cache_subnet_group/main": (CacheSubnetGroup, subnets),
        "cluster/main": (Cluster, cluster),
    }
    assert Orphans({}, {}, found).dependencies == {
        "replication_group/main": ["cache_subnet_group/main"],
        "cache_subnet_group/main": [],
        "cluster/main": [],
    }
