"""`deploy` waits to the end, not at all, or for a time, and asks a question at Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess

import pytest

from tests.cloud import world
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.outside import outside
from tests.cloud.project import SMALL, Project, ready_image
from tests.cloud.warm import PROGRAM, environment

WORKER = """
[services.worker]
extends = "frontend"
command = "work"
"""
HELD = 15.0
"""Seconds of AWS after which a deployment has begun, and is not over."""


def stand(here: Project) -> None:
    """Two services that run one image, up; and two other images in ECR, a good one and one whose task exits."""
    here.write(SMALL + WORKER)
    here.up()
    for name in ("good", "frontend-exits-at-once"):
        ready_image(here.cloud, name)


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def words(image: str) -> list[str]:
    return ["deploy", "frontend", "--image", f"{REGISTRY}/{image}:1"]


def running(project: Project) -> dict[str, str]:
    """The number of the revision that each service runs."""
    shown = project.cloud.client("ecs").describe_services(cluster=NAME, services=["frontend", "worker"])["services"]
    return {service["serviceName"]: service["taskDefinition"].rpartition(":")[2] for service in shown}


def test_without_waiting_it_ends_when_ecs_has_begun(project: Project) -> None:
    ended = project.run(*words("good"), "--no-wait", "--json")
    assert running(project) == {"frontend": "2", "worker": "2"}
    left = {one["address"] for one in ended.said("waiting") if one["why"].startswith("not waited for: ")}
    assert left == {"service/frontend", "service/worker"}
    (finished,) = ended.said("run_finished")
    assert (finished["ok"], finished["next"]) == (
        True, ["Watch it to its end: `provision up`. Undo it: `provision rollback`."],
    )  # fmt: skip
    # it is not over, and `up` waits for that and nothing else
    assert project.planned() == {}
    since = project.last_call()
    project.up()
    assert [call for call in project.writes(since) if "Service" in call] == []
    assert project.planned() == {}


def test_a_failure_that_was_not_waited_for_is_told_by_up(project: Project) -> None:
    project.run(*words("frontend-exits-at-once"), "--no-wait")
    ended = project.up(code=1)
    assert f"ECS rolled {NAME}-frontend:2 back to {NAME}-frontend:1" in ended.out + ended.err
    assert running(project) == {"frontend": "1", "worker": "1"}
    # the revision that was given up is asked for no more
    project.run("rollback", "frontend")
    assert project.planned() == {}


def test_it_waits_no_longer_than_it_is_told(project: Project) -> None:
    ended = project.run(*words("good"), "--timeout", "5s", code=1)
    assert "timed out after " in ended.err
    assert (
        "deployment that has begun continues: `provision up` watches it, `provision rollback frontend` undoes it"
        in ended.err
    )
    assert running(project) == {"frontend": "2", "worker": "2"}
    project.up()
    assert project.planned() == {}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--timeout", "soon"], "--timeout 'soon' is not a duration"),
        (["--timeout", "5m", "--no-wait"], "--no-wait and --timeout do not go together"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(project: Project, more: list[str], why: str) -> None:
    since = project.last_call()
    assert why in project.run(*words("good"), *more, code=4).err
    assert project.writes(since) == []


def test_an_image_elsewhere_is_named_as_it_was_given(project: Project) -> None:
    with outside() as registry:
        image = f"{registry.host}/nothing:1"
        ended = project.run("deploy", "frontend", "--image", image, code=4)
    assert f'--image is "{image}": ' in ended.err
    assert "check the name and the tag" in ended.err


@pytest.mark.parametrize(("answer", "revision"), [("y", "1"), ("n", "2")])
def test_ctrl_c_asks_whether_to_roll_back(project: Project, answer: str, revision: str) -> None:
    ours, theirs = pty.openpty()
    project.cloud.hold(HELD)
    project.open_door()
    process = subprocess.Popen(
        [*PROGRAM, *words("good")], cwd=project.directory, env=environment(), stdin=theirs, stderr=theirs,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    try:
        project.cloud.await_held()
        process.send_signal(signal.SIGINT)
        project.cloud.release()
        said = read_until(ours, "Roll frontend back? [y/N] ")
        os.write(ours, f"{answer}\n".encode())
        said += read_until(ours, "")
        assert process.wait(project.seconds) == signal.SIGINT + 128, said
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert running(project) == {"frontend": revision, "worker": revision}
    project.up()
    assert running(project) == {"frontend": revision, "worker": revision}
    assert project.planned() == {}


def read_until(terminal: int, end: str) -> str:
    """Read a terminal's output until it holds `end`; if that is empty, until the terminal is closed."""
    text = ""
    while not end or end not in text:
        try:
            text += os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            # the other side is closed
            break
    return text
