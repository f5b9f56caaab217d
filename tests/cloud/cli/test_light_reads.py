"""Commands that only look import no more than they need: imports are most of their time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import NETWORK, Project

HEAVY = (
    "dns",
    "docker",
    "moto",
    "rich",
    "provisioner.cli.commands",
    "provisioner.docker.copy",
    "provisioner.permissions.table",
    "provisioner.resources.cloudcontrol.resource",
    "provisioner.steps.stack",
)
CODE = f"""
import sys
from provisioner.cli.main import main
code = main()
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    found = Project(cloud, tmp_path)
    yield found
    found.close()


def test_a_look_imports_no_more_than_it_needs(project: Project) -> None:
    project.up(*NETWORK)
    for words in ("status", "history", "secret list", "output"):
        ended = project.end(project.start(*words.split(), program=[sys.executable, "-c", CODE]))
        assert ended.err.splitlines()[-1:] == ["[]"], (words, ended)
