"""Deployed images, numbers of tasks, pauses, sleep and expiry survive a lost state: the cluster's tags have a copy."""

from __future__ import annotations

import shutil

import pytest

from tests.cloud import world
from tests.cloud.crash.cuts import AtCall, AtStateStep
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.policies import allowing, denying, enforce, policy
from tests.cloud.project import SMALL, Project, ready_image

MORE = """
[services.worker]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
command = "work"
"""


def stand(here: Project) -> None:
    """A stack of two services, up."""
    ready_image(here.cloud, "good")
    here.write(SMALL + MORE)
    here.up()


pytestmark = world.STANDING.with_args(stand)


def shown(project: Project) -> dict[str, tuple[int, str]]:
    """Return each service's desired count, and the repository of its image."""
    ecs = project.cloud.client("ecs")
    found = {}
    for one in ecs.describe_services(cluster=NAME, services=["frontend", "worker"])["services"]:
        definition = ecs.describe_task_definition(taskDefinition=one["taskDefinition"])["taskDefinition"]
        image = str(definition["containerDefinitions"][0]["image"])
        found[one["serviceName"]] = one["desiredCount"], image.partition("/")[2].partition("@")[0].partition(":")[0]
    return found


def tags(project: Project) -> dict[str, str]:
    """Return the tags of the cluster with settings."""
    (cluster,) = project.cloud.client("ecs").describe_clusters(clusters=[NAME], include=["TAGS"])["clusters"]
    return {one["key"]: one["value"] for one in cluster["tags"] if "settings" in one["key"]}


def lose(project: Project) -> None:
    shutil.rmtree(project.state / "local" / NAME)


def test_up_without_a_state_keeps_image_number_and_pause(project: Project) -> None:
    project.run("deploy", "frontend", "--image", f"{REGISTRY}/good:1")
    project.run("scale", "worker", "3")
    before = shown(project)
    assert before == {"frontend": (1, "good"), "worker": (3, "frontend")}
    lose(project)
    plan = project.run("plan", code=2)
    assert "restored from the tags of the cluster" in plan.out
    project.up()
    assert shown(project) == before
    assert project.planned() == {}


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["up", "recover"])
@pytest.mark.parametrize("entry", [2, 8])
def test_a_kill_while_settings_are_restored_loses_none(project: Project, killed: str, entry: int) -> None:
    project.run("deploy", "frontend", "--image", f"{REGISTRY}/good:1")
    project.up("--expires", "8h")
    project.run("sleep", "worker", "--yes")
    lose(project)
    assert AtStateStep("journal", entry, "before")(project, killed)
    project.up()
    assert project.planned() == {}
    assert shown(project) == {"frontend": (1, "good"), "worker": (0, "frontend")}
    assert "wanted until" in project.run("plan").out


def test_a_pause_and_a_date_survive_recover(project: Project) -> None:
    project.up("--expires", "8h")
    project.run("sleep", "worker", "--yes")
    lose(project)
    project.run("recover", "--yes")
    assert project.planned() == {}
    assert shown(project)["worker"][0] == 0
    assert "wanted until" in project.run("plan").out
    project.run("wake", "worker")
    assert shown(project)["worker"][0] == 1
    assert "paused" not in "".join(tags(project).values())


def test_a_refused_copy_is_a_note_and_the_next_command_makes_it(project: Project) -> None:
    enforce(project.cloud, policy(allowing("*"), denying("ecs:TagResource")))
    assert "were not copied to the tags of its cluster" in project.run("scale", "worker", "3").err
    assert tags(project) == {}
    enforce(project.cloud)
    project.up()
    assert "scaled_service/worker" in "".join(tags(project).values())


def test_a_killed_copy_is_made_by_the_next_command(project: Project) -> None:
    assert AtCall(1, "before", "ecs:TagResource")(project, "scale worker 3")
    assert tags(project) == {}
    project.up()
    assert "scaled_service/worker" in "".join(tags(project).values())


def test_asleep_without_a_state_is_refused_with_the_way_back(project: Project) -> None:
    project.run("sleep", "--yes")
    lose(project)
    for words in (["plan"], ["up", "--yes"], ["wake"]):
        assert "provision recover" in project.run(*words, code=4).err
    project.run("recover", "--yes")
    project.run("wake", "--yes")
    assert shown(project)["worker"][0] == 1


def test_what_is_not_up_cannot_wake(project: Project) -> None:
    lose(project)
    since = project.last_call()
    assert "provision up" in project.run("wake", code=4).err
    assert project.writes(since) == []


def test_plan_refuses_as_up_does_while_the_stack_sleeps(project: Project) -> None:
    project.run("sleep", "--yes")
    project.change("port = 80", "port = 80\nstop_timeout = 40")
    plan, up = project.run("plan", code=4), project.up(code=4)
    (line,) = [line for line in up.err.splitlines() if "asleep" in line]
    assert line in plan.err
    assert "Apply it" not in plan.out


def test_an_expired_stack_without_a_state_is_found(project: Project) -> None:
    project.up("--expires", "8h")
    lose(project)
    assert project.run("down", "--expired", "--yes").out == "No stack here has expired.\n"
    project.cloud.advance(9 * 3600.0)
    ended = project.run("down", "--expired", "--yes", "--json", code=1)
    (left,) = ended.said("left")
    assert left["stack"] == NAME
    assert "provision recover --env dev" in left["why"]
    project.run("recover", "--yes")
    project.run("down", "--expired", "--yes")
    assert project.run("down", "--expired", "--yes").out == "No stack here has expired.\n"
