"""Services that call each other: a circle that comes, is found again without the state, and goes."""

from __future__ import annotations

import pytest

from tests.cloud import world
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, project  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]

API = """
[services.api]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/api:1"
port = 9000
"""
LINE = SMALL.replace("public = true", 'public = true\ncalls = ["api"]') + API
CIRCLE = LINE + 'calls = ["frontend"]\n'


def test_a_circle_of_calls_lives_and_nobody_notices(project: Project) -> None:  # noqa: F811
    before = project.inventory()
    project.write(LINE)
    project.up()
    project.write(CIRCLE)
    rehearsed = project.run("rehearse")
    assert "Every URL and service will answer throughout." in rehearsed.out
    results = project.up().results
    assert {address for address in results if address.startswith("security_group_ingress/")} == {
        "security_group_ingress/api",
        "security_group_ingress/frontend",
    }
    assert project.planned() == {}
    (project.state / "local" / NAME / "state.json").unlink()
    project.run("recover", "--yes")
    assert project.planned() == {}
    project.write(LINE)
    assert "Every URL and service will answer throughout." in project.run("rehearse").out
    project.up()
    assert project.planned() == {}
    project.write(CIRCLE)
    project.up()
    project.run("down", "--yes")
    left = difference(before, project.inventory())
    assert {sort for sort in left if sort not in NEVER_REMOVED} == set()
