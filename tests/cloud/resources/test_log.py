"""`--log FILE`: every call with its parameters and its end, in a file of the user's own, that never stops a run."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from provisioner.aws.call_log import CallLog
from provisioner.aws.client import Aws
from provisioner.cli.main import main
from provisioner.engine.errors import ConfigurationError, OutcomeUnknown
from tests import ways
from tests.cloud.conftest import REGION, EmbeddedCloud


def way(cloud: EmbeddedCloud, log: CallLog | None) -> Aws:
    session = boto3.Session(cloud.process.key, "testing", region_name=REGION)
    return ways.way(session, endpoint=cloud.endpoint, log=log)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_call_is_a_line_with_how_it_ended(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    ec2 = way(cloud, CallLog(path)).client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(ClientError):
        ec2.describe_vpcs(VpcIds=["vpc-00000000"])
    cloud.control("POST", "faults", "scenarios=throttle&only=DescribeSubnets")
    ec2.describe_subnets()
    cloud.control("POST", "faults", "scenarios=lost&only=DeleteVpc")
    with pytest.raises(OutcomeUnknown):
        ec2.delete_vpc(VpcId=vpc)
    made, refused, throttled, lost = lines(path)
    assert made["event"] == "call"
    assert (made["service"], made["operation"], made["region"]) == ("ec2", "CreateVpc", REGION)
    assert made["parameters"] == {"CidrBlock": "10.0.0.0/16"}
    assert (made["status"], made["retries"], made["answer"]["Vpc"]["VpcId"]) == (200, 0, vpc)
    assert made["request_id"]
    assert 0 < made["seconds"] < 30
    assert made["thread"] == threading.current_thread().name
    assert (refused["status"], refused["code"]) == (400, "InvalidVpcID.NotFound")
    assert "vpc-00000000" in refused["message"]
    assert (throttled["retries"], throttled["status"]) == (1, 200)
    assert lost["error"].startswith("OutcomeUnknown: the response to DeleteVpc was lost")


def test_secrets_stay_out_of_it(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    path, secret = tmp_path / "calls.jsonl", "correct-horse-battery-staple"
    ssm = way(cloud, CallLog(path)).client("ssm")
    ssm.put_parameter(Name="/shop/password", Type="SecureString", Value=secret)
    assert ssm.get_parameter(Name="/shop/password", WithDecryption=True)["Parameter"]["Value"] == secret
    put, got = lines(path)
    assert put["parameters"] == {"Name": "/shop/password", "Type": "SecureString", "Value": "(hidden)"}
    assert got["answer"]["Parameter"]["Value"] == "(hidden)"
    text = path.read_text()
    hidden = (secret, "Authorization", "Signature=", "Credential=", "testing", cloud.process.key)
    assert [word for word in hidden if word in text] == []


def test_calls_from_many_threads_are_whole_lines(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    sts = way(cloud, CallLog(path)).client("sts")
    threads = [threading.Thread(target=sts.get_caller_identity, name=f"number-{n}") for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {line["thread"] for line in lines(path)} == {f"number-{n}" for n in range(8)}


def test_a_full_disk_is_reported_once_and_the_calls_go_on(
    cloud: EmbeddedCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    sts = way(cloud, CallLog(Path("/dev/full"))).client("sts")
    assert [sts.get_caller_identity()["Account"] for _ in range(3)] == ["123456789012"] * 3
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "the log /dev/full cannot be written any more" in told
    assert "No space left" in told


def test_it_is_the_owner_s_alone_and_goes_on_with_what_is_there(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        CallLog(tmp_path / "new").write({"event": "a"})
        (tmp_path / "there").touch(0o640)
        (tmp_path / "there").chmod(0o640)
        (tmp_path / "link").symlink_to(tmp_path / "there")
        CallLog(tmp_path / "there").write({"event": "a"})
        CallLog(tmp_path / "link").write({"event": "b"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "there").stat().st_mode) == 0o640
    assert [line["event"] for line in lines(tmp_path / "there")] == ["a", "b"]


def test_somebody_else_s_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").touch()
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "theirs").stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="theirs belongs to another user"):
        CallLog(tmp_path / "theirs")


@pytest.mark.parametrize(
    "name", ["nowhere/calls.jsonl", "", "directory", "a" * 300], ids=["no directory", "none", "directory", "long"]
)
def test_a_log_that_cannot_be_written_is_an_error_at_the_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "directory").mkdir()
    assert main(["init", "--log", name]) == 4
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith(f"error: the log {name or '.'} cannot be written: ")
    assert not (tmp_path / "stack.toml").exists()


def test_a_command_begins_and_ends_with_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--log", "calls.jsonl"]) == 0
    assert main(["init", "--log", "calls.jsonl"]) == 4
    begin, end, again, failed = lines(tmp_path / "calls.jsonl")
    assert (begin["event"], begin["command"], begin["process"]) == ("begin", "provision init", os.getpid())
    assert (end["event"], end["ended"]) == ("end", "exit code 0")
    assert again["event"] == "begin"
    assert failed["ended"].startswith("ConfigurationError: stack.toml already exists")
    assert "already exists" in capsys.readouterr().err
