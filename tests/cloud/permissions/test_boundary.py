"""The boundary: made and kept up to date by a command of its own; it limits tasks and instances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.operations.prerequisites.permissions_boundary import database_of, up_to_date, wanted
from provisioner.state.model import Record
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud, Network
from tests.cloud.policies import ALL, allowing, enforce, policies, policy
from tests.cloud.project import SMALL, Project

pytestmark = world.EMPTY

ACCOUNT = "123456789012"
ARN = f"arn:aws:iam::{ACCOUNT}:policy/ecs-sample-dev-boundary"
CREATE = ("policy", "--create-boundary")
LOGGED = "flow_logs = true\n"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Project:
    found = Project(cloud, tmp_path)
    found.write(SMALL)
    return found


def versions(project: Project) -> list[dict[str, Any]]:
    return [*project.cloud.client("iam").list_policy_versions(PolicyArn=ARN)["Versions"]]


def in_force(project: Project) -> Any:
    iam = project.cloud.client("iam")
    version = iam.get_policy(PolicyArn=ARN)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=ARN, VersionId=version)["PolicyVersion"]["Document"]


def test_it_is_made_once_and_follows_the_configuration(project: Project) -> None:
    assert project.run(*CREATE).out == f"{ARN}: created\n"
    assert in_force(project) == json.loads(project.run("policy", "--boundary", "--account", ACCOUNT).out)
    tags = {t["Key"]: t["Value"] for t in project.cloud.client("iam").list_policy_tags(PolicyArn=ARN)["Tags"]}
    assert tags == {
        "Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner",
        "provisioner:region": "ap-northeast-1",
    }  # fmt: skip
    assert project.run(*CREATE).out == f"{ARN}: no changes\n"
    assert json.loads(project.run(*CREATE, "--json").out) == {"arn": ARN, "done": ""}
    project.write(SMALL + LOGGED)
    assert project.run(*CREATE).out == f"{ARN}: updated\n"
    assert "DescribeLogStreams" in json.dumps(in_force(project))


def test_of_five_versions_the_oldest_goes(project: Project) -> None:
    project.run(*CREATE)
    for number in range(6):
        project.write(SMALL + (LOGGED if number % 2 == 0 else ""))
        project.run(*CREATE)
    found = versions(project)
    assert sorted(it["VersionId"] for it in found) == ["v3", "v4", "v5", "v6", "v7"]
    assert [it["VersionId"] for it in found if it["IsDefaultVersion"]] == ["v7"]


def test_a_policy_of_others_is_neither_changed_nor_taken(project: Project) -> None:
    iam = project.cloud.client("iam")
    iam.create_policy(PolicyName="ecs-sample-dev-boundary", PolicyDocument=json.dumps(policy(ALL)))
    said = project.run(*CREATE, code=4).err
    assert "exists, but not with the tags of this stack, so it is not changed" in said
    assert len(versions(project)) == 1
    project.write('account = { boundary = "team/most" }\n' + SMALL)
    assert 'account.boundary is "team/most", which others make' in project.run(*CREATE, code=4).err


def test_a_missing_boundary_is_refused_before_the_first_write(project: Project) -> None:
    project.write('account = { boundary = "team/most" }\n' + SMALL)
    since = project.last_call()
    for command in ("plan", "up"):
        said = project.run(command, code=4)
        assert 'account.boundary is "team/most", but account 123456789012 has no such policy' in said.err
    assert project.writes(since) == []


def told(project: Project) -> tuple[str, str]:
    checks = json.loads(project.done("doctor", "--json").out)["checks"]
    (found,) = [one for one in checks if one["check"] == "boundary"]
    return found["verdict"], found["text"]


@pytest.mark.slow
def test_roles_that_have_none_get_one_that_is_up_to_date_only(project: Project) -> None:
    project.up("--target-step", "roles")
    assert told(project)[0] == "ok"
    assert told(project)[1].startswith("the roles have none")
    project.run(*CREATE)
    assert told(project) == ("ok", "ecs-sample-dev-boundary is up to date")
    project.write(SMALL + LOGGED)
    assert told(project)[0] == "warning"
    since = project.last_call()
    said = project.run("up", "--yes", code=4).err
    assert f"{ARN} does not fit this configuration, and roles of running tasks are to have it" in said
    assert project.writes(since) == []
    project.run(*CREATE)
    planned = project.planned("--target-step", "roles")
    assert {*planned} == {"role/execution", "role/task-frontend"}
    assert all([*item["changes"]] == ["permissions_boundary"] for item in planned.values())
    project.up("--target-step", "roles")
    roles = project.inventory()["roles"]
    assert {role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in roles} == {ARN}
    project.cloud.client("iam").delete_role_permissions_boundary(RoleName="ecs-sample-dev-execution")
    assert {*project.planned("--target-step", "roles")} == {"role/execution"}


@pytest.mark.slow
def test_who_has_the_printed_policy_only_is_told_what_is_missing(project: Project) -> None:
    enforce(project.cloud, *policies(project.config))
    said = project.up("--target-step", "roles", code=1)
    assert "let an administrator run `provision policy --create-boundary`" in said.err + said.out
    enforce(project.cloud)
    project.run(*CREATE)
    enforce(project.cloud, *policies(project.config))
    project.up("--target-step", "roles")
    project.down()
    enforce(project.cloud)
    assert project.inventory()["roles"] == []


def test_what_is_printed_says_how_the_policy_is_closed(project: Project) -> None:
    printed = project.run("policy")
    assert "roles can be written only if they have the permissions boundary ecs-sample-dev-boundary" in printed.err
    assert "`provision policy --create-boundary" in printed.err
    assert "makes it, or brings it up to date" in project.run("policy", "--boundary").err


def of_database(**more: Any) -> dict[str, Record]:
    outputs = {"resource_id": "cluster-ABCDEF0123456789", "arn": "a"}
    return {"db_cluster/main": Record("db_cluster/main", "db_cluster", "ready", "", "main", {}, outputs, **more)}


def test_it_names_the_database_that_the_state_knows() -> None:
    services = {"web": {"image": "nginx:1", "port": 80, "database": True}}
    signing = Config.model_validate({"services": services, "database": {"iam_authentication": True}})
    plain = Config.model_validate({"services": services, "database": {}})
    assert database_of(signing, of_database()) == "cluster-ABCDEF0123456789"
    assert (database_of(signing, {}), database_of(plain, of_database())) == ("*", "*")
    named, any_of_them = wanted(signing, ACCOUNT, "cluster-ABCDEF0123456789"), wanted(signing, ACCOUNT)
    assert "dbuser:cluster-ABCDEF0123456789/ecs-sample-dev-*" in json.dumps(named)
    assert "dbuser:*/ecs-sample-dev-*" in json.dumps(any_of_them)
    assert all(up_to_date(signing, one, ACCOUNT) for one in (named, any_of_them, wanted(signing, None)))
    assert not up_to_date(plain, named, ACCOUNT)


# -- what it does ------------------------------------------------------------------------------------------------------

SECRET = "arn:aws:ssm:ap-northeast-1:123456789012:parameter/shop/password"


def test_a_task_reads_its_secrets_only_as_its_boundary_allows(network: Network) -> None:
    iam, ecs = network.cloud.client("iam"), network.cloud.client("ecs")
    ecs.create_cluster(clusterName="main")
    network.cloud.client("ssm").put_parameter(Name="/shop/password", Value="secret", Type="SecureString")
    container = {"name": "web", "image": "web:1", "secrets": [{"name": "S", "valueFrom": SECRET}]}
    network.definition("web", containerDefinitions=[container])
    role = network.execution_role.rpartition("/")[2]

    def ran() -> str:
        where = {"cluster": "main", "taskDefinition": "web", "networkConfiguration": network.awsvpc()}
        (task,) = ecs.run_task(**where, launchType="FARGATE")["tasks"]

        def ended() -> Any:
            (found,) = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
            return found if found["lastStatus"] in ("RUNNING", "STOPPED") else None

        return str(network.cloud.wait(ended, "the task to run or to fail").get("stoppedReason", ""))

    denied = f"is not authorized to perform: ssm:GetParameters on resource: {SECRET}"
    assert denied in ran()
    other = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": SECRET.replace("/shop", "/other")}
    iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=json.dumps(policy(other)))
    assert denied in ran()
    own = {**other, "Resource": SECRET}
    iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=json.dumps(policy(own)))
    assert ran() == ""
    made = iam.create_policy(PolicyName="most", PolicyDocument=json.dumps(policy(allowing("logs:*"))))
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=made["Policy"]["Arn"])
    assert denied in ran()
