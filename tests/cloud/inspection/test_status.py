"""`status` and `top` as they are typed: one screen on the stack's health, its exit code, its calls, and `--watch`."""

from __future__ import annotations

import json
import re
import signal

import pytest

from tests.cloud import world
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Project

JOBS = f"""
[services.worker]
image = "{REGISTRY}/worker:3"

[jobs.migrate]
image = "{REGISTRY}/migrate:2"
before_deploy = true

[jobs.report]
image = "{REGISTRY}/report-exits-with-3:2"
schedule = "cron(0 3 1 1 ? *)"
"""
AS_LITTLE = {
    "GetCallerIdentity": 1,
    "DescribeClusters": 1,
    "DescribeServices": 1,
    "ListTasks": 2,
    "DescribeTasks": 1,
    "DescribeTargetHealth": 1,
    "DescribeCertificate": 1,
}
"""The calls of `status`; further services add one for each ten, further tasks one for each hundred."""


def stand(here: Project) -> None:
    """Two services and two jobs, up."""
    here.write(SMALL + JOBS)
    here.up()


pytestmark = [world.STANDING.with_args(stand)]


def test_one_screen_says_what_serves_and_what_does_not(project: Project) -> None:
    since = project.last_call()
    document = project.run("status", "--json").document
    called = [str(call["operation"]) for call in project.cloud.calls(since)]
    assert {name: called.count(name) for name in AS_LITTLE} == AS_LITTLE
    assert sorted({*called} - AS_LITTLE.keys()) == []
    assert project.writes(since) == []
    assert document["serving"]
    web, worker = document["live"]["services"]
    assert (web["name"], web["state"], web["tag"], web["healthy"]) == ("frontend", "serving", "1", 1)
    assert (worker["name"], worker["state"], worker["tag"], worker["healthy"]) == ("worker", "serving", "3", None)
    assert [one["last_run"] and one["last_run"]["result"] for one in document["live"]["jobs"]] == ["succeeded", None]
    (certificate,) = document["live"]["certificates"]
    assert certificate["expires"] - document["live"]["at"] > 86400 * 100
    shown = project.run("status").out.splitlines()
    assert len(shown) <= 20
    assert max(map(len, shown)) <= 80
    assert shown[1] == "url  none here, without Docker: on AWS https://app.example.com"
    assert [line.split()[0:3] for line in shown if line.endswith("simulated")] == [
        ["=", "frontend", "1/1"],
        ["=", "worker", "1/1"],
    ]
    assert "= job report  no run in the last hour; cron(0 3 1 1 ? *)" in shown

    # a job that fails, and a service that somebody has deleted
    project.run("run", "report", code=3)
    project.cloud.client("ecs").delete_service(cluster=NAME, service="worker", force=True)
    project.cloud.advance(600)
    document = project.run("status", "--json", code=2).document
    assert document["serving"] is False
    assert [(one["name"], one["state"]) for one in document["live"]["services"]] == [
        ("frontend", "serving"),
        ("worker", "missing"),
    ]
    assert document["live"]["jobs"][1]["last_run"]["why"] == "Essential container in task exited; exit code 3"
    shown = project.run("status", code=2).out.splitlines()
    assert [line[:10] for line in shown if line.startswith("!")] == ["! worker  ", "! job repo"]
    assert project.run("status", "--all", code=2).out.count("\n  vpc/main ") == 1


def test_top_has_the_last_hour_by_one_call(project: Project) -> None:
    project.cloud.advance(40 * 60)
    since = project.last_call()
    document = project.run("top", "--json").document
    assert [call["operation"] for call in project.cloud.calls(since)] == ["GetCallerIdentity", "GetMetricData"]
    web, worker = document["services"]
    assert document["period"] == 60
    for series in (web["cpu"], web["memory"], worker["cpu"], web["requests"], web["p50"], web["p99"]):
        assert len(series) == 60
        # before it ran nothing was reported, which is not 0; since then each minute is
        there = [value is not None for value in series]
        assert there == sorted(there)
        assert 38 < sum(there) < 60
    assert set(web["errors"]) - {None} <= {1.0, 2.0, 3.0}
    assert None in web["errors"][-30:]
    assert all(low < high for low, high in zip(web["p50"], web["p99"], strict=True) if low is not None)
    assert worker["requests"] == worker["p99"] == worker["errors"] == []

    note, *shown = project.run("top").out.splitlines()
    assert note.startswith("simulated: ")
    assert [line.split()[0] for line in shown] == ["service", "frontend", "worker"]
    assert max(map(len, [note, *shown])) <= 80
    assert re.search(r"^frontend +\d+ % +[▁-█]+ +\d+ % ", shown[1])
    assert [one["service"] for one in project.run("top", "worker", "--json").document["services"]] == ["worker"]
    assert project.run("top", "frontent", code=4).err == (
        'error: there is no service frontent; did you mean "frontend"?\n'
    )
    assert project.run("top", "x", code=4).err == "error: there is no service x; there are frontend, worker\n"


@pytest.mark.slow
def test_a_watch_prints_what_changes_until_ctrl_c(project: Project) -> None:
    with project.start("status", "--watch", "--json") as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["serving"]
        project.cloud.client("ecs").update_service(cluster=NAME, service="worker", desiredCount=3)
        document = json.loads(watching.stdout.readline())
        assert document["live"]["services"][1]["desired"] == 3
        watching.send_signal(signal.SIGINT)
        assert watching.wait(60) == 130
