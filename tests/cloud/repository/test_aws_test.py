"""The test against AWS (`make test-aws`), on the embedded cloud: whole, and stopped where it must not go on."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.aws import account, costs
from tests.aws.__main__ import Refused, announced, confirm, main, still_standing
from tests.aws.account import Account
from tests.aws.commands import ROOT, Presses, Provision
from tests.aws.life import Life, answers_well
from tests.aws.masks import Masks
from tests.aws.report import Report
from tests.aws.stack import NAME, Stack
from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.project import Project

pytestmark = pytest.mark.slow
INSIDE = ("exec, a megabyte", "tunnel")
"""The steps that need a container."""


@pytest.fixture
def stack(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Stack]:
    """The test's stack in a directory that knows the running cloud."""
    found = Stack(tmp_path / "aws-test-rehearsed", REGION, "example.com", "local")
    project = Project(cloud, found.directory)
    found.write()
    yield found
    project.close()


def life_of(stack: Stack, cloud: EmbeddedCloud) -> Life:
    """A life of the stack that gives up soon."""
    presses, there = Presses(), Account(REGION, cloud=cloud.process)
    report = Report("local", "123456789012", REGION, "example.com", [])
    provision = Provision(stack.directory, stack.log, [], presses)
    return Life(stack, provision, there, presses, report, there.inventory(), 0.1, 10.0)


def begun(directory: Path, *words: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PROVISION_ENGINE": "0"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.aws", "--rehearse", *words],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def reported(directory: Path) -> tuple[Path, dict[str, Any]]:
    (found,) = directory.glob("aws-test-report-*")
    return found, json.loads((found / "report.json").read_text())


def results(document: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["result"] for step in document["steps"]}


@pytest.mark.enumeration
def test_a_whole_rehearsal_goes_well_and_differs_in_nothing(tmp_path: Path) -> None:
    process = begun(tmp_path, "--yes")
    said = process.communicate()[1]
    assert process.returncode == 0, said
    assert "0.685  together" in said
    directory, document = reported(tmp_path)
    steps = ["up", "second up", "plan", "deployment", "scale-out", "web address", "exec", *INSIDE, "down", "sweep"]
    assert results(document) == dict.fromkeys(steps, "ok") | dict.fromkeys(["web address", *INSIDE], "skipped")
    assert [line for line in document["comparison"][:-1] if not line.startswith("note: ")] == []
    assert document["timelines"]["up"]["result"] == document["timelines"]["down"]["result"] == "ok"
    assert "all went well" in (directory / "report.md").read_text()
    for file in directory.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert ":123456789012:" not in file.read_text()
    assert not (tmp_path / "aws-test-rehearsed").exists()


@pytest.mark.enumeration
def test_ctrl_c_takes_down_what_stands(tmp_path: Path) -> None:
    process = begun(tmp_path, "--yes")
    assert process.stderr
    for line in process.stderr:
        if "made vpc/main" in line:
            process.send_signal(signal.SIGINT)
            break
    said = process.communicate()[1]
    assert process.returncode == 1, said
    assert f"things of {NAME} that stand" in said
    assert "make test-aws ARGS='--down --rehearse'" in said
    document = reported(tmp_path)[1]
    assert results(document)["up"] == "failed"
    assert results(document)["scale-out"] == "not run"
    assert results(document)["down"] == results(document)["sweep"] == "ok"


def test_the_test_on_aws_shows_its_cost_and_wants_a_terminal(tmp_path: Path) -> None:
    process = begun(tmp_path)
    said = process.communicate()[1]
    assert process.returncode == 4, said
    assert "0.685  together" in said
    assert "8 of vpc_endpoint" in said
    assert "there is no terminal to ask on" in said
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_fails_is_reported_and_the_teardown_follows(stack: Stack, cloud: EmbeddedCloud) -> None:
    stack.config.write_text(stack.config.read_text().replace("example.com", "nowhere.example"))
    life = life_of(stack, cloud)
    life.run()
    steps = {step.name: step for step in life.report.steps}
    assert steps["up"].result == "failed"
    assert "`provision up --yes --json` ended with exit code 4" in steps["up"].seen
    assert "nowhere.example" in steps["up"].seen
    assert {steps[name].result for name in ("second up", "plan", "deployment", "scale-out")} == {"not run"}
    assert steps["down"].result == steps["sweep"].result == "ok"
    assert not life.report.ok
    assert "| up | failed |" in life.report.text()


@pytest.mark.enumeration
def test_an_up_that_fails_halfway_is_taken_down(stack: Stack, cloud: EmbeddedCloud) -> None:
    life = life_of(stack, cloud)
    cloud.control("POST", "faults", "scenarios=task-fails&only=backend")
    life.run()
    steps = {step.name: step for step in life.report.steps}
    assert steps["up"].result == "failed"
    assert "service/backend: " in steps["up"].seen
    assert steps["down"].result == steps["sweep"].result == "ok"


