"""Dockerfiles of builds: their names as on disk, and builds that cannot succeed."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner import migration
from provisioner.migration.compose.file import draft as of_compose
from provisioner.migration.copilot.workspace import draft as of_copilot
from provisioner.migration.verdict import verdict

ANOTHER = "which Linux does not find by the other spelling"


def copilot(directory: Path, build: str) -> Path:
    manifest = directory / "copilot" / "web" / "manifest.yml"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(f"name: web\ntype: Backend Service\nimage: {{build: {build}}}\n")
    return directory


def compose(directory: Path, build: str) -> Path:
    (directory / "compose.yaml").write_text(f"services: {{web: {{build: {build}}}}}\n")
    return directory


@pytest.mark.parametrize(
    ("build", "there", "written"),
    [
        ("Dockerfile", ["Dockerfile"], None),
        ("dockerfile", ["Dockerfile"], None),
        ("Dockerfile", ["dockerfile"], "dockerfile"),
        ("{dockerfile: prod.dockerfile, context: .}", ["prod.Dockerfile"], "prod.Dockerfile"),
        # both are there, as only Linux has it: the one that is named
        ("dockerfile", ["Dockerfile", "dockerfile"], "dockerfile"),
        # none is there, or it is not known which
        ("dockerfile", ["web.py"], "dockerfile"),
        ("dockerfile", ["Dockerfile", "DockerFile"], "dockerfile"),
    ],
)
def test_a_dockerfile_is_written_as_on_disk(tmp_path: Path, build: str, there: list[str], written: str | None) -> None:
    for name in there:
        (tmp_path / name).touch()
    made = of_copilot(copilot(tmp_path, build), project="shop")
    assert made.tables["dev"]["services"]["web"].get("dockerfile") == written
    other = build.partition(": ")[2].partition(",")[0] or build
    assert any(ANOTHER in one.why for one in made.changes) == (
        other not in there and (written or "Dockerfile") in there
    )


@pytest.mark.parametrize(
    ("build", "there", "written"),
    [
        (".", "Dockerfile", None),
        (".", "dockerfile", "dockerfile"),
        ("{context: ., dockerfile: DOCKERFILE}", "Dockerfile", None),
    ],
)
def test_compose_names_it_as_on_disk_too(tmp_path: Path, build: str, there: str, written: str | None) -> None:
    (tmp_path / there).touch()
    made = of_compose(compose(tmp_path, build))
    assert made.tables["dev"]["services"]["web"].get("dockerfile") == written


@pytest.mark.parametrize(
    ("there", "says"),
    [(["web.py"], "has no Dockerfile"), (["Dockerfile"], ""), (["web/Dockerfile"], "has no Dockerfile")],
)
def test_a_build_without_its_dockerfile_is_told(tmp_path: Path, there: list[str], says: str) -> None:
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    done = migration.write(of_copilot(copilot(tmp_path, "Dockerfile"), project="shop"), tmp_path / "stack.toml")
    assert (says in "".join(done.problems)) == (bool(done.problems) or not says)
    assert len(done.problems) == bool(says)


@pytest.mark.parametrize("key", ["dockerfile_inline: FROM x", "ssh: [default]", "additional_contexts: {a: ../a}"])
def test_a_build_that_needs_more_is_not_whole(tmp_path: Path, key: str) -> None:
    made = of_compose(compose(tmp_path, f"{{context: ., {key}}}"))
    assert verdict(made).whole["services"] == []
