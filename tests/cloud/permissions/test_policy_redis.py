"""A stack with Valkey under exactly its printed policies: its life, a new token, changes of its nodes, its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.permissions.test_policy_buckets import print_policies
from tests.cloud.permissions.test_policy_verbs import denials
from tests.cloud.policies import ALL, enforce, policy
from tests.cloud.project import SMALL, Project, kms_key, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

LIFE = ("plan", "up --yes", "plan", "list", "recover --yes")


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack with Valkey under a key."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    write(here, "")
    yield here
    enforce(cloud)
    here.close()


def write(project: Project, table: str) -> None:
    own = 'redis = true\nsecrets = { CACHE_PASSWORD = "redis.password" }\n'
    used = SMALL.replace("public = true\n", f"public = true\n{own}")
    key = getattr(project, "key", None) or kms_key(project.cloud)
    object.__setattr__(project, "key", key)
    project.write(f'kms_key = "{key}"\nprotect = true\n{used}[redis]\n{table}')


def test_nothing_is_denied_in_the_life_of_valkey(project: Project) -> None:
    print_policies(project)
    assert {words: found for words in LIFE if (found := denials(project, words))} == {}
    enforce(project.cloud, policy(ALL))
    value = {"Value": "another0token0of0thirty0characters", "Type": "SecureString", "Overwrite": True}
    project.cloud.client("ssm").put_parameter(Name=f"/{NAME}/redis/token", **value)
    write(project, "replicas = 0\nevict = true\n")
    print_policies(project)
    assert denials(project, "up --yes") == []
    write(project, 'node = "cache.t4g.small"\nreplicas = 1\n')
    assert denials(project, "up --yes") == []
    assert denials(project, "down --yes --unprotect") == []
    (snapshot,) = project.cloud.client("elasticache").describe_snapshots()["Snapshots"]
    assert snapshot["SnapshotName"].startswith(f"{NAME}-final-")
    write(project, 'from_snapshot = "latest"\n')
    print_policies(project)
    assert denials(project, "up --yes") == []