def test_what_is_left_and_what_changed_beside_it_is_said(stack: Stack, cloud: EmbeddedCloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/somebody/web")
    logs.create_log_group(logGroupName="/somebody/api")
    life = life_of(stack, cloud)
    logs.delete_log_group(logGroupName="/somebody/web")
    logs.put_retention_policy(logGroupName="/somebody/api", retentionInDays=7)
    logs.create_log_group(logGroupName="/somebody/new")
    logs.create_log_group(logGroupName=f"/ecs/{NAME}/frontend")
    assert life.before is not None
    after = life.account.inventory()
    assert account.ours(after) == [f"log_groups: /ecs/{NAME}/frontend"]
    assert sorted(account.changed(life.before, after)) == [
        "log_groups: /somebody/api is changed",
        "log_groups: /somebody/new is new",
        "log_groups: /somebody/web is gone",
    ]


def test_what_an_earlier_run_left_is_in_the_way(
    stack: Stack, cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(stack.directory.parent)
    assert main(["--rehearse", "--down", "--yes"]) == 4
    assert "there is nothing to take down" in capsys.readouterr().err
    life = life_of(stack, cloud)
    life.command("up", "--yes", "--json", "--target-step", "network")
    assert life.provision.stands == set(life.recorded())
    assert main(["--rehearse", "--yes"]) == 4
    assert "still stands from an earlier run" in capsys.readouterr().err
    life.before = None
    life.run()
    assert [(step.name, step.result) for step in life.report.steps] == [("down", "ok"), ("sweep", "ok")]
    assert life.provision.stands == set()


# -- without a cloud -------------------------------------------------------------------------------------------------


def test_it_is_refused_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "true")
    assert main(["--yes", "--domain", "example.com"]) == 4
    assert "CI is set" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


class Page(BaseHTTPRequestHandler):
    """A web server whose path is the status that it answers with."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_a_web_address_is_well_only_with_200() -> None:
    answers: list[str] = []
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert [answers_well(f"{address}/{status}", answers) for status in (200, 503, 204)] == [True, False, False]
        server.shutdown()
        thread.join()
    assert not answers_well(address, answers)
    assert answers[:3] == ["HTTP 200", "HTTP 503", "HTTP 204"]
    assert "refused" in answers[3]


class Terminal(io.StringIO):
    """A terminal on which something was typed."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "agreed"), [(f"{NAME}\n", True), ("yes\n", False), ("", False)])
def test_the_name_has_to_be_typed(monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    if agreed:
        confirm(yes=False)
    else:
        with pytest.raises(Refused, match="not confirmed"):
            confirm(yes=False)


def resource(address: str, **fields: Any) -> dict[str, Any]:
    changes = {name: {"old": None, "new": value} for name, value in fields.items()}
    return {"address": address, "action": "create", "changes": changes}


RESOURCES = (
    resource("subnet/public-a"),
    resource("subnet/public-c"),
    resource("load_balancer/main", subnets=["subnet-a", "subnet-c"], scheme="internet-facing"),
    resource("nat_gateway/a"),
    resource("elastic_ip/nat-a"),
    resource("vpc_endpoint/ssm", vpc_endpoint_type="Interface", subnet_ids=["subnet-b", "subnet-d"]),
    resource("vpc_endpoint/s3", vpc_endpoint_type="Gateway"),
    resource("db_cluster/main", serverless_v2_scaling_configuration={"MaxCapacity": 1.0}),
    resource("db_instance/main", db_instance_class="db.serverless"),
    resource("task_definition/web", cpu="256", memory="512"),
    resource(
        "service/web",
        assign_public_ip="ENABLED",
        desired_count=2,
        capacity_provider_strategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    ),
    resource("vpc/main") | {"action": "none"},
)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        # balancer, NAT gateway, endpoint, database, addresses of tasks, and tasks at the full price
        ("us-east-1", 0.0325 + 0.05 + 0.02 + 0.12 + 0.01 + 2 * (0.25 * 0.04048 + 0.5 * 0.004445)),
        ("ap-northeast-1", 0.0343 + 0.067 + 0.028 + 0.15 + 0.01 + 2 * (0.25 * 0.05056 + 0.5 * 0.00553)),
    ],
)
def test_costs_are_counted_from_the_plan(region: str, expected: float) -> None:
    assert costs.hourly(costs.costs(RESOURCES, region)) == pytest.approx(expected)


def test_a_region_without_prices_is_said() -> None:
    text = "\n".join(announced(RESOURCES, "ap-east-2"))
    assert "ap-northeast-1, since some of ap-east-2 are not in the table" in text
    assert f"It will make 11 things of {NAME}" in text
    assert "2 subnet, 1 load_balancer, 1 nat_gateway, 1 elastic_ip, 2 vpc_endpoint" in text


