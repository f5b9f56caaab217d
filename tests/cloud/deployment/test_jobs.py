"""Jobs that run before services change: once for each revision, and nothing changes if one fails."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import MOMENTS, AtCall, AtStateStep, Cut
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY, tasks
from tests.cloud.project import SMALL, Project
from tests.cloud.rehearsals import rehearsed, temporary  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]


def with_job(image: str, more: str = "", front: str = "frontend:1") -> str:
    """A small stack with a job that runs before its service changes."""
    small = SMALL.replace("frontend:1", front)
    return f'{small}\n[jobs.migrate]\nimage = "{REGISTRY}/{image}"\nbefore_deploy = true\n{more}'


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack with a migration, before its first `up`."""
    here = Project(cloud, tmp_path)
    here.write(with_job("migrate:1"))
    yield here
    here.close()


def deployments(project: Project) -> list[str]:
    """The ids of the service's deployments."""
    (service,) = project.cloud.client("ecs").describe_services(cluster=NAME, services=["frontend"])["services"]
    return [str(one["id"]) for one in service["deployments"]]


def revisions(project: Project) -> list[str]:
    """Return `startedBy` of the job's runs that ECS shows, the oldest first."""
    found = sorted(tasks(project, "migrate"), key=lambda task: str(task["createdAt"]))
    return [str(task["startedBy"]) for task in found]


def error(ended: Any) -> str:
    (event,) = ended.said("failed")
    assert event["address"] == "job_run/migrate"
    return str(event["error"])


def test_a_failed_job_stops_the_run_before_any_service(project: Project) -> None:
    assert "+ run job/migrate (before services change)" in project.run("plan", code=2).out
    results = project.up().results
    assert results["job_run/migrate"] == "created"
    (task,) = tasks(project, "migrate")
    (service,) = project.cloud.client("ecs").describe_services(cluster=NAME, services=["frontend"])["services"]
    assert task["stoppedAt"] <= service["createdAt"]
    assert revisions(project) == [f"provision/{NAME}-migrate/1"]
    assert project.planned() == {}
    before = deployments(project)

    project.write(with_job("migrate-exits-with-3:1", front="frontend:2"))
    assert "~ run job/migrate (before services change)" in project.run("plan", code=2).out
    ended = project.up(code=1)
    assert deployments(project) == before
    assert "service/frontend" in {event["address"] for event in ended.said("skipped")}
    text = error(ended)
    assert text.startswith("ended with exit code 3: Essential container in task exited")
    assert "Last log lines of migrate:\n  starting\n  exiting with code 3" in text
    assert "No service was changed. It is not run again" in text

    # once more, it is not run again; on request it is
    assert error(project.up(code=1)) == text
    assert "job_run/migrate: ended with exit code 3" in project.run("plan", code=2).out
    assert len(revisions(project)) == 2
    assert error(project.up("--retry-failed", code=1))
    assert revisions(project) == [f"provision/{NAME}-migrate/{number}" for number in (1, 2, 2)]
    assert deployments(project) == before

    project.write(with_job("migrate:3", front="frontend:2"))
    assert project.up().results["service/frontend"] == "changed"
    assert deployments(project) != before
    assert project.planned() == {}
    # when ECS shows the run no more, the state still tells of it
    project.cloud.advance(4000)
    assert revisions(project) == []
    assert project.planned() == {}
    assert project.up().results["job_run/migrate"] == "unchanged"
    down = project.down()
    assert down.results["job_run/migrate"] == "retained"


def test_a_rehearsal_runs_the_job_and_can_let_it_fail(project: Project) -> None:
    project.up()
    project.write(with_job("migrate:2", front="frontend:2"))
    (run,) = rehearsed(project)["runs"]
    assert run["counts"]["changed"] == 4, "two task definitions, the run, the service"
    (run,) = rehearsed(project, "--fails", "migrate", code=1)["runs"]
    assert run["problems"][0].startswith("job_run/migrate: ended with exit code 1: Essential container in task exited")
    assert run["outages"] == []
    assert revisions(project) == [f"provision/{NAME}-migrate/1"], "only the copy has run it"
    project.write(with_job("migrate:2").replace("before_deploy = true", ""))
    assert "`up` does not run that job" in project.run("rehearse", "--fails", "migrate", code=4).err


KILLS: tuple[Cut, ...] = (
    *(AtCall(1, when, "ecs:RunTask") for when in MOMENTS),
    # what is recorded of the run: its intent, its id, its end
    *(AtStateStep("journal", step, when) for step in (7, 8, 9) for when in ("before", "torn", "after")),
)


def test_wherever_it_is_killed_a_revision_runs_once(project: Project) -> None:
    project.up()
    reached = []
    for number, cut in enumerate(KILLS, 2):
        project.write(with_job(f"migrate:{number}", front=f"frontend:{number}"))
        reached.append(bool(cut(project, "up")))
        project.up()
        assert revisions(project).count(f"provision/{NAME}-migrate/{number}") == 1, str(cut)
        assert project.planned() == {}, str(cut)
    assert all(reached), reached


def test_whoever_comes_back_too_late_is_told_what_is_known(project: Project) -> None:
    project.up()
    project.write(with_job("migrate:2", front="frontend:2"))
    assert AtCall(1, "after", "ecs:RunTask")(project, "up")
    # it has ended meanwhile, and ECS shows it no more
    project.cloud.advance(2 * 3600)
    before = deployments(project)
    text = error(project.up(code=1))
    assert text.startswith("it is not known whether it was started: it was begun at ")
    assert "ECS shows a stopped task for an hour" in text
    assert (revisions(project), deployments(project)) == ([], before)
    assert project.up("--retry-failed").results["service/frontend"] == "changed"
    assert revisions(project) == [f"provision/{NAME}-migrate/2"]
    assert project.planned() == {}


def test_a_newer_revision_waits_until_the_former_one_has_ended(project: Project) -> None:
    project.up()
    project.write(with_job("migrate-ends-after-900s:2"))
    project.cut(120, signal.SIGKILL, "up", "--yes")
    (former,) = [task for task in tasks(project, "migrate") if task["lastStatus"] == "RUNNING"]
    project.write(with_job("migrate:3"))
    project.up()
    ended = {task["startedBy"].rpartition("/")[2]: task for task in tasks(project, "migrate")}
    assert ended["2"]["taskArn"] == former["taskArn"]
    assert ended["2"]["stoppedAt"] <= ended["3"]["createdAt"]
    assert project.planned() == {}
