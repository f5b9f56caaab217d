"""The AMI of the instances stays until a newer one is asked for; then all instances are replaced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import Project


@pytest.fixture(scope="module")
def project(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The tests are its life, in their order."""
    running_cloud.reset()
    here = Project(running_cloud, tmp_path_factory.mktemp("ami"))
    yield here
    here.close()


def test_a_release_is_nothing_to_do(project: Project) -> None:
    project.up()
    project.cloud.release()
    assert project.planned() == {}
    since = project.last_call()
    assert set(project.up().results.values()) == {"unchanged"}
    assert project.writes(since) == []