def test_what_stands_is_said_with_its_costs(tmp_path: Path) -> None:
    provision = Provision(tmp_path, tmp_path / "calls.log", [], Presses())
    provision.stands = {"vpc/main", "db_cluster/main"}
    said = still_standing(provision, costs.costs(RESOURCES, "us-east-1"), "make test-aws ARGS=--down")
    assert said.splitlines() == [
        f"things of {NAME} that stand, as far as is known: 2",
        "   0.120 USD an hour at most: db_cluster/main",
        "to take them down: make test-aws ARGS=--down",
    ]


@pytest.mark.parametrize(("tearing_down", "ended"), [(False, True), (True, False)])
def test_the_first_press_ends_all_but_the_teardown(tearing_down: bool, ended: bool) -> None:
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print(1, flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        presses = Presses(tearing_down=tearing_down, command=process)
        presses._press(signal.SIGINT, None)
        if not ended:
            assert process.poll() is None
            presses._press(signal.SIGINT, None)
        assert process.wait() == -signal.SIGINT


def test_who_presses_twice_gets_no_teardown(tmp_path: Path) -> None:
    stack, presses = Stack(tmp_path, REGION, "example.com", "local"), Presses(count=2)
    report = Report("local", "123456789012", REGION, "example.com", [])
    Life(stack, Provision(tmp_path, stack.log, [], presses), Account(REGION), presses, report, before={}).run()
    assert {step.result for step in report.steps} == {"not run"}
    assert [step.name for step in report.steps][-2:] == ["down", "sweep"]
    assert not report.ok


def call(operation: str, answer: Any, service: str = "ec2", **parameters: Any) -> str:
    about = {"event": "call", "service": service, "operation": operation, "parameters": parameters}
    return json.dumps(about | {"answer": answer})


def test_what_tells_whose_account_it_is_is_masked_in_its_format() -> None:
    masks = Masks("shop.example", ["shop.example", "other.example.org"])
    text = (
        "arn:aws:iam::111122223333:user/alice arn:aws:sts::111122223333:assumed-role/Admin/bob@corp.com "
        "444455556666.dkr.ecr.eu-west-1.amazonaws.com AKIAIOSFODNN7EXAMPLE carol@corp.com 52.94.236.248/32 10.0.0.1 "
        "app.shop.example. www.other.example.org vpc-0123456789abcdef0 8.0.mysql_aurora.3.08.2"
    )
    masked = masks.text(text)
    assert masked == (
        "arn:aws:iam::000000000001:user/name1 arn:aws:sts::000000000001:assumed-role/name2 "
        "000000000002.dkr.ecr.eu-west-1.amazonaws.com AKIAAAAAAAAAAAAAAAA1 user2@example.com 198.18.0.1/32 10.0.0.1 "
        "app.example.com. www.zone1.example vpc-0123456789abcdef0 8.0.mysql_aurora.3.08.2"
    )
    assert masks.text(masked) == masked
    assert "account numbers: 2" in masks.said()


def test_what_is_not_the_stack_s_is_left_out_of_lists() -> None:
    masks = Masks("example.com")
    lines = [
        call("CreateVpc", {"Vpc": {"VpcId": "vpc-0123456789abcdef0"}}, CidrBlock="10.0.0.0/16"),
        call("CreateCluster", {"cluster": {"clusterArn": f"arn:aws:ecs:{REGION}:1:cluster/{NAME}"}}, "ecs"),
        call("ListClusters", {"clusterArns": [f"arn:aws:ecs:{REGION}:1:cluster/{n}" for n in (NAME, "theirs")]}, "ecs"),
        call("DescribeVpcs", {"Vpcs": [{"VpcId": "vpc-0123456789abcdef0"}, {"VpcId": "vpc-00000000000000001"}]}),
        call(
            "GetAccountAuthorizationDetails", {"RoleDetailList": [{"RoleName": f"{NAME}-task"}, {"RoleName": "boss"}]}
        ),
        call("DescribeAvailabilityZones", {"AvailabilityZones": [{"ZoneName": "eu-west-1a"}]}),
        '{"event": "call", "cut',
    ]
    answers = [json.loads(line)["answer"] for line in masks.log(lines)]
    assert answers == [
        {"Vpc": {"VpcId": "vpc-0123456789abcdef0"}},
        {"cluster": {"clusterArn": f"arn:aws:ecs:{REGION}:1:cluster/{NAME}"}},
        {"clusterArns": [f"arn:aws:ecs:{REGION}:1:cluster/{NAME}", None]},
        {"Vpcs": [{"VpcId": "vpc-0123456789abcdef0"}, None]},
        {"RoleDetailList": [{"RoleName": f"{NAME}-task"}, None]},
        {"AvailabilityZones": [{"ZoneName": "eu-west-1a"}]},
    ]
    assert masks.left_out == 3
