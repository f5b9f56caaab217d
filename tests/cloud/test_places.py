"""Where things lie, with the embedded cloud: its folder is found from below, and a renamed stack is named by `up`."""

from __future__ import annotations

import json

import pytest

from provisioner import cli
from state.local import LocalStore
from state.model import Record
from tests.cloud.project import Project, project  # noqa: F401  (a fixture)

NOTE = "ecs-sample-dev is a whole new stack, and ecs-shop-dev (1 resource) stays beside it"


def record(here: Project, target: str) -> None:
    """Record the stack as it was called before."""
    with LocalStore(here.state / target / "ecs-shop-dev", "ecs-shop-dev", "up", "0") as store:
        store.guard("ecs-shop-dev", "123456789012", "ap-northeast-1")
        store.put(Record("vpc/main", "vpc", "ready", "t", "vpc-1"))


def test_a_renamed_stack_is_named_by_plan_and_by_up_before_anything_is_made(
    project: Project,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record(project, "local")
    record(project, "aws")
    assert [note[: len(NOTE)] for note in project.run("plan", "--json", code=2).document["notes"]][:1] == [NOTE]

    # the embedded cloud stands in for AWS; there is no terminal to agree on
    project.change(r"\A", '\nnetwork = { allow = ["203.0.113.0/24"] }\n')
    project.change('build = "app/backend"', 'image = "a:1"')
    for name, value in (("ENDPOINT_URL", project.cloud.endpoint), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", project.cloud.process.key)
    since = project.last_call()
    monkeypatch.chdir(project.folder)
    assert cli.main(["up", "--target", "aws"]) == 4
    told = capsys.readouterr().err
    assert 0 < told.index(f"note: {NOTE}") < told.index("this needs to be confirmed")
    assert project.writes(since) == []

    events = project.run("up", "--yes", "--json", "--target-step", "account").events
    said = next(i for i, event in enumerate(events) if event["event"] == "notice" and event["text"].startswith(NOTE))
    assert said < next(i for i, event in enumerate(events) if event["event"] in {"begun", "doing", "done"})
    assert not any(NOTE in note for note in project.run("plan", "--json", code=2).document["notes"]), (
        "it is made by now"
    )


def test_from_a_subfolder_the_same_cloud_is_asked(
    project: Project,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (project.folder / "docs").mkdir()
    monkeypatch.chdir(project.folder / "docs")
    assert cli.main(["cloud", "status", "--json"]) == 0
    found = capsys.readouterr()
    assert json.loads(found.out)["endpoint"] == project.cloud.endpoint
    assert found.err == "configuration: ../stack.toml\n"
    assert cli.main(["plan", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["account"] == "123456789012"


def test_down_of_nothing_asks_nothing(project: Project) -> None:  # noqa: F811
    ended = project.run("down")
    assert "removes" not in ended.err
    assert ended.out.startswith("down done: nothing to do")
