"""Words of commands that look like secrets: told with their keys, and hidden wherever a stack is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import SMALL, Project

pytestmark = [pytest.mark.slow, world.EMPTY]

COMMANDS = """public = true
command = ["serve", "--token", "canary-word-one"]
entrypoint = "env API_KEY=canary-word-two"
health = { command = "curl --password=canary-word-three localhost" }
"""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    here.write(SMALL.replace("public = true", COMMANDS))
    yield here
    here.close()


def test_no_output_no_log_and_no_report_has_them(project: Project) -> None:
    def said(words: str, code: int = 0) -> str:
        ended = project.run(*words.split(), "--log", "calls.jsonl", code=code)
        assert "canary" not in ended.out + ended.err, words
        return ended.out + ended.err

    told = said("plan --out saved.json", code=2)
    for key in ("command", "entrypoint", "health.command"):
        assert told.count(f"services.frontend.{key} has a word that looks like a secret, by its name") == 1
    assert '"--token", "(hidden)"' in said("config")
    said("plan --json", code=2)
    said("up --plan saved.json --report up.md --report up.html")
    project.change("canary-word-one", "canary-word-more")
    assert "changed (hidden)" in said("plan task_definition/frontend", code=2)
    said("up --yes")
    for words in ("diff frontend", "show", "show --json --source live", "picture it.html", "timeline", "history"):
        said(words)
    found = {path.name for path in project.directory.rglob("*") if path.is_file() and b"canary" in path.read_bytes()}
    # a state has commands as they were declared, and so have its journal and copies
    assert found & {"calls.jsonl", "saved.json", "up.md", "up.html", "it.html"} == set()
