"""The volumes of services: made, mounted by tasks, kept until they are named, and deleted by `down`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import kill
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

USED = SMALL.replace("public = true\n", 'public = true\nvolumes = { media = "/srv/media" }\n')
TABLE = "[volumes.media]\ninfrequent_days = 30\n"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack with a volume."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    here.write(USED + TABLE)
    yield here
    here.close()


def definition(project: Project) -> dict[str, Any]:
    """The newest task definition."""
    found = project.cloud.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-frontend")["taskDefinition"]
    return dict(found)


@pytest.mark.parametrize("operation", ["CreateFileSystem", "CreateMountTarget", "CreateAccessPoint"])
def test_what_a_killed_run_made_is_found(project: Project, operation: str) -> None:
    process = project.fork("up", "--yes")
    kill(project.cloud, pid=process.pid, call=1, when="after", operation=f"elasticfilesystem:{operation}")
    assert project.end(process).code == -signal.SIGKILL
    project.up()
    efs = project.cloud.client("efs")
    (system,) = efs.describe_file_systems()["FileSystems"]
    assert system["NumberOfMountTargets"] == 2
    assert len(efs.describe_access_points()["AccessPoints"]) == 1
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}


def test_a_volume_is_mounted_changed_kept_and_let_go(project: Project) -> None:
    before = project.inventory()
    results = project.up().results
    made = {a for a in results if a.startswith(("file_system", "mount_target", "access_point"))}
    assert made == {"file_system/media", "access_point/media", "mount_target/media-a", "mount_target/media-c"}
    efs = project.cloud.client("efs")
    (system,) = efs.describe_file_systems()["FileSystems"]
    (volume,) = [one for one in definition(project)["volumes"] if "efsVolumeConfiguration" in one]
    assert volume["efsVolumeConfiguration"]["fileSystemId"] == system["FileSystemId"]
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}

    project.write(USED + "[volumes.media]\nbackup = true\n")
    assert project.up().results["file_system/media"] == "changed"
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}

    # out of the file it stays with its addresses, and the tasks lose place and rights
    project.write(SMALL)
    planned = project.run("plan", "--json", code=2).document
    assert "file_system/media" in planned["kept"]
    results = project.up().results
    assert "file_system/media" not in results
    assert "efsVolumeConfiguration" not in str(definition(project)["volumes"])
    project.lose_state()
    project.run("recover", "--yes")
    assert project.up("--delete", "file_system/media").results["file_system/media"] == "deleted"
    assert efs.describe_file_systems()["FileSystems"] == []

    project.write(USED + TABLE)
    project.up()
    assert "the files in the volume (file_system/media: about 0 KiB)" in project.run("down", code=4).err
    assert project.down().results["file_system/media"] == "deleted"
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
