"""Deployments that wait for a person, as a user approves and rejects them."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud import world
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.deployment.test_strategies import PLAIN, newest, said, shown, weights
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Ended, Project, ready_image
from tests.cloud.rehearsals import rehearsed, temporary  # noqa: F401  (a fixture)

BEFORE, AFTER = "PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"
PAUSED = (
    'deployment = { strategy = "blue-green", bake_minutes = 2, pause_at = ["pre-production-traffic-shift"], '
    "pause_minutes = 60 }"
)
STEPS = PAUSED.replace("blue-green", "linear").replace(
    "bake_minutes", "step_percent = 50, step_minutes = 3, bake_minutes"
)
NEW = ("deploy", "frontend", "--image", f"{REGISTRY}/good:1")


def stand(here: Project) -> None:
    """A directory with a stack of one public service that is up by blue/green, whose next deployment waits."""
    here.write(SMALL)
    ready_image(here.cloud, "good")
    here.change(PLAIN, f'{PLAIN}\ndeployment = "blue-green"')
    here.up()
    here.change("^deployment = .*$", PAUSED)
    here.up()


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def waits(project: Project, at: str = BEFORE) -> None:
    """Let time pass until the deployment waits."""

    def there() -> bool:
        hooks = newest(project).get("lifecycleHookDetails", ())
        return newest(project).get("lifecycleStage") == at and any(one["status"] == "AWAITING_ACTION" for one in hooks)

    project.cloud.wait(there, f"a pause at {at}")


def over(project: Project, status: str) -> None:
    project.cloud.wait(lambda: newest(project)["status"] == status, status)


def answered_meanwhile(project: Project, *words: str) -> tuple[Ended, Ended]:
    """Answer a deployment, for which a command waits, from another command; return the ends of both."""
    project.cloud.hold(600)
    running = project.begin(*NEW, "--json")
    project.cloud.await_held()
    assert newest(project)["lifecycleStage"] == BEFORE
    answering = project.begin(*words)
    project.cloud.release()
    return project.end(running), project.end(answering)


def service(project: Project) -> Any:
    (found,) = project.run("status", "--json").document["live"]["services"]
    return found


def test_a_pause_is_a_setting_that_deploys_nothing(project: Project) -> None:
    clean(project)
    (hook,) = shown(project)["deploymentConfiguration"]["lifecycleHooks"]
    assert hook == {
        "targetType": "PAUSE",
        "lifecycleStages": [BEFORE],
        "timeoutConfiguration": {"timeoutInMinutes": 60, "action": "ROLLBACK"},
    }
    assert shown(project)["taskDefinition"].endswith(":1")
    (run,) = rehearsed(project)["runs"]
    assert run["problems"] == []
    project.change("^deployment = .*$", 'deployment = "blue-green"')
    project.up()
    clean(project)
    assert shown(project)["deploymentConfiguration"]["lifecycleHooks"] == []


def test_ci_deploys_and_a_person_approves(project: Project) -> None:
    before = weights(project)
    early = project.run("deploy", "frontend", "--approve", code=4)
    assert "no deployment waits for approval: frontend has no deployment under way" in early.err
    project.run(*NEW, "--no-wait")
    waits(project)
    assert weights(project) == before
    told = service(project)
    assert (told["approval"]["stage"], told["approval"]["then"], told["state"]) == (BEFORE, "rollback", "deploying")
    assert f"waits at {BEFORE} for `provision deploy frontend --approve`" in " ".join(project.run("status").out.split())
    made = project.run("deploy", "--approve", "--json").document
    assert made == {
        "service": "frontend", "revision": f"{NAME}-frontend:2", "stage": BEFORE, "decision": "approved",
    }  # fmt: skip
    project.up()
    assert weights(project) == {name: 100 - weight for name, weight in before.items()}
    assert service(project)["approval"] is None
    clean(project)


def test_a_deploy_that_waits_goes_on_when_approved(project: Project) -> None:
    ended, answered = answered_meanwhile(project, "deploy", "frontend", "--approve")
    assert "it goes on" in answered.out
    assert ended.code == 0
    assert any("waits for `provision deploy frontend --approve` until " in text for text in said(ended)), said(ended)
    clean(project)


def test_a_deploy_that_waits_fails_when_rejected(project: Project) -> None:
    before = weights(project)
    ended, answered = answered_meanwhile(project, "deploy", "frontend", "--reject", "--json")
    assert answered.document["decision"] == "rejected"
    assert (ended.code, weights(project)) == (1, before)
    assert "was answered with ROLLBACK" in ended.err
    assert shown(project)["taskDefinition"].endswith(":1")
    clean(project)


def test_what_nobody_approves_is_rolled_back(project: Project) -> None:
    before = weights(project)
    ended = project.run(*NEW, "--json", code=1)
    assert "timed out" in ended.err
    assert weights(project) == before
    clean(project)


def test_a_rejected_deployment_that_nobody_waited_for(project: Project) -> None:
    project.run(*NEW, "--no-wait")
    waits(project)
    assert "`provision rollback frontend`" in project.run("deploy", "--reject").out
    over(project, "ROLLBACK_SUCCESSFUL")
    assert "frontend was rolled back (" in project.run("deploy", "--approve", code=4).err
    assert "was answered with ROLLBACK" in project.up(code=1).err
    project.run("rollback", "frontend")
    clean(project)


def test_each_step_is_approved_by_itself(project: Project) -> None:
    project.change("^deployment = .*$", STEPS)
    project.up()
    project.run(*NEW, "--no-wait")
    for _ in range(2):
        waits(project)
        project.run("deploy", "frontend", "--approve")
    project.up()
    clean(project)


def test_a_rollback_ends_what_waits(project: Project) -> None:
    project.run(*NEW, "--no-wait")
    waits(project)
    control.approve_all(project.cloud.process)
    project.run("rollback", "frontend")
    assert shown(project)["taskDefinition"].endswith(":1")
    clean(project)


def test_the_way_back_to_rolling_asks_nobody(project: Project) -> None:
    project.change("^deployment = .*$", "")
    (run,) = rehearsed(project)["runs"]
    assert (run["outages"], run["problems"]) == ([], [])
    project.up()
    clean(project)
    assert shown(project)["deploymentConfiguration"].get("lifecycleHooks", []) == []


def test_down_ends_what_waits(project: Project) -> None:
    project.run(*NEW, "--no-wait")
    waits(project)
    project.down()
