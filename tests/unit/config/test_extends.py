"""Settings that `extends` takes over, and its messages about tables that cannot be used."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.extends import INHERITED, extended
from provisioner.config.inheritance import OF_SERVICES
from provisioner.config.jobs import Job
from provisioner.config.models import Config
from provisioner.config.services import Service
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

WEB: dict[str, Any] = {
    "build": "web", "target": "production", "port": 8000, "public": True, "command": "serve", "cpu": 512,
    "memory": 1024, "database": True, "environment": {"A": "1", "B": "2"}, "launch": "ec2", "count": 1,
}  # fmt: skip


def config(**tables: Any) -> Config:
    return Config.model_validate({"services": {"web": WEB, **tables.pop("services", {})}, "database": {}, **tables})


def test_a_worker_runs_what_the_service_runs_without_its_port() -> None:
    found = config(services={"worker": {"extends": "web", "command": "celery -A 'the app' worker"}})
    worker = found.services["worker"]
    assert worker.command == ("celery", "-A", "the app", "worker")
    assert (worker.build, worker.target, worker.cpu, worker.memory, worker.launch) == (
        "web",
        "production",
        512,
        1024,
        "ec2",
    )
    assert (worker.port, worker.public, worker.database) == (None, False, True)


def test_one_image_serves_all_that_extend_it() -> None:
    found = config(
        services={"worker": {"extends": "web"}, "other": {"extends": "web", "target": "other"}},
        jobs={"migrate": {"extends": "worker"}, "own": {"extends": "other", "memory": 2048}},
    )
    assert list(found.images) == ["web", "other"]
    assert {name: found.image_of(name) for name in found.workloads} == {
        "web": "web", "worker": "web", "other": "other", "migrate": "web", "own": "other",
    }  # fmt: skip


def test_the_order_of_the_tables_does_not_matter() -> None:
    table = {"first": {"extends": "second"}, "second": {"extends": "web"}, "web": WEB}
    found = Config.model_validate({"services": table, "database": {}})
    assert list(found.services) == ["first", "second", "web"]
    assert found.image_of("first") == "web"
    assert found.services["first"].environment == {"A": "1", "B": "2"}


def test_another_image_takes_nothing_of_the_build_over() -> None:
    found = config(services={"proxy": {"extends": "web", "image": "proxy:1"}})
    proxy = found.services["proxy"]
    assert (proxy.image, proxy.build, proxy.target) == ("proxy:1", None, None)


def test_variables_are_joined_and_taken_away() -> None:
    found = config(services={"worker": {"extends": "web", "environment": {"B": False, "C": "3"}}})
    assert found.services["worker"].environment == {"A": "1", "C": "3"}


def test_a_job_runs_on_fargate_whatever_it_extends() -> None:
    job = config(jobs={"migrate": {"extends": "web"}}).jobs["migrate"]
    assert (job.launch, job.cpu, job.database) == ("fargate", 512, True)


def test_everything_that_is_inherited_is_a_key() -> None:
    later = {"secrets", "policies", "security_groups"}
    assert set(INHERITED) - later <= Service.model_fields.keys()
    assert set(INHERITED) - later - OF_SERVICES <= Job.model_fields.keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[services.worker]\nextends = "webb"\nimage = "i"', ['there is no service "webb"', '"web"?']),
        ('[services.web]\nextends = "web"\nimage = "i"', ["services.web.extends: is a circle (web extends web)"]),
        (
            '[services.a]\nextends = "b"\nimage = "i"\n[services.b]\nextends = "a"\nimage = "i"',
            ["services.b.extends: is a circle (a extends b extends a)"],
        ),
        ('[services.worker]\nextends = "nightly"\nimage = "i"\n[jobs.nightly]\nimage = "i"', ["which is a job"]),
        ('[jobs.web]\nimage = "i"', ["jobs.web: is the name of services.web too"]),
        ('[jobs.alb]\nimage = "i"', ["jobs.alb: is the name of a security group of the stack itself"]),
        ('[jobs.task]\nimage = "i"\nport = 80', ["jobs.task.port: is unknown"]),
        ('[jobs.task]\nimage = "i"\ncpu = 300', ["jobs.task.cpu: 300 is not a CPU size of Fargate"]),
        ('[services.worker]\nimage = "i"\n[jobs.task]\nimage = "i"\ncalls = ["worker"]', ["worker has no port"]),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_told(tmp_path: Path, text: str, told: list[str]) -> None:
    web = "" if "[services.web]" in text else '[services.web]\nimage = "i"\nport = 80\n'
    (tmp_path / "stack.toml").write_text(web + text)
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path / "stack.toml")
    assert "\n" not in str(refused.value)
    for words in told:
        assert words in str(refused.value)


def test_a_wrong_value_is_told_once_where_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(
        '[services.web]\nimage = "i"\nport = 80\ncpu = "x"\nenvironment = { A = 1 }\n'
        '[services.worker]\nextends = "web"\n[jobs.task]\nextends = "worker"\n'
    )
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path / "stack.toml")
    keys = [line.split(": ")[1] for line in str(refused.value).splitlines()]
    assert keys == ["services.web.cpu", "services.web.environment.A"]


def test_a_table_without_extends_stays_as_it_is() -> None:
    table = tomllib.loads('[services.web]\nimage = "i"\n[jobs.task]\nimage = "j"\n')
    assert extended(table).table == table
    assert extended({"services": 1, "jobs": 2}).table == {"services": 1, "jobs": 2}
    assert extended({"services": {"web": 1}, "jobs": {"task": 2}}).table == {
        "services": {"web": 1},
        "jobs": {"task": 2},
    }
