"""`provision cloud`: the embedded cloud started, found, asked and stopped by hand, in a directory of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ecs_emulator import manage
from provisioner import __version__
from provisioner.state.local import LocalStore
from provisioner.state.model import Record
from tests.cloud.project import put_index
from tests.cloud.warm import ROOT

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def provision(tmp_path: Path) -> Iterator[Run]:
    """Runs commands in an empty directory with a sample configuration; no cloud of it is left running."""

    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "provisioner.cli.main", *words],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert run("init", "--sample").returncode == 0
    yield run
    manage.stop(tmp_path / ".provision")


def said(ended: subprocess.CompletedProcess[str]) -> Any:
    """The command's JSON document; it must have succeeded."""
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_started_found_and_stopped_by_separate_commands(provision: Run, tmp_path: Path) -> None:
    first = provision("cloud", "start", "--json")
    started = said(first)
    assert first.stderr == "starting the embedded cloud\n"
    assert started["running"] is True
    assert started["endpoint"].startswith("http://127.0.0.1:")
    assert started["domain"] == "example.com"

    again = provision("cloud", "start", "--json")
    assert (said(again) | {"now": started["now"]}, again.stderr) == (started, "")
    assert said(provision("cloud", "status", "--json")) | {"now": started["now"]} == started
    assert f"endpoint    {started['endpoint']}" in provision("cloud", "status").stdout

    route53 = boto3.client("route53", "us-east-1", endpoint_url=started["endpoint"],
                           aws_access_key_id=started["key"], aws_secret_access_key="b")  # fmt: skip
    assert [zone["Name"] for zone in route53.list_hosted_zones()["HostedZones"]] == ["example.com."]

    assert said(provision("cloud", "delegate", "Example.com.", "--json")) == {"delegated": "Example.com."}
    unknown = provision("cloud", "delegate", "example.org")
    assert unknown.returncode == 4
    assert "example.org has no public hosted zone in the embedded cloud: there are example.com." in (unknown.stderr)

    port = started["endpoint"].rpartition(":")[2]
    assert said(provision("cloud", "start", "--port", port, "--json")) | {"now": started["now"]} == started
    other = provision("cloud", "start", "--port", "5000")
    assert other.returncode == 4
    assert f"--port 5000: the embedded cloud is already running, on port {port}." in other.stderr
    assert said(provision("cloud", "status", "--json")) | {"now": started["now"]} == started

    state = tmp_path / ".provision" / "local" / "ecs-sample-dev"
    with LocalStore(state, "ecs-sample-dev", "up", __version__) as store:
        store.guard("ecs-sample-dev", "123456789012", "ap-northeast-1")
        store.put(Record("vpc/main", "vpc", "ready", "t", "vpc-1", {"cidr_block": "10.0.0.0/16"}))
        busy = provision("cloud", "stop")
        assert busy.returncode == 4
        assert re.search(r"in use by `provision up` by \S+ on \S+, process \d+, since .* UTC, and", busy.stderr)
        assert "add --yes" in busy.stderr
        assert said(provision("cloud", "status", "--json")) | {"now": started["now"]} == started
        assert said(provision("cloud", "stop", "--yes", "--json")) == {"stopped": True}
    assert said(provision("cloud", "start", "--json"))["pid"] != started["pid"]
    status = provision("status")
    assert (status.returncode, status.stderr) == (2, "")
    assert re.match(
        r"ecs-sample-dev on local: 1 resource recorded, but the embedded cloud was restarted "
        r"\(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\) and is empty\. Create them again: `provision up`\.\n$",
        status.stdout,
    )
    assert json.loads(provision("status", "--json").stdout)["restarted"] > 0
    assert said(provision("cloud", "stop", "--json")) == {"stopped": True}
    assert said(provision("cloud", "status", "--json")) == {"running": False}
    assert not (tmp_path / ".provision" / "cloud.json").exists()


def test_cloud_env_prints_settings_that_a_shell_takes(provision: Run) -> None:
    ended = provision("cloud", "env")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "provision cloud start" in ended.stderr
    started = said(provision("cloud", "start", "--json"))
    lines = provision("cloud", "env").stdout
    shell = subprocess.run(["sh", "-ec", f"{lines}env"], capture_output=True, text=True, check=True)
    found = dict(line.split("=", 1) for line in shell.stdout.splitlines() if "=" in line)
    assert (
        found.items()
        >= {
            "AWS_ENDPOINT_URL": started["endpoint"],
            "AWS_ACCESS_KEY_ID": started["key"],
            "AWS_DEFAULT_REGION": "ap-northeast-1",
        }.items()
    )


def test_a_zone_that_the_stack_creates_is_not_there_beforehand(provision: Run, tmp_path: Path) -> None:
    config = tmp_path / "stack.toml"
    config.write_text(config.read_text().replace("create_zone = false", "create_zone = true"))
    assert said(provision("cloud", "start", "--json"))["domain"] != "example.com"


def test_nothing_of_the_users_aws_settings_is_used(provision: Run, tmp_path: Path) -> None:
    """A profile that does not exist, an endpoint and a proxy that nobody answers at: each would end the command."""
    hostile = {
        "AWS_PROFILE": "nowhere",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "NO_PROXY": "",
        "no_proxy": "",
    }
    ended = provision("plan", "--json", **hostile)
    assert ended.returncode == 2, ended.stderr
    assert json.loads(ended.stdout)["account"] == "123456789012"


def test_aws_settings_count_when_the_target_is_aws(provision: Run, tmp_path: Path) -> None:
    """The embedded cloud stands in for AWS, reached by the usual settings alone; without --yes nothing is written."""
    started = said(provision("cloud", "start", "--json"))
    endpoint, key = started["endpoint"], started["key"]
    image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
    config = f'[network]\nallow = ["203.0.113.0/24"]\n[services.web]\nimage = "{image}"\nport = 80\n'
    (tmp_path / "stack.toml").write_text(config)
    aws = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "b"}
    ended = provision("up", "--target", "aws", "--yes", **aws)
    assert ended.returncode == 4, ended.stderr
    assert "so nothing was changed:\n  image web: ECR has no repository web: push the image" in ended.stderr
    access = {"endpoint_url": endpoint, "aws_access_key_id": key, "aws_secret_access_key": "b"}
    ecr = boto3.client("ecr", "ap-northeast-1", **access)
    ecr.create_repository(repositoryName="web")
    put_index(ecr, "web", {"os": "linux", "architecture": "amd64"})
    ended = provision("up", "--target", "aws", **aws)
    assert ended.returncode == 4, ended.stderr
    assert re.search(r"^  \+ vpc, .* \(step network\): \d+ to create$", ended.stderr, re.MULTILINE)
    assert re.search(r"^Takes about \d+ min on AWS\.$", ended.stderr, re.MULTILINE)
    assert f"AWS account 123456789012, Region ap-northeast-1 at {endpoint}" in ended.stderr
    assert ended.stderr.endswith("add --yes\n")
    assert ended.stdout == ""
    ec2 = boto3.client("ec2", "ap-northeast-1", **access)
    assert [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
