"""An alarm on failed runs of scheduled jobs: a rule of EventBridge counts them, and the stack's topic is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.listening import listen
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.policies import enforce
from tests.cloud.project import SMALL, Project
from tests.cloud.sizing.test_quiet_alarms import state, told

pytestmark = [pytest.mark.slow, world.EMPTY]

HALF_AN_HOUR = 1800
PLACE = "ap-northeast-1:123456789012"


def job(name: str, image: str, more: str = 'schedule = "rate(20 minutes)"') -> str:
    return f'[jobs.{name}]\nimage = "{REGISTRY}/{image}"\n{more}\n'


def with_jobs(*jobs: str, alarms: str = "") -> str:
    return "\n".join([SMALL, *jobs, f'[alarms]\n{alarms}\nemail = ["ops@example.com"]\n'])


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A project directory, and a queue for the messages that an address would get."""
    here = Project(cloud, tmp_path)
    cloud.client("sqs").create_queue(QueueName="told")
    yield here
    here.close()


def up(project: Project, text: str) -> None:
    """Bring the stack up, and let the queue listen to its topic."""
    project.write(text)
    project.up()
    topic, queue = f"arn:aws:sns:{PLACE}:{NAME}-alarms", f"arn:aws:sqs:{PLACE}:told"
    listen(project.cloud.client("sns"), project.cloud.client("sqs"), topic, queue)


def test_a_scheduled_run_that_fails_is_told(project: Project) -> None:
    images = {"good": "good:1", "bad": "bad-exits-with-3:1", "lost": "lost-does-not-exist:1"}
    up(project, with_jobs(*(job(name, image) for name, image in images.items())))
    assert project.planned() == {}
    project.cloud.advance(HALF_AN_HOUR)
    gone_off = {subject.split('"')[1] for subject in told(project) if subject.startswith("ALARM")}
    assert gone_off == {f"{NAME}-bad-failed", f"{NAME}-lost-failed"}
    # a minute without a failure ends it
    assert {state(project, f"{name}-failed") for name in images} == {"OK"}
    shown = {
        one["name"]: one["last_run"]["result"] for one in project.done("status", "--json").document["live"]["jobs"]
    }
    assert shown == {"good": "succeeded", "bad": "failed", "lost": "failed"}
    assert project.planned() == {}


def test_runs_by_hand_are_not_told(project: Project) -> None:
    up(project, with_jobs(job("bad", "bad-exits-with-3:1", 'schedule = "cron(0 0 1 1 ? 2190)"')))
    project.cloud.advance(300)
    told(project)
    assert project.run("run", "bad", code=3).code == 3
    project.cloud.advance(300)
    assert (state(project, "bad-failed"), told(project)) == ("OK", [])


@pytest.mark.parametrize(("off", "on"), [("pause bad --yes", "resume bad"), ("sleep --yes", "wake")])
def test_nothing_is_told_while_the_schedule_is_off(project: Project, off: str, on: str) -> None:
    up(project, with_jobs(job("bad", "bad-exits-with-3:1")))
    project.cloud.advance(600)
    project.run(*off.split())
    project.cloud.advance(300)
    told(project)
    project.cloud.advance(2 * HALF_AN_HOUR)
    assert [subject for subject in told(project) if "failed" in subject] == []
    assert project.planned() == {}
    project.run(*on.split())
    project.cloud.advance(HALF_AN_HOUR)
    assert f'ALARM: "{NAME}-bad-failed" in ap-northeast-1' in told(project)


def test_a_rule_is_mended_and_goes_with_its_targets(project: Project) -> None:
    before = project.inventory()
    project.write(with_jobs(job("report", "report:1")))
    project.up()
    events, rule = project.cloud.client("events"), f"{NAME}-report-failed"
    # one of another bus is none of this type, whatever its tags say
    events.create_event_bus(Name="theirs")
    tags = events.list_tags_for_resource(ResourceARN=events.describe_rule(Name=rule)["Arn"])["Tags"]
    events.put_rule(Name="theirs", EventBusName="theirs", EventPattern=json.dumps({"source": ["shop"]}), Tags=tags)
    assert project.planned() == {}

    events.disable_rule(Name=rule)
    pattern = json.loads(events.describe_rule(Name=rule)["EventPattern"])
    assert project.planned()["event_rule/report.failed"]["changes"].keys() == {"state"}
    events.put_rule(Name=rule, EventPattern=json.dumps({**pattern, "source": ["aws.ec2"]}))
    changes = project.planned()["event_rule/report.failed"]["changes"]
    assert changes.keys() == {"description", "event_pattern"}
    project.up()
    assert json.loads(events.describe_rule(Name=rule)["EventPattern"]) == pattern
    assert project.planned() == {}

    events.put_targets(Rule=rule, Targets=[{"Id": "theirs", "Arn": f"arn:aws:sqs:{PLACE}:told"}])
    project.write(with_jobs(job("report", "report:1"), alarms="failed_jobs = false"))
    assert {address: one["action"] for address, one in project.planned().items()} == {
        "event_rule/report.failed": "delete",
        "alarm/report.failed": "delete",
    }
    project.up()
    assert events.list_rules()["Rules"] == []
    project.write(with_jobs(job("report", "report:1")))
    project.up()
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_the_printed_policy_is_enough(project: Project) -> None:
    report = job("report", "report:1")
    project.write(with_jobs(report, alarms="failed_jobs = false"))
    project.up()
    project.write(with_jobs(report))
    policies = [*printed(load(project.config), read_only=False, boundary=False, account=None).values()]
    enforce(project.cloud, *policies)
    project.up()
    assert project.planned() == {}

    enforce(project.cloud)
    events, rule = project.cloud.client("events"), f"{NAME}-report-failed"
    events.put_targets(Rule=rule, Targets=[{"Id": "theirs", "Arn": f"arn:aws:sqs:{PLACE}:told"}])
    events.disable_rule(Name=rule)
    enforce(project.cloud, *policies)
    project.up()
    assert events.describe_rule(Name=rule)["State"] == "ENABLED"
    project.write(with_jobs(report, alarms="failed_jobs = false"))
    project.up()
    enforce(project.cloud)
    assert events.list_rules()["Rules"] == []
