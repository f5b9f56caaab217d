"""`provision rehearse`: what it predicts is what then happens, and it touches nothing and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provisioner.cloud import control
from tests.cloud.project import NETWORK, SAMPLE, SMALL, Project, project, ready_image, with_options  # noqa: F401  (a fixture)

QUIET = 4000.0
"""Seconds after which nothing of the last run is under way, and ECS shows no stopped tasks any more."""
EXACT = 0.5
"""Seconds by which a rehearsal may be off: some calls, since the real account holds what happened before."""
DNS = '\n[dns]\nhost = "app"\ndomain = "example.com"\n\n[network]\nzones = 3\n'


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that end with the test, in a place of its own: others may rehearse on this machine too."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))


@dataclass(frozen=True)
class Told:
    """How long a run takes, and what is down meanwhile, by service: its name, a DNS name, since, until, why."""

    seconds: float
    outages: list[tuple[str, str, float, float | None, str]]


def stack_file(here: Project) -> Path:
    """The document of the state."""
    return here.state / "local" / "ecs-sample-dev" / "state.json"


def history(here: Project) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(stack_file(here).read_text())["history"]
    return runs


def rehearsed(here: Project, *words: str, code: int = 0) -> Any:
    """Rehearse; nothing of the stack may be touched meanwhile, nor anything be left."""
    before, since = stack_file(here).read_bytes() if stack_file(here).exists() else b"", here.last_call()
    document = here.run("rehearse", "--json", *words, code=code).document
    assert here.last_call() == since
    assert (stack_file(here).read_bytes() if before else b"") == before
    assert left() == []
    return document


def left() -> list[Path]:
    """What rehearsals have left behind."""
    return sorted(Path(os.environ["TMPDIR"]).glob("provision-rehearsal-*"))


def predicted(document: Any) -> Told:
    play = document["plays"][0]
    outages = [(o["service"], o["name"], o["since"], o["until"], o["why"]) for o in play["outages"]]
    return Told(play["seconds"], sorted(outages))


def happened(here: Project, *words: str) -> Told:
    """Run it on the stack itself, whose cloud watches the services meanwhile."""
    control.watch(here.cloud.process)
    here.run(*words, "--yes", "--json")
    run = history(here)[-1]
    started = run["started"] - float(json.loads(here.cloud.control("GET", "clock"))["epoch"])
    control.pass_time(here.cloud.process, QUIET, "typical")
    outages = [
        (o["service"], o["name"], o["since"] - started, o["until"] and o["until"] - started, o["why"])
        for o in control.outages(here.cloud.process)
    ]
    return Told(run["seconds"], sorted(outages))


def assert_alike(one: Told, other: Told) -> None:
    assert one.seconds == pytest.approx(other.seconds, abs=EXACT)
    assert [(s, n, w) for s, n, _, _, w in one.outages] == [(s, n, w) for s, n, _, _, w in other.outages]
    for (_, _, since, until, _), (_, _, since2, until2, _) in zip(one.outages, other.outages, strict=True):
        assert since == pytest.approx(since2, abs=EXACT)
        assert (until is None) == (until2 is None)
        assert until is None or until == pytest.approx(until2, abs=EXACT)


@pytest.fixture
def standing(project: Project) -> Project:  # noqa: F811
    """A stack that has been left alone for an hour."""
    project.write(SAMPLE + DNS)
    ready_image(project.cloud, "frontend")
    project.up()
    control.pass_time(project.cloud.process, QUIET, "typical")
    return project


def test_the_first_up_a_change_and_the_end_are_as_predicted(project: Project) -> None:  # noqa: F811
    project.cloud.last("typical")
    project.write(SAMPLE + DNS)
    ready_image(project.cloud, "frontend")
    found = rehearsed(project)
    assert found["copied"] == 0
    assert found["passes"]
    assert {item["action"] for item in found["plan"]} == {"create"}
    assert not project.state.joinpath("local").exists()
    first = predicted(found)
    assert_alike(first, happened(project, "up"))
    assert first.outages == []
    assert 300 < first.seconds < 900

    project.cloud.client("route53").create_hosted_zone(Name="example.org", CallerReference="theirs")
    project.cloud.delegate("example.org")
    for before, after in (("frontend:1", "frontend:2"), ("zones = 3", "zones = 2"), ("example.com", "example.org")):
        project.change(before, after)
    project.change("^port = 80$", "port = 81")
    found = rehearsed(project)
    assert found["copied"] == 90
    assert found["notes"][0] == "assumed: the public hosted zone example.org is in the account, and delegated"
    change = predicted(found)
    assert_alike(change, happened(project, "up"))
    # the rule for the new port takes the place of the old one's before there is a task that listens there
    [port] = [outage for outage in change.outages if not outage[1]]
    service, _, since, until, why = port
    assert service == "frontend"
    assert until is not None
    # as long as the certificate for the new domain, and a deployment
    assert 120 < until - since < 300
    assert why == "no security groups let its load balancer reach its running tasks"
    assert [name for _, name, *_ in change.outages if name] == ["app.example.com"]

    end = predicted(rehearsed(project, "down"))
    assert_alike(end, happened(project, "down"))
    assert {(service, until) for service, name, _, until, _ in end.outages if not name} == {
        ("backend", None), ("frontend", None),
    }  # fmt: skip


def test_what_is_refused(project: Project) -> None:  # noqa: F811
    project.run("up", "--yes", *NETWORK)
    project.write(SAMPLE + '\n[network]\ncidr = "10.8.0.0/16"\n')
    found = rehearsed(project, *NETWORK, code=1)
    assert found["copied"] == 15
    [play] = found["plays"]
    assert play["refused"]
    assert "network.cidr cannot change" in play["troubles"][0]
    ended = project.run("rehearse", *NETWORK, code=1)
    assert ended.out.startswith(
        "Rehearsal of up of ecs-sample-dev, step network: is refused.\n  ! network.cidr cannot change"
    )


def test_what_fails(project: Project) -> None:  # noqa: F811
    project.write(SMALL.replace("frontend:1", "does-not-exist:1"))
    [play] = rehearsed(project, code=1)["plays"]
    assert not play["refused"]
    assert "CannotPullContainerError" in "".join(play["troubles"])
    assert {item["action"] for item in project.planned().values()} == {"create"}


@pytest.mark.enumeration
def test_another_host_cuts_off_the_old_name(standing: Project) -> None:
    standing.change('host = "app"', 'host = "www"')
    host = predicted(rehearsed(standing))
    assert_alike(host, happened(standing, "up"))
    assert [(service, name, until) for service, name, _, until, _ in host.outages] == [
        ("frontend", "app.example.com", None)
    ]


@pytest.mark.enumeration
def test_the_spread_and_the_words(standing: Project) -> None:
    standing.change("frontend:1", "frontend:2")
    ended = standing.run("rehearse", "--spread")
    first, took, between, todo, down, calls, *_ = ended.out.splitlines()
    assert first == "Rehearsal of up of ecs-sample-dev: passes."
    assert re.fullmatch(r"On AWS about 1 min \d\d s \(critical path: service/frontend 1 min \d\d s\)\.", took)
    assert re.fullmatch(r"Between .* and .*, as fast or slow as AWS may be\.", between)
    assert (todo, down) == ("2 to change.", "No service is down meanwhile.")
    assert re.fullmatch(r"\d+ calls, 2 of them writes\.", calls)
    assert "copying the stack as it is recorded: 90 resources" in ended.err
    standing.run("rehearse", "down", "--new-ami", code=4)
    standing.run("rehearse", "--durations", "quick", code=4)


def as_on_aws(here: Project, digest: str) -> None:
    """Write down the state as if the stack were one on AWS, in another account, whose image was built and pushed.

    Nothing can be asked there: the credentials are none, and there is no way out.
    """
    text = stack_file(here).read_text().replace("123456789012", OTHER)
    registry = f"{OTHER}.dkr.ecr.ap-northeast-1.amazonaws.com"
    document = json.loads(re.sub(r"127\.0\.0\.1:\d+(?=/ecs-sample)", registry, text))
    records, name = document["records"], "ecs-sample-dev/backend"
    wanted = records.pop("wanted_image/backend")
    uri, _, tag = wanted["asked"]["uri"].rpartition(":")
    reference = f"{uri}@sha256:{digest}"
    asked = {"repository_name": name, "repository_uri": uri, "tag": tag, "build": str(here.folder / "app"),
             "dockerfile": "backend/Dockerfile", "build_args": {}, "platform": "linux/amd64"}  # fmt: skip
    records["image/backend"] = wanted | {
        "kind": "image", "id": f"{name}:{tag}", "asked": asked, "outputs": {"reference": reference},
    }  # fmt: skip
    kept, in_use = f"image_in_use/backend.{tag}", f"in-use-{tag}"
    records[kept] = wanted | {
        "kind": "image_in_use", "id": f"{name}:{in_use}", "needs": ["image/backend"],
        "asked": {"repository_name": name, "tag": in_use, "image": reference},
    }  # fmt: skip
    definition = records["task_definition/backend"]
    definition["asked"]["container_definitions"][0]["image"] = reference
    definition["needs"] = ["image/backend", kept, *definition["needs"]]
    there = here.state / "aws" / "ecs-sample-dev"
    there.mkdir(parents=True)
    (there / "state.json").write_text(json.dumps(document))


OTHER = "210987654321"
DEFINED = ("--target-step", "task_definitions")
"""All up to what an image is for."""


def test_a_stack_on_aws_without_a_call_to_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    backend = project.folder / "app" / "backend"
    backend.mkdir(parents=True)
    (backend / "Dockerfile").write_text("FROM scratch\n")
    project.write(SAMPLE + '\n[network]\nallow = ["127.0.0.1/32"]\n')
    project.run("up", "--yes", *DEFINED)
    as_on_aws(project, "0" * 64)
    project.change("123456789012", OTHER)

    found = rehearsed(project, "--target", "aws", *DEFINED)
    assert found["plays"][0]["writes"] == 0, found["plan"]
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
    project.write(
        "protect = true\n" + project.config.read_text() + '\n[dns]\ndomain = "example.net"\ncreate_zone = true\n'
    )
    found = rehearsed(project, code=1)
    assert "example.net is not delegated to its hosted zone" in "".join(found["plays"][0]["troubles"])
    project.end(project.begin("up", "--yes"))
    project.run("cloud", "delegate", "example.net")
    project.up()
    found = rehearsed(project)
    assert (found["plan"], found["notes"][1:]) == ([], [])
    [play] = rehearsed(project, "down", code=1)["plays"]
    assert play["refused"]
    assert "protected from deletion" in play["troubles"][0]
    assert rehearsed(project, "down", "--unprotect")["passes"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_without_a_trace(project: Project, number: signal.Signals) -> None:  # noqa: F811
    process = project.begin("rehearse")
    deadline = time.monotonic() + 60
    while not (clouds := [json.loads(f.read_text())["pid"] for f in written()]) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(1)
    process.send_signal(number)
    ended = project.end(process)
    assert ended.code == (130 if number != signal.SIGKILL else -number)
    while (left() or running(clouds[0])) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left() == []
    assert not running(clouds[0])


def written() -> list[Path]:
    return [file for folder in left() if (file := folder / "cloud.json").exists()]


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
