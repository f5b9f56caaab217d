"""`init --from compose`: the tables for a Compose file, the parts left out, and no secret carried over.

UPDATE_COMPOSE=1 rewrites the files beside them; read their diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner import migration
from provisioner.cli.main import main
from provisioner.engine.errors import ConfigurationError
from provisioner.migration.compose.file import draft
from provisioner.migration.draft import text
from provisioner.migration.yaml_tree import read
from tests.unit.migration.test_migration_copilot import buildable, removed, scalars, written

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
    done = migration.write(buildable(migration.draft_of("compose", tmp_path, None), tmp_path), tmp_path / "stack.toml")
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


SAME = {
    ("container_name", "front"),
    ("init", "true"),
    ("tty", "true"),
    ("restart", "unless-stopped"),
    ("condition", "any"),
    ("condition", "service_started"),
    ("condition", "service_healthy"),
    ("disable", "true"),
    (0, "CMD"),
    (0, "CMD-SHELL"),
    ("context", "."),
}
"""Lines that only repeat ECS's behaviour, or a default."""
SAID_TWICE = {
    "services.back.expose.0",
    "services.migrate.restart",
    "services.web.expose.0",
    "services.worker.depends_on.0",
}
"""Values that other lines say as well: the port in an address, that a service runs once, and that it uses a store."""
OF_STORES = {"db", "redis", "cache", "search", "mailcatcher", "tools"}
"""Services that are left out as a whole."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_line_of_a_file_is_passed_over(file: Path, tmp_path: Path) -> None:
    """Without any one value something else is written or left, unless a key that it is below is left as a whole."""
    path = tmp_path / "compose.yaml"
    path.write_text(file.read_text())
    whole = read(path, path.name)
    left = draft(path).left
    path.write_text(yaml.safe_dump(written(whole), sort_keys=False))
    before = told(path)
    unheard = []
    for at, value, lines in scalars(whole):
        named = {one.line for one in left if one.key not in ("services", "volumes")}
        place = ".".join(map(str, at))
        if place in SAID_TWICE or (at[-1], value) in SAME or (at[1:2] and at[1] in OF_STORES) or named & set(lines[2:]):
            continue
        path.write_text(yaml.safe_dump(removed(written(whole), at), sort_keys=False))
        if told(path) == before:
            unheard.append(f"{place}: {value}")
    assert unheard == []


def told(path: Path) -> str:
    """Return the written and the left-out parts, without the numbers of lines."""
    try:
        return re.sub(r"(?<=\.yaml):\d+", "", text(draft(path)))
    except ConfigurationError as error:
        return str(error)
