"""Each command runs once as a process of its own, on a cloud behind a port, which no test in a world sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from provisioner.cli.commands import app
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = [pytest.mark.slow, pytest.mark.random_order(disabled=True)]

JOB = f"""
[jobs.report]
image = "{REGISTRY}/good:1"
command = "report"
"""
LIFE: tuple[tuple[str, int, str], ...] = (
    ("init --yes", 4, "already exists"),
    ("config", 0, 'env = "dev"'),
    ("schema", 0, '"title": "stack.toml"'),
    ("options", 0, "--profile NAME"),
    ("config --schema", 0, '"title": "stack.toml"'),
    ("explain", 0, "state"),
    ("doctor", 1, "credentials"),
    ("cost", 0, "USD in a month"),
    ("plan", 2, "8 to create"),
    ("up --yes", 0, "43 created"),
    ("show", 0, "43 resources"),
    ("picture it.svg", 0, ""),
    ("rehearse", 0, "it would succeed"),
    ("scale frontend 2", 0, "1 changed"),
    ("pause --yes", 0, "1 changed"),
    ("resume", 0, "1 changed"),
    ("sleep frontend --yes", 0, "wake frontend"),
    ("wake frontend", 0, "1 changed"),
    ("sleep --tasks --yes", 0, "wake --tasks"),
    ("wake --tasks", 0, "1 changed"),
    ("sleep --yes", 0, "1 changed"),
    ("wake --yes", 0, "1 changed"),
    (f"deploy frontend --image {REGISTRY}/good:1", 0, "2 changed"),
    ("history", 0, "good:1"),
    ("diff frontend", 0, ""),
    ("history frontend --diff", 0, "+++ ecs-sample-dev-frontend:2"),
    ("show vpc/main", 0, "phase    ready"),
    ("rollback --yes", 0, "1 changed"),
    ("approve frontend", 4, "no deployment under way"),
    ("reject frontend", 4, "no deployment under way"),
    ("deploy frontend --approve", 4, "no deployment under way"),
    ("deploy --reject", 4, "no deployment waits"),
    ("run report", 0, "exiting with code 0"),
    ("exec frontend true", 0, ""),
    ("tunnel nobody", 4, "nobody"),
    ("status", 0, "43 of 43 resources ready"),
    ("dash", 4, "needs a terminal"),
    ("top", 0, "req/min"),
    ("logs", 0, "report/"),
    ("output", 0, "vpc-"),
    ("timeline", 0, "critical path"),
    ("list", 0, "ecs-sample-dev"),
    ("policy", 0, "Statement"),
    ("recover --yes", 0, "found in account"),
    ("import vpc/main vpc-1 --yes", 4, "already in the state"),
    ("ci init github --repository me/it --install tools/install.sh", 4, "account.id: is not set"),
    ("ci roles github", 4, ""),
    ("ci report it.md", 0, "No report was written"),
    ("ci comment it.md", 4, ""),
    ("ci issue it.md", 1, "is no report of a plan"),
    ("cloud start", 0, "is running"),
    ("cloud status", 0, "is running"),
    ("cloud env", 0, "AWS_ENDPOINT_URL"),
    ("cloud delegate example.com", 0, "now delegated"),
    ("cost --refresh", 0, "prices of ap-northeast-1 read"),
    ("prices refresh", 0, "prices of ap-northeast-1 read"),
    ("secret list", 0, ""),
    ("secret set KEY", 4, "the value is empty"),
    ("secret rm KEY", 4, "add --yes"),
    ("state list", 0, "vpc/main"),
    ("state show vpc/main", 0, "phase    ready"),
    ("state pull", 0, '"lineage"'),
    ("state push nothing.json", 4, "nothing.json"),
    ("state init", 4, "no state bucket"),
    ("state migrate", 4, "no state bucket"),
    ("state mv a b", 4, "there is no record a"),
    ("state rm vpc/nothing --yes", 4, "did you mean vpc/main?"),
    ("down --yes", 0, "40 deleted"),
)


@pytest.fixture(scope="module")
def project(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    running_cloud.reset()
    here = Project(running_cloud, tmp_path_factory.mktemp("verbs"))
    here.write(SMALL + JOB)
    ready_image(running_cloud, "good")
    yield here
    here.close()


@pytest.mark.parametrize(("words", "code", "said"), LIFE, ids=[words for words, _, _ in LIFE])
def test_it_runs_as_a_process(project: Project, words: str, code: int, said: str) -> None:
    ended = project.end(project.start(*words.split()))
    assert ended.code == code, ended
    assert said in ended.out + ended.err


def test_none_is_left_out() -> None:
    tree: Any = get_command(app)
    names = {
        " ".join(filter(None, (name, part)))
        for name, command in tree.commands.items()
        for part in getattr(command, "commands", {"": None})
    }
    # which would take the cloud away: tests/cloud/emulator/test_cli_cloud.py
    names.remove("cloud stop")
    assert {name for name in names if not any(f"{words} ".startswith(f"{name} ") for words, _, _ in LIFE)} == set()
