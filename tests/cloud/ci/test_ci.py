"""The pipeline of a project: its files, whose commands run in their order, its roles, its comment and its issue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.config import stack_file
from provisioner.operations.ci.forges import Forge as Which
from provisioner.operations.ci.pipeline import Pipeline, Purpose, role_name
from provisioner.operations.ci.roles import wanted
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.forges import ME, STRANGER, TOKEN, WEB_TOKEN, Forge, Runner, serving
from tests.cloud.policies import ALL, DENIED, answer, enforce, policy
from tests.cloud.project import SMALL, Project, ready_image

ACCOUNT = "123456789012"
VALUE = "canary-plain-3c9a"
SHARED = 'allow = ["203.0.113.0/24"]\n\n[account]\nid = "123456789012"\n\n[state]\nbucket = "ci-states"\n'
CONFIG = SMALL.replace("public = true", f'public = true\nenvironment = {{ GREETING = "{VALUE}" }}') + SHARED
GITHUB = ("github", "--repository", "octo-org/shop")
GITLAB = ("gitlab", "--repository", "team/shop")
INSTALL = ("--install", "true")
GITHUB_ISSUER, GITLAB_ISSUER = "token.actions.githubusercontent.com", "gitlab.com"
PLAN, DEPLOY, END = (f"ci_ecs-sample-dev_{purpose}" for purpose in ("plan", "deploy", "end"))
EXPIRED = ("--end-expired", "pr-*")

BACKDOOR = json.dumps(policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}))


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "work").mkdir()
    found = Project(cloud, tmp_path / "work")
    found.write(CONFIG)
    yield found
    found.close()


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serving() as found:
        yield found


@pytest.fixture
def runner(project: Project, forge: Forge, tmp_path: Path) -> Runner:
    return Runner(project, forge, tmp_path, installed=True)


# -- the files ---------------------------------------------------------------------------------------------------------


def test_a_workflow_asks_for_little_and_pins_what_it_uses(project: Project) -> None:
    said = project.run("ci", "init", *GITHUB, *INSTALL).out
    path = project.directory / ".github" / "workflows" / "provision-ecs-sample-dev.yml"
    assert f"Wrote {path}." in said
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "plan": {"contents": "read", "id-token": "write", "pull-requests": "write"},
        "deploy": {"contents": "read", "id-token": "write"},
        "drift": {"contents": "read", "id-token": "write", "issues": "write"},
    }
    uses = re.findall(r"uses: (.*)", path.read_text())
    assert {*uses} == {"actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"}
    roles = {name: job["env"]["AWS_ROLE_ARN"].rpartition("/")[2] for name, job in workflow["jobs"].items()}
    assert roles == {"plan": PLAN, "deploy": DEPLOY, "drift": PLAN}
    assert [name for name, job in workflow["jobs"].items() if "environment" in job] == ["deploy"]
    assert "already exists" in project.run("ci", "init", *GITHUB, *INSTALL, code=4).err


def test_gitlab_has_a_file_a_stack_and_one_that_includes_it(project: Project) -> None:
    project.run("ci", "init", *GITLAB, *INSTALL)
    whole = yaml.safe_load((project.directory / ".gitlab-ci.yml").read_text())
    assert whole == {"include": [{"local": ".gitlab/provision-ecs-sample-dev.yml"}]}
    jobs = yaml.safe_load((project.directory / ".gitlab" / "provision-ecs-sample-dev.yml").read_text())
    deploy = jobs["deploy ecs-sample-dev"]
    assert (deploy["environment"], deploy["rules"][0]["when"]) == ("production", "manual")
    assert jobs[".provision ecs-sample-dev"]["id_tokens"] == {"AWS_ID_TOKEN": {"aud": "https://gitlab.com"}}


def test_each_environment_and_directory_has_its_own(project: Project) -> None:
    (project.directory / ".git").mkdir()
    folder = project.directory / "deploy"
    (folder / "steps").mkdir(parents=True)
    built = CONFIG.replace('image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"', 'build = "app"')
    (folder / "other.toml").write_text(built)
    (folder / "app").mkdir()
    (folder / "app" / "Dockerfile").write_text("FROM scratch\n")
    options = ("-c", "deploy/other.toml", "--env", "live", *INSTALL)
    for which in (GITHUB, GITLAB):
        project.run("ci", "init", *which, *options)
    (project.directory / ".git").rmdir()
    workflow = yaml.safe_load((project.directory / ".github/workflows/provision-ecs-sample-live.yml").read_text())
    assert workflow["env"]["PROVISION_TRUST_STEPS"] == "${{ vars.PROVISION_TRUST_STEPS }}"
    assert workflow["defaults"]["run"]["working-directory"] == "deploy"
    assert [step["run"] for step in workflow["jobs"]["deploy"]["steps"][-2:]] == [
        "provision up -c other.toml --env live --yes --wait --report up.md",
        "provision ci report up.md -c other.toml --env live",
    ]
    jobs = yaml.safe_load((project.directory / ".gitlab" / "provision-ecs-sample-live.yml").read_text())
    assert jobs["deploy ecs-sample-live"]["artifacts"]["paths"] == ["deploy/up.md", "deploy/up.html"]
    base = jobs[".provision ecs-sample-live"]
    assert (base["image"], base["services"], base["before_script"][0]) == (
        "docker:28",
        ["docker:28-dind"],
        'cd "deploy"',
    )
    assert base["variables"]["DOCKER_HOST"] == "tcp://docker:2376"
    said = project.run("ci", "init", *GITLAB, *INSTALL).out
    assert ".gitlab-ci.yml is there already: include .gitlab/provision-ecs-sample-dev.yml in it." in said


@pytest.mark.parametrize(
    ("config", "words", "told"),
    [
        (CONFIG.replace('id = "123456789012"', ""), GITHUB, "account.id: is not set"),
        (CONFIG.replace('bucket = "ci-states"', ""), GITHUB, "state.bucket: is not set"),
        (CONFIG.replace("203.0.113.0/24", "my-ip"), GITHUB, "the machine that runs the pipeline"),
        (CONFIG, ("github", "--repository", "shop"), "is not a repository"),
        (CONFIG, ("github", "--repository", "octo-org/*"), "is not a repository"),
        (CONFIG, (*GITHUB, "--environment", "a:b"), "use letters"),
        (CONFIG, (*GITLAB, "--url", "http://gitlab.example.com"), "is not a GitLab instance"),
        (CONFIG, (*GITHUB, "--end-expired", "*"), "write the name of an environment, or how names begin"),
        (CONFIG, (*GITHUB, "--end-expired", "p*"), 'environment "prod" is protected'),
        (CONFIG + "[environments.pr-0]\nprotect = true\n", (*GITHUB, *EXPIRED), 'environment "pr-0" is protected'),
        (CONFIG, (*GITHUB, *EXPIRED, "--env", "pr-1"), "leave --env out"),
    ],
)
def test_what_no_pipeline_can_use_is_refused(project: Project, config: str, words: Any, told: str) -> None:
    project.write(config)
    assert told in project.run("ci", "init", *words, *INSTALL, code=4).err
    assert not [*project.directory.glob(".git*")]


def test_a_job_ends_what_has_expired_where_that_is_asked_for(project: Project) -> None:
    for which in (GITHUB, GITLAB):
        said = project.run("ci", "init", *which, *INSTALL, *EXPIRED).out
        assert "--end-expired 'pr-*'" in said
    workflow = yaml.safe_load(next(project.directory.glob(".github/workflows/*.yml")).read_text())
    job = workflow["jobs"]["expired"]
    assert (job["if"], job["permissions"]) == (
        "github.event_name == 'schedule'", {"contents": "read", "id-token": "write"},
    )  # fmt: skip
    assert job["steps"][-1]["run"] == "provision down --expired --yes --wait"
    assert job["env"]["AWS_ROLE_ARN"].endswith(f"/{END}")
    jobs = yaml.safe_load(next(project.directory.glob(".gitlab/*.yml")).read_text())
    job = jobs["expired ecs-sample-dev"]
    assert job["script"] == ["provision down --expired --yes --wait"]
    assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_BRANCH == "main"'}]


# -- the roles ---------------------------------------------------------------------------------------------------------


def trusted(cloud: EmbeddedCloud, role: str) -> Any:
    [statement] = cloud.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    return statement


def test_the_roles_trust_these_jobs_and_nobody_else(project: Project) -> None:
    project.run("ci", "roles", *GITHUB, "--environment", "live")
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB_ISSUER}"
    plan, deploy = (trusted(project.cloud, role) for role in (PLAN, DEPLOY))
    assert plan["Principal"] == deploy["Principal"] == {"Federated": provider}
    assert deploy["Condition"] == {
        "StringEquals": {
            f"{GITHUB_ISSUER}:aud": "sts.amazonaws.com",
            f"{GITHUB_ISSUER}:sub": "repo:octo-org/shop:environment:live",
        }
    }
    assert plan["Condition"]["StringEquals"][f"{GITHUB_ISSUER}:sub"] == [
        "repo:octo-org/shop:pull_request", "repo:octo-org/shop:ref:refs/heads/main",
    ]  # fmt: skip
    assert project.run("ci", "roles", *GITHUB, "--environment", "live").out == "no changes\n"
    found = project.cloud.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert (found["Url"], found["ClientIDList"], found["Tags"]) == (GITHUB_ISSUER, ["sts.amazonaws.com"], [])
    project.run("ci", "roles", "github", "--repository", "octo-org@12/shop@34")
    assert "repo:octo-org@12/shop@34:environment:production" in json.dumps(trusted(project.cloud, DEPLOY))


def test_gitlabs_roles_trust_branches_of_the_project(project: Project) -> None:
    project.run("ci", "roles", *GITLAB)
    subject = f"{GITLAB_ISSUER}:sub"
    deploy, plan = (trusted(project.cloud, role)["Condition"] for role in (DEPLOY, PLAN))
    assert deploy["StringEquals"][subject] == "project_path:team/shop:ref_type:branch:ref:main"
    assert plan["StringLike"][subject] == "project_path:team/shop:ref_type:branch:ref:*"
    assert plan["StringEquals"][f"{GITLAB_ISSUER}:aud"] == "https://gitlab.com"


def test_a_provider_that_is_there_is_used_and_kept(project: Project) -> None:
    iam = project.cloud.client("iam")
    new = {"Url": f"https://{GITHUB_ISSUER}", "ClientIDList": ["somebody-elses"], "ThumbprintList": ["a" * 40]}
    arn = iam.create_open_id_connect_provider(**new)["OpenIDConnectProviderArn"]
    assert f"add sts.amazonaws.com to {arn}: done" in project.run("ci", "roles", *GITHUB).out
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["ClientIDList"] == ["somebody-elses", "sts.amazonaws.com"]
    assert found["ThumbprintList"] == ["a" * 40]


def test_their_policies_are_the_printed_ones_and_follow(project: Project) -> None:
    printed = json.loads(project.run("policy", "--account", ACCOUNT, "--json").out)
    project.run("ci", "roles", *GITHUB)
    assert documents(project.cloud, DEPLOY) == [one["document"] for one in printed]
    iam = project.cloud.client("iam")
    extra = f"{DEPLOY}_{len(printed) + 1}"
    arn = iam.create_policy(PolicyName=extra, PolicyDocument=json.dumps(policy(ALL)))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=DEPLOY, PolicyArn=arn)
    project.write(CONFIG.replace("zones = 2", "zones = 2\nflow_logs = true"))
    said = project.run("ci", "roles", *GITHUB).out
    assert "change policy ci_ecs-sample-dev_deploy_" in said
    assert f"detach policy {extra}: done" in said
    assert "ec2:CreateFlowLogs" in json.dumps(documents(project.cloud, DEPLOY))


def documents(cloud: EmbeddedCloud, role: str) -> list[Any]:
    iam = cloud.client("iam")
    found = []
    for one in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=one["PolicyArn"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=one["PolicyArn"], VersionId=version)
        found.append(document["PolicyVersion"]["Document"])
    return found


def test_a_role_of_the_name_that_others_made_is_not_changed(project: Project) -> None:
    iam = project.cloud.client("iam")
    iam.create_role(RoleName=DEPLOY, AssumeRolePolicyDocument=BACKDOOR)
    since = project.last_call()
    assert (
        "exists, but not with the tag provisioner:ci=ecs-sample-dev/ap-northeast-1"
        in project.run("ci", "roles", *GITHUB, code=4).err
    )
    assert project.writes(since) == []


def test_the_document_needs_no_call_and_is_what_is_made(project: Project) -> None:
    since = project.last_call()
    printed = project.run("ci", "roles", *GITHUB, "--print").document
    assert project.cloud.calls(since) == []
    project.run("ci", "roles", *GITHUB)
    assert [role["name"] for role in printed["roles"]] == [PLAN, DEPLOY]
    assert documents(project.cloud, PLAN) == [*printed["roles"][0]["policies"].values()]


def test_who_ends_may_take_away_of_these_and_make_nothing(project: Project) -> None:
    project.run("ci", "roles", *GITHUB, *EXPIRED)
    trust = trusted(project.cloud, END)["Condition"]["StringEquals"]
    assert trust[f"{GITHUB_ISSUER}:sub"] == "repo:octo-org/shop:ref:refs/heads/main"
    found = documents(project.cloud, END)
    assert "ecs-sample-pr-*" in json.dumps(found)
    assert "ecs-sample-dev" not in json.dumps(found)
    said = [statement["Action"] for one in found for statement in one["Statement"]]
    actions = [action for one in said for action in ([one] if isinstance(one, str) else one)]
    makes = re.compile(r"\w+:(Create|Run|Register|Request|Authorize|Tag)|iam:(Pass|Put|Attach|Add|Update)")
    assert [action for action in actions if makes.match(action)] == []
    assert "no changes" in project.run("ci", "roles", *GITHUB, *EXPIRED).out
    enforce(project.cloud, *found)
    assert answer(project.cloud, "iam", "delete_role", RoleName="ecs-sample-dev-task")[1] in DENIED
    made = {"RoleName": "ecs-sample-pr-1-task", "AssumeRolePolicyDocument": BACKDOOR}
    assert answer(project.cloud, "iam", "create_role", **made)[1] in DENIED


def test_who_plans_reads_no_logs_and_no_metrics(project: Project) -> None:
    project.run("ci", "roles", *GITHUB)
    found = documents(project.cloud, PLAN)
    enforce(project.cloud, *found)
    group = {"logGroupName": "/ecs/ecs-sample-dev/frontend"}
    assert answer(project.cloud, "logs", "filter_log_events", **group)[1] in DENIED
    assert answer(project.cloud, "logs", "get_log_events", **group, logStreamName="a")[1] in DENIED
    asked = {"MetricDataQueries": [], "StartTime": 0, "EndTime": 60}
    assert answer(project.cloud, "cloudwatch", "get_metric_data", **asked)[1] in DENIED
    project.cloud.client("logs").describe_log_groups()
    enforce(project.cloud)


CLIMBS: dict[str, tuple[str, dict[str, Any]]] = {
    "a policy of its own": ("put_role_policy", {"PolicyName": "all", "PolicyDocument": json.dumps(policy(ALL))}),
    "administrator": ("attach_role_policy", {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    "its trust": ("update_assume_role_policy", {"PolicyDocument": BACKDOOR}),
    "its tags": ("tag_role", {"Tags": [{"Key": "ManagedBy", "Value": "provisioner"}]}),
    "a limit taken away": (
        "detach_role_policy", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/ci_ecs-sample-dev_deploy_1"},
    ),
    "the role itself": ("delete_role", {}),
}  # fmt: skip


def test_who_deploys_cannot_change_what_they_may(project: Project) -> None:
    project.run("ci", "roles", *GITHUB)
    enforce(project.cloud, *documents(project.cloud, DEPLOY))
    for role in (PLAN, DEPLOY):
        for attempt, (operation, parameters) in CLIMBS.items():
            assert answer(project.cloud, "iam", operation, RoleName=role, **parameters)[1] in DENIED, attempt
    whole, arn = json.dumps(policy(ALL)), f"arn:aws:iam::{ACCOUNT}:policy/ci_ecs-sample-dev_deploy_1"
    provider = {"OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB_ISSUER}"}
    for operation, parameters in (
        ("create_policy_version", {"PolicyArn": arn, "PolicyDocument": whole, "SetAsDefault": True}),
        ("delete_open_id_connect_provider", provider),
        ("add_client_id_to_open_id_connect_provider", {**provider, "ClientID": "mine"}),
        ("create_role", {"RoleName": "ci_ecs-sample-dev_more", "AssumeRolePolicyDocument": BACKDOOR}),
    ):
        assert answer(project.cloud, "iam", operation, **parameters)[1] in DENIED, operation
    enforce(project.cloud)


@pytest.mark.parametrize("purpose", Purpose)
def test_no_stacks_pattern_of_roles_matches_their_names(tmp_path: Path, purpose: Purpose) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(CONFIG.replace('"ecs-sample"', '"ci"'))
    config = stack_file.load(path)
    assert not role_name(config, purpose).startswith(f"{config.name}-")
    assert not re.match("[a-z][a-z0-9-]*-", role_name(config, purpose))
    assert len(wanted(config, Pipeline(Which.GITHUB, "octo-org/shop"), ACCOUNT).roles) == 2


# -- the jobs ----------------------------------------------------------------------------------------------------------


def test_a_pull_request_has_one_comment_that_is_kept(project: Project, forge: Forge, runner: Runner) -> None:
    project.run("ci", "init", *GITHUB, *INSTALL)
    ready_image(project.cloud, "frontend")
    project.run("state", "init")
    forge.comments.append({"id": 1, "body": "<!-- provision plan ecs-sample-dev -->", "user": STRANGER})
    runner.installed = False
    ran = runner.github("plan", "pull_request")
    assert (ran.code, ran.log.count("comment created")) == (0, 1), ran.log
    assert runner.github("plan", "pull_request").log.count("comment updated") == 1
    [strangers, ours] = forge.comments
    assert strangers["body"] == "<!-- provision plan ecs-sample-dev -->"
    assert ours["body"].startswith("<!-- provision plan ecs-sample-dev -->\n\n### plan of ecs-sample-dev: ")
    assert "service frontend: " in ours["body"]
    assert "+ create service/frontend" in ours["body"]
    assert "https://github.com/octo-org/shop/actions/runs/42" in ours["body"]
    assert [word for word in (VALUE, TOKEN, WEB_TOKEN) if word in ours["body"] + ran.log] == []
    assert (runner.temp / "aws-token").read_text() == WEB_TOKEN
    assert (runner.temp / "aws-token").stat().st_mode & 0o777 == 0o600
    summary = (runner.temp / "plan-GITHUB_STEP_SUMMARY").read_text()
    assert summary.count("### plan of ecs-sample-dev: ") == 2
    assert ours["body"].partition("\n\n")[2] == summary[summary.rindex("### plan") :], "it is the same report"


def test_its_token_is_what_it_signs_in_with(project: Project, forge: Forge, runner: Runner) -> None:
    project.run("ci", "init", *GITHUB, *INSTALL)
    ready_image(project.cloud, "frontend")
    project.run("state", "init")
    forge.key, runner.target = project.cloud.process.key, "aws"
    ran = runner.github("plan", "pull_request")
    assert ran.code == 0, ran.log
    assert {*forge.sessions} == {f"arn:aws:iam::{ACCOUNT}:role/{PLAN}"}
    assert "+ create service/frontend" in forge.comments[0]["body"]
    assert WEB_TOKEN not in ran.log


def test_a_plan_that_fails_says_so_and_fails_the_job(project: Project, forge: Forge, runner: Runner) -> None:
    project.run("ci", "init", *GITHUB, *INSTALL)
    ran = runner.github("plan", "pull_request")
    assert ran.code == 1
    assert "run `provision state init`" in ran.log
    assert "### plan of ecs-sample-dev failed: " in forge.comments[0]["body"]
    assert "run `provision state init`" in forge.comments[0]["body"]
    assert "failed, exit code 1" in forge.comments[0]["body"]
    ran = runner.github("drift", "schedule")
    assert (ran.code, forge.issues) == (1, [])
    assert "is no report of a plan" in ran.log
    ran = runner.github("deploy", "push")
    assert ran.code == 1
    assert "### up of ecs-sample-dev failed: " in (runner.temp / "deploy-GITHUB_STEP_SUMMARY").read_text()


def test_a_refusal_of_the_forge_is_one_clear_error(project: Project, forge: Forge, runner: Runner) -> None:
    project.run("ci", "init", *GITHUB, *INSTALL)
    forge.refuse = 403
    ran = runner.github("plan", "pull_request")
    assert ran.code == 1
    assert "was refused: 403: Resource not accessible by integration" in ran.log
    assert "Traceback" not in ran.log


def test_outside_of_a_pipeline_nothing_is_written(project: Project) -> None:
    assert "this is for a pipeline of GitHub or GitLab" in project.run("ci", "comment", "plan.md", code=4).err
    assert project.run("ci", "report", "plan.md").out.startswith("### No report was written\n")
    project.run("plan", "--env", "other", "--report", "plan.md", code=1)
    assert project.run("ci", "report", "plan.md", "--env", "other").out.startswith(
        "### plan of ecs-sample-other failed"
    )
    said = project.run("ci", "report", "plan.md", code=4).err
    assert "plan.md is about ecs-sample-other, and not ecs-sample-dev: name the same --env here and there" in said


@pytest.mark.slow
def test_a_life_of_a_workflow(project: Project, forge: Forge, runner: Runner) -> None:
    project.run("ci", "init", *GITHUB, *INSTALL)
    ready_image(project.cloud, "frontend")
    project.run("state", "init")
    assert runner.github("plan", "push").code == 0
    ran = runner.github("deploy", "push")
    assert ran.code == 0, ran.log
    assert VALUE not in ran.log
    assert "no drift" in runner.github("drift", "schedule").log
    assert forge.issues == []
    logs = project.cloud.client("logs")
    [group] = [
        one["logGroupName"] for one in logs.describe_log_groups()["logGroups"] if "frontend" in one["logGroupName"]
    ]
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    for done in ("issue opened", "issue updated"):
        ran = runner.github("drift", "schedule")
        assert (ran.code, done in ran.log) == (0, True), ran.log
    [issue] = forge.open()
    assert issue["title"].startswith("ecs-sample-dev is not as declared: 1 to change")
    assert "retention" in issue["body"]
    assert runner.github("deploy", "push").code == 0
    assert "issue closed" in runner.github("drift", "schedule").log
    assert forge.open() == []
    assert project.down().said("run_finished")[0]["ok"]


def test_a_merge_request_of_gitlab(project: Project, forge: Forge, runner: Runner) -> None:
    project.run("ci", "init", *GITLAB, *INSTALL)
    ready_image(project.cloud, "frontend")
    project.run("state", "init")
    forge.comments.append({"id": 1, "body": "<!-- provision plan ecs-sample-dev -->", "author": STRANGER})
    for done in ("comment created", "comment updated"):
        ran = runner.gitlab("plan ecs-sample-dev", CI_MERGE_REQUEST_IID="5")
        assert (ran.code, done in ran.log) == (0, True), ran.log
    assert [one["author"] for one in forge.comments] == [STRANGER, ME]
    assert "POST /projects/3/merge_requests/5/notes" in forge.calls
    assert VALUE not in forge.comments[1]["body"] + ran.log
    ran = runner.gitlab("drift ecs-sample-dev")
    assert (ran.code, "issue opened" in ran.log, len(forge.open())) == (0, True, 1), ran.log


def test_the_lock_of_a_cancelled_job_names_it_and_ends(project: Project) -> None:
    project.run("state", "init")
    run = "https://github.com/octo-org/shop/actions/runs/42"
    left = {"user": "runner", "host": "fv-az1", "pid": 1, "run": run, "command": "up", "since": 1e9}
    elsewhere = json.dumps({**left, "machine": "another machine", "lease": 4.0, "renewed": 1})
    s3 = project.cloud.client("s3")
    s3.put_object(Bucket="ci-states", Key="ecs-sample-dev/lock", Body=elsewhere, Metadata={"holder": "its mark"})
    words = ("--yes", "--target-step", "roles")
    said = project.run("up", *words, code=1).err
    assert f"`provision up` by runner on fv-az1, process 1, {run}, since" in said
    assert "its lease ends in" in said
    waiting = project.start("up", *words, "--wait")
    assert waiting.stderr is not None
    assert run in waiting.stderr.readline()
    project.cloud.advance(5)
    assert project.end(waiting).code == 0


@pytest.mark.slow
def test_a_night_ends_what_has_expired_with_its_role(project: Project, runner: Runner) -> None:
    project.run("ci", "init", *GITHUB, *INSTALL, *EXPIRED)
    project.run("ci", "roles", *GITHUB, *EXPIRED)
    ready_image(project.cloud, "frontend")
    project.run("state", "init")
    for env in ("dev", "pr-1"):
        project.run("policy", "--create-boundary", "--env", env)
        project.run("up", "--yes", "--env", env, "--expires", "8h")
    enforce(project.cloud, *documents(project.cloud, END))
    ran = runner.github("expired", "schedule")
    assert (ran.code, "ecs-sample-pr-1 on local stays: it is wanted until" in ran.log) == (0, True), ran.log
    project.cloud.advance(9 * 3600)
    ran = runner.github("expired", "schedule")
    assert (ran.code, ran.log.count("down done: ")) == (0, 1), ran.log
    assert "ecs-sample-dev on local stays: the caller may not read it" in ran.log
    enforce(project.cloud)
    left = {one["env"]: one["resources"] for one in project.run("list", "--json").document["stacks"]}
    assert left["pr-1"] == 0
    assert left["dev"] > 0
