"""The first screen of `status`: at most 20 lines of 80 columns, problems first; its verdicts and its exit code."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.operations.inspection import stack_watch, verdicts
from provisioner.render import overview, status
from provisioner.render.redrawn import redrawn
from provisioner.render.text import cells, say
from tests.unit.cli.hostile import EVIL, harmless

NOW = 1_800_000_000.0
WELL = {
    "running": 2,
    "desired": 2,
    "revision": "shop-prod-web:12",
    "rollout": "COMPLETED",
    "strategy": "ROLLING",
    "capacity": ["FARGATE"],
    "problem": "",
    "deployed": "",
    "deployment": "completed",
    "began": NOW - 7200,
    "image": "",
    "tag": "1.29-alpine",
    "digest": f"sha256:b4168b58{'0' * 56}",
    "healthy": 2,
    "last_failure": None,
    "sidecars": [],
}
LONG = "ECS rolled shop-prod-web:13 back: " + "Essential container in task exited; exit code 1; " * 9
PARTS = ("instances", "databases", "amis", "jobs", "certificates", "caches", "queues", "volumes")
QUEUE = {"name": "work", "status": "available", "waiting": 12, "in_work": 3, "delayed": 0, "dead_letters": 1}
VOLUME = {"name": "uploads", "id": "fs-1", "status": "available", "bytes": 6144}
RESOURCES = [{"address": "load_balancer/main", "step": "", "phase": "ready", "id": "lb"}]


def service(name: str, **more: Any) -> dict[str, Any]:
    told = {**WELL, "name": name, **more}
    return {**told, "state": verdicts.verdict(told)}


def typed(*words: str) -> str:
    """Return a command line in words."""
    return " ".join(words)


def test_without_docker_nothing_serves() -> None:
    found = document([service("web"), service("api", running=0)]) | {"simulated": True, "urls": {"web": "https://w"}}
    for shown in (overview.lines(found, typed), status.lines(found, typed)):
        text = "\n".join(shown)
        assert "url  none here, without Docker: on AWS https://www.example.com" in shown
        assert "https://w\n" not in text
        assert "simulated" in next(line for line in shown if line.removeprefix("= ").startswith("web "))
        assert "serving" not in text
    assert overview.service_cells(service("api", running=0), NOW, simulated=True)[-1] == "down", "trouble stays"


def document(services: list[dict[str, Any]], **live: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {part: [] for part in PARTS}
    return {
        "stack": "shop-prod",
        "target": "aws",
        "account": "123456789012",
        "region": "ap-northeast-1",
        "url": "https://www.example.com",
        "local_url": "",
        "resources": RESOURCES,
        "live": {"services": services, **nothing, "at": NOW, **live},
        "live_unavailable": "",
        "restarted": None,
        "locked_by": "",
        "asleep": False,
        "notes": [],
    }


def shown(told: Mapping[str, Any], width: int = 80) -> list[str]:
    lines = overview.lines(told, lambda *words: f"`provision {' '.join(words)}`", width)
    assert len(lines) <= 20
    assert [line for line in lines if cells(line) > width] == []
    return lines


def everything(jobs: int) -> dict[str, Any]:
    run = {"at": NOW - 300, "result": "succeeded", "why": ""}
    return {
        "databases": [{"name": f"shop-prod-{n}", "status": "available", "host": "h", "problem": ""} for n in range(3)],
        "caches": [{"name": "shop-prod", "status": "available", "host": "h"}],
        "queues": [QUEUE | {"name": f"work-{n}"} for n in range(4)],
        "volumes": [VOLUME],
        "jobs": [{"name": f"job-{n}", "schedule": "", "last_run": run} for n in range(jobs)],
        "certificates": [{"name": "www.example.com", "status": "ISSUED", "expires": NOW + 8e6, "problem": ""}],
        "instances": [{"id": "i-1", "status": "ACTIVE", "connected": True, "type": "c5.large", "outdated": True}],
        "amis": [{"id": "ami-1", "days": 40, "newest": "ami-2"}],
    }


# -- the layout ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 12, 60])
@pytest.mark.parametrize("ill", [0, 1, 7, 60])
@pytest.mark.parametrize("jobs", [0, 2, 40])
def test_many_workloads_fit_with_problems_first(number: int, ill: int, jobs: int) -> None:
    services = [service(f"service-with-quite-a-long-name-{n:02}") for n in range(number - min(ill, number))]
    services += [service(f"bad-{n:02}", problem=LONG) for n in range(min(ill, number))]
    lines = shown(document(services, **everything(jobs)))
    rows = [line for line in lines if line.startswith(("! bad-", "= service-"))]
    bad = [line for line in rows if line.startswith("! bad-")]
    assert rows == [*bad, *rows[len(bad) :]]
    assert len(bad) == min(ill, number) or len(bad) == len(rows)
    if len(rows) < number:
        assert f"… and {number - len(rows)} more: `provision status --all`" in lines
    else:
        parts = ("jobs", "databases", "stores")
        assert [line for line in lines if line.startswith("… and") and not any(part in line for part in parts)] == []
    run = [line for line in lines if line.startswith("= job ")]
    assert len(run) >= min(jobs, 2)
    if len(run) < jobs:
        assert f"… and {jobs - len(run)} more jobs: `provision status --all`" in lines


def test_twelve_services_that_are_well_are_all_shown() -> None:
    lines = shown(document([service(f"s{n}") for n in range(12)]))
    assert sum(line.startswith("= s") for line in lines) == 12


def test_jobs_have_the_room_that_services_leave() -> None:
    stores: dict[str, Any] = {"caches": [], "queues": [], "volumes": []}
    lines = shown(document([service("web")], **everything(9) | stores))
    assert sum(line.startswith("= job ") for line in lines) == 9


def test_a_terminal_without_unicode_gets_none() -> None:
    services = [service("a-very-long-name-of-a-service-that-is-cut", tag="x" * 70, problem=LONG) for _ in range(30)]
    lines = overview.lines(document(services), lambda *words: " ".join(words), 80, "...")
    assert all(line.isascii() and len(line) <= 80 for line in lines)
    assert "... and " in "".join(lines)


def test_what_is_wrong_is_on_the_screen() -> None:
    failed = {"at": NOW - 720, "why": "Essential container in task exited; exit code 137"}
    services = [
        service("api", last_failure=failed),
        service("web", running=1, healthy=0, rollout="IN_PROGRESS", deployment="in progress", problem="no image"),
    ]
    jobs = [
        {"name": "a", "schedule": "rate(1 hour)", "last_run": None},
        {"name": "z", "schedule": "", "last_run": {"at": NOW - 60, "result": "failed", "why": "exit code 3"}},
    ]
    ends = {"name": "www.example.com", "status": "ISSUED", "expires": NOW + 86400 * 9.5, "problem": "not renewed"}
    database = [{"name": "shop-prod", "status": "stopped", "host": None, "problem": ""}]
    instances = [
        {"id": f"i-{n}", "status": "ACTIVE", "connected": n > 0, "type": "c5.large", "outdated": False}
        for n in range(2)
    ]
    amis = [{"id": "ami-1", "days": 40, "newest": "ami-2"}]
    live = {"jobs": jobs, "certificates": [ends], "databases": database, "instances": instances, "amis": amis}
    assert shown(document(services, **live)) == [
        "shop-prod on aws (123456789012, ap-northeast-1): 1 of 1 resource ready",
        "url  https://www.example.com",
        "",
        "  service  tasks  healthy  rev  image                 age      state",
        "! web      1/2    0        12   1.29-alpine b4168b58  2 hours  down, in progress",
        "    no image",
        "= api      2/2    2        12   1.29-alpine b4168b58  2 hours  serving",
        "    last failure 12 min ago: Essential container in task exited; exit code 137",
        "",
        "! database shop-prod  stopped",
        "! job z  failed 1 min ago: exit code 3",
        "= job a  no run in the last hour; rate(1 hour)",
        "! certificate www.example.com  expires in 9 days; not renewed",
        "! 2 instances  c5.large, 1 disconnected, AMI 40 days old, newer: `provision up …",
    ]


def test_stores_tell_their_messages_and_sizes() -> None:
    gone = dict.fromkeys(("waiting", "in_work", "delayed", "dead_letters")) | {"name": "mail", "status": "missing"}
    caches = [{"name": "shop-prod", "status": "modifying", "host": "h"}]
    full = document([service("web")], caches=caches, queues=[QUEUE, gone], volumes=[VOLUME])
    assert shown(full)[-3:] == [
        "! queue mail  missing",
        "= queue work  12 waiting, 3 in work, 1 dead letter",
        "… and 2 more stores: `provision status --all`",
    ]
    everything = [line.split("  ") for line in status.lines(full, typed)]
    told = {words[0]: [one.strip() for one in words[1:] if one.strip()] for words in everything if len(words) > 1}
    assert told["shop-prod"] == ["modifying", "h"]
    assert told["mail"] == ["missing"]
    assert told["uploads"] == ["available", "fs-1", "6 kB"]


def test_no_name_steers_the_terminal() -> None:
    one = service(EVIL, problem=EVIL, tag=EVIL, digest=EVIL, revision=EVIL, deployment=EVIL)
    say(shown(document([one], databases=[{"name": EVIL, "status": EVIL, "problem": EVIL}])), told := io.StringIO())
    with redrawn(told) as draw:
        draw([EVIL])
    assert harmless(told.getvalue())


# -- verdicts and the exit code ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({}, "serving"),
        ({"healthy": None}, "serving"),
        ({"rollout": "IN_PROGRESS"}, "deploying"),
        ({"rollout": "IN_PROGRESS", "running": 3, "healthy": 2}, "deploying"),
        ({"running": 1, "healthy": None}, "degraded"),
        ({"healthy": 1}, "degraded"),
        ({"problem": "rolled back"}, "degraded"),
        ({"rollout": "FAILED"}, "degraded"),
        ({"running": 0, "healthy": None}, "down"),
        ({"healthy": 0}, "down"),
        ({"desired": 0, "running": 0}, "off"),
        ({"rollout": "DRAINING, 1 tasks left", "desired": 0}, "deleting"),
        ({"rollout": "MISSING"}, "missing"),
    ],
)
def test_each_service_has_one_verdict(more: dict[str, Any], verdict: str) -> None:
    assert service("web", **more)["state"] == verdict
    expected = 2 if verdict in ("degraded", "down", "missing") else 0
    assert verdicts.exit_code(document([service("well"), service("web", **more)])) == expected


@pytest.mark.parametrize(
    ("part", "one", "code"),
    [
        ("databases", {"status": "available"}, 0),
        ("databases", {"status": "backing-up"}, 0),
        ("databases", {"status": "stopped"}, 2),
        ("databases", {"status": "a-new-word"}, 2),
        ("caches", {"status": "snapshotting"}, 0),
        ("caches", {"status": "create-failed"}, 2),
        ("queues", {"status": "available"}, 0),
        ("queues", {"status": "missing"}, 2),
        ("volumes", {"status": "updating"}, 0),
        ("volumes", {"status": "error"}, 2),
        ("jobs", {"last_run": None}, 0),
        ("jobs", {"last_run": {"result": "running"}}, 0),
        ("jobs", {"last_run": {"result": "failed"}}, 2),
        ("certificates", {"problem": ""}, 0),
        ("certificates", {"problem": "not renewed"}, 2),
        ("instances", {"connected": True, "status": "ACTIVE"}, 0),
        ("instances", {"connected": False, "status": "ACTIVE"}, 2),
        ("instances", {"connected": False, "status": "DRAINING"}, 0),
        ("instances", {"connected": False, "status": "DEREGISTERING"}, 0),
        ("instances", {"connected": False, "status": "REGISTRATION_FAILED"}, 2),
    ],
)
def test_the_exit_code_counts_all_that_runs(part: str, one: dict[str, Any], code: int) -> None:
    assert verdicts.exit_code(document([service("web")], **{part: [one]})) == code


def test_who_cannot_be_asked_is_not_taken_for_well() -> None:
    silent = document([]) | {"live": None}
    assert verdicts.exit_code(silent) == 1
    assert verdicts.exit_code(silent | {"target": "local"}) == 2
    assert verdicts.exit_code(silent | {"resources": []}) == 0


def test_in_a_pipe_only_changes_are_printed() -> None:
    one, later = document([service("web")]), document([service("web")], at=NOW + 5)
    other = document([service("web", running=1)], at=NOW + 10)
    assert list(stack_watch.changes([one, later, other, other, one])) == [one, other, one]
