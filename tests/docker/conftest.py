"""A real engine with something to build on, and project directories on an embedded cloud of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from ecs_emulator import manage
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import Project
from tests.docker import images
from tests.docker.engine import running

BUILD_SECONDS = 600


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine that all commands of the session use."""
    # not pytest's directory: the path of a socket may have 107 characters
    directory = Path(tempfile.mkdtemp(prefix="engine-"))
    with running(directory) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", address)
        patch.delenv("PROVISION_ENGINE", raising=False)
        client = docker.DockerClient(base_url=address, timeout=600)
        work = directory / "images"
        work.mkdir()
        images.ensure(client, work)
        yield client
        client.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def new_project(
    engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Project]]:
    """Makes project directories, each on a cloud of its own; its images in the engine go with it."""
    projects: list[Project] = []

    def make() -> Project:
        directory = tmp_path_factory.mktemp("project")
        cloud = EmbeddedCloud(manage.start(directory / ".provision", "example.com"))
        projects.append(Project(cloud, directory, BUILD_SECONDS, "typical", forked=False))
        return projects[-1]

    yield make
    for project in projects:
        registry = project.cloud.endpoint.removeprefix("http://")
        for image in engine.images.list():
            for tag in image.tags:
                if tag.startswith(f"{registry}/"):
                    engine.images.remove(tag, force=True)
        manage.stop(project.state)
        project.close()
