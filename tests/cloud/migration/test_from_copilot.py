"""`init --from copilot --profile`, as a user types it: manifests, and the account's resources of their environments."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.commands.test_existing_vpc import REGISTRY, Theirs, their_vpc
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import ALL, denying, enforce, policy
from tests.cloud.project import Project, without_config

PLACE = "ap-northeast-1:123456789012"
SECRET = f"arn:aws:secretsmanager:{PLACE}:secret:shopdb-AbCdEf"
FILES = {
    "copilot/.workspace": "application: shop\n",
    "copilot/environments/test/manifest.yml": "name: test\ntype: Environment\n",
    "copilot/environments/prod/manifest.yml": "name: prod\ntype: Environment\n",
    "copilot/web/manifest.yml": f"""
name: web
type: Load Balanced Web Service
http:
  path: '/'
image:
  location: {REGISTRY}/web:1
  port: 8000
variables:
  LEVEL: info
  BUCKET: {{from_cfn: "${{COPILOT_APPLICATION_NAME}}-${{COPILOT_ENVIRONMENT_NAME}}-bucket"}}
secrets:
  DB_SECRET: {{from_cfn: "${{COPILOT_APPLICATION_NAME}}-${{COPILOT_ENVIRONMENT_NAME}}-db"}}
  GONE: {{from_cfn: nowhere}}
""",
    "copilot/worker/manifest.yml": "name: worker\ntype: Backend Service\nimage:\n  build: worker/Dockerfile\n",
    "worker/Dockerfile": "FROM scratch\n",
}


@dataclass
class Copilot:
    """An environment as Copilot makes it: a stack with outputs, a VPC, a cluster with a service."""

    theirs: Theirs
    environment: str
    database: str


@pytest.fixture
def workspace(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A directory with Copilot's files, and no stack.toml."""
    with without_config(cloud, tmp_path, FILES) as here:
        yield here


