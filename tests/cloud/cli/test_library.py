"""The example of docs/library.md, as it stands there, run by a Python of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import provisioner
from provisioner.engine.errors import Cancelled
from tests.cloud.project import SMALL, Project, project, ready_image  # noqa: F401  (a fixture)
from tests.cloud.warm import environment

DOCUMENT = Path(__file__).parents[3] / "docs" / "library.md"


@pytest.fixture
def small(project: Project) -> Project:  # noqa: F811
    ready_image(project.cloud, "frontend")
    project.write(SMALL)
    return project


@pytest.mark.slow
def test_the_example_stands_a_stack_up_and_takes_it_away(small: Project) -> None:
    ((name, code),) = re.findall(r"^```python\n# (\S+)\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    (small.directory / name).write_text(code)
    small.cloud.away()
    ended = subprocess.run(
        [sys.executable, name], cwd=small.directory, env=environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    first, *done, last = ended.stdout.splitlines()
    assert re.fullmatch(r"[3-9]\d resources to create", first)
    assert "service/frontend created" in done
    assert "vpc/main deleted" in done
    assert last == "left over: 0"
    assert ended.stderr == ""


def test_a_plan_from_python_reads_only(small: Project) -> None:
    before = small.last_call()
    small.cloud.away()
    planned = provisioner.plan(small.config)
    assert {one.action for one in planned.planned} == {"create", "none"}
    assert small.writes(before) == []


def test_who_does_not_agree_deletes_nothing(small: Project) -> None:
    small.cloud.away()
    with pytest.raises(Cancelled):
        provisioner.down(small.config, agree=lambda teardown: False)


def test_what_is_wrong_is_raised_before_anything_is_written(small: Project) -> None:
    small.write("project = 1")
    with pytest.raises(provisioner.ProvisionError, match="project: must be text in quotes"):
        provisioner.up(small.config)
