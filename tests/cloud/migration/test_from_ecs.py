"""`init --from ecs`, as a user types it: a cluster made by hand, one of this tool's, and reads that are denied."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import ALL, denying, enforce, policy
from tests.cloud.project import Project, without_config
from tests.cloud.strange_cluster import TOKEN, Strange, strange_cluster

pytestmark = pytest.mark.slow

MOVING = Path(__file__).parents[3] / "docs" / "moving.md"
OURS = """
project = "shop"
env = "dev"

[services.web]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
port = 80
public = true
calls = ["api"]
scaling = { max = 10, cpu = 60, requests = 500 }
health = { path = "/up", codes = "200-299", interval = 20, grace = 90 }
deregistration_delay = 60
user = "10001:10001"
read_only = true

[services.api]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/api:1"
port = 8080
path = "/api/*"
public = true
architecture = "arm64"
cpu = 512
memory = 2048
count = 2
on_demand = { base = 1, percent = 25 }
environment = { LEVEL = "info" }
secrets = { STRIPE_KEY = "generate", DB_URL = "ssm:/elsewhere/url" }
circuit_breaker = { threshold = 4 }

[services.worker]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/worker:1"
command = ["celery", "-A", "shop"]
entrypoint = ["/init"]
deployment = "recreate"
stop_timeout = 60
exec = false
health = { command = "celery status", interval = 60 }
capabilities = ["CHOWN", "NET_BIND_SERVICE"]

[jobs.nightly]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/worker:1"
command = ["report", "--all"]
schedule = "cron(30 3 * * ? *)"
timezone = "Asia/Tokyo"

[network]
zones = 2
egress = "public"
"""
GIVEN: dict[str, dict[str, Any]] = {
    "services": {"launch": "fargate", "cpu": 256, "memory": 512, "exec": True, "on_demand": {"percent": 0}},
    "jobs": {"cpu": 256, "memory": 512},
}
"""Settings that are always written, since their defaults differ elsewhere, or on AWS."""


@pytest.fixture
def elsewhere(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A directory without a stack.toml."""
    with without_config(cloud, tmp_path / "elsewhere", {}) as here:
        yield here


@pytest.fixture
def strange(cloud: EmbeddedCloud) -> Strange:
    """The cluster made by hand."""
    return strange_cluster(cloud)


