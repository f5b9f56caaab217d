"""Secrets of services: set, handed to tasks, changed, kept by `down` and removed; their values are nowhere else."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import allowing, asked, denied, denying, enforce, policies, policy
from tests.cloud.project import Ended, Project, kms_key, ready_image
from tests.cloud.warm import PROGRAM, environment

pytestmark = [pytest.mark.slow, world.EMPTY]

NAME = "ecs-sample-dev"
OWN = f"/{NAME}/secrets/STRIPE_KEY"
STACK = """
project = "ecs-sample"
env = "dev"
network = { zones = 2 }
dns = { domain = "example.com" }

[services.web]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
port = 80
public = true
"""
SECRETS = 'secrets = ["STRIPE_KEY"]\n'
ALL = """
[services.web.secrets]
STRIPE_KEY = true
SESSION = "generate"
THEIRS = "ssm:/shared/theirs"
AUTH0 = "secretsmanager:shared/auth0#client"
"""
VALUE, OTHER = "hunter-two-of-stripe", "hunter-three-of-stripe"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Project:
    found = Project(cloud, tmp_path)
    ready_image(cloud, "frontend")
    found.write(STACK + SECRETS)
    return found


def put(project: Project, name: str, value: str | bytes, *words: str, code: int = 0) -> Ended:
    """Run `provision secret set` with a value on standard input."""
    given = value if isinstance(value, bytes) else value.encode()
    found = project.given(given, "secret", "set", name, *words)
    assert found.code == code, found
    return found


def rows(project: Project) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in project.run("secret", "list", "--json").document["secrets"]}


def value_of(project: Project, name: str = OWN) -> str:
    shown = project.cloud.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return str(shown["Value"])


def leaks(project: Project, ended: Sequence[Ended], *values: str) -> list[str]:
    """Return the values that are in the output of commands, or in any file of the project."""
    said = [f"{one.out}\n{one.err}".encode() for one in ended]
    files = [path.read_bytes() for path in project.directory.rglob("*") if path.is_file()]
    return [value for value in values for content in (*said, *files) if value.encode() in content]


def test_a_missing_one_is_told_before_anything_is_written(project: Project) -> None:
    before = len(project.cloud.calls())
    for words in (("plan",), ("up", "--yes")):
        ended = project.run(*words, code=4)
        assert ("Plan: " in ended.out) == (words == ("plan",)), "a plan is shown all the same"
        assert ended.err.splitlines()[-1] == (
            f"error: services.web.secrets.STRIPE_KEY: {OWN} is not set: run `provision secret set STRIPE_KEY`"
        )
    assert [call for call in project.cloud.calls()[before:] if call["write"]] == []
    assert rows(project)["STRIPE_KEY"]["problem"].startswith(f"{OWN} is not set")


def test_one_that_is_missing_for_several_is_one_line(project: Project) -> None:
    project.write(f'{STACK}{SECRETS}[services.worker]\nextends = "web"\n[jobs.migrate]\nextends = "web"\n')
    for words in (("plan",), ("plan", "--out", "plan.json"), ("up", "--yes")):
        [line] = [one for one in project.run(*words, code=4).err.splitlines() if one.startswith("error: ")]
        keys = ", ".join(f"{table}.secrets.STRIPE_KEY" for table in ("services.web", "services.worker", "jobs.migrate"))
        assert line == f"error: {keys}: {OWN} is not set: run `provision secret set STRIPE_KEY`"
    assert not (project.directory / "plan.json").exists()
    shown = project.run("plan", "--json", code=4).document
    assert {"service/web", "service/worker"} <= {one["address"] for one in shown["resources"]}
    put(project, "STRIPE_KEY", VALUE)
    assert "error" not in project.done("plan").err


def test_it_is_set_from_standard_input_and_read_back(project: Project) -> None:
    first = put(project, "STRIPE_KEY", f"{VALUE}\n", "--log", "calls.jsonl")
    assert first.out == f"STRIPE_KEY of {NAME} is set; `provision up` starts new tasks of services.web.\n"
    assert value_of(project) == VALUE
    tags = project.cloud.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=OWN)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner",
    }  # fmt: skip
    again = put(project, "STRIPE_KEY", "a\nb\n\n", "--json")
    assert value_of(project) == "a\nb\n"
    assert (again.document["name"], again.document["version"]) == ("STRIPE_KEY", "2")
    assert (rows(project)["STRIPE_KEY"]["version"], rows(project)["STRIPE_KEY"]["services"]) == ("2", ["services.web"])
    assert leaks(project, [first, again], VALUE) == []
    assert "PutParameter" in (project.directory / "calls.jsonl").read_text()


@pytest.mark.parametrize(
    ("value", "words", "part"),
    [
        ("", (), "the value is empty"),
        ("\n", (), "the value is empty"),
        ("x" * 4097, (), "takes 4096: add --advanced"),
        ("x" * 8193, ("--advanced",), "takes at most 8192"),
        ("a\0b", (), "NUL"),
        (b"\xff\xfe", (), "is not UTF-8"),
    ],
)
def test_what_is_no_value_is_refused(project: Project, value: str, words: tuple[str, ...], part: str) -> None:
    assert part in put(project, "STRIPE_KEY", value, *words, code=4).err


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("STRIPE_KEY", VALUE), "STRIPE_KEY"),
        (("STRIPE_KEY", "a", VALUE, "--advanced"), "STRIPE_KEY"),
        ((f"STRIPE_KEY={VALUE}",), "STRIPE_KEY"),
        ((f"{VALUE}=", VALUE), "NAME"),
        (("STRIPE_KEY", f"-----BEGIN {VALUE}"), "STRIPE_KEY"),
    ],
)
def test_a_value_among_the_arguments_is_refused_and_not_repeated(
    project: Project, words: tuple[str, ...], name: str
) -> None:
    before = len(project.cloud.calls())
    refused = project.run("secret", "set", *words, "--log", "calls.jsonl", code=4)
    assert "nothing was set: NAME is the only argument" in refused.err
    assert f"Run `provision secret set {name}`" in refused.err
    assert leaks(project, [refused], VALUE) == []
    assert project.cloud.calls()[before:] == []


def test_a_long_one_is_an_advanced_parameter_and_stays_one(project: Project) -> None:
    put(project, "STRIPE_KEY", "x" * 5000, "--advanced")
    put(project, "STRIPE_KEY", "short")
    (shown,) = project.cloud.client("ssm").describe_parameters()["Parameters"]
    assert (shown["Tier"], shown["Version"]) == ("Advanced", 2)


def test_it_is_typed_without_being_shown(project: Project) -> None:
    project.cloud.away()
    project.open_door()
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "secret", "set", "STRIPE_KEY"],
        cwd=project.directory,
        env=environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    told = b""
    while b"is not shown" not in told:
        told += os.read(controller, 1000)
    os.write(controller, f"{VALUE}\n".encode())
    assert process.wait(60) == 0
    told += os.read(controller, 1000)
    os.close(controller)
    assert VALUE.encode() not in told
    assert value_of(project) == VALUE


def test_a_parameter_of_others_is_not_overwritten(project: Project) -> None:
    project.cloud.client("ssm").put_parameter(Name=OWN, Value="theirs", Type="SecureString")
    assert "does not carry this stack's tags" in put(project, "STRIPE_KEY", VALUE, code=1).err
    assert "was not set by `provision secret set`" in project.run("secret", "rm", "STRIPE_KEY", "--yes", code=1).err
    assert value_of(project) == "theirs"


def test_one_that_is_not_the_stack_s_is_changed_where_it_is(project: Project) -> None:
    project.write(STACK + 'secrets = { STRIPE_KEY = "ssm:/shared/theirs" }\n')
    assert "services.web.secrets.STRIPE_KEY is /shared/theirs" in put(project, "STRIPE_KEY", VALUE, code=4).err
    assert "there is no parameter /shared/theirs" in project.run("plan", code=4).err


def test_names_are_checked_and_never_repeated(project: Project) -> None:
    assert VALUE not in put(project, VALUE, "x", code=4).err
    assert "name one secret, or add --all" in project.run("secret", "rm", code=4).err


def test_removed_and_set_again_at_once(project: Project) -> None:
    put(project, "STRIPE_KEY", VALUE)
    put(project, "UNUSED", VALUE)
    assert (rows(project)["UNUSED"]["services"], rows(project)["UNUSED"]["version"]) == ([], "1")
    assert project.run("secret", "rm", "STRIPE_KEY", "--yes").out == f"STRIPE_KEY of {NAME} is removed.\n"
    # its name rests for 30 seconds (DeleteParameter)
    put(project, "STRIPE_KEY", OTHER)
    assert value_of(project) == OTHER
    removed = project.run("secret", "rm", "--all", "--yes", "--json").document["removed"]
    assert removed == ["STRIPE_KEY", "UNUSED"]
    assert project.run("secret", "rm", "--all").out == f"{NAME} has no secrets that were set.\n"
    assert "there is nothing to remove" in project.run("secret", "rm", "STRIPE_KEY", "--yes", code=4).err


@pytest.mark.parametrize(
    ("prepare", "part"),
    [
        ("none", "there is no secret shared/auth0 in Secrets Manager of ap-northeast-1"),
        ("deleted", "shared/auth0 is scheduled for deletion: restore it"),
        ("empty", "shared/auth0 has no value yet"),
    ],
)
def test_a_secret_of_secrets_manager_can_be_read(project: Project, prepare: str, part: str) -> None:
    manager = project.cloud.client("secretsmanager")
    if prepare != "none":
        manager.create_secret(Name="shared/auth0", **({} if prepare == "empty" else {"SecretString": "{}"}))
    if prepare == "deleted":
        manager.delete_secret(SecretId="shared/auth0", RecoveryWindowInDays=7)
    project.write(STACK + 'secrets = { AUTH0 = "secretsmanager:shared/auth0" }\n')
    assert f"services.web.secrets.AUTH0: {part}" in project.run("plan", code=4).err


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/a", "is in eu-west-1"),
        ("arn:aws:ssm:ap-northeast-1:210987654321:parameter/a", "is a parameter of account 210987654321"),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf", "is in eu-west-1"),
    ],
)
def test_one_that_tasks_cannot_reach_is_refused(project: Project, place: str, part: str) -> None:
    project.write(STACK + f'secrets = {{ THEIRS = "{place}" }}\n')
    assert f"services.web.secrets.THEIRS: {part}" in project.run("plan", code=4).err


# -- a whole life ------------------------------------------------------------------------------------------------------


def test_a_life_with_secrets_of_all_kinds(project: Project) -> None:
    ssm, manager = project.cloud.client("ssm"), project.cloud.client("secretsmanager")
    ssm.put_parameter(Name="/shared/theirs", Value="hunter-of-theirs", Type="SecureString")
    manager.create_secret(Name="shared/auth0", SecretString=json.dumps({"client": "hunter-of-auth0"}))
    project.write(STACK + ALL)
    ended = [put(project, "STRIPE_KEY", VALUE), project.up("--log", "calls.jsonl"), project.run("plan", "--json")]
    assert project.planned() == {}
    values = [VALUE, OTHER, "hunter-of", made_up := value_of(project, f"/{NAME}/secrets/SESSION")]
    assert len(made_up) == 33

    # each sort of change is one line, and a deployment
    ended.append(put(project, "STRIPE_KEY", OTHER))
    ended.append(told := project.run("plan", code=2))
    assert [line.split(" changed: ")[0].strip() for line in told.out.splitlines() if " changed: " in line] == [
        "~ secret STRIPE_KEY"
    ]
    ssm.put_parameter(Name="/shared/theirs", Value="hunter-of-theirs-2", Type="SecureString", Overwrite=True)
    manager.put_secret_value(SecretId="shared/auth0", SecretString=json.dumps({"client": "hunter-of-auth0-2"}))
    ssm.put_parameter(Name=f"/{NAME}/secrets/SESSION", Value="hunter-of-session", Type="SecureString", Overwrite=True)
    ended.append(told := project.run("plan", code=2))
    changed = {line.split(" changed: ")[0].strip() for line in told.out.splitlines() if " changed: " in line}
    assert changed == {f"~ secret {name}" for name in ("STRIPE_KEY", "THEIRS", "AUTH0", "SESSION")}
    assert set(project.planned()) == {"task_definition/web", "service/web"}
    ended.append(project.up())
    assert project.planned() == {}

    # a rehearsal needs no values, and sees no change
    ended.append(rehearsed := project.run("rehearse", "--json"))
    assert (rehearsed.document["plan"], rehearsed.document["passes"]) == ([], True)

    # found again without a state: what was set is nobody's resource
    shutil.rmtree(project.state / "local")
    ended.append(project.run("recover", "--yes"))
    assert project.planned() == {}

    assert "is used by services.web" in project.run("secret", "rm", "STRIPE_KEY", "--yes", code=4).err
    ended.append(down := project.run("down", "--yes"))
    assert "Retained: the secrets that you set, STRIPE_KEY: AWS charges nothing" in down.out
    assert value_of(project) == OTHER
    names = {one["Name"] for one in ssm.describe_parameters()["Parameters"]}
    assert names == {OWN, "/shared/theirs"}
    ended.append(project.run("down", "--yes", "--delete-secrets"))
    assert {one["Name"] for one in ssm.describe_parameters()["Parameters"]} == {"/shared/theirs"}
    assert leaks(project, ended, *values) == []


def test_the_printed_policies_allow_it_and_no_more(project: Project) -> None:
    kms = project.cloud.client("kms")
    kms.create_alias(AliasName="alias/example", TargetKeyId=(key := kms_key(project.cloud)))
    manager = project.cloud.client("secretsmanager")
    theirs = manager.create_secret(Name="shared/auth0", SecretString='{"client": "none"}', KmsKeyId=key)["ARN"]
    project.write('kms_key = "alias/example"\n' + STACK + ALL.replace('THEIRS = "ssm:/shared/theirs"\n', ""))
    enforce(project.cloud, *policies(project.config))
    put(project, "STRIPE_KEY", VALUE)
    put(project, "STRIPE_KEY", "x" * 5000, "--advanced")
    put(project, "UNUSED", VALUE)
    found = rows(project)
    assert (found["STRIPE_KEY"]["version"], found["AUTH0"]["problem"]) == ("2", "")
    project.run("secret", "rm", "UNUSED", "--yes")
    made = asked(project.cloud)
    assert denied(made) == []
    assert {it.check.resource for it in made if it.check.action.startswith("secretsmanager:")} == {theirs}
    # who may only look can look, and read no value
    enforce(project.cloud, *policies(project.config, read_only=True))
    assert rows(project)["STRIPE_KEY"]["version"] == "2"
    project.run("plan", code=2)
    looked = {it.check.action for it in asked(project.cloud) if it.said == "allowed"}
    values = {"ssm:GetParameter", "ssm:GetParameters", "secretsmanager:GetSecretValue", "kms:Decrypt"}
    # the AMI is told by a public parameter
    assert looked & values <= {"ssm:GetParameter"}
    enforce(project.cloud)


def test_a_rehearsal_has_a_stand_in_for_a_new_one(project: Project) -> None:
    project.write(STACK + ALL)
    passed = project.run("rehearse", "--json").document
    assert passed["passes"]
    assert "assumed: secrets have the values that they had at the last `up`" in passed["notes"]


def test_doctor_says_what_is_missing(project: Project) -> None:
    def verdicts() -> list[tuple[str, str, str]]:
        found = project.done("doctor", "--json").document["checks"]
        return [(one["verdict"], one["text"], one["fix"]) for one in found if one["check"] == "secrets"]

    missing = f"services.web.secrets.STRIPE_KEY: {OWN} is not set"
    assert verdicts() == [("failed", missing, "run `provision secret set STRIPE_KEY`")]
    put(project, "STRIPE_KEY", VALUE)
    assert verdicts() == [("ok", "1 found; their values are not read", "")]
    project.write(STACK)
    assert verdicts() == [("ok", "none has to be there beforehand", "")]


def test_one_that_was_set_may_be_made_up_and_set_again(project: Project) -> None:
    put(project, "STRIPE_KEY", VALUE)
    project.up()
    project.write(STACK + 'secrets = { STRIPE_KEY = "generate" }\n')
    assert project.planned()["secure_parameter/STRIPE_KEY"]["action"] == "adopt"
    project.up()
    # nothing is made up where there is a value
    assert value_of(project) == VALUE
    assert project.planned() == {}
    project.write(STACK + SECRETS)
    assert project.run("plan", "--json").document["kept"] == ["secure_parameter/STRIPE_KEY"]
    refused = project.run("up", "--yes", "--delete", "secure_parameter/STRIPE_KEY", code=4)
    assert "it is the secret STRIPE_KEY of services.web: remove it there first" in refused.err
    put(project, "STRIPE_KEY", OTHER)
    project.up()
    assert value_of(project) == OTHER


def test_tasks_read_them_under_policies_and_boundary(project: Project) -> None:
    kms, manager = project.cloud.client("kms"), project.cloud.client("secretsmanager")
    kms.create_alias(AliasName="alias/example", TargetKeyId=(key := kms_key(project.cloud)))
    kms.create_alias(AliasName="alias/theirs", TargetKeyId=kms_key(project.cloud))
    project.cloud.client("ssm").put_parameter(
        Name="/shared/theirs", Value="theirs", Type="SecureString", KeyId="alias/theirs"
    )
    manager.create_secret(Name="shared/auth0", SecretString='{"client": "none"}', KmsKeyId=key)
    project.write('kms_key = "alias/example"\n' + STACK + ALL)
    project.run("policy", "--create-boundary")
    enforce(project.cloud, *policies(project.config))
    put(project, "STRIPE_KEY", VALUE)
    # its tasks run, so they got all of them
    project.up()
    assert denied(asked(project.cloud)) == []
    enforce(project.cloud, *policies(project.config, read_only=True))
    assert project.planned() == {}
    enforce(project.cloud)
    ((role, reads),) = execution_policies(project).items()
    assert role == f"{NAME}-execution-web"
    actions = [one["Action"] for one in reads["Statement"]]
    assert actions == ["secretsmanager:GetSecretValue", "ssm:GetParameters", *["kms:Decrypt"] * 3]
    # where the boundary denies it, ECS says whom it asked as, and for what
    project.cloud.client("iam").create_policy_version(
        PolicyArn=f"arn:aws:iam::123456789012:policy/{NAME}-boundary",
        PolicyDocument=json.dumps(policy(allowing("*"), denying("secretsmanager:GetSecretValue"))),
        SetAsDefault=True,
    )
    put(project, "STRIPE_KEY", OTHER)
    failed = project.run("up", "--yes", code=1)
    assert f"assumed-role/{role}/" in failed.err
    assert "is not authorized to perform: secretsmanager:GetSecretValue" in failed.err


def execution_policies(project: Project) -> dict[str, Any]:
    """The inline policies of the execution roles by which secrets are read, by role."""
    iam = project.cloud.client("iam")
    names = [role["RoleName"] for role in iam.list_roles()["Roles"] if "-execution" in role["RoleName"]]
    return {
        role: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for role in names
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        if name.startswith("secrets-")
    }
