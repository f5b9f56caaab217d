"""Deployments and rollbacks: another image, without anything else of the stack, and told by the exit code."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.crash.cuts import MOMENTS, AtCall, AtStateStep, Cut
from tests.cloud.deployment.test_jobs import revisions
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.policies import asked, denied, denying, enforce, policies, policy
from tests.cloud.project import SMALL, Project, ready_image

IMAGES = ("good", "better", "frontend-exits-at-once", "migrate-exits-with-3", f"{NAME}/frontend")
MORE = """
[services.worker]
extends = "frontend"
command = "work"

[jobs.migrate]
extends = "frontend"
command = "migrate"
before_deploy = true

[jobs.nightly]
extends = "frontend"
command = "report"
schedule = "rate(1 day)"
"""


def stand(here: Project) -> None:
    """A stack whose service, worker and jobs run one image, up; and other images in ECR."""
    here.write(SMALL + MORE)
    here.up()
    for name in IMAGES:
        ready_image(here.cloud, name)


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def deploy(project: Project, image: str, *more: str, code: int = 0) -> Any:
    return project.run("deploy", "frontend", "--image", f"{REGISTRY}/{image}", "--json", *more, code=code)


def running(project: Project) -> dict[str, tuple[str, str]]:
    """The image of each service, and the revision that it runs."""
    ecs = project.cloud.client("ecs")
    shown = ecs.describe_services(cluster=NAME, services=["frontend", "worker"])["services"]
    found = {}
    for service in shown:
        definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        image = definition["containerDefinitions"][0]["image"].partition("/")[2]
        found[service["serviceName"]] = (image.partition("@")[0], service["taskDefinition"].rpartition(":")[2])
    return found


def clean(project: Project) -> None:
    """Nothing is to be done, and `up` does nothing."""
    assert project.planned() == {}
    number = project.last_call()
    project.up()
    assert project.writes(number) == []


def test_an_image_is_rolled_out_and_stays(project: Project) -> None:
    results = deploy(project, "good:1").results
    assert {address for address, result in results.items() if result == "changed"} == {
        *(f"task_definition/{name}" for name in ("frontend", "worker", "migrate", "nightly")),
        *("job_run/migrate", "service/frontend", "service/worker", "schedule/nightly"),
    }
    assert running(project) == {"frontend": ("good", "2"), "worker": ("good", "2")}
    assert [started.rpartition("/")[2] for started in revisions(project)] == ["1", "2"]
    schedule = project.cloud.client("scheduler").get_schedule(GroupName=NAME, Name="nightly")
    assert schedule["Target"]["EcsParameters"]["TaskDefinitionArn"].endswith(":2")
    clean(project)
    plan = project.run("plan").out
    back = f"`provision deploy frontend --image {REGISTRY}/frontend:1` goes back to that"
    note = rf"frontend and worker run revision 2 \(deployed \d min ago\); {re.escape(back)}"
    assert re.search(note, " ".join(plan.split())), plan
    assert "sha256:" not in plan

    # other settings change, and the image stays
    project.change("port = 80", "port = 80\nstop_timeout = 40")
    project.up()
    assert running(project)["frontend"] == ("good", "3")
    # what the file says since then counts
    project.change('frontend:1"', 'frontend:2"')
    assert "and the configuration says image" in project.run("plan", code=2).out
    project.up()
    assert running(project)["frontend"][0] == "frontend:2"
    clean(project)


def test_an_image_of_its_own_repository_is_kept_from_expiring(project: Project) -> None:
    deploy(project, f"{NAME}/frontend:1")
    ecr = project.cloud.client("ecr")

    def tags() -> list[str]:
        images = ecr.describe_images(repositoryName=f"{NAME}/frontend")["imageDetails"]
        (found,) = (image["imageTags"] for image in images if "imageTags" in image)
        return sorted(tag.partition("-")[0] for tag in found)

    assert tags() == ["1", "in"]
    clean(project)
    deploy(project, "good:1")
    assert tags() == ["1"]
    clean(project)
    (entry,) = (one for one in history(project) if one["revision"] == f"{NAME}-frontend:2")
    assert entry["tags"] == ["1"]
    project.run("rollback", "frontend")
    assert tags() == ["1", "in"]
    clean(project)


def test_the_printed_policy_is_enough_for_any_repository(project: Project) -> None:
    enforce(project.cloud, *policies(project.config))
    for image in ("good:1", "better:1", f"{NAME}/frontend:1"):
        deploy(project, image)
        assert running(project)["frontend"][0] == image.partition(":")[0]
    assert [one["tags"] for one in history(project)][:3] == [["1"], ["1"], ["1"]]
    project.run("rollback", "frontend")
    assert running(project)["worker"][0] == "better"
    assert denied(asked(project.cloud)) == []
    said = deploy(project, "nobodys:1", code=4).err
    assert f"--image: ECR has no {REGISTRY}/nobodys:1: push it, or check the name and the tag" in said


def test_an_unreadable_image_is_told_with_the_permission(project: Project) -> None:
    enforce(project.cloud, *policies(project.config), policy(denying("ecr:DescribeImages")))
    said = deploy(project, "good:1", code=1).err
    assert "DescribeImages was refused: AccessDeniedException: " in said
    assert "Take the statement that denies this out of the caller's policies" in said
    assert "bug" not in said


@pytest.mark.parametrize(("image", "job"), [("frontend-exits-at-once:1", True), ("migrate-exits-with-3:1", False)])
def test_a_failed_deployment_leaves_what_ran(project: Project, image: str, job: bool) -> None:
    if job:
        project.change("before_deploy = true", "")
        project.up()
    before, since = running(project), project.last_call()
    ended = deploy(project, image, code=1)
    assert running(project) == before
    told = f"frontend still serves revision {before['frontend'][1]}, since" if job else "still running: "
    assert told in ended.err + ended.out
    assert not job or f"worker still runs revision {before['worker'][1]}, since" in ended.err
    assert bool([one for one in project.writes(since) if one.endswith("UpdateService")]) is job
    clean(project)
    assert running(project) == before
    # the next one is not hindered by it
    deploy(project, "good:1")
    assert running(project)["worker"][0] == "good"
    clean(project)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("frontend", "--image", f"{REGISTRY}/good:2"), "ECR has no"),
        (("frontend", "--image", "Not An Image"), "is not an image"),
        (("worker", "--image", f"{REGISTRY}/good:1"), "services.worker extends frontend and runs its image"),
        (("nightly",), "nightly is a job: run it with `provision run`"),
        (("fronted",), "did you mean"),
        (("--build",), "has no build"),
        (("--build", "--image", "x"), "do not go together"),
    ],
)
def test_what_cannot_be_deployed_is_refused(project: Project, words: tuple[str, ...], why: str) -> None:
    since = project.last_call()
    assert why in project.run("deploy", *words, code=4).err
    assert project.writes(since) == []


def history(project: Project, *words: str) -> list[dict[str, Any]]:
    return project.run("history", *words, "--json").events


def test_a_rollback_runs_what_ran_before_and_no_job(project: Project) -> None:
    deploy(project, "good:1")
    deploy(project, "better:1")
    jobs = revisions(project)
    project.run("rollback", "frontend")
    assert running(project) == {"frontend": ("good", "2"), "worker": ("good", "2")}
    assert revisions(project) == jobs
    clean(project)
    assert [(one["revision"].rpartition(":")[2], one["outcome"]) for one in history(project, "frontend")] == [
        ("2", "serves"), ("3", "succeeded"), ("2", "succeeded"), ("1", "succeeded"),
    ]  # fmt: skip
    lines = project.run("history", "frontend", "2", "3", "--diff").out.splitlines()
    assert [line.partition("image")[0].strip() for line in lines if "image" in line] == ['-      "', '+      "']

    project.run("rollback", "frontend", "--to", "3")
    assert running(project)["worker"] == ("better", "3")
    clean(project)
    # another image is another revision, and what was rolled back is none of it
    deploy(project, "good:1")
    assert running(project)["frontend"][0] == "good"
    clean(project)


def test_a_setting_is_rolled_back_for_its_service_alone(project: Project) -> None:
    project.change("port = 80", 'port = 80\nenvironment = { MODE = "b" }')
    project.up()
    project.run("rollback", "frontend")
    assert {name: number for name, (_, number) in running(project).items()} == {"frontend": "1", "worker": "2"}
    # the file says otherwise, and the plan says so
    assert "task_definition/frontend" in project.planned()


def test_what_cannot_be_rolled_back_is_refused(project: Project) -> None:
    since = project.last_call()
    for words, why in (
        (("frontend",), "has run nothing before"),
        (("frontend", "--to", "1"), f"runs {NAME}-frontend:1 already"),
        (("frontend", "--to", "9"), f"there is no revision {NAME}-frontend:9"),
        (("frontend", "--to", "first"), "is not a revision"),
        (("nobody",), "is not a service"),
        ((), "name a service: frontend, worker"),
    ):
        assert why in project.run("rollback", *words, code=4).err
    assert project.writes(since) == []


def test_a_rollback_ends_a_deployment_that_was_left(project: Project) -> None:
    project.change("before_deploy = true", "")
    project.up()
    before = running(project)
    image = f"{REGISTRY}/frontend-exits-at-once:1"
    assert AtCall(2, "after", "ecs:UpdateService")(project, f"deploy frontend --image {image}")
    assert running(project) != before
    project.run("rollback", "frontend")
    assert running(project) == before
    clean(project)


KILLS: tuple[Cut, ...] = (
    *(AtCall(1, when, "ecs:RegisterTaskDefinition") for when in MOMENTS),
    *(AtCall(1, when, "ecs:RunTask") for when in MOMENTS),
    *(AtCall(number, when, "ecs:UpdateService") for number in (1, 2) for when in MOMENTS),
    *(AtStateStep("journal", step, when) for step in (1, 2, 9, 14) for when in ("before", "torn", "after")),
)


@pytest.mark.parametrize("command", ["deploy", "up"])
def test_a_killed_deployment_goes_on(project: Project, command: str) -> None:
    for number, cut in enumerate(KILLS):
        name = ("good", "better")[number % 2]
        words = f"deploy frontend --image {REGISTRY}/{name}:1"
        assert cut(project, words), str(cut)
        if command == "up":
            project.up()
            clean(project)
        project.run(*words.split())
        assert {image for image, _ in running(project).values()} == {name}, str(cut)
        clean(project)
        counts = {started: revisions(project).count(started) for started in revisions(project)}
        assert set(counts.values()) == {1}, str(cut)


def test_a_killed_rollback_is_done_again_or_was_not_begun(project: Project) -> None:
    deploy(project, "good:1")
    cuts: tuple[Cut, ...] = (
        *(AtCall(number, when, "ecs:UpdateService") for number in (1, 2) for when in MOMENTS),
        *(AtStateStep("journal", step, when) for step in (1, 2, 3, 5) for when in ("before", "torn", "after")),
    )
    for cut in cuts:
        deploy(project, "better:1")
        assert cut(project, "rollback frontend"), str(cut)
        project.up()
        clean(project)
        assert len({image for image, _ in running(project).values()}) == 1, str(cut)
        deploy(project, "good:1")


@pytest.mark.parametrize("when", MOMENTS)
def test_a_rollback_killed_before_its_last_change_goes_on(project: Project, when: str) -> None:
    deploy(project, "good:1")
    deploy(project, "better:1")
    assert AtCall(1, when, "scheduler:UpdateSchedule")(project, "rollback frontend")
    project.run("rollback", "frontend")
    assert {image for image, _ in running(project).values()} == {"good"}
    clean(project)
    project.run("rollback", "frontend")
    assert {image for image, _ in running(project).values()} == {"better"}, "a rollback that has ended counts as killed"


@pytest.mark.parametrize("lost", [(), ("state",), ("state", "tags")])
def test_recover_knows_what_was_deployed_or_says_that_it_differs(project: Project, lost: tuple[str, ...]) -> None:
    deploy(project, "good:1")
    if "state" in lost:
        shutil.rmtree(project.state / "local" / NAME)
    if "tags" in lost:
        ecs = project.cloud.client("ecs")
        (cluster,) = ecs.describe_clusters(clusters=[NAME])["clusters"]
        ecs.untag_resource(resourceArn=cluster["clusterArn"], tagKeys=["provisioner:settings.1"])
    ended = project.run("recover", "--yes")
    keep = re.search(
        r"To keep the present image, run `provision (deploy frontend --image \S*/good@sha256:\w*)`", ended.err
    )
    assert bool(keep) is ("tags" in lost), ended.err
    if keep:
        assert "task_definition/frontend" in project.planned()
        since = project.last_call()
        project.run(*keep[1].split())
        # what runs is what is wanted: nothing is rolled out
        assert [call for call in project.writes(since) if "UpdateService" in call] == []
    clean(project)
    assert running(project) == {"frontend": ("good", "2"), "worker": ("good", "2")}


def test_down_right_after_deploy_of_a_job_by_rate(project: Project) -> None:
    # a changed rate begins anew, and starts a task, which may have no network interface yet
    deploy(project, "good:1")
    project.down()
    assert project.cloud.client("ec2").describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["false"]}])["Vpcs"] == []
