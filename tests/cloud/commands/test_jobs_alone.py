"""A stack of jobs without any service: its whole life, and the commands on it."""

from __future__ import annotations

import pytest

from tests.cloud import world
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import Project, project, ready_image  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]

IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
JOBS = f"""
logs = {{ insights = false }}
network = {{ zones = 2 }}

[jobs.nightly]
image = "{IMAGE}"
schedule = "cron(30 3 * * ? *)"

[jobs.migrate]
image = "{IMAGE}"
before_deploy = true
"""


def test_a_stack_of_jobs_lives_without_services(project: Project) -> None:  # noqa: F811
    before = project.inventory()
    project.write(JOBS)
    results = project.up().results
    assert {"schedule/nightly", "job_run/migrate", "task_definition/nightly"} <= results.keys()
    sorts = {address.partition("/")[0] for address in results}
    assert not sorts & {"service", "load_balancer", "auto_scaling_group", "certificate", "scalable_target"}
    assert project.planned() == {}
    for command in ("status", "list", "cost", "doctor", "picture page.html", "policy", "history", "rehearse"):
        ended = project.done(*command.split())
        assert ended.code in (0, 1), ended
        assert "Traceback" not in ended.err
    project.run("run", "nightly", code=0)
    project.run("sleep", "--yes")
    project.run("wake", "--yes")
    (project.state / "local" / NAME / "state.json").unlink()
    project.run("recover", "--yes")
    assert project.planned() == {}
    project.run("down", "--yes")
    left = difference(before, project.inventory())
    assert {sort for sort in left if sort not in NEVER_REMOVED} == set()
