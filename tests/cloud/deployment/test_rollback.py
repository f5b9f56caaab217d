"""Rollbacks that are disturbed: killed before and after each write, too late, at a stage that forbids a stop."""

from __future__ import annotations

import signal

import pytest

from tests.cloud import world
from tests.cloud.crash.cuts import MOMENTS, AtCall
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.deployment.test_strategies import PLAIN, newest, shown, weights
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Project, ready_image

CANARY = 'deployment = { strategy = "canary", step_percent = 10, step_minutes = 5, bake_minutes = 5 }'
STOP, UPDATE = "ecs:StopServiceDeployment", "ecs:UpdateService"
FIRST, SECOND = f"{REGISTRY}/good:1", f"{REGISTRY}/better:1"


def stand(here: Project) -> None:
    """A public service that is deployed as a canary, up; and other images in ECR."""
    here.write(SMALL.replace(PLAIN, f"{PLAIN}\n{CANARY}"))
    here.up()
    for name in ("good", "better"):
        ready_image(here.cloud, name)


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def left(project: Project, image: str = FIRST) -> None:
    """Leave a deployment under way that has a part of the traffic."""
    project.run("deploy", "frontend", "--image", image, "--no-wait")
    stage = "PRODUCTION_TRAFFIC_SHIFT"
    project.cloud.wait(lambda: newest(project).get("lifecycleStage") == stage, stage)


@pytest.mark.parametrize("when", MOMENTS)
@pytest.mark.parametrize("then", ["up", "rollback frontend --to 1"])
def test_a_killed_stop_is_gone_on_with(project: Project, when: str, then: str) -> None:
    before = weights(project)
    left(project)
    assert AtCall(1, when, STOP)(project, "rollback frontend")
    since, began = project.last_call(), project.cloud.now()
    project.run(*then.split(), *(["--yes"] if then == "up" else []))
    assert project.ecs_writes(since) == ([STOP] if when == "before" else [])
    assert project.cloud.now() - began < 60
    assert (newest(project)["status"], weights(project)) == ("ROLLBACK_SUCCESSFUL", before)
    clean(project)


@pytest.mark.parametrize("when", MOMENTS)
def test_another_image_after_a_killed_stop_is_deployed(project: Project, when: str) -> None:
    left(project)
    assert AtCall(1, when, STOP)(project, "rollback frontend")
    project.run("deploy", "frontend", "--image", SECOND)
    assert newest(project)["status"] == "SUCCESSFUL"
    clean(project)


@pytest.mark.parametrize(("number", "when"), [(1, "before"), (1, "after"), (2, "before"), (2, "after")])
def test_a_rollback_after_the_end_is_gone_on_with(project: Project, number: int, when: str) -> None:
    project.run("deploy", "frontend", "--image", FIRST)
    assert AtCall(number, when, UPDATE)(project, "rollback frontend")
    project.run("up", "--yes")
    assert shown(project)["taskDefinition"].endswith(":1")
    assert shown(project)["deploymentConfiguration"]["strategy"] == "CANARY"
    clean(project)


def test_an_interrupted_deploy_is_rolled_back_in_seconds(project: Project) -> None:
    before = weights(project)
    ended = project.cut(150, signal.SIGINT, "deploy", "frontend", "--image", FIRST, "--json")
    assert ended.code == 130
    since, began = project.last_call(), project.cloud.now()
    told = [one["text"] for one in project.run("rollback", "frontend", "--json").said("notice")]
    assert any("still run and have 90 % of its traffic" in text and "in about 15 s" in text for text in told), told
    assert project.cloud.now() - began < 15
    assert (project.ecs_writes(since), weights(project)) == ([STOP], before)
    clean(project)


def test_a_stop_leads_to_no_other_revision(project: Project) -> None:
    """Revision 3 replaces 2, and 1 is wanted: ECS would return to 2."""
    project.run("deploy", "frontend", "--image", FIRST)
    left(project, image=SECOND)
    since = project.last_call()
    project.run("rollback", "frontend", "--to", "1")
    assert STOP not in project.ecs_writes(since)
    assert shown(project)["taskDefinition"].endswith(":1")
    clean(project)


def test_the_traffic_may_stay_while_a_deployment_is_replaced(project: Project) -> None:
    """AWS says nowhere that it moves: a stop does not depend on it."""
    project.cloud.control("POST", "faults", "scenarios=reconcile-late")
    before = weights(project)
    left(project)
    project.run("rollback", "frontend")
    assert (newest(project)["status"], weights(project)) == ("ROLLBACK_SUCCESSFUL", before)
    clean(project)


def test_somebody_else_may_stop_it(project: Project) -> None:
    """The console's button, while a `deploy` waits: it ends as after any rollback by ECS."""
    before = weights(project)
    project.cloud.hold(150)
    running = project.begin("deploy", "frontend", "--image", FIRST, "--json")
    project.cloud.await_held()
    arn = newest(project)["serviceDeploymentArn"]
    project.cloud.client("ecs").stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    project.cloud.release()
    ended = project.end(running)
    assert ended.code == 1
    assert "rolled back by user" in ended.err
    assert (newest(project)["status"], weights(project)) == ("ROLLBACK_SUCCESSFUL", before)
    clean(project)
