"""Bad input of every sort: one clear message, the right exit code, nothing made."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from ecs_emulator import manage
from tests.cloud.project import SAMPLE, Project, project  # noqa: F401  (a fixture)
from tests.unit.config.unplaced import EXCERPT

STATE = Path(".provision/local/ecs-sample-dev/state.json")
EMPTY = {
    "schema": 1,
    "writer": "0.1.0",
    "lineage": "a",
    "serial": 1,
    "stack": "ecs-sample-dev",
    "account": "123456789012",
    "region": "ap-northeast-1",
    "records": {},
    "history": [],
}


def nothing_made(project: Project, since: int) -> None:  # noqa: F811
    assert project.writes(since) == []
    assert (
        json.loads((project.directory / STATE).read_text())["records"] == {}
        if (project.directory / STATE).exists()
        else True
    )


@pytest.mark.parametrize(
    ("addition", "words"),
    [
        ("zoness = 3", ["stack.toml", "zoness", "unknown"]),
        ('network = { cidr = "10.0.0.0/33" }', ["stack.toml", "network.cidr", "10.0.0.0/33"]),
        ('network = { cidr = "8.8.0.0/16" }', ["stack.toml", "network.cidr", "not private"]),
        (
            "network = { zones = 4 }",
            ["network.zones is 4", "only 3 Availability Zones of ap-northeast-1", "lower network.zones"],
        ),
        ('network = { zones = "3" }', ["stack.toml", "network.zones"]),
        ('dns = { domain = "exa mple..com" }', ["stack.toml", "dns.domain", "not a domain name"]),
        ('dns = { domain = "elsewhere.example.org" }', ["no public hosted zone", "create_zone = true", "cloud stop"]),
        ('capacity = { instance_types = ["m5.24xlarge", "x9.nano"] }', ["x9.nano"]),
        ('kms_key = "alias/nothing"', ["kms_key", "no such key in ap-northeast-1"]),
        ("project = 'twice'", ["stack.toml:3:", "not TOML"]),
    ],
    ids=[
        *("unknown key", "wrong CIDR", "public CIDR", "zones > available", "wrong type", "domain malformed"),
        *("no such zone", "no such instance type", "no such key", "not TOML"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(project: Project, addition: str, words: list[str]) -> None:  # noqa: F811
    rest = SAMPLE.replace('[dns]\ndomain = "example.com"\n', "") if addition.startswith("dns") else SAMPLE
    project.config.write_text(f"{addition}\n{rest}")
    since = project.last_call()
    ended = project.run("up", "--yes", code=4)
    lines = EXCERPT.sub("", ended.err).strip().splitlines()
    assert len(lines) == 1, ended.err
    assert lines[0].startswith("error: ")
    assert [word for word in words if word not in lines[0]] == [], lines[0]
    assert ended.out == ""
    nothing_made(project, since)


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ('image = "a:1"\nport = 81\npublic = true', ["services.web.path", "services.frontend"]),
        ('image = "a:1"\nport = 81\ncalls = ["backed"]', ["services.web.calls", "backed", "backend"]),
        ('image = "a:1"\nport = 99999', ["services.web.port", "99999"]),
        ("port = 81", ["services.web", "neither image nor build"]),
    ],
    ids=["two on one path", "unknown calls", "no such port", "no image"],
)
def test_a_wrong_service_is_one_line_that_names_it(project: Project, service: str, words: list[str]) -> None:  # noqa: F811
    project.config.write_text(f"{SAMPLE}\n[services.web]\n{service}\n")
    since = project.last_call()
    ended = project.run("up", "--yes", code=4)
    assert EXCERPT.sub("", ended.err).count("\n") == 1
    assert [word for word in ["stack.toml", *words] if word not in ended.err] == [], ended.err
    nothing_made(project, since)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("{", ["state.json", "not JSON"]),
        ("[]", ["state.json", "not a state document"]),
        (json.dumps(EMPTY | {"schema": 99, "writer": "9.0"}), ["state.json", "9.0", "upgrade"]),
        (json.dumps(EMPTY | {"account": "999999999999"}), ["account 999999999999", "account 123456789012"]),
        (json.dumps(EMPTY | {"region": "eu-west-1"}), ["Region eu-west-1", "Region ap-northeast-1"]),
        (json.dumps(EMPTY | {"stack": "other-prod"}), ["stack other-prod", "stack ecs-sample-dev"]),
    ],
    ids=["not JSON", "no state", "newer", "another account", "another region", "another stack"],
)
def test_a_state_that_cannot_be_used_is_one_line_and_stays(
    project: Project,  # noqa: F811
    state: str,
    words: list[str],
) -> None:
    path = project.directory / STATE
    path.parent.mkdir(parents=True)
    path.write_text(state)
    since = project.last_call()
    ended = project.run("up", "--yes", code=1)
    assert [line.partition("`")[0] for line in EXCERPT.sub("", ended.err).splitlines()[1:]] in ([], ["More: "]), (
        ended.err
    )
    assert [word for word in ["error: ", *words] if word not in ended.err] == [], ended.err
    assert ended.out == ""
    assert project.writes(since) == []
    assert json.loads(path.read_text())["records"] == {} if state.startswith('{"') else path.read_text() == state


def test_nothing_is_removed_without_a_yes(project: Project) -> None:  # noqa: F811
    path = project.directory / STATE
    path.parent.mkdir(parents=True)
    record = {"type": "vpc", "phase": "ready", "token": "", "id": "vpc-1", "step": "network"}
    path.write_text(json.dumps(EMPTY | {"records": {"vpc/main": record}}))
    since = project.last_call()
    ended = project.run("down", code=4)
    assert "--yes" in ended.err.splitlines()[-1]
    assert "account 123456789012" in ended.err
    assert project.writes(since) == []
    assert "vpc/main" in json.loads(path.read_text())["records"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["up", "--config", "nowhere.toml"], "provision init"),
        (["up", "--target", "mars"], "mars"),
        (["up", "--colour"], "--colour"),
        (["upp"], "upp"),
        (["output", "nothing"], "nothing"),
        (["show", "vpc/nothing"], "vpc/nothing"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_one_line(project: Project, words: list[str], says: str) -> None:  # noqa: F811
    since = project.last_call()
    ended = project.run(*words, code=4)
    assert ended.err.strip().splitlines()[-1].startswith("error: ")
    assert says in ended.err
    assert ended.out == ""
    nothing_made(project, since)


def test_a_port_in_use_is_named(tmp_path: Path, project: Project) -> None:  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = project.run("cloud", "start", "--port", port, "--state-dir", str(tmp_path / "other"), code=1)
    assert f"port {port} on 127.0.0.1 cannot be used" in ended.err
    assert ended.err.count("error: ") == 1


def test_a_cloud_that_does_not_start_says_why(
    tmp_path: Path,
    project: Project,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = tmp_path / "broken" / "moto"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise SystemExit('moto is broken here')\n")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    ended = project.run("up", "--yes", "--state-dir", str(tmp_path / "other"), code=1)
    assert "error: the embedded cloud ended while starting" in ended.err
    assert "moto is broken here" in ended.err
    assert manage.find(tmp_path / "other") is None
