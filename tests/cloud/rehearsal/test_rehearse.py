"""`provision rehearse`, refused, failing, of a stack on AWS, or interrupted: it touches and leaves nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.cloud.project import NETWORK, SAMPLE, SMALL, Project, project, with_dns, with_options  # noqa: F401  (a fixture)
from tests.cloud.rehearsals import left, rehearsed, stack_file, temporary  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow


def test_what_is_refused(project: Project) -> None:  # noqa: F811
    project.run("up", "--yes", *NETWORK)
    project.write(SAMPLE + '\n[network]\ncidr = "10.8.0.0/16"\n')
    found = rehearsed(project, *NETWORK, code=1)
    assert found["copied"] == 15
    [run] = found["runs"]
    assert run["refused"]
    assert "network.cidr cannot change" in run["problems"][0]
    ended = project.run("rehearse", *NETWORK, code=1)
    assert ended.out.startswith(
        "Rehearsal of `up` of ecs-sample-dev, step network: it would be refused.\n  ! network.cidr cannot change"
    )


def test_what_fails(project: Project) -> None:  # noqa: F811
    project.write(SMALL.replace("frontend:1", "does-not-exist:1"))
    [run] = rehearsed(project, code=1)["runs"]
    assert not run["refused"]
    assert "CannotPullContainerError" in "".join(run["problems"])
    assert {item["action"] for item in project.planned().values()} == {"create"}


def as_on_aws(here: Project, digest: str) -> None:
    """Write down the state as if the stack were one on AWS, in another account, whose image was built and pushed.

    Nothing can be asked there: the credentials are none, and there is no way out.
    """
    text = stack_file(here).read_text().replace("123456789012", OTHER)
    registry = f"{OTHER}.dkr.ecr.ap-northeast-1.amazonaws.com"
    document = json.loads(re.sub(r"127\.0\.0\.1:\d+(?=/ecs-sample)", registry, text))
    records, name = document["records"], "ecs-sample-dev/backend"
    wanted = records.pop("wanted_image/backend")
    uri, _, tag = wanted["arguments"]["uri"].rpartition(":")
    reference = f"{uri}@sha256:{digest}"
    asked = {"repository_name": name, "repository_uri": uri, "tag": tag, "build": str(here.directory / "app"),
             "dockerfile": "backend/Dockerfile", "build_args": {}, "platform": "linux/amd64"}  # fmt: skip
    records["image/backend"] = wanted | {
        "type": "image", "id": f"{name}:{tag}", "arguments": asked, "outputs": {"reference": reference},
    }  # fmt: skip
    kept, in_use = f"image_in_use/backend.{tag}", f"in-use-{tag}"
    records[kept] = wanted | {
        "type": "image_in_use", "id": f"{name}:{in_use}", "dependencies": ["image/backend"],
        "arguments": {"repository_name": name, "tag": in_use, "image": reference},
    }  # fmt: skip
    definition = records["task_definition/backend"]
    definition["arguments"]["container_definitions"][0]["image"] = reference
    definition["dependencies"] = ["image/backend", kept, *definition["dependencies"]]
    there = here.state / "aws" / "ecs-sample-dev"
    there.mkdir(parents=True)
    (there / "state.json").write_text(json.dumps(document))


OTHER = "210987654321"
DEFINED = ("--target-step", "task_definitions")
"""Limits a command to the task definitions and the steps before them: images are for these."""


def test_a_stack_on_aws_without_a_call_to_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    backend = project.directory / "app" / "backend"
    project.write(SAMPLE + '\n[network]\nallow = ["127.0.0.1/32"]\n')
    project.run("up", "--yes", *DEFINED)
    as_on_aws(project, "0" * 64)
    project.change("123456789012", OTHER)

    found = rehearsed(project, "--target", "aws", *DEFINED)
    assert found["runs"][0]["writes"] == 0, found["plan"]
    (backend / "Dockerfile").write_text("FROM scratch\nCMD []\n")
    found = rehearsed(project, "--target", "aws", *DEFINED)
    assert sorted((item["action"], item["address"].partition(".")[0]) for item in found["plan"]) == [
        ("change", "task_definition/backend"), ("create", "image/backend"), ("create", "image_in_use/backend"),
    ]  # fmt: skip
    assert found["passes"]
    assert not project.state.joinpath("aws", "ecs-sample-dev", "state.lock").exists()


@pytest.mark.enumeration
def test_all_options_and_a_zone_of_its_own(project: Project) -> None:  # noqa: F811
    with_options(project)
    own = with_dns(project.config.read_text(), 'domain = "example.net"\ncreate_zone = true')
    project.write(f"protect = true\n{own}")
    found = rehearsed(project, code=1)
    assert "example.net is not delegated to its hosted zone" in "".join(found["runs"][0]["problems"])
    project.end(project.begin("up", "--yes"))
    # the record of the delegation is there, and still nothing leads to the zone
    assert "example.net is not delegated" in "".join(rehearsed(project, code=1)["runs"][0]["problems"])
    project.run("cloud", "delegate", "example.net")
    project.up()
    found = rehearsed(project)
    # without an engine the images of both services are assumed
    assert found["plan"] == []
    assert [one.partition(".")[2].partition(" is ")[0] for one in found["notes"]] == ["backend.build", "frontend.image"]
    [run] = rehearsed(project, "down", code=1)["runs"]
    assert run["refused"]
    assert "protected from deletion" in run["problems"][0]
    assert rehearsed(project, "down", "--unprotect")["passes"]


def test_a_record_may_depend_on_what_is_not_recorded(project: Project) -> None:  # noqa: F811
    """As after `recover`, where somebody deleted that by hand."""
    project.up("--target-step", "network")
    project.run("state", "rm", "vpc/main", "--force", "--yes")
    found = rehearsed(project, "down")
    assert found["passes"]


def test_a_partial_stack_that_was_recovered(project: Project) -> None:  # noqa: F811
    """AWS has made nothing for a cluster, a launch template or a repository that is not there."""
    project.up("--target-step", "network")
    shutil.rmtree(stack_file(project).parent)
    project.run("recover", "--yes")
    # nothing is recorded that refers to what is not there
    assert "${" not in stack_file(project).read_text()
    assert rehearsed(project, "down")["passes"]
    assert rehearsed(project)["passes"]
    project.run("down", "--yes")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_without_a_trace(project: Project, number: signal.Signals) -> None:  # noqa: F811
    process = project.start("rehearse")
    assert process.stderr
    # the copy's cloud is there by then, and `up` takes more than a second of it
    assert any(line.startswith("rehearsing up") for line in process.stderr)
    assert children(process.pid) == []
    process.send_signal(number)
    ended = project.end(process)
    assert ended.code == (130 if number != signal.SIGKILL else -number)
    assert list(Path(os.environ["TMPDIR"]).iterdir()) == []


def children(pid: int) -> list[int]:
    """The processes that a process has started: a rehearsal needs none, so that none can be left."""
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in task.read_text().split()] if task.exists() else []
