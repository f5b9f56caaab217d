"""Alarms on services that `pause` and `sleep` stop: they tell nobody meanwhile, and somebody again afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.crash.cuts import MOMENTS, AtCall, Cut
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.listening import listen
from tests.cloud.lookups import NAME
from tests.cloud.policies import enforce
from tests.cloud.project import SMALL, Project

MORE = """
[services.worker]
extends = "frontend"
command = "work"

[alarms]
email = ["ops@example.com"]
"""
PLACE = "ap-northeast-1:123456789012"
LOUD = {"errors": True, "frontend-running": True, "worker-running": True, "frontend-cpu": True}
ASLEEP = {"errors": False, "frontend-running": False, "worker-running": False, "frontend-cpu": True}


def stand(here: Project) -> None:
    """A stack, up: a public service, another one, and their alarms, which a queue is told of as well."""
    here.write(SMALL + MORE)
    here.up()
    here.cloud.client("sqs").create_queue(QueueName="told")
    topic, queue = f"arn:aws:sns:{PLACE}:{NAME}-alarms", f"arn:aws:sqs:{PLACE}:told"
    listen(here.cloud.client("sns"), here.cloud.client("sqs"), topic, queue)


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def tells(project: Project) -> dict[str, bool]:
    """Return whether each alarm tells somebody when its state changes, by name."""
    found = project.cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=NAME)["MetricAlarms"]
    actions = {one["AlarmName"].removeprefix(f"{NAME}-"): one["ActionsEnabled"] for one in found}
    return {name: actions[name] for name in LOUD}


def state(project: Project, name: str) -> str:
    (found,) = project.cloud.client("cloudwatch").describe_alarms(AlarmNames=[f"{NAME}-{name}"])["MetricAlarms"]
    return str(found["StateValue"])


def told(project: Project) -> list[str]:
    """Return the subjects of the topic's messages since the last call."""
    sqs = project.cloud.client("sqs")
    place: dict[str, Any] = {"QueueUrl": sqs.get_queue_url(QueueName="told")["QueueUrl"]}
    found = sqs.receive_message(**place, MaxNumberOfMessages=10).get("Messages", ())
    for one in found:
        sqs.delete_message(**place, ReceiptHandle=one["ReceiptHandle"])
    return [json.loads(one["Body"])["Subject"] for one in found]


def test_a_pause_is_no_alarm(project: Project) -> None:
    project.cloud.advance(600)
    assert state(project, "worker-running") == "OK"
    told(project)
    project.run("sleep", "worker", "--yes")
    assert tells(project) == LOUD | {"worker-running": False}
    project.cloud.advance(1200)
    assert (state(project, "worker-running"), told(project)) == ("ALARM", [])
    clean(project)
    # a change of its own leaves it quiet
    project.change("^email = ", "cpu = 80\nemail = ")
    project.up()
    assert tells(project) == LOUD | {"worker-running": False}

    project.run("sleep", "frontend", "--yes")
    assert tells(project) == ASLEEP
    project.run("wake", "worker")
    assert tells(project) == ASLEEP | {"worker-running": True}
    project.cloud.advance(600)
    assert (state(project, "worker-running"), told(project)) == ("OK", [f'OK: "{NAME}-worker-running" in {PLACE[:14]}'])
    project.run("wake", "--tasks")
    assert tells(project) == LOUD
    clean(project)


def test_sleep_is_none_and_what_is_paused_stays_quiet(project: Project) -> None:
    project.run("sleep", "frontend", "--yes")
    project.run("sleep", "--yes")
    assert tells(project) == ASLEEP
    assert project.planned() == {}
    project.run("recover", "--yes")
    assert project.planned() == {}
    project.cloud.client("cloudwatch").enable_alarm_actions(AlarmNames=[f"{NAME}-worker-running"])
    assert project.planned()["alarm/worker.running"]["changes"].keys() == {"actions_enabled"}
    project.run("wake")
    assert tells(project) == ASLEEP | {"worker-running": True}
    project.run("down", "--yes")
    project.up()
    assert tells(project) == LOUD


def test_without_alarms_or_with_others_nothing_is_asked(project: Project) -> None:
    project.change("^email = ", "running = false\nerrors = false\nemail = ")
    project.up()
    since = project.last_call()
    project.run("sleep", "--tasks", "--yes")
    project.run("wake", "--tasks")
    assert not [one for one in project.writes(since) if one.startswith("monitoring:")]


CALLS = ("monitoring:DisableAlarmActions", "monitoring:EnableAlarmActions")
KILLS: tuple[Cut, ...] = tuple(AtCall(n, when, one) for one in CALLS for n in (1, 3) for when in MOMENTS)


@pytest.mark.parametrize(
    "commands", [("sleep --tasks --yes", "wake --tasks"), ("sleep --yes", "wake")], ids=["pause", "sleep"]
)
def test_what_is_killed_goes_on(project: Project, commands: tuple[str, str]) -> None:
    for cut in KILLS:
        for command, then in zip(commands, (ASLEEP, LOUD), strict=True):
            met = cut(project, command)
            assert met or ("Disable" in str(cut)) is (then is LOUD), f"{command} {cut}"
            project.run(*command.split())
            assert tells(project) == then, f"{command} {cut}"
            assert project.planned() == {}, f"{command} {cut}"


def test_the_printed_policy_is_enough(project: Project) -> None:
    policies = printed(load(project.config), read_only=False, boundary=False, account=None).values()
    enforce(project.cloud, *policies)
    for words in ("sleep --tasks --yes", "wake --tasks", "sleep --yes", "wake"):
        project.run(*words.split())
    assert tells(project) == LOUD
