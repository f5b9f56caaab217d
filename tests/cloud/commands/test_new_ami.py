"""The AMI of the instances stays until a newer one is asked for; then all instances are replaced."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.faults.life import set_faults
from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SAMPLE, Project

pytestmark = [pytest.mark.random_order(disabled=True), pytest.mark.slow]
"""They are one life, in its order."""

NEW = ("up", "--yes", "--json", "--new-ami")
FARGATE = """
[services.web]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
port = 80
public = true
"""


@pytest.fixture(scope="module")
def project(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The tests are its life, in their order."""
    running_cloud.reset()
    here = Project(running_cloud, tmp_path_factory.mktemp("ami"))
    yield here
    here.close()


@pytest.fixture(scope="module")
def before(project: Project) -> Inventory:
    """The account's inventory before the stack is made."""
    return project.inventory()


def group(project: Project) -> dict[str, Any]:
    answer = project.cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])
    found: dict[str, Any] = answer["AutoScalingGroups"][0]
    return found


def images(project: Project) -> dict[str, str]:
    """The AMI of each of the group's instances."""
    ids = [instance["InstanceId"] for instance in group(project)["Instances"]]
    reservations = project.cloud.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    return {one["InstanceId"]: one["ImageId"] for some in reservations for one in some["Instances"]}


def refreshes(project: Project) -> list[str]:
    """The states of all instance refreshes, newest first."""
    answer = project.cloud.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=NAME)
    return [refresh["Status"] for refresh in answer["InstanceRefreshes"]]


def running(project: Project) -> dict[str, tuple[int, int]]:
    """Return the running and the desired tasks of each service."""
    services = project.cloud.client("ecs").describe_services(cluster=NAME, services=["frontend", "backend"])["services"]
    return {one["serviceName"]: (one["runningCount"], one["desiredCount"]) for one in services}


def killed_while_refreshing(project: Project) -> None:
    """Begin to bring a newer AMI, and kill the command while the instances are replaced."""
    number = len(refreshes(project))
    # by then the refresh has begun, and no instance is warm yet
    assert project.cut(60, signal.SIGKILL, *NEW).code == -signal.SIGKILL
    assert len(now := refreshes(project)) > number
    assert now[0] == "InProgress"


@pytest.mark.usefixtures("before")
def test_bad_input_is_refused_before_any_call(project: Project) -> None:
    since = project.last_call()
    for command in ("up", "plan"):
        ended = project.run(command, "--new-ami", "--target-step", "database", code=4)
        assert "the instances are of step capacity, which --target-step database leaves out" in ended.err
    project.write(FARGATE)
    for command in ("up", "plan"):
        ended = project.run(command, "--new-ami", code=4)
        assert (ended.out, ended.err.count("\n")) == ("", 1)
        assert 'no service has launch = "ec2", so there are no instances' in ended.err
    project.write(SAMPLE)
    assert project.last_call() == since


def test_a_release_is_nothing_to_do(project: Project) -> None:
    project.up()
    former = set(images(project).values())
    project.cloud.release_image()
    assert project.planned() == {}
    since = project.last_call()
    assert set(project.up().results.values()) == {"unchanged"}
    assert project.writes(since) == []
    assert set(images(project).values()) == former


def test_status_shows_the_ami_and_a_newer_one(project: Project) -> None:
    newest = project.cloud.release_image()
    (image,) = set(images(project).values())
    live = project.run("status", "--json").document["live"]
    (told,) = live["amis"]
    assert (told["id"], told["newest"]) == (image, newest)
    assert told["name"].startswith("al2023-ami-ecs-hvm-")
    assert told["created"].startswith("20")
    assert isinstance(told["days"], int)
    assert {(one["ami"], one["outdated"]) for one in live["instances"]} == {(image, False)}
    assert f"AWS recommends {newest}: use `provision up --new-ami`" in project.run("status", "--all").out
    assert ", newer: `provision up --new-ami`\n" in project.run("status").out


