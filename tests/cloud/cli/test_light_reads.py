"""Commands that only look import no more than they need: imports are most of their time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import NETWORK, Project

HEAVY = (
    "boto3",
    "dns",
    "docker",
    "moto",
    "multiprocessing",
    "rich",
    "s3transfer",
    "provisioner.cli.commands",
    "provisioner.config.facts",
    "provisioner.docker.copy",
    "provisioner.permissions.table",
    "provisioner.resources.acm.certificates",
    "provisioner.resources.cloudcontrol.resource",
    "provisioner.resources.rds.single",
    "provisioner.state.objects",
    "provisioner.steps.stack",
)
PLAN = ("boto3", "dns.resolver", "docker", "moto", "multiprocessing", "rich", "s3transfer")


def _code(names: Sequence[str]) -> str:
    """Return a program that runs a command line, and then prints which of these modules it has imported."""
    return f"""
import sys
from provisioner.cli.main import main
code = main()
print([name for name in {names} if name in sys.modules], file=sys.stderr)
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
        ended = project.end(project.start(*words.split(), program=[sys.executable, "-c", _code(HEAVY)]))
        assert ended.err.splitlines()[-1:] == ["[]"], (words, ended)


def test_a_plan_imports_no_more_than_it_needs(project: Project) -> None:
    project.up(*NETWORK)
    ended = project.end(project.start("plan", *NETWORK, program=[sys.executable, "-c", _code(PLAN)]))
    assert ended.err.splitlines()[-1:] == ["[]"], ended
