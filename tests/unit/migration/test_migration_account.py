"""`init --from`: Copilot's environments in an account, and the messages if no account can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import main
from provisioner.migration import draft_of
from provisioner.migration.copilot.account import Environment, complete
from provisioner.migration.draft import Draft
from provisioner.migration.ecs.answers import Answers

PLACE: dict[str, Any] = {"account": "123456789012", "region": "eu-west-1"}
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
IMAGE, RUNS = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web", f"sha256:{'a' * 64}"
WEB = """
name: web
type: Backend Service
image: {location: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1", port: 80}
network: {vpc: {placement: private, security_groups: [{from_cfn: db-group}]}}
variables: {TOKEN: {from_cfn: token}, SIZE: {from_cfn: size}}
secrets: {DB: {from_cfn: db}}
"""


@pytest.fixture
def manifests(tmp_path: Path) -> Draft:
    files = {
        ".workspace": "application: shop",
        "web/manifest.yml": WEB,
        "environments/test/manifest.yml": "name: test\nnetwork: {vpc: {cidr: 10.1.0.0/16, flow_logs: on}}",
    }
    for name, text in files.items():
        path = tmp_path / "copilot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return draft_of("copilot", tmp_path, None)


def running(**container: Any) -> Answers:
    service = {
        "serviceName": "shop-test-web",
        "taskDefinition": "web:1",
        "tags": [{"key": "copilot-service", "value": "web"}],
        "networkConfiguration": {"awsvpcConfiguration": {"securityGroups": ["sg-0aaaaaaa"]}},
    }
    main = {"name": "web", "image": f"{IMAGE}:1", **container}
    task = {"taskDefinitionArn": "web:1", "containers": [{"name": "web", "imageDigest": RUNS}]}
    return Answers(
        cluster={"clusterName": "c"},
        services=[service],
        definitions={"web:1": {"taskDefinitionArn": "web:1", "containerDefinitions": [main]}},
        tasks=[task],
        images={f"{IMAGE}:1": set()},
        **PLACE,
    )


def completed(draft: Draft, found: Environment, **exports: str) -> tuple[dict[str, Any], dict[str, str]]:
    complete(draft, {"test": found}, exports, **PLACE)
    return draft.tables["test"], {one.key: one.why for one in draft.left}


def test_exports_stand_where_they_are_named(manifests: Draft) -> None:
    exports = {"db-group": "sg-0bbbbbbb", "db": SECRET, "size": "4", "token": "sk_live_1234567890abcdef"}
    table, left = completed(manifests, Environment(), **exports)
    web = table["services"]["web"]
    assert (web["security_groups"], web["secrets"], web["environment"]) == (
        ["sg-0bbbbbbb"],
        {"DB": SECRET},
        {"SIZE": "4"},
    )
    assert "token: no stack exports it" in left["variables.TOKEN"], "it looks like a secret"
    assert not {"variables.SIZE", "secrets.DB", "network.vpc.security_groups"} & left.keys()
    assert "sk_live" not in str((table, left))


def test_an_export_of_another_kind_stays_told(manifests: Draft) -> None:
    table, left = completed(manifests, Environment(), **{"db-group": "vpc-0aaaaaaa", "db": "arn:aws:rds:x:1:y"})
    assert "security_groups" not in table["services"]["web"]
    assert "db-group: no stack exports it here, or it is of another kind" in left["network.vpc.security_groups"]
    assert "db: no stack exports it" in left["secrets.DB"]


def test_the_vpc_takes_the_place_of_a_new_one(manifests: Draft) -> None:
    assert manifests.tables["test"]["network"]["egress"] == "nat-per-zone"
    found = Environment("vpc-0aaaaaaa", ("subnet-0aaaaaaa",), ("subnet-0bbbbbbb",), "sg-0aaaaaaa", running())
    table, left = completed(manifests, found)
    assert table["network"] == {
        "vpc": "vpc-0aaaaaaa",
        "subnets": {"public": ["subnet-0aaaaaaa"], "private": ["subnet-0bbbbbbb"]},
    }
    assert (table["region"], table["account"]) == ("eu-west-1", {"id": "123456789012"})
    web = table["services"]["web"]
    assert web["security_groups"] == ["sg-0aaaaaaa"], "the environment's, though nobody may say whom it reaches"
    assert web["image"] == f"{IMAGE}@{RUNS}"
    assert "has moved" in left["environment test: services.web.image"]


def test_what_addons_hand_over(manifests: Draft) -> None:
    given = {
        "secrets": [{"name": "CACHE", "valueFrom": "/shop/cache"}, {"name": "OLD", "valueFrom": f"{SECRET}:k:v:"}],
        "environment": [
            {"name": "BUCKET", "value": "files"},
            {"name": "API_KEY", "value": "sk_live_1234567890abcdef"},
            {"name": "COPILOT_LB_DNS", "value": "x"},
        ],
    }
    table, left = completed(manifests, Environment("vpc-0aaaaaaa", answers=running(**given)))
    web = table["services"]["web"]
    assert (web["secrets"], web["environment"]) == ({"CACHE": "ssm:/shop/cache"}, {"BUCKET": "files"})
    assert {"environment test: services.web.secrets.OLD", "environment test: services.web.environment.API_KEY"} <= set(
        left
    )
    assert "sk_live" not in str((table, left))


def test_what_runs_stands_for_an_export_that_is_not_read(manifests: Draft) -> None:
    given = {"secrets": [{"name": "DB", "valueFrom": SECRET}], "environment": [{"name": "SIZE", "value": "4"}]}
    table, left = completed(manifests, Environment("vpc-0aaaaaaa", answers=running(**given)))
    web = table["services"]["web"]
    assert (web["secrets"], web["environment"]) == ({"DB": SECRET}, {"SIZE": "4"})
    assert not {"secrets.DB", "variables.SIZE"} & left.keys()
    assert "token: no stack exports it" in left["variables.TOKEN"]


def test_an_environment_that_is_not_there_is_named(manifests: Draft) -> None:
    table, left = completed(manifests, Environment())
    assert "vpc" not in table["network"]
    assert "--region" in left["environment test"]
    _, left = completed(manifests, Environment("vpc-0aaaaaaa", why="DescribeServices was refused"))
    assert left["environment test: cluster"].startswith("DescribeServices was refused")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--from", "ecs"], "name the cluster: `provision init --from ecs CLUSTER`"),
        (["--from", "ecs", "main"], "no Region is known: add --region NAME"),
        (["--from", "ecs", "main", "--region", "ireland"], "is not an AWS Region"),
        (["--from", "ecs", "main", "--target", "local"], "no embedded cloud is running in .provision"),
        (["--from", "compose", "--region", "eu-west-1"], "--region: a Compose file says nothing of an account"),
        (["--from", "compose", "--profile", "x"], "--profile: a Compose file says nothing of an account"),
        (["--region", "ireland"], 'region: "ireland" is not an AWS Region'),
        (["main"], "main: is for --from"),
    ],
)
def test_what_is_said_before_any_call(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "PROVISION_TARGET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert main(["init", *words]) == 4
    assert says in capsys.readouterr().err
    assert not (tmp_path / "stack.toml").exists()


def test_a_secret_without_a_place_is_a_loss(manifests: Draft) -> None:
    arn = f"{SECRET}:key:AWSPREVIOUS:"
    found = Environment("vpc-0aaaaaaa", answers=running(secrets=[{"name": "OLD", "valueFrom": arn}]))
    completed(manifests, found)
    costs = {one.key: (one.of, one.cost) for one in manifests.left}
    assert costs["environment test: services.web.secrets.OLD"] == ("services.web", "part")
    assert costs["environment test: services.web.image"] == ("services.web", "nothing")


def test_addresses_follow_the_vpc(tmp_path: Path) -> None:
    """In an existing VPC services have another domain, and variables that `calls` sets are not read again."""
    caller = "name: web\ntype: Backend Service\nimage: {build: Dockerfile}\n"
    said = "variables: {API_URL: 'http://api:4000', CACHE: 'redis://api:4000'}\n"
    files = {
        ".workspace": "application: shop",
        "web/manifest.yml": caller + said,
        "api/manifest.yml": "name: api\ntype: Backend Service\nimage: {build: Dockerfile, port: 4000}\n",
        "environments/test/manifest.yml": "name: test",
    }
    for name, content in files.items():
        path = tmp_path / "copilot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    made = draft_of("copilot", tmp_path, None)
    assert made.tables["test"]["services"]["web"]["environment"] == {"CACHE": "redis://api.svc.internal:4000"}
    given = [{"name": "API_URL", "value": "http://api:4000"}, {"name": "ADDED", "value": "x"}]
    found = Environment("vpc-0aaaaaaa", answers=running(environment=given))
    table, _ = completed(made, found)
    web = table["services"]["web"]
    assert web["calls"] == ["api"]
    assert web["environment"] == {"CACHE": "redis://api.svc.shop-test.internal:4000", "ADDED": "x"}
