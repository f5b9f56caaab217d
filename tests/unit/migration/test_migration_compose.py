"""`init --from compose`: the tables for a Compose file, the parts left out, and no secret carried over.

UPDATE_COMPOSE=1 rewrites the files beside them; read their diff.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from provisioner import migration
from provisioner.cli.main import main
from provisioner.engine.errors import ConfigurationError
from provisioner.migration.compose.file import draft
from provisioner.migration.draft import text

FILES = sorted((Path(__file__).parent / "compose").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_written_of_each_file(file: Path) -> None:
    found = text(draft(file))
    kept = file.with_suffix(".toml")
    if os.environ.get("UPDATE_COMPOSE") == "1":
        kept.write_text(found, encoding="utf-8")
    assert found == kept.read_text(encoding="utf-8")
    assert "hunter22" not in found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_file_loads(file: Path, tmp_path: Path) -> None:
    """Only an image whose name is filled in from the shell is left for the user to complete."""
    (tmp_path / "compose.yaml").write_text("name: shop\n" + file.read_text().removeprefix("name: tickets\n"))
    done = migration.write(migration.draft_of("compose", tmp_path, None), tmp_path / "stack.toml")
    incomplete = ["services.shell.image"] if file.stem == "two-published" else []
    assert [problem.partition(": ")[2].partition(":")[0] for problem in done.problems] == incomplete


def test_the_file_is_found_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docker-compose.yml").write_text(
        "name: shop\nservices:\n  web:\n    image: nginx:1\n    ports: ['80:80']\n"
    )
    assert main(["init", "--from", "compose", "--env", "qa"]) == 0
    assert capsys.readouterr().out.startswith("Wrote stack.toml: 1 service; environment qa.\n")
    assert main(["config", "services.web.public"]) == 0
    assert capsys.readouterr().out == "[services.web]\npublic = true  # file\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("services: {}", "there is no service that can be carried over"),
        ("services:\n  db:\n    image: mysql:8\n", "compose.yaml:2: services.db: is a database"),
        ("services:\n  web:\n    ports: [1]\n", "there is none, and no build: the service is left out"),
        ("services:\n  web:\n    build: ../web\n", "is not a directory beside this file"),
        ("services: [", "compose.yaml:1: is not YAML"),
        ("", "there is no service"),
        ("services:\n  web: text\n", "there is none, and no build"),
    ],
)
def test_files_of_which_nothing_can_be_made(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "compose.yaml").write_text(content)
    with pytest.raises(ConfigurationError) as refused:
        draft(tmp_path)
    assert says in str(refused.value)
