"""The copy of the settings in the cluster's tags, if AWS's answer to the write is lost."""

from __future__ import annotations

import pytest

from tests.cloud.faults.life import set_faults
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, project  # noqa: F401  (a fixture)

ONLY_CLUSTER = ("--target-step", "cluster")


@pytest.mark.parametrize("each", [1, 10_000])
def test_a_lost_answer_to_the_copy_fails_no_run(project: Project, each: int) -> None:  # noqa: F811
    project.write(SMALL)
    set_faults(project.cloud, "server-error", each=each, only="ecs:TagResource")
    ended = project.up(*ONLY_CLUSTER, "--expires", "8h")
    assert ("were not copied to the tags" in ended.err) == (each > 1)
    (cluster,) = project.cloud.client("ecs").describe_clusters(clusters=[NAME], include=["TAGS"])["clusters"]
    assert any(one["key"] == "provisioner:settings.1" for one in cluster["tags"]) == (each == 1)
