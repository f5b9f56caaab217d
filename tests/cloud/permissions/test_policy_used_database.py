"""A stack with a database of somebody else under exactly its printed policies: they let it change one rule there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.permissions.test_policy_buckets import print_policies
from tests.cloud.permissions.test_policy_verbs import denials
from tests.cloud.policies import enforce
from tests.cloud.project import Project, ready_image
from tests.cloud.shared_database import STACK, USED, shared

pytestmark = [pytest.mark.slow, world.EMPTY]

LIFE = ("plan", "up --yes", "plan", "doctor", "recover --yes")


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A project with the image of its service, at whose end every call is allowed again."""
    ready_image(cloud, "web")
    here = Project(cloud, tmp_path)
    yield here
    enforce(cloud)
    here.close()


def test_nothing_is_denied_in_a_life_with_a_rule(project: Project) -> None:
    theirs = shared(project.cloud)
    before = theirs.seen()
    plain = STACK.format(vpc=theirs.vpc.id, database=USED)
    project.write(STACK.format(vpc=theirs.vpc.id, database=f'{USED}security_group = "{theirs.group}"\n'))
    print_policies(project)
    assert {words: found for words in LIFE if (found := denials(project, words))} == {}
    # the policies of the stack without the key let the rule go
    project.write(plain)
    print_policies(project)
    assert {words: found for words in ("plan", "up --yes", "down --yes") if (found := denials(project, words))} == {}
    enforce(project.cloud)
    assert theirs.seen() == before
