"""Notes on a stack that runs another image than stack.toml builds: a fact, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Project, ready_image
from tests.cloud.rehearsals import rehearsed, temporary  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]
DIGEST = re.compile("[0-9a-f]{64}")
WORKER = """
[services.worker]
extends = "frontend"
command = "work"
"""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack of two services with one image, and another image in its own repository, up."""
    here = Project(cloud, tmp_path)
    here.write(SMALL + WORKER)
    here.up()
    for name in (f"{NAME}/frontend", "good"):
        ready_image(cloud, name)
    yield here
    here.close()


def test_a_rollback_is_told_as_a_fact(project: Project) -> None:
    project.run("deploy", "frontend", "--image", f"{REGISTRY}/{NAME}/frontend:1")
    project.run("deploy", "frontend", "--image", f"{REGISTRY}/good:1")
    assert " run revision " not in project.run("rollback", "frontend").err, "it is told when it is so"
    project.cloud.advance(11 * 60)
    back = f"`provision deploy frontend --image {REGISTRY}/frontend:1` goes back to that"
    note = rf"frontend and worker run revision 2 \(rolled back 1[123] min ago\); {re.escape(back)}"
    for words in (("plan",), ("up", "--yes")):
        ended = project.run(*words)
        said = " ".join((ended.out + ended.err).split())
        assert re.search(note, said), said
        assert not DIGEST.search(said)
    clean(project)


def test_a_rehearsal_knows_that_the_image_is_there(project: Project) -> None:
    project.run("deploy", "frontend", "--image", f"{REGISTRY}/{NAME}/frontend:1")
    (run,) = rehearsed(project)["runs"]
    found = rehearsed(project)
    assert not [note for note in found["notes"] if "not copied" in note], found["notes"]
    assert (run["outages"], run["problems"]) == ([], [])
