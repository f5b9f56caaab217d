"""A real engine with something to build on, and project directories on an embedded cloud of their own.

All workers share one engine: the process that starts them has it run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from ecs_emulator import manage
from tests import parts
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import Project
from tests.docker import images
from tests.docker.engine import running

BUILD_SECONDS = 600
ENDED = pytest.StashKey[ExitStack]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start one engine for all workers. Without workers, or for a mere collection, the fixture starts it."""
    # they are started after this, with this environment
    if getattr(session.config.option, "numprocesses", None) and not session.config.option.collectonly:
        session.config.stash[ENDED] = stack = ExitStack()
        directory = tempfile.mkdtemp(prefix="engine-")
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        os.environ["DOCKER_HOST"] = stack.enter_context(running(Path(directory)))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End that engine after the workers."""
    if stack := session.config.stash.get(ENDED, None):
        stack.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    names = {item.path: f"docker/{item.path.stem}" for item in items if Path(__file__).parent in item.path.parents}
    order = parts.order({*names.values()}, getattr(config, "workerinput", {}).get("workercount", 1))
    items.sort(key=lambda item: order.index(names[item.path]) if item.path in names else -1)


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine that all commands of the session use, with the image that most build on."""
    # not pytest's directory: the path of a socket may have 107 characters
    directory = Path(tempfile.mkdtemp(prefix="engine-"))
    with running(directory) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", address)
        patch.delenv("PROVISION_ENGINE", raising=False)
        client = docker.DockerClient(base_url=address, timeout=600)
        images.ensure(client, images.PYTHON)
        yield client
        client.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def database(engine: docker.DockerClient) -> None:
    """Provide the image that the embedded cloud runs as Aurora MySQL."""
    images.ensure(engine, images.DATABASE)


@pytest.fixture(scope="session")
def postgresql(engine: docker.DockerClient) -> None:
    """Provide the image that the embedded cloud runs as Aurora PostgreSQL."""
    images.ensure(engine, images.POSTGRESQL)


@pytest.fixture(scope="session")
def valkey(engine: docker.DockerClient) -> None:
    """Provide the image that the embedded cloud runs as Valkey of ElastiCache."""
    images.ensure(engine, images.VALKEY)


@pytest.fixture(scope="module")
def new_project(
    engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Project]]:
    """Makes project directories, each on a cloud of its own; its images in the engine go with it."""
    projects: list[Project] = []

    def make() -> Project:
        directory = tmp_path_factory.mktemp("project")
        cloud = EmbeddedCloud(manage.start(directory / ".provision", "example.com"))
        projects.append(Project(cloud, directory, BUILD_SECONDS, "typical"))
        return projects[-1]

    yield make
    for project in projects:
        registry = project.cloud.endpoint.removeprefix("http://")
        # as the engine lists them: what it is asked of each one may be gone by then, with another worker's project
        for image in engine.api.images():
            for tag in image["RepoTags"] or ():
                if tag.startswith(f"{registry}/"):
                    engine.images.remove(tag, force=True)
        manage.stop(project.state)
        project.close()
