"""Another number of tasks, none for a while, and as many as before: without anything else of the stack."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.crash.cuts import MOMENTS, AtCall, AtStateStep, Cut
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.policies import enforce
from tests.cloud.project import SMALL, Project

MORE = """
[services.worker]
extends = "frontend"
command = "work"

[jobs.nightly]
extends = "frontend"
command = "report"
schedule = "rate(1 day)"
"""
STOPS = ("UpdateService", "RegisterScalableTarget", "UpdateSchedule")
ALL = {"frontend": (2, 2), "worker": (1, 1), "nightly": "ENABLED"}
NONE = {"frontend": (0, 0), "worker": (0, 0), "nightly": "DISABLED"}


def stand(here: Project) -> None:
    """A stack, up: a service that scales, another with a fixed number, and a job with a schedule."""
    here.write(SMALL.replace("public = true", "public = true\nscaling = { min = 2, max = 6 }") + MORE)
    here.up()


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def sizes(project: Project) -> dict[str, Any]:
    """Return the running and the desired tasks of each service, and the state of the schedule."""
    client = project.cloud.client
    shown = client("ecs").describe_services(cluster=NAME, services=["frontend", "worker"])["services"]
    found: dict[str, Any] = {one["serviceName"]: (one["runningCount"], one["desiredCount"]) for one in shown}
    return found | {"nightly": client("scheduler").get_schedule(GroupName=NAME, Name="nightly")["State"]}


def bounds(project: Project) -> tuple[int, int]:
    """Between how many tasks the one service scales."""
    scaling = project.cloud.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return target["MinCapacity"], target["MaxCapacity"]


def operations(project: Project, since: int) -> set[str]:
    """Return the operations that wrote since a call, without the copy of the settings in tags."""
    return {one.partition(":")[2] for one in project.writes(since)} - {"TagResource"}


def test_another_number_stays_until_the_file_says_another_one(project: Project) -> None:
    since = project.last_call()
    # what else the file says by now is none of it
    project.change("port = 80", "port = 80\nstop_timeout = 40")
    project.run("scale", "worker", "3")
    assert operations(project, since) == {"UpdateService"}
    assert sizes(project)["worker"] == (3, 3)
    assert "task_definition/worker" in project.planned()
    project.up()
    assert sizes(project)["worker"] == (3, 3)
    clean(project)
    assert "services.worker has 3 tasks by `provision scale`, instead of count = 1" in project.run("plan").out

    project.change('command = "work"', 'command = "work"\ncount = 2')
    assert "says count = 2 since: that is used" in project.run("plan", code=2).out
    project.up()
    assert sizes(project)["worker"] == (2, 2)
    clean(project)
    # what the file says itself is no other number
    project.run("scale", "worker", "4")
    project.run("scale", "worker", "2")
    assert "by `provision scale`" not in project.run("plan").out
    clean(project)


def test_a_service_that_scales_gets_other_bounds(project: Project) -> None:
    since = project.last_call()
    ended = project.run("scale", "frontend", "4", "--json")
    assert ended.results == {"service/frontend": "unchanged", "scalable_target/frontend": "changed"}
    assert operations(project, since) == {"RegisterScalableTarget"}
    assert (sizes(project)["frontend"], bounds(project)) == ((4, 4), (4, 6))
    clean(project)
    project.run("scale", "frontend", "1", "--max", "3")
    assert (sizes(project)["frontend"], bounds(project)) == ((3, 3), (1, 3))
    clean(project)
    assert "1 to 3 tasks by `provision scale`, instead of scaling from 2 to 6" in project.run("plan").out
    project.run("scale", "frontend", "2")
    assert bounds(project) == (2, 6)
    clean(project)


def test_all_pauses_and_comes_back_as_it_was(project: Project) -> None:
    project.cloud.client("ecs").update_service(cluster=NAME, service="frontend", desiredCount=5)
    project.run("scale", "worker", "2")
    since = project.last_call()
    assert "sleep` stops frontend, worker, nightly" in project.run("sleep", "--tasks", code=4).err
    assert project.writes(since) == []
    project.run("sleep", "--tasks", "--yes")
    assert operations(project, since) == {*STOPS}
    assert (sizes(project), bounds(project)) == (NONE, (0, 0))
    clean(project)
    assert "jobs.nightly is paused" in project.run("plan").out
    # another setting does not wake it
    project.change("port = 80", "port = 80\nstop_timeout = 40")
    project.up()
    assert sizes(project) == NONE
    clean(project)
    assert "frontend is paused" in project.run("scale", "frontend", "3", code=4).err
    # again: nothing is asked, and nothing done
    since = project.last_call()
    project.run("sleep", "--tasks")
    assert project.writes(since) == []

    project.run("wake", "--tasks")
    assert sizes(project) == {"frontend": (5, 5), "worker": (2, 2), "nightly": "ENABLED"}
    assert bounds(project) == (2, 6)
    clean(project)


def test_one_of_them_pauses_alone_and_goes_down(project: Project) -> None:
    project.run("sleep", "worker", "nightly", "--yes")
    assert sizes(project) == {**NONE, "frontend": (2, 2)}
    project.run("wake", "nightly")
    assert sizes(project) == {**ALL, "worker": (0, 0)}
    clean(project)
    project.run("down", "--yes")
    project.up()
    assert sizes(project) == ALL


def test_a_recovered_state_keeps_what_was_set(project: Project) -> None:
    project.run("scale", "worker", "2")
    project.run("sleep", "nightly", "--yes")
    project.run("recover", "--yes")
    clean(project)
    assert sizes(project) == {**ALL, "worker": (2, 2), "nightly": "DISABLED"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("scale worker 0", "`provision sleep worker` does that"),
        ("scale frontend 7", "scaling.max is 6: add --max 7"),
        ("scale frontend 3 --max 2", "raise --max 2"),
        ("scale worker 2 --max 3", "so it has no maximum"),
        ("scale worke 2", "did you mean"),
        ("scale nightly 2", "is not a service"),
        ("pause worke --yes", "did you mean"),
        ("resume worke", "did you mean"),
    ],
)
def test_what_cannot_be_is_refused(project: Project, words: str, why: str) -> None:
    since = project.last_call()
    assert why in project.run(*words.split(), code=4).err
    assert project.writes(since) == []


def test_what_is_not_there_cannot_be_paused(project: Project) -> None:
    project.change("scaling = .*", "")
    assert "scaling has changed in the configuration" in project.run("sleep", "frontend", "--yes", code=4).err
    project.up()
    project.change("port = 80", "port = 80\nscaling = { max = 3 }")
    assert "scalable_target/frontend is not there" in project.run("sleep", "--tasks", "--yes", code=4).err


CALLS = ("ecs:UpdateService", "application-autoscaling:RegisterScalableTarget", "scheduler:UpdateSchedule")
STATE = tuple(AtStateStep("journal", step, when) for step in (1, 3) for when in ("before", "torn", "after"))
KILLS: tuple[Cut, ...] = (*(AtCall(1, when, operation) for operation in CALLS for when in MOMENTS), *STATE)


@pytest.mark.parametrize("again", ["the same", "up"])
def test_what_is_killed_goes_on(project: Project, again: str) -> None:
    for cut in KILLS if again == "the same" else KILLS[::3]:
        for command, then in (("pause --yes", NONE), ("resume", ALL)):
            assert cut(project, command), f"{command} {cut}"
            if again == "up":
                # as far as it had come to be recorded, it holds
                project.up()
                clean(project)
                assert all(one in (ALL[name], NONE[name]) for name, one in sizes(project).items()), f"{command} {cut}"
            project.run(*command.split())
            assert sizes(project) == then, f"{command} {cut}"
            clean(project)


def test_a_killed_scale_goes_on_or_was_not_begun(project: Project) -> None:
    cuts: tuple[Cut, ...] = (*(AtCall(1, when) for when in MOMENTS), *STATE[:3])
    for number, cut in enumerate(cuts):
        tasks = 2 + number % 2
        assert cut(project, f"scale worker {tasks}"), str(cut)
        project.up()
        clean(project)
        project.run("scale", "worker", str(tasks))
        assert sizes(project)["worker"] == (tasks, tasks), str(cut)
        clean(project)


def test_the_printed_policy_is_enough(project: Project) -> None:
    policies = printed(load(project.config), read_only=False, boundary=False, account=None).values()
    enforce(project.cloud, *policies)
    for words in ("scale worker 2", "scale frontend 3", "sleep --tasks --yes", "wake --tasks"):
        project.run(*words.split())
    clean(project)
