"""A stack with a volume under exactly its printed policies and boundary: its tasks mount it, and it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.permissions.test_policy_buckets import print_policies
from tests.cloud.permissions.test_policy_verbs import denials
from tests.cloud.policies import enforce
from tests.cloud.project import SMALL, Project, kms_key, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

LIFE = ("plan", "up --yes", "plan", "list", "recover --yes")
USED = SMALL.replace("public = true\n", 'public = true\nvolumes = { media = "/srv/media" }\n')


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack with a volume under a key, which its service mounts."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    here.write(f'kms_key = "{kms_key(cloud)}"\n{USED}[volumes.media]\ninfrequent_days = 30\n')
    yield here
    enforce(cloud)
    here.close()


def test_nothing_is_denied_and_tasks_mount(project: Project) -> None:
    print_policies(project)
    assert {words: found for words in LIFE if (found := denials(project, words))} == {}
    project.change("infrequent_days = 30", "backup = true")
    assert denials(project, "up --yes") == []
    assert denials(project, "down --yes") == []

    # policies of a stack that never had a volume do for its end too
    project.write(SMALL)
    print_policies(project)
    assert {words: found for words in ("up --yes", "down --yes") if (found := denials(project, words))} == {}