def read(project: Project, cluster: str, *words: str) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Return the written configuration, the reasons for places left open, and the remaining problems."""
    told = project.run("init", "--from", "ecs", cluster, "--target", "local", "--json", *words).document
    left = {f"{one['file']}: {one['key']}": one["why"] for one in told["left"]}
    return tomllib.loads(project.config.read_text()), left, told["problems"]


def test_a_cluster_made_by_hand(elsewhere: Project, strange: Strange) -> None:
    since = elsewhere.last_call()
    written, left, problems = read(elsewhere, "Legacy_Prod", "--env", "staging")
    assert elsewhere.writes(since) == []
    assert (written["project"], written["env"], written["region"]) == ("legacy-prod", "staging", "ap-northeast-1")
    assert written["network"] == {
        "vpc": strange.theirs.vpc,
        "subnets": {"public": strange.theirs.public, "private": strange.theirs.private},
    }
    assert written["dns"] == {"domain": "example.com", "host": "shop"}
    web, worker = written["services"]["web-app"], written["services"]["worker"]
    assert web.pop("health") == {
        "path": "/healthz",
        "codes": "200-299",
        "command": "curl -f localhost:8000/healthz || exit 1",
        "interval": 20,
        "healthy": 5,
        "unhealthy": 2,
        "grace": 120,
    }
    secret = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop/db-AbCdEf"
    assert web == {
        "image": "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1",
        "architecture": "arm64",
        "command": ["gunicorn", "shop.wsgi"],
        "port": 8000,
        "public": True,
        "path": "/api*",
        "sticky": 86400,
        "deregistration_delay": 90,
        "launch": "fargate",
        "cpu": 512,
        "memory": 1024,
        "count": 1,
        "on_demand": {"percent": 100},
        "deployment": {"min_percent": 50, "max_percent": 150},
        "exec": True,
        "user": "1000",
        "stop_timeout": 45,
        "security_groups": [strange.app],
        "environment": {"LEVEL": "info"},
        "secrets": {"API_TOKEN": True, "STRIPE_KEY": "ssm:/shop/stripe", "DB_PASSWORD": f"{secret}:password::"},
    }
    assert (worker["count"], worker["exec"]) == (0, False)
    nightly, weekly = written["jobs"]["nightly-report"], written["jobs"]["weekly"]
    assert (nightly["command"], nightly["schedule"]) == (["report", "--all"], "cron(0 3 * * ? *)")
    assert (weekly["command"], weekly["timezone"]) == (["report"], "Europe/Berlin")
    for place in (
        "volumes.files",
        "mountPoints./srv/files",
        "environment.API_TOKEN",
        "secrets.OLD_KEY",
        "logConfiguration",
        "portMappings",
        "taskRoleArn",
        "rule.host-header",
        "healthCheck.interval",
    ):
        assert f"service web_app: {place}" in left
    assert "FireLens" in left["service web_app, log_router: "]
    assert "EFS" in left["service web_app: volumes.files"]
    assert "0 of now" in left["service worker: scaling"]
    assert "FlexibleTimeWindow" in "".join(left)
    assert len(problems) == 1, "one task cannot be replaced with 50 to 150 percent"


def test_no_value_that_looks_secret_is_written_or_told(elsewhere: Project, strange: Strange) -> None:
    ended = elsewhere.run("init", "--from", "ecs", "Legacy_Prod", "--target", "local", "--log", "calls.jsonl")
    files = [elsewhere.config, elsewhere.directory / "calls.jsonl"]
    everything = [ended.out, ended.err, *(one.read_text() for one in files)]
    assert [one for one in everything if TOKEN in one] == []
    assert "DescribeTaskDefinition" in everything[-1]
    assert "provision secret set API_TOKEN" in ended.out


def test_what_may_not_be_read_is_told(elsewhere: Project, strange: Strange) -> None:
    denied = ("elasticloadbalancing:*", "scheduler:*", "ec2:DescribeSecurityGroups", "ecs:ListTasks")
    enforce(elsewhere.cloud, policy(ALL, denying(*denied)))
    written, left, _ = read(elsewhere, "Legacy_Prod")
    enforce(elsewhere.cloud)
    web = written["services"]["web-app"]
    assert (web["port"], "public" in web, list(written["jobs"])) == (8000, False, ["nightly-report"])
    assert "security_groups" not in web
    for action in (
        "elasticloadbalancing:DescribeTargetGroups",
        "scheduler:ListSchedules",
        "ec2:DescribeSecurityGroups",
        "ecs:ListTasks",
    ):
        assert "could not be read" in left[f"cluster Legacy_Prod: {action}"]
    assert "could not be read: write public" in left["service web_app: loadBalancers"]


def test_the_policy_in_the_documentation_is_enough(elsewhere: Project, strange: Strange) -> None:
    (document,) = re.findall(r"```json\n(.*?)```", MOVING.read_text(), re.DOTALL)
    enforce(elsewhere.cloud, json.loads(document))
    _, left, _ = read(elsewhere, "Legacy_Prod")
    enforce(elsewhere.cloud)
    assert [one for one, why in left.items() if "AccessDenied" in why or "Unauthorized" in why] == []


def test_without_these_reads_there_is_nothing_to_write(elsewhere: Project, strange: Strange) -> None:
    codes = {"DescribeClusters": 1, "ListServices": 1, "DescribeServices": 1, "DescribeTaskDefinition": 4}
    for action, code in codes.items():
        enforce(elsewhere.cloud, policy(ALL, denying(f"ecs:{action}")))
        ended = elsewhere.run("init", "--from", "ecs", "Legacy_Prod", "--target", "local", code=code)
        enforce(elsewhere.cloud)
        assert action in ended.err
        assert not elsewhere.config.exists()


def test_a_cluster_that_is_not_there(elsewhere: Project, strange: Strange) -> None:
    ended = elsewhere.run("init", "--from", "ecs", "legacy", "--target", "local", code=4)
    assert "has no such cluster in ap-northeast-1: there are Legacy_Prod" in ended.err
    assert not elsewhere.config.exists()
    elsewhere.run("init", "--from", "ecs", "Legacy_Prod", "--target", "local", "--region", "eu-west-1", code=4)
    arn = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/Legacy_Prod"
    written, _, _ = read(elsewhere, arn)
    assert written["region"] == "ap-northeast-1"
    ended = elsewhere.run("init", "--from", "ecs", arn, "--target", "local", code=4)
    assert "stack.toml already exists" in ended.err


def test_a_stack_of_this_tool_comes_back(cloud: EmbeddedCloud, elsewhere: Project, tmp_path: Path) -> None:
    first = Project(cloud, tmp_path)
    first.write(OURS)
    cloud.client("ssm").put_parameter(Name="/elsewhere/url", Type="SecureString", Value="mysql://elsewhere")
    first.up()
    since = first.last_call()
    written, _, problems = read(elsewhere, "shop-dev")
    assert (first.writes(since), problems) == ([], [])
    assert (written["project"], written["env"]) == ("shop", "dev")
    wanted = tomllib.loads(OURS)
    for kind, given in GIVEN.items():
        for name, service in wanted[kind].items():
            expected = {**given, **({"count": 1} if kind == "services" else {}), **service}
            if "scaling" in expected:
                expected |= {"scaling": {"min": 1, **expected["scaling"]}}
                del expected["count"]
            if "secrets" in expected:
                # made up once, and kept
                expected["secrets"] = {**expected["secrets"], "STRIPE_KEY": True}
            assert written[kind][name] == expected, name
    assert written["network"]["egress"] == "public"
    # beside it, in its VPC, where a private domain is taken, it can be planned
    elsewhere.write(elsewhere.config.read_text() + '\n[dns]\ndiscovery_domain = "two.internal"\n')
    elsewhere.change(", STRIPE_KEY = true", "")
    planned = elsewhere.planned("--env", "two")
    assert {name: one for name, one in planned.items() if one["action"] != "create"} == {}
    first.down()
    first.close()
