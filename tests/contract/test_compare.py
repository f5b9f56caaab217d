"""A log of AWS's is held against one of the embedded cloud: what differs is said, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner import calllog
from tests.contract.compare import main

VPC = {"VpcId": "vpc-0123456789abcdef0", "State": "available", "CidrBlock": "10.0.0.0/16"}


def log(path: Path, *calls: tuple[str, str, dict[str, Any]]) -> Path:
    """Write calls down as `--log` does."""
    opened = calllog.CallLog(path)
    opened.write({"event": "begin", "command": "up"})
    for service, operation, outcome in calls:
        opened.write({"event": "call", "service": service, "operation": operation, **outcome})
    return path


def compared(folder: Path, capsys: pytest.CaptureFixture[str], theirs: Any, ours: Any) -> tuple[int, list[str]]:
    code = main([str(log(folder / "aws.log", *theirs)), str(log(folder / "local.log", *ours))])
    return code, capsys.readouterr().out.splitlines()


def vpcs(**more: Any) -> tuple[str, str, dict[str, Any]]:
    return "ec2", "DescribeVpcs", {"status": 200, "answer": {"Vpcs": [VPC | more]}}


def test_the_same_answers_are_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = vpcs(VpcId="vpc-f1516b97", CidrBlock="10.1.0.0/16")
    code, lines = compared(tmp_path, capsys, [other], [vpcs()])
    assert (code, lines) == (0, ["1 operations compared: 0 differences, 0 refusals that are not known"])


def test_members_and_formats_that_differ_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = vpcs(OwnerId="123456789012", State="AVAILABLE", DhcpOptionsId="dopt-24ff1940")
    ours = vpcs(DhcpOptionsId="dhcp options", InstanceTenancy="default")
    code, lines = compared(tmp_path, capsys, [theirs], [ours])
    assert code == 1
    assert lines[:-1] == [
        "ec2.DescribeVpcs: AWS sends Vpcs[].OwnerId, and the embedded cloud never does",
        "ec2.DescribeVpcs: the embedded cloud always sends Vpcs[].InstanceTenancy, and AWS does not",
        "ec2.DescribeVpcs: Vpcs[].State is otherwise: UPPER_CASE, not lower-case",
    ]


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


def test_what_was_not_asked_of_the_embedded_cloud_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = compared(tmp_path, capsys, [vpcs()], [])
    assert code == 1
    assert lines[0] == "not asked of the embedded cloud, so not compared: ec2.DescribeVpcs"


def test_without_a_log_it_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "python -m tests.contract.compare FILE" in capsys.readouterr().out


def test_a_line_is_what_the_tool_writes() -> None:
    # the two are written apart: a member that is called otherwise there would silently be no answer here
    text = Path(calllog.__file__).read_text()
    assert all(json.dumps(name) in text for name in ("event", "call", "service", "operation", "answer", "code"))