def test_new_ami_replaces_all_instances_while_services_stay(project: Project) -> None:
    newest, before = project.cloud.release_image(), images(project)
    counted = running(project)
    assert all(there == wanted > 0 for there, wanted in counted.values())
    planned = project.run("plan", "--json", "--new-ami", code=2).document
    todo = {item["address"]: item["changes"] for item in planned["resources"] if item["action"] != "none"}
    assert todo.keys() == {"launch_template/main", "auto_scaling_group/main"}
    assert todo["launch_template/main"]["launch_template_data"]["new"]["ImageId"] == newest
    assert todo["auto_scaling_group/main"] == {"outdated_instances": {"old": sorted(before), "new": []}}
    assert project.run("plan", "--new-ami", code=2).out.endswith("Apply it: `provision up --new-ami`.\n")
    since, fewest = project.last_call(), dict(counted)
    process = project.begin(*NEW)
    while process.poll() is None:
        fewest = {name: min(fewest[name], now) for name, now in running(project).items()}
    ended = project.end(process)
    assert ended.code == 0, ended.err
    assert project.writes(since) == [
        "ec2:CreateLaunchTemplateVersion",
        "ec2:ModifyLaunchTemplate",
        "autoscaling:StartInstanceRefresh",
    ]
    whys = [event["why"] for event in ended.said("waiting") if event["address"] == "auto_scaling_group/main"]
    assert "1 of 2 instances replaced, 50 %" in whys
    assert {a for a, result in ended.results.items() if result != "unchanged"} == todo.keys()
    after = images(project)
    assert set(after.values()) == {newest}
    assert len(after) == len(before)
    assert not after.keys() & before.keys()
    assert fewest == counted == running(project)


def test_asked_for_again_it_says_that_there_is_none(project: Project) -> None:
    since, (image,) = project.last_call(), set(images(project).values())
    told = f"{image} is already the recommended AMI, and no instance has an older one"
    ended = project.run(*NEW)
    assert set(ended.results.values()) == {"unchanged"}
    assert told in [event["text"] for event in ended.said("notice")]
    assert told in project.run("plan", "--json", "--new-ami").document["notes"]
    assert set(project.up().results.values()) == {"unchanged"}
    assert project.writes(since) == []


@pytest.mark.parametrize("words", [("up", "--yes", "--json"), NEW])
def test_killed_meanwhile_the_next_run_takes_up_the_refresh(project: Project, words: tuple[str, ...]) -> None:
    newest, number = project.cloud.release_image(), len(refreshes(project))
    killed_while_refreshing(project)
    assert project.planned() == {}
    since = project.last_call()
    ended = project.run(*words)
    assert ended.code == 0
    assert project.writes(since) == []
    # without --new-ami nobody asks any more once all instances are replaced
    project.cloud.wait(lambda: refreshes(project)[0] == "Successful", "the end of the refresh")
    assert len(refreshes(project)) == number + 1
    assert set(images(project).values()) == {newest}
    assert [event for event in ended.said("waiting") if "instances replaced" in event["why"]]


def test_a_failed_refresh_is_reported_with_what_is_left(project: Project) -> None:
    newest, before = project.cloud.release_image(), images(project)
    set_faults(project.cloud, "operations-fail", each=10_000, only="StartInstanceRefresh")
    ended = project.run(*NEW, code=1)
    assert "is Failed: New instances did not become healthy" in ended.err
    assert ended.said("run_finished")[0]["next"][0] == "Fix the errors above, then run `provision up --new-ami` again."
    # managed scaling may take an idle one away meanwhile
    assert images(project).items() <= before.items()
    live = project.run("status", "--json").document["live"]
    left = {one["id"] for one in live["instances"] if one["outdated"]}
    assert left
    assert left <= before.keys()
    assert live["amis"][0]["id"] == newest
    assert f"{len(left)} outdated: `provision up --new-ami`\n" in project.run("status").out
    shown = project.run("status", "--all").out
    assert shown.count(
        "launched from an earlier version of the launch template: `provision up --new-ami` replaces it"
    ) in (1, 2)
    (note,) = [note for note in project.run("plan", "--json").document["notes"] if "--new-ami" in note]
    assert any(name in note for name in left)
    assert "is Failed" in note
    assert [event for event in project.up().said("notice") if "is Failed" in event["text"]]
    set_faults(project.cloud, "")
    since = project.last_call()
    project.run(*NEW)
    assert project.writes(since) == ["autoscaling:StartInstanceRefresh"]
    assert set(images(project).values()) == {newest}


def test_with_the_state_lost_the_live_templates_ami_stays(project: Project) -> None:
    project.cloud.release_image()
    shutil.rmtree(project.state / "local" / NAME)
    project.run("recover", "--yes")
    assert project.planned() == {}


def test_a_stack_goes_down_in_the_midst_of_a_refresh(project: Project, before: Inventory) -> None:
    project.cloud.release_image()
    killed_while_refreshing(project)
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
