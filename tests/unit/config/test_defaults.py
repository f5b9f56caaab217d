"""`[defaults]`: the workloads that get its keys, the ways to take them away, and the places of its errors."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import main
from provisioner.config import schema
from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

WEB = '[services.web]\nimage = "web:1"\nport = 80\n'


def config(text: str) -> Config:
    return Config.model_validate(tomllib.loads(text))


def refused(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "stack.toml").write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path / "stack.toml")
    return [line.removeprefix(f"{tmp_path}/") for line in str(error.value).splitlines()]


def test_all_workloads_have_what_they_do_not_say() -> None:
    found = config(
        '[defaults]\ncpu = 512\nmemory = 1024\narchitecture = "arm64"\nexec = true\n'
        f'{WEB}[services.big]\nimage = "b"\ncpu = 1024\nmemory = 2048\n[jobs.night]\nimage = "n"\n'
    )
    sizes = {name: (one.cpu, one.memory, one.architecture) for name, one in found.workloads.items()}
    assert sizes == {"web": (512, 1024, "arm64"), "big": (1024, 2048, "arm64"), "night": (512, 1024, "arm64")}
    assert found.exec_on("web")


def test_tables_are_joined_and_false_takes_away() -> None:
    found = config(
        '[defaults]\nenvironment = { A = "1", B = "2" }\nsecrets = ["KEY"]\nscaling = { max = 4, cpu = 50 }\n'
        'health = { interval = 30 }\npolicies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]\nuser = "7"\n'
        f"{WEB}public = true\n"
        'health = "/up"\nenvironment = { B = false, C = "3" }\nsecrets = { KEY = false }\nscaling = { max = 8 }\n'
        'policies = false\nuser = false\n[services.plain]\nimage = "p"\nenvironment = false\nscaling = false\n'
    )
    web, plain = found.services["web"], found.services["plain"]
    assert (web.environment, web.secrets, web.policies, web.user) == ({"A": "1", "C": "3"}, {}, (), None)
    assert (web.health.path, web.health.interval) == ("/up", 30)
    assert web.scaling is not None
    assert (web.scaling.max, web.scaling.cpu) == (8, 50)
    assert (plain.environment, plain.scaling, plain.user, set(plain.secrets)) == ({}, None, "7", {"KEY"})


def test_extends_wins_over_defaults() -> None:
    found = config(
        '[defaults]\nuser = "7"\nenvironment = { A = "1", B = "2" }\nscaling = { max = 4 }\n'
        f'{WEB}user = "8"\nenvironment = {{ A = "9", B = false }}\nstop_timeout = 5\n'
        '[services.worker]\nextends = "web"\n[services.other]\nextends = "web"\nuser = false\nstop_timeout = false\n'
    )
    worker, other = found.services["worker"], found.services["other"]
    assert (worker.user, worker.environment, worker.stop_timeout) == ("8", {"A": "9"}, 5)
    assert worker.scaling
    # taken away is not given back by default
    assert (other.user, other.stop_timeout) == (None, None)


def test_a_key_goes_only_where_it_has_an_effect() -> None:
    found = config(
        '[defaults]\nlaunch = "ec2"\nephemeral_storage = 30\non_demand = { percent = 50 }\ncount = 3\n'
        'deployment = "canary"\nderegistration_delay = 7\nsticky = 60\nhealth = "/up"\ntimezone = "Asia/Tokyo"\n'
        f"wait_for_database = false\n{WEB}public = true\n"
        '[services.worker]\nimage = "w"\n[services.scaled]\nimage = "s"\nlaunch = "fargate"\nscaling = { max = 5 }\n'
        '[jobs.night]\nimage = "n"\nschedule = "cron(0 3 * * ? *)"\n[jobs.often]\nimage = "o"\n'
    )
    web, worker, scaled = (found.services[name] for name in ("web", "worker", "scaled"))
    assert (web.deployment.strategy, web.deregistration_delay, web.sticky, web.health.path) == ("canary", 7, 60, "/up")
    assert (worker.deployment.strategy, worker.sticky, worker.ephemeral_storage, worker.count) == (
        "rolling",
        None,
        None,
        3,
    )
    assert (scaled.ephemeral_storage, scaled.on_demand.percent, scaled.count) == (30, 50, 1)
    assert (found.jobs["night"].timezone, found.jobs["often"].timezone) == ("Asia/Tokyo", "UTC")


def test_a_check_in_the_container_goes_to_all_services() -> None:
    found = config(
        '[defaults]\nhealth = { command = "check", path = "/up", interval = 20 }\n'
        f'{WEB}public = true\n[services.worker]\nextends = "web"\n'
    )
    worker = found.services["worker"]
    assert (worker.health.command, worker.health.interval) == (("CMD-SHELL", "check"), 20)
    assert worker.health.model_fields_set == {"command", "interval"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("port = 80", "stack.toml:2:1: defaults.port: is unknown: it is an address"),
        ('path = "/*"', "stack.toml:2:1: defaults.path: is unknown: it is an address"),
        ('image = "x"', "stack.toml:2:1: defaults.image: is unknown: there is no image or command for all"),
        ('calls = ["a"]', "stack.toml:2:1: defaults.calls: is unknown: no service calls itself"),
        ('arch = "arm64"', 'stack.toml:2:1: defaults.arch: is unknown; did you mean "architecture"?'),
        ('cpu = "0.5"', 'stack.toml:2:7: defaults.cpu: must be a whole number, not "0.5": write 512, as 1024 CPU'),
        ("environment = { A = 1 }", "stack.toml:2:21: defaults.environment.A: must be text in quotes, not 1: write"),
    ],
)  # fmt: skip
def test_a_wrong_default_is_told_once(tmp_path: Path, text: str, told: str) -> None:
    (line,) = refused(tmp_path, f'[defaults]\n{text}\n{WEB}[services.b]\nimage = "b"\n[services.c]\nextends = "b"\n')
    assert line.startswith(told)


def test_a_key_of_services_at_the_top_has_few_places(tmp_path: Path) -> None:
    """A sidecar's table has the key too, and no mention: the service's own has it."""
    (line,) = refused(tmp_path, f"cpu = 512\n{WEB}")
    tables = re.findall(r"\[([^]]*)\]", line)
    assert tables == ["services.NAME", "jobs.NAME", "alarms", "defaults"], line


def test_a_default_wrong_in_combination_is_told_once(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, f'[defaults]\nmemory = 333\n{WEB}[services.b]\nimage = "b"\n')
    assert line.startswith("stack.toml:2:10: services.web.memory: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("entrypoint = false", "services.web.entrypoint: must be a list in brackets, not false: false removes"),
        ("secrets = false", "services.web.secrets: false removes keys of extends and [defaults]"),
        ("health = false", 'services.web.health: must be a path such as "/up", or a table, not false: false removes'),
        ("cpu = false", "services.web.cpu: must be a whole number, not false: a task always has CPU units"),
        ("calls = { web = false }", "services.web.calls: must be a list in brackets, not a table: a table takes names"),
    ],
)
def test_false_is_refused_where_nothing_is_inherited(tmp_path: Path, text: str, told: str) -> None:
    (line,) = refused(tmp_path, WEB + text)
    assert told in line


def test_names_of_a_list_are_taken_away_and_added() -> None:
    found = config(
        f'{WEB}calls = ["api"]\n[services.api]\nimage = "a"\nport = 81\n[services.new]\nimage = "n"\nport = 82\n'
        '[services.worker]\nextends = "web"\ncalls = { api = false, new = true }\n'
    )
    assert found.services["worker"].calls == ("new",)


def test_an_overlay_has_defaults_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stack.toml").write_text(
        f'[defaults]\ncpu = 512\nmemory = 1024\nuser = "7"\n{WEB}[services.worker]\nextends = "web"\n'
        "[environments.prod.defaults]\nmemory = 2048\nuser = false\n"
    )
    assert main(["config", "-c", str(tmp_path / "stack.toml"), "--env", "prod", "--json", "services.worker"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["settings"]
    assert found["services.worker.memory"] == {"value": 2048, "from": "defaults"}
    assert found["services.worker.cpu"] == {"value": 512, "from": "defaults"}
    assert found["services.worker.user"] == {"value": None, "from": "default"}


def test_editors_know_defaults_and_false() -> None:
    definitions = schema.document()["definitions"]
    known = definitions["Defaults"]["properties"]
    assert "port" not in known
    assert known["cpu"]["description"] == definitions["Service"]["properties"]["cpu"]["description"]
    assert {"const": False} in definitions["Service"]["properties"]["entrypoint"]["anyOf"]
    assert "anyOf" not in definitions["Service"]["properties"]["cpu"]
