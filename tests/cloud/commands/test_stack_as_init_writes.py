"""The stack of `provision init --sample`, up: as secure as docs/security.md says, without a change by its user."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.checks_security import SECURITY, Check
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import Inventory, difference, well
from tests.cloud.lookups import container
from tests.cloud.project import Project

pytestmark = pytest.mark.slow

PORT = {
    "who may come in": {"frontend": {(8080, "alb")}},
    "what may go out": {"alb": {(8080, "frontend")}},
}
"""Expected values that differ from the sample of the tests, whose frontend listens on port 80."""


@pytest.fixture(scope="module")
def made(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inventory]:
    """The resources that the stack adds to the account, by sort."""
    running_cloud.reset()
    project = Project(running_cloud, tmp_path_factory.mktemp("written"))
    before = project.inventory()
    project.config.unlink()
    project.run("init", "--sample")
    project.up()
    added = difference(before, after := project.settled(well, "all tasks and instances"))
    yield {sort: added.get(sort, {}).get("added", []) for sort in after}
    project.close()


@pytest.mark.parametrize("check", SECURITY, ids=lambda check: f"{check.row}: {check.what}")
def test_the_stack_of_init_is_as_secure_as_described(made: Inventory, check: Check) -> None:
    expected = check.expected | PORT[check.what] if check.what in PORT else check.expected
    assert check.read(made) == expected


@pytest.mark.parametrize("service", ["frontend", "backend"])
def test_its_tasks_are_not_root_and_have_no_capabilities(made: Inventory, service: str) -> None:
    one = container(made, service)
    assert one["user"] == "101"
    assert one["readonlyRootFilesystem"] is True
    assert one["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert [place["containerPath"] for place in one["linuxParameters"]["tmpfs"]] == ["/tmp"]  # noqa: S108 (the container's)
    assert one.get("privileged", False) is False
