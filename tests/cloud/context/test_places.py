"""Places of resources, with the embedded cloud: its directory is found from below, and `up` names a renamed stack."""

from __future__ import annotations

import json

import pytest

from provisioner.cli import main
from provisioner.state.local import LocalStore
from provisioner.state.model import Record
from tests.cloud.project import Project, project, ready_image  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

NOTE = "ecs-sample-dev has no resources, but the state directory also has the stack ecs-shop-dev (1 resource)"


def record(here: Project, target: str) -> None:
    """Record the stack as it was called before."""
    with LocalStore(here.state / target / "ecs-shop-dev", "ecs-shop-dev", "up", "0") as store:
        store.guard("ecs-shop-dev", "123456789012", "ap-northeast-1")
        store.put(Record("vpc/main", "vpc", "ready", "t", "vpc-1"))


def as_aws(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the embedded cloud stand in for AWS, for commands in this process."""
    here.change(r"\A", '\nnetwork = { allow = ["203.0.113.0/24"] }\n')
    here.change(
        'build = "app"\ndockerfile = .*', 'image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/backend:1"'
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", here.cloud.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", here.cloud.process.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.chdir(here.directory)


def test_another_projects_stack_of_the_same_name_is_not_deleted(project: Project) -> None:  # noqa: F811
    """`ecs-sample` with `dev` and `ecs` with `sample-dev` are two stacks of one name."""
    project.up("--target-step", "network")
    text = project.config.read_text()
    project.write(text.replace('project = "ecs-sample"', 'project = "ecs"'))
    (note,) = [note for note in project.run("plan", "--json", code=2).document["notes"] if "ecs-sample-dev" in note]
    assert "write its project and env again" in note
    since = project.last_call()
    error = project.run("down", "--env", "sample-dev", "--yes", code=1).err
    assert "belong to another stack (project ecs-sample, environment dev)" in error
    assert "use the configuration with that project and environment" in error
    assert project.writes(since) == []
    project.write(text)
    assert project.planned("--target-step", "network") == {}


def test_a_renamed_stack_is_named_before_anything_is_created(
    project: Project,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record(project, "local")
    record(project, "aws")
    assert [note[: len(NOTE)] for note in project.run("plan", "--json", code=2).document["notes"]][:1] == [NOTE]

    as_aws(project, monkeypatch)
    for name in ("frontend", "backend"):
        ready_image(project.cloud, name)
    since = project.last_call()
    # there is no terminal to agree on
    assert main.main(["up", "--target", "aws"]) == 4
    told = capsys.readouterr().err
    assert 0 < told.index(f"note: {NOTE}") < told.index("confirmation required")
    assert project.writes(since) == []

    events = project.run("up", "--yes", "--json", "--target-step", "account").events
    said = next(i for i, event in enumerate(events) if event["event"] == "notice" and event["text"].startswith(NOTE))
    assert said < next(i for i, event in enumerate(events) if event["event"] in {"run_started", "started", "done"})
    assert not any(NOTE in note for note in project.run("plan", "--json", code=2).document["notes"]), (
        "it is made by now"
    )


def test_the_samples_domain_is_nobodys_on_aws(
    project: Project,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An account has no zone of the sample's domain, and could not use one: to make it would be the wrong advice."""
    as_aws(project, monkeypatch)
    route53 = project.cloud.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    route53.delete_hosted_zone(Id=zone["Id"])
    assert main.main(["up", "--target", "aws", "--yes"]) == 4
    said = "error: dns.domain is example.com, which is reserved for examples: use your own domain"
    assert capsys.readouterr().err.startswith(said)
    assert main.main(["plan"]) == 4
    assert "no public hosted zone of that name: create it" in capsys.readouterr().err


def test_from_a_subdirectory_the_same_cloud_is_asked(
    project: Project,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (project.directory / "docs").mkdir()
    monkeypatch.chdir(project.directory / "docs")
    assert main.main(["cloud", "status", "--json"]) == 0
    found = capsys.readouterr()
    assert json.loads(found.out)["endpoint"] == project.cloud.endpoint
    assert found.err == "configuration: ../stack.toml\n"
    assert main.main(["plan", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["account"] == "123456789012"


def test_down_of_nothing_asks_nothing(project: Project) -> None:  # noqa: F811
    record(project, "local")
    ended = project.run("down")
    assert "`down` deletes" not in ended.err
    assert ended.err.startswith(f"note: {NOTE}"), "it may be what was to be removed"
    assert ended.out.startswith("down done: no changes")
