"""The single note on services that run as root or may write to their root file system."""

from __future__ import annotations

from typing import Any

from provisioner.config.models import Config
from provisioner.operations.planning.privilege_notices import notices
from provisioner.state.model import Record
from provisioner.steps.offline import facts
from provisioner.steps.stack import run


def told(
    services: dict[str, Any], recorded: dict[str, dict[str, Any]] | None = None, jobs: dict[str, Any] | None = None
) -> list[str]:
    config = Config.model_validate({"services": services, "jobs": jobs or {}})
    records = {
        f"task_definition/{name}": Record(
            f"task_definition/{name}", "task_definition", "ready", "", "arn", {"container_definitions": [container]}
        )
        for name, container in (recorded or {}).items()
    }
    return list(notices(run(config, facts(config)), records))


CLOSED = {"image": "web:1", "user": "1000", "read_only": True}


def test_nothing_is_told_of_what_is_closed() -> None:
    assert told({"web": CLOSED}) == []


def test_each_sort_is_one_sentence() -> None:
    open_ones = {"web": {"image": "web:1"}, "worker": {"image": "web:1", "user": "root:root"}, "closed": CLOSED}
    root, unsaid, writable = told(open_ones)
    assert root.startswith("root is the user of services.worker: ")
    assert unsaid.startswith("the image names the user of services.web, ")
    assert writable.startswith("the root file system of services.web, services.worker can be written to: ")


def test_jobs_are_told_of_as_services_are() -> None:
    jobs = {"feed": {"image": "web:1"}, "migrate": {"image": "web:1", "user": "0"}, "report": {**CLOSED}}
    root, unsaid, writable = told({"web": CLOSED}, jobs=jobs)
    assert root.startswith("root is the user of jobs.migrate: ")
    assert unsaid.startswith("the image names the user of jobs.feed, ")
    assert writable.startswith("the root file system of jobs.feed, jobs.migrate can be written to: ")


def test_it_is_told_once() -> None:
    plain = {"web": {"image": "web:1"}}
    assert told(plain, {"web": {"name": "web", "readonlyRootFilesystem": False}}) == []
    closed = {"name": "web", "readonlyRootFilesystem": True, "user": "1000"}
    assert len(told(plain, {"web": closed})) == 2
