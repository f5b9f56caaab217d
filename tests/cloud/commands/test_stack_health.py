"""Health checks as stack.toml has them, by the commands as a user types them: slow starters, bare images, changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Ended, Project

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
WORKER = f'\n[services.worker]\nimage = "{REGISTRY}/distroless-worker:1"\nport = 9000\n'


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    here.write(SMALL)
    yield here
    here.close()


def configured(image: str, settings: str = "", more: str = "") -> str:
    text = SMALL.replace(f"{REGISTRY}/frontend:1", f"{REGISTRY}/{image}")
    return text.replace("public = true", f"public = true\n{settings}") + more


def why(ended: Ended, service: str = "frontend") -> str:
    (event,) = ended.said("failed")
    assert event["address"] == f"service/{service}"
    return str(event["error"])


def stopped(project: Project, service: str = "frontend") -> set[str]:
    ecs = project.cloud.client("ecs")
    arns = ecs.list_tasks(cluster=NAME, serviceName=service, desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"] if arns else []
    return {task["stoppedReason"] for task in tasks if "failed" in task["stoppedReason"]}


@pytest.mark.slow
def test_a_slow_starter_is_told_which_grace_period_to_raise(project: Project) -> None:
    before = project.inventory()
    project.write(configured("frontend-answers-after-90s:1"))
    text = why(project.up(code=1))
    assert "Task failed ELB health checks in (target-group " in text
    assert "raise services.frontend.health.grace" in text
    assert "services.frontend.health.path" in text
    project.write(configured("frontend-answers-after-90s:1", "health = { grace = 150 }"))
    failed = stopped(project)
    project.up()
    assert stopped(project) == failed, "none has failed since"
    assert project.planned() == {}
    # the same as a change of a service that runs: the old tasks stay, and the rollback is told
    project.write(configured("frontend-answers-after-200s:1", "health = { grace = 60 }"))
    text = why(project.up(code=1))
    assert "raise services.frontend.health.grace" in text
    (service,) = project.cloud.client("ecs").describe_services(cluster=NAME, services=["frontend"])["services"]
    assert service["taskDefinition"].endswith(":1")
    project.write(configured("frontend-answers-after-200s:1", "health = { grace = 300 }"))
    project.up()
    assert project.planned() == {}
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_an_image_answers_as_its_check_expects(project: Project) -> None:
    """A check may expect a redirect, as of a page that leads to another: nothing else is known of the image."""
    project.write(configured("frontend:1", 'health = { codes = "307,401" }'))
    project.up()
    assert project.planned() == {}
    # the image stays the same, and answers by 307
    project.write(configured("frontend:1", 'health = { codes = "200" }'))
    (run,) = project.run("rehearse", "--json", code=1).document["runs"]
    assert not run["passes"]
    project.write(configured("frontend:1", 'health = { codes = "300-399" }'))
    (run,) = project.run("rehearse", "--json").document["runs"]
    assert (run["passes"], run["outages"]) == (True, [])
    project.down()


@pytest.mark.slow
def test_an_image_without_a_shell_runs_with_each_health_setting(project: Project) -> None:
    project.write(configured("distroless-frontend-answers-404:1", 'health = { codes = "200-404" }', WORKER))
    project.up()
    assert project.planned() == {}
    definitions = project.cloud.client("ecs")
    for name in ("frontend", "worker"):
        shown = definitions.describe_task_definition(taskDefinition=f"{NAME}-{name}")["taskDefinition"]
        assert "healthCheck" not in shown["containerDefinitions"][0]
    times = "interval = 20, timeout = 6, healthy = 3, unhealthy = 4"
    health = f'health = {{ codes = "404", path = "/up", {times}, grace = 90 }}'
    timings = {
        *("health_check_interval_seconds", "health_check_timeout_seconds"),
        *("healthy_threshold_count", "unhealthy_threshold_count"),
    }
    deployment = f"{health}\nderegistration_delay = 60\ndeployment = {{ min_percent = 0, max_percent = 100 }}"
    changes: list[tuple[str, dict[str, set[str]]]] = [
        (f'health = {{ codes = "200-404", {times} }}', {"target_group/frontend": timings}),
        (f'health = {{ codes = "404", path = "/up", {times} }}',
         {"target_group/frontend": {"matcher", "health_check_path"}}),
        (health, {"service/frontend": {"health_check_grace_period_seconds"}}),
        (f"{health}\nderegistration_delay = 60", {"target_group/frontend": {"deregistration_delay"}}),
        (deployment, {"service/frontend": {"deployment_configuration", "availability_zone_rebalancing"}}),
        (f"{deployment}\nstop_timeout = 90", {
            "task_definition/frontend": {"container_definitions"},
            "service/frontend": {"task_definition"},
        }),
    ]  # fmt: skip
    for settings, expected in changes:
        project.write(configured("distroless-frontend-answers-404:1", settings, WORKER))
        assert {address: {*one["changes"]} for address, one in project.planned().items()} == expected, settings
        project.up()
        assert project.planned() == {}, settings
    check = 'health = { command = "exit 0", interval = 5 }\n'
    project.write(configured("distroless-frontend-answers-404:1", settings, WORKER + check))
    text = why(project.up(code=1), "worker")
    assert "Task failed container health checks" in text
    assert "services.worker.health.command" in text
    assert "services.worker.health.grace" in text
    check = 'health = { command = ["/worker", "check"], interval = 5 }\n'
    project.write(configured("distroless-frontend-answers-404:1", settings, WORKER + check))
    project.up()
    assert project.planned() == {}
    project.down()


@pytest.mark.slow
def test_a_service_that_must_not_run_twice_never_does(project: Project) -> None:
    single = "deployment = { min_percent = 0, max_percent = 100 }\nscaling = { max = 1 }\n"
    project.write(configured("frontend:1", more=WORKER + single))
    project.up()
    project.write(configured("frontend:1", more=WORKER.replace("worker:1", "worker:2") + single))
    project.up()
    ecs = project.cloud.client("ecs")
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=NAME, serviceName="worker", desiredStatus=status)["taskArns"]
    ]
    new, old = sorted(ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"], key=lambda task: task["lastStatus"])
    assert new["createdAt"] >= old["stoppingAt"]
    project.down()


def test_what_has_no_effect_is_refused_before_any_call(project: Project) -> None:
    since = project.last_call()
    project.write(configured("frontend:1", more=WORKER + 'health = "/up"\n'))
    ended = project.run("up", "--yes", code=4)
    assert "services.worker.health: nothing asks a service that is not public" in ended.err
    assert project.cloud.calls(since) == []
