"""`make release`: each obstacle to a release, and a release that is tagged and built."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.release.__main__ import main
from tests.release.checks import VERSIONS, git, problems

# each copies the repository
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
NEXT = "7.8.9"
NEW = f"## Unreleased\n\n## {NEXT} (2030-01-01)\n- First version.\n\n## 7.8.8\n- Older.\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a repository with the files of a release, ready for version 7.8.9."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    clone = tmp_path / "clone"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if tracked.returncode:
        pytest.skip("this is no clone")
    kept = ("provisioner/", "steps/", "state/", "emulator/", "pyproject.toml", "README.md", "LICENSE")
    for name in filter(None, tracked.stdout.split("\0")):
        if name.startswith(kept) and (ROOT / name).exists():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name, follow_symlinks=False)
    for name, pattern in VERSIONS.items():
        path = clone / name
        now = re.search(pattern, path.read_text(), re.MULTILINE)
        assert now
        path.write_text(path.read_text().replace(now[0], now[0].replace(now[1], NEXT)))
    (clone / "CHANGELOG.md").write_text(NEW)
    git(clone.parent, "init", "--quiet", str(clone))
    for key, value in (("user.name", "Somebody"), ("user.email", "somebody@example.com")):
        git(clone, "config", key, value)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "All")
    return clone


def test_a_release_is_built_then_tagged(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert problems(clone, NEXT) == []
    assert main([NEXT], clone) == 0
    built = {path.name for path in (clone / "dist").iterdir()}
    names = ("ecs_provision", "ecs_provision_emulator")
    assert built == {f"{name}-{NEXT}{end}" for name in names for end in (".tar.gz", "-py3-none-any.whl")}
    assert git(clone, "cat-file", "-t", f"v{NEXT}") == "tag"
    assert "Nothing was uploaded" in capsys.readouterr().out
    assert main([NEXT], clone) == 1
    assert f"there is a tag v{NEXT} already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("CHANGELOG.md", f"## {NEXT}", "## 7.8.7", f"no section `## {NEXT}`"),
        ("CHANGELOG.md", "- First version.\n", "", "or nothing in it"),
        ("CHANGELOG.md", "## Unreleased\n", "## Unreleased\n- New.\n", "entries under Unreleased"),
        ("provisioner/__init__.py", NEXT, "7.8.8", "provisioner/__init__.py names version 7.8.8"),
        ("emulator/ecs_emulator/__init__.py", NEXT, "7.8.8", "__init__.py names version 7.8.8"),
        ("pyproject.toml", f"emulator=={NEXT}", "emulator==7.8.8", "pyproject.toml names version 7.8.8"),
    ],
)
def test_what_does_not_agree_is_not_released(clone: Path, name: str, old: str, new: str, words: str) -> None:
    path = clone / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    git(clone, "commit", "--quiet", "--all", "--message", "Change")
    (found,) = problems(clone, NEXT)
    assert words in found
    assert main([NEXT], clone) == 1
    assert not (clone / "dist").exists()
    assert git(clone, "tag") == ""


def test_what_is_not_committed_is_not_released(clone: Path) -> None:
    (clone / "new.txt").write_text("new")
    (found,) = problems(clone, NEXT)
    assert found.startswith("there are changes that are not committed:")
    assert "new.txt" in found


def test_a_version_has_three_numbers(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "'7.8' is no version such as 1.2.3" in problems(clone, "7.8")
    assert main([""], clone) == 1
    assert "make release VERSION=1.2.3" in capsys.readouterr().err