@pytest.fixture
def copilot(cloud: EmbeddedCloud) -> Copilot:
    """The environment `test` of the application `shop`; of `prod` there is nothing."""
    theirs = their_vpc(cloud, nat=False)
    ec2 = cloud.client("ec2")
    ec2.create_tags(Resources=[theirs.vpc], Tags=[{"Key": "copilot-environment", "Value": "test"}])
    environment, database, service = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=theirs.vpc)["GroupId"]
        for name in ("environment", "database", "service")
    )
    for group, source in ((environment, environment), (database, service)):
        pairs = [{"GroupId": source}]
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": pairs}]
        )
    outputs = {
        "VpcId": theirs.vpc,
        "PublicSubnets": ",".join(theirs.public) + ",",
        "PrivateSubnets": ",".join(theirs.private) + ",",
        "EnvironmentSecurityGroup": environment,
        "ClusterId": "shop-test-Cluster-AbC",
    }
    stack(cloud, "shop-test", outputs, {})
    stack(cloud, "shop-test-web-AddonsStack-1", {"db": SECRET, "bucket": "shop-test-files"}, {"db", "bucket"})
    tags = [
        {"key": "copilot-application", "value": "shop"},
        {"key": "copilot-environment", "value": "test"},
    ]
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="shop-test-Cluster-AbC", tags=tags)
    container = {
        "name": "web",
        "image": f"{REGISTRY}/web:1",
        "environment": [
            {"name": "LEVEL", "value": "info"},
            {"name": "COPILOT_LB_DNS", "value": "shop.elb.amazonaws.com"},
            {"name": "FILES_NAME", "value": "shop-test-files"},
        ],
        "secrets": [{"name": "DB_SECRET", "valueFrom": SECRET}, {"name": "ADDON_SECRET", "valueFrom": SECRET}],
    }
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    cloud.client("iam").create_role(
        RoleName="exec", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    cloud.advance(60)  # until other services know the role
    ecs.register_task_definition(
        family="shop-test-web",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn="arn:aws:iam::123456789012:role/exec",
        containerDefinitions=[container],
    )
    network = {"subnets": theirs.public, "securityGroups": [environment, service], "assignPublicIp": "ENABLED"}
    ecs.create_service(
        cluster="shop-test-Cluster-AbC",
        serviceName="shop-test-web-Service-XyZ",
        taskDefinition="shop-test-web",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": network},
        tags=[*tags, {"key": "copilot-service", "value": "web"}],
    )
    return Copilot(theirs, environment, service)


def stack(cloud: EmbeddedCloud, name: str, outputs: dict[str, str], exported: Any) -> None:
    """A stack of CloudFormation with outputs, those in `exported` for other stacks: `<application>-<env>-<output>`."""
    told: dict[str, Any] = {key: {"Value": value} for key, value in outputs.items()}
    for key in exported:
        told[key]["Export"] = {"Name": f"shop-test-{key}"}
    template = {"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}, "Outputs": told}
    cloud.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


def read(project: Project, *words: str) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Return the written configuration, the reasons for places left open, and the remaining problems."""
    told = project.run("init", "--from", "copilot", "--json", *words).document
    left = {f"{one['file'].rpartition('/')[2]}: {one['key']}": one["why"] for one in told["left"]}
    return tomllib.loads(project.config.read_text()), left, told["problems"]


ACCOUNT = ("--profile", "any", "--target", "local")
HERE = "account 123456789012, ap-northeast-1"


def test_the_account_completes_the_manifests(workspace: Project, copilot: Copilot) -> None:
    since = workspace.last_call()
    written, left, problems = read(workspace, *ACCOUNT)
    assert (workspace.writes(since), problems) == ([], [])
    test = written["environments"]["test"]
    assert written["region"] == "ap-northeast-1", "the registry's, and the account's"
    assert not any(place.endswith(": region") for place in left)
    assert test["network"] == {
        "vpc": copilot.theirs.vpc,
        "subnets": {"public": copilot.theirs.public, "private": copilot.theirs.private},
    }
    assert test["services"]["web"] == {
        "environment": {"FILES_NAME": "shop-test-files", "BUCKET": "shop-test-files"},
        "security_groups": [copilot.environment, copilot.database],
        "secrets": {"DB_SECRET": SECRET, "ADDON_SECRET": SECRET},
    }
    assert written["services"]["web"]["environment"] == {"LEVEL": "info"}
    assert "shop-prod-db: no stack exports it" in left["manifest.yml: secrets.DB_SECRET"]
    assert "nowhere: no stack exports it" in left["manifest.yml: secrets.GONE"]
    assert "COPILOT_LB_DNS" in left[f"{HERE}: environment test: services.web.environment"]
    assert "no service of ECS" in left[f"{HERE}: environment test: services.worker"]
    assert "is not there" in left[f"{HERE}: environment prod"]


def test_without_a_profile_files_alone_are_read(workspace: Project, copilot: Copilot) -> None:
    since = workspace.last_call()
    written, left, _ = read(workspace, "--target", "local")
    assert workspace.cloud.calls(since) == []
    assert "network" not in written["environments"].get("test", {})
    assert not any("account" in place for place in left)


def test_stacks_that_may_not_be_read_are_told(workspace: Project, copilot: Copilot) -> None:
    enforce(workspace.cloud, policy(ALL, denying("cloudformation:*")))
    written, left, _ = read(workspace, *ACCOUNT)
    enforce(workspace.cloud)
    for action in ("DescribeStacks", "ListExports"):
        assert "AccessDenied" in left[f"{HERE}: cloudformation:{action}"]
    # by its tags then, and by the service's own definition
    test = written["environments"]["test"]
    assert test["network"]["vpc"] == copilot.theirs.vpc
    assert test["network"]["subnets"]["public"] == copilot.theirs.public
    assert test["services"]["web"]["secrets"] == {"DB_SECRET": SECRET, "ADDON_SECRET": SECRET}
    assert "another stack" in left["manifest.yml: secrets.DB_SECRET"]
