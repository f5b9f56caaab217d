"""An image that cannot run never ends in "up done", neither on the embedded cloud nor in a rehearsal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cloud.outside import outside
from tests.cloud.project import SMALL, Project, project  # noqa: F401  (a fixture)

COMMANDS = ("plan", "up", "rehearse")


def service(what: str) -> str:
    return f"\n[services.jobs]\n{what}\nport = 9000\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_that_is_not_there_starts_nothing(
    project: Project,  # noqa: F811
    tmp_path: Path,
    command: str,
) -> None:
    project.write(SMALL + service('build = "nowhere"'))
    (project.state / "cloud.json").unlink()
    ended = project.run(command, "--state-dir", str(tmp_path / "fresh"), code=4)
    assert "services.jobs.build: nowhere does not exist: create it with a Dockerfile in it" in ended.err
    assert "starting" not in ended.err
    assert not (tmp_path / "fresh").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_or_empty_image_is_refused_before_any_write(
    project: Project,  # noqa: F811
    command: str,
) -> None:
    with outside() as there:
        there.image("empty", b"layer", runs={})
        for tag, why in (("none", "has no "), ("empty", "has neither an ENTRYPOINT nor a CMD")):
            project.write(SMALL + service(f'image = "{there.host}/web:{tag}"'))
            since = project.last_call()
            ended = project.run(command, code=1 if command == "rehearse" else 4)
            assert f'services.jobs.image is "{there.host}/web:{tag}"' in ended.err + ended.out
            assert why in ended.err + ended.out
            assert "up done" not in ended.out
            assert project.writes(since) == []
