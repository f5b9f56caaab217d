"""docs/own-app.md: its files and its commands, one after the other as a reader has them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.project import Project, project  # noqa: F401  (a fixture)
from tests.cloud.steps.test_service_secrets import put

PAGE = Path(__file__).parents[3] / "docs" / "own-app.md"
NEEDS_DOCKER = ("deploy", "rollback")
"""Commands that build an image, or go back to one: tests/docker has both."""
pytestmark = pytest.mark.slow


def blocks() -> Iterator[tuple[str, str]]:
    """The page's blocks: `toml` to write, `sh` to run."""
    yield from re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_is_what_happens(project: Project) -> None:  # noqa: F811
    (project.directory / "app" / "Dockerfile").write_text("FROM scratch\n")
    written, ran = "", list[str]()
    for kind, text in blocks():
        if kind == "toml":
            written += text
            project.write(written)
            continue
        for line in text.splitlines():
            *_, command = line.split(" | ")
            words = shlex.split(command)[1:]
            ran.append(words[0])
            if words[0] == "secret":
                put(project, words[2], line.split()[1])
            elif words[0] not in NEEDS_DOCKER:
                ended = project.run(*words, code=2 if words[0] == "plan" else 0)
                assert words[0] != "rehearse" or "Every URL and service will answer throughout." in ended.out
    assert ran == ["plan", "cost", "up", "status", "secret", "rehearse", "up", "deploy", "rollback"]
