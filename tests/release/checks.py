"""Conditions that a commit must meet to be released."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

VERSIONS = {
    "provisioner/__init__.py": r'^__version__ = "(.*)"$',
    "emulator/ecs_emulator/__init__.py": r'^__version__ = "(.*)"$',
    "pyproject.toml": r'^local = \["ecs-provision-emulator==(.*)"\]$',
}
"""The files that name the version, and the patterns of their places."""


def problems(root: Path, version: str) -> list[str]:
    """Return the obstacles to a release of the commit as this version."""
    found = [] if re.fullmatch(r"\d+\.\d+\.\d+", version) else [f"{version!r} is no version such as 1.2.3"]
    if changed := git(root, "status", "--porcelain"):
        found.append(f"there are changes that are not committed:\n{changed}")
    if git(root, "tag", "--list", f"v{version}"):
        found.append(f"there is a tag v{version} already")
    for name, pattern in VERSIONS.items():
        match = re.search(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        if not match or match[1] != version:
            found.append(f"{name} names version {match[1] if match else 'none'}: write {version}")
    sections = _sections((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not sections.get(version):
        found.append(f"CHANGELOG.md has no section `## {version}`, or nothing in it")
    if sections.get("Unreleased"):
        found.append(f"CHANGELOG.md has entries under Unreleased: move them to `## {version}`")
    return found


def _sections(text: str) -> dict[str, str]:
    """Return the sections of a changelog by version, without dates in the headings."""
    parts = re.split(r"^## \[?([^\]\s]+).*$", text, flags=re.MULTILINE)[1:]
    return {name: content.strip() for name, content in zip(parts[::2], parts[1::2], strict=True)}


def git(root: Path, *words: str) -> str:
    """Return the output of git in a clone, without the last line break."""
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n")
