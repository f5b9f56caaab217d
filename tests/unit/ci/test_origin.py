"""The forge and the repository that a clone names."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.operations.ci.forges import Forge
from provisioner.operations.ci.origin import Origin, named, origin
from tests.unit.conftest import Run


def clone(top: Path, address: str) -> Path:
    (top / ".git").mkdir()
    (top / ".git" / "config").write_text(f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {address}\n')
    return top


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("git@github.com:octo-org/shop.git", Origin(Forge.GITHUB, "octo-org/shop")),
        ("https://github.com/octo-org/shop", Origin(Forge.GITHUB, "octo-org/shop")),
        ("https://user:token@github.com/octo-org/shop.git/", Origin(Forge.GITHUB, "octo-org/shop")),
        ("ssh://git@github.com:22/octo-org/shop.git", Origin(Forge.GITHUB, "octo-org/shop")),
        ("git@gitlab.com:team/web/shop.git", Origin(Forge.GITLAB, "team/web/shop", "https://gitlab.com")),
        ("https://gitlab.example.com/team/shop.git", Origin(Forge.GITLAB, "team/shop", "https://gitlab.example.com")),
        ("https://code.example.com/team/shop.git", Origin()),
        ("/srv/git/shop.git", Origin()),
        ("../shop", Origin()),
    ],
)
def test_a_remote_names_forge_and_repository(tmp_path: Path, address: str, found: Origin) -> None:
    below = clone(tmp_path, address) / "deploy"
    below.mkdir()
    assert origin(below) == found


def test_files_of_a_forge_name_it_without_a_remote(tmp_path: Path) -> None:
    assert origin(tmp_path) == Origin()
    (tmp_path / ".github").mkdir()
    assert origin(tmp_path) == Origin(Forge.GITHUB)
    (tmp_path / ".gitlab-ci.yml").touch()
    assert origin(clone(tmp_path, "https://code.example.com/team/shop.git")) == Origin(
        Forge.GITLAB, "team/shop", "https://code.example.com"
    )


def test_what_is_given_counts(tmp_path: Path) -> None:
    clone(tmp_path, "git@github.com:octo-org/shop.git")
    assert named(tmp_path, None, None, None)[:2] == (Forge.GITHUB, "octo-org/shop")
    assert named(tmp_path, Forge.GITHUB, "me/it", None) == (Forge.GITHUB, "me/it", "https://gitlab.com", [])
    assert named(tmp_path, Forge.GITLAB, "me/it", None)[2:] == ("https://gitlab.com", [])


def test_what_nobody_says_is_one_line_without_escapes(run: Run) -> None:
    assert run("init")[0] == 0
    code, out, err = run("ci", "init", "--install", "true")
    assert (code, out) == (4, "")
    assert err.startswith("error: the forge is not known")
    assert "\\t" not in err
    assert "add --repository OWNER/NAME" in run("ci", "init", "github", "--install", "true")[2]
    code, out, err = run("ci", "init", "bitbucket", "--install", "true")
    assert (code, err.count("\n"), "\\t" in err, "\\n" in err) == (4, 1, False, False)
