"""A log of AWS's is compared with a log of the embedded cloud: the report has all differences, and no others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.aws import call_log
from tests.contract import waits
from tests.contract.compare import main
from tests.contract.recorded import operation_model

VPC = {"VpcId": "vpc-0123456789abcdef0", "State": "available", "CidrBlock": "10.0.0.0/16"}


def log(path: Path, *calls: tuple[str, str, dict[str, Any]]) -> Path:
    """Write a log of calls as `--log` does."""
    path.parent.mkdir(exist_ok=True)
    opened = call_log.CallLog(path)
    opened.write({"event": "begin", "command": "up"})
    for service, operation, outcome in calls:
        opened.write({"event": "call", "service": service, "operation": operation, **outcome})
    return path


def compared(directory: Path, capsys: pytest.CaptureFixture[str], theirs: Any, ours: Any) -> tuple[int, list[str]]:
    code = main([str(log(directory / "aws.log", *theirs)), str(log(directory / "local.log", *ours))])
    return code, capsys.readouterr().out.splitlines()


def vpcs(**more: Any) -> tuple[str, str, dict[str, Any]]:
    return "ec2", "DescribeVpcs", {"status": 200, "answer": {"Vpcs": [VPC | more]}}


def test_the_same_answers_are_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = vpcs(VpcId="vpc-f1516b97", CidrBlock="10.1.0.0/16")
    code, lines = compared(tmp_path, capsys, [other], [vpcs()])
    assert code == 0
    (only,) = lines
    assert only.startswith("1 operations compared: 0 differences of members and formats, 0 refusals that are not known")
    assert only.endswith("0 differences of pages, 0 of 0 waits outside the range")


def test_members_and_formats_that_differ_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = vpcs(BlockPublicAccessStates={}, State="AVAILABLE", DhcpOptionsId="dopt-24ff1940")
    ours = vpcs(DhcpOptionsId="dhcp options", InstanceTenancy="default")
    code, lines = compared(tmp_path, capsys, [theirs], [ours])
    assert code == 1
    assert lines[:-1] == [
        "ec2.DescribeVpcs: Vpcs[].State is otherwise: UPPER_CASE, not lower-case",
        "ec2.DescribeVpcs: the embedded cloud always sends Vpcs[].InstanceTenancy, and AWS never does",
        "ec2.DescribeVpcs: AWS sends Vpcs[].BlockPublicAccessStates, and the embedded cloud never does",
    ]


def test_dates_and_arns_in_other_formats_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def policy(arn: str, moment: str) -> tuple[str, str, dict[str, Any]]:
        answer = {"clusters": [{"clusterArn": arn, "clusterName": moment}]}
        return "ecs", "DescribeClusters", {"status": 200, "answer": answer}

    ours = policy("arn:aws:ecs:eu-west-1:123456789012:cluster/a", "2026-01-01T00:00:00Z")
    theirs = policy("arn:aws:ecs:eu-west-1:123456789012:fleet/a", "1767225600")
    _, lines = compared(tmp_path, capsys, [theirs], [ours])
    assert lines[:-1] == [
        "ecs.DescribeClusters: clusters[].clusterArn is otherwise: ARN of ecs fleet, not ARN of ecs cluster",
        "ecs.DescribeClusters: clusters[].clusterName is otherwise: number, not date",
    ]


def test_a_member_that_was_recorded_before_is_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = compared(tmp_path, capsys, [vpcs(OwnerId="123456789012")], [vpcs()])
    assert code == 0
    assert lines[0].startswith("note: AWS sends these as was recorded of it before")
    assert lines[0].endswith(": ec2.DescribeVpcs Vpcs[].OwnerId")


def test_a_member_seen_elsewhere_in_its_structure_is_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def service(operation: str, member: str, **more: Any) -> tuple[str, str, dict[str, Any]]:
        one = {"serviceName": "web", "deployments": [{"status": "PRIMARY"} | more]}
        return "ecs", operation, {"status": 200, "answer": {member: [one] if member == "services" else one}}

    deleted = service("DeleteService", "service", platformFamily="Linux")
    described = service("DescribeServices", "services", platformFamily="Linux")
    assert compared(tmp_path, capsys, [deleted], [service("DeleteService", "service"), described])[0] == 0
    assert compared(tmp_path / "a", capsys, [deleted], [service("DeleteService", "service")])[0] == 1


@pytest.mark.parametrize(
    ("asked", "missing"), [({"include": ["TAGS"]}, True), ({}, False), ({"include": ["SETTINGS"]}, False)]
)
def test_what_was_not_asked_for_is_not_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: dict[str, Any], missing: bool
) -> None:
    def clusters(parameters: dict[str, Any], **more: Any) -> tuple[str, str, dict[str, Any]]:
        answer = {"clusters": [{"clusterName": "shop"} | more]}
        return "ecs", "DescribeClusters", {"status": 200, "parameters": parameters, "answer": answer}

    _, lines = compared(tmp_path, capsys, [clusters(asked)], [clusters({"include": ["TAGS"]}, tags=[])])
    assert (len(lines) == 2) == missing


def test_what_only_the_reference_set_is_not_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    modified = ("elbv2", "ModifyTargetGroup", {"status": 200, "parameters": {"HealthCheckPath": "/ready"}})

    def groups(**more: Any) -> tuple[str, str, dict[str, Any]]:
        answer = {"TargetGroups": [{"Port": 80} | more]}
        return "elbv2", "DescribeTargetGroups", {"status": 200, "parameters": {}, "answer": answer}

    ours = groups(HealthCheckPath="/ready")
    assert compared(tmp_path, capsys, [groups()], [ours, modified])[0] == 0
    assert compared(tmp_path / "a", capsys, [groups(), modified], [ours, modified])[0] == 1


def parameters(count: int, *, more: bool, **asked: Any) -> tuple[str, str, dict[str, Any]]:
    answer = {"Parameters": [{"Name": str(number)} for number in range(count)]} | ({"NextToken": "x"} if more else {})
    return "ssm", "DescribeParameters", {"status": 200, "parameters": asked, "answer": answer}


def repositories(count: int, *, more: bool) -> tuple[str, str, dict[str, Any]]:
    answer = {"repositories": [{"repositoryName": str(number)} for number in range(count)]}
    answer |= {"nextToken": "x"} if more else {}  # type: ignore[dict-item]
    return "ecr", "DescribeRepositories", {"status": 200, "parameters": {}, "answer": answer}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (parameters(10, more=True), None),
        (parameters(3, more=True), None),  # AWS's documentation allows a page with fewer items
        (parameters(11, more=False), "a page holds 11, and the embedded cloud would give 10"),
        (parameters(50, more=True, MaxResults=50), None),
        (parameters(1, more=False, MaxResults=51), "a page size of 51 is taken, and the embedded cloud refuses it"),
        (repositories(100, more=True), None),
        (repositories(50, more=True), "a page holds 50, and the embedded cloud would give 100"),
        (repositories(50, more=False), None),
    ],
)
def test_pages_of_other_sizes_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], page: Any, said: str | None
) -> None:
    code, lines = compared(tmp_path, capsys, [page], [page])
    assert [line.partition(": ")[2] for line in lines[:-1]] == ([said] if said else [])
    assert code == int(said is not None)


def balancer(state: str) -> dict[str, Any]:
    return {"LoadBalancers": [{"LoadBalancerArn": "arn:of-it", "State": {"Code": state}}]}


def waiting(directory: Path, seconds: float, target: str = "aws") -> Path:
    """Return a log with a load balancer that becomes active after so many seconds, read every ten seconds."""
    begin, path = datetime(2026, 1, 1, tzinfo=UTC), directory / "waiting.log"
    lines: list[dict[str, Any]] = [{"event": "connected", "target": target, "time_scale": 1.0}]

    def call(after: float, operation: str, state: str) -> None:
        moment = (begin + timedelta(seconds=after)).isoformat()
        answer = {"service": "elbv2", "operation": operation, "parameters": {}, "answer": balancer(state)}
        lines.append({"time": moment, "event": "call", "seconds": 0.1} | answer)

    call(0, "CreateLoadBalancer", "provisioning")
    for after in range(10, int(seconds) + 11, 10):
        call(after, "DescribeLoadBalancers", "active" if after >= seconds else "provisioning")
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@pytest.mark.parametrize("seconds", [170, 200, 211])  # 211: it ended between 210 and 220, outside of the range
def test_waits_are_held_against_the_table(tmp_path: Path, seconds: float) -> None:
    (found,) = waits.waited(waiting(tmp_path, seconds))
    assert found.least <= seconds <= found.most
    assert found.outside == (seconds > 210)


@pytest.mark.parametrize(("target", "code"), [("aws", 1), ("local", 0)])
def test_waits_outside_of_the_table_are_said_of_aws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, code: int
) -> None:
    path = waiting(tmp_path, 20, target)
    assert main([str(path), str(path)]) == code
    said = (
        "LOAD_BALANCER_CREATE lasted 10 to 20 s (1 of 1 waits, such as of-it), and the embedded cloud's table has 162"
    )
    assert (said in capsys.readouterr().out) == bool(code)


def test_every_wait_names_existing_rows_and_calls() -> None:
    for wait in waits.WAITS:
        service, operation = wait.write.split(".")
        assert operation_model(service, operation).input_shape
        assert operation_model(service, wait.read).output_shape
        assert 0 < wait.range[0] < wait.range[1]
        assert wait.after in {"", *(other.name for other in waits.WAITS)}


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("DependencyViolation", "", []),
        ("TooLate", "", ["ec2.DeleteVpc: refused with TooLate, which the embedded cloud never does; taken for"]),
    ],
)
def test_a_refusal_that_is_not_known_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, message: str, said: list[str]
) -> None:
    refused = ("ec2", "DeleteVpc", {"status": 400, "code": code, "message": message})
    _, lines = compared(tmp_path, capsys, [vpcs(), refused], [vpcs()])
    assert [line.removesuffix(" an error that stops") for line in lines[:-1]] == said


def test_what_was_not_asked_of_the_embedded_cloud_is_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = compared(tmp_path, capsys, [vpcs()], [])
    assert code == 0
    assert lines[0] == "note: not asked of the embedded cloud, so not compared: ec2.DescribeVpcs"


def test_calls_that_were_sent_again_are_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    service, operation, outcome = vpcs()
    code, lines = compared(tmp_path, capsys, [(service, operation, outcome | {"retries": 2})], [vpcs()])
    assert code == 0
    assert lines[0] == "note: sent again, after throttling or a fault of the network: ec2.DescribeVpcs (2)"


def test_without_a_log_it_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "python -m tests.contract.compare FILE" in capsys.readouterr().out


def test_a_line_is_what_the_tool_writes() -> None:
    # the two are written apart: a member that is called otherwise there would silently be no answer here
    text = Path(call_log.__file__).read_text()
    assert all(json.dumps(name) in text for name in ("event", "call", "service", "operation", "answer", "code"))
