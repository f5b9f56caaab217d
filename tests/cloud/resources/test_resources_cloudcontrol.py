"""AWS's types by Cloud Control: the contract of all types, and behaviour of these alone."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from typing import Any

import pytest

from provisioner.engine.declaration import STEPS
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.operations.planning.step_run import declare
from provisioner.operations.rehearsal.redeclaration import declarations
from provisioner.operations.state_admin import edit, imports, recovery
from provisioner.resources.cloudcontrol.declare import CloudControl
from provisioner.resources.logs import LogGroup
from provisioner.resources.s3 import Bucket
from provisioner.resources.ssm import SecureParameter
from provisioner.state.local import LocalStore
from provisioner.steps.stack import Stack
from tests.cloud.cloudcontrol_run import some
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import kill
from tests.cloud.rig import Declare, Rig
from tests.cloud.samples import ALL
from tests.cloud.samples.cloudcontrol import CLOUD_CONTROL, PARAMETER_TEXT, PROPERTIES, SECRET_TEXT, declared
from tests.cloud.samples.judge import breaches, strays
from tests.cloud.samples.life import Life, live
from tests.cloud.samples.sample import mistakes


@pytest.fixture(scope="module")
def lived(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Life:
    running_cloud.reset()
    return live(running_cloud, tmp_path_factory.mktemp("life"), CLOUD_CONTROL, {**ALL, **CLOUD_CONTROL})


@pytest.mark.parametrize("resource_type", CLOUD_CONTROL, ids=lambda it: it.type_name)
def test_type_keeps_the_contract(lived: Life, resource_type: type[Resource]) -> None:
    assert mistakes(resource_type, CLOUD_CONTROL[resource_type]) == []
    assert breaches(lived, resource_type) == []


def test_nothing_is_done_that_nothing_calls_for(lived: Life) -> None:
    assert strays(lived) == []


# -- what is recorded ----------------------------------------------------------------------------------------------


def declaring(*resources: Resource) -> Declare:
    """A step that declares these."""

    def declare(stack: Stack) -> None:
        for one in resources:
            stack.ensure(one)

    return declare


def files(rig: Rig) -> str:
    """All that the state's files hold."""
    return "".join(path.read_text() for path in rig.directory.rglob("*") if path.is_file())


SECRET = "AWS::SecretsManager::Secret"
PARAMETER = "AWS::SSM::Parameter"
QUEUE = "AWS::SQS::Queue"
GROUP = "AWS::Logs::LogGroup"


def test_a_secret_stands_in_no_file_and_no_plan(rig: Rig) -> None:
    other = "another-horse-battery-2"
    first = declaring(declared(SECRET), declared(PARAMETER))
    second = declaring(declared(SECRET, SecretString=other), declared(PARAMETER, Value=f"plain {other}"))
    outcomes = [rig.up(first).ok()]
    kept = files(rig)
    planned = rig.plan(second)
    assert {item.address: {*item.changes} for item in planned} == {
        f"{SECRET}/sample": {"SecretString"},
        f"{PARAMETER}/sample": {"Value"},
    }
    outcomes.append(rig.up(second).ok())
    assert outcomes[-1].writes == ["UpdateResource", "UpdateResource"]
    value = rig.cloud.client("secretsmanager").get_secret_value(SecretId="sample/key")["SecretString"]
    assert value == other, "what AWS never shows is changed all the same"
    assert rig.plan(second) == []
    kept += files(rig)
    outcomes.append(rig.down().ok())
    kept += files(rig)
    told = repr([replace(outcome, calls=[]) for outcome in outcomes]) + repr(planned)
    for text in (SECRET_TEXT, PARAMETER_TEXT, other):
        assert text not in kept
        assert text not in told


def test_a_value_that_aws_draws_is_drawn_once(rig: Rig) -> None:
    def secret(description: str, length: int = 20) -> Declare:
        how = {"PasswordLength": length, "ExcludePunctuation": True}
        wanted = {"Name": "sample/drawn", "Description": description, "GenerateSecretString": how}
        return declaring(CloudControl("drawn", SECRET, wanted))

    def value() -> str:
        return str(rig.cloud.client("secretsmanager").get_secret_value(SecretId="sample/drawn")["SecretString"])

    rig.up(secret("one")).ok()
    drawn = value()
    assert len(drawn) == 20
    assert rig.up(secret("two")).ok().writes == ["UpdateResource"]
    assert value() == drawn, "who reads it would be shut out"
    rig.up(secret("two", 24)).ok()
    assert len(value()) == 24


# -- changes -------------------------------------------------------------------------------------------------------


def test_what_is_taken_out_is_taken_back(rig: Rig) -> None:
    dead = CloudControl("dead", QUEUE, {"QueueName": "sample-dead"})

    def declare(stack: Stack, *, redrive: bool) -> None:
        arn = stack.ensure(dead).Arn
        policy = {"RedrivePolicy": {"deadLetterTargetArn": arn, "maxReceiveCount": 3}} if redrive else {}
        stack.ensure(CloudControl("jobs", QUEUE, {"QueueName": "sample-jobs", "DelaySeconds": 5, **policy}))

    rig.up(lambda stack: declare(stack, redrive=True)).ok()
    url = rig.state().records[f"{QUEUE}/jobs"].id
    attributes = {"QueueUrl": url, "AttributeNames": ["All"]}
    assert "RedrivePolicy" in rig.cloud.client("sqs").get_queue_attributes(**attributes)["Attributes"]
    (planned,) = rig.plan(lambda stack: declare(stack, redrive=False))
    assert {*planned.changes} == {"RedrivePolicy"}
    rig.up(lambda stack: declare(stack, redrive=False)).ok()
    left = rig.cloud.client("sqs").get_queue_attributes(**attributes)["Attributes"]
    assert "RedrivePolicy" not in left
    assert left["DelaySeconds"] == "5"
    assert rig.plan(lambda stack: declare(stack, redrive=False)) == []


def test_what_is_not_declared_is_left_to_others(rig: Rig) -> None:
    rig.up(declaring(declared(QUEUE))).ok()
    sqs, url = rig.cloud.client("sqs"), rig.state().records[f"{QUEUE}/sample"].id
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "7"})
    sqs.tag_queue(QueueUrl=url, Tags={"cost": "12"})
    assert rig.plan(declaring(declared(QUEUE))) == []
    rig.up(declaring(declared(QUEUE, VisibilityTimeout=50, Tags=[{"Key": "crew", "Value": "green"}]))).ok()
    tags = sqs.list_queue_tags(QueueUrl=url)["Tags"]
    assert (tags["cost"], tags["crew"], "team" in tags) == ("12", "green", False)
    assert tags["provisioner:address"] == f"{QUEUE}/sample"
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (shown["DelaySeconds"], shown["VisibilityTimeout"]) == ("7", "50")


# -- whose it is ---------------------------------------------------------------------------------------------------


def test_what_is_somebody_elses_is_refused_before_any_call(rig: Rig) -> None:
    rig.cloud.client("sqs").create_queue(QueueName="sample-jobs")
    rig.cloud.client("sqs").create_queue(QueueName="other-sample-jobs")
    rig.cloud.client("logs").create_log_group(logGroupName="/sample/log")
    rig.cloud.client("secretsmanager").create_secret(Name="sample/key", SecretString="theirs")
    refusals = rig.up(declaring(declared(QUEUE), declared(GROUP), declared(SECRET))).refused()
    assert all("not the tags of this stack" in why for why in refusals.values())
    assert {*refusals} == {f"{QUEUE}/sample", f"{GROUP}/sample", f"{SECRET}/sample"}


def test_a_foreign_resource_can_be_imported(rig: Rig) -> None:
    rig.cloud.client("logs").create_log_group(logGroupName="/sample/log")
    address, stack = f"{GROUP}/sample", rig.declare(declaring(declared(GROUP)))
    aws = rig.aws()
    found = imports.candidate(aws, {}, stack.declared, address, "/sample/log")
    assert {*found.changes} == {"RetentionInDays"}
    with LocalStore(rig.directory, rig.config.name, "test", "0", runtime=aws.pace.runtime) as store:
        imports.take(aws, store, found)
    rig.close()
    assert rig.up(declaring(declared(GROUP))).ok().writes == ["UpdateResource"]
    assert rig.plan(declaring(declared(GROUP))) == []


def test_two_types_do_not_take_each_others_resource(rig: Rig) -> None:
    by_name = declaring(declared(GROUP), declared(PARAMETER), declared("AWS::S3::Bucket"))
    rig.up(by_name).ok()
    aws = rig.aws().exhaustive()
    names = {"/sample/log", "/sample/setting", "sample-123456789012-things"}
    ours = [live.id for one in (LogGroup, SecureParameter, Bucket) for live in aws.live(one) if live.owned]
    rig.close()
    assert not names & {*ours}
    found = recovery.search(rig.aws(), {}, rig.declare(by_name).declared, lambda text: None)
    rig.close()
    assert (len(found.found), found.refused) == (3, {})
    assert PARAMETER_TEXT not in repr(found), "what is recovered is recorded as any other"
    own = LogGroup("sample", "/sample/log", 7)
    assert "not the tags of this stack" in rig.up(declaring(own)).refused()[own.address]


def test_a_rename_is_told_to_the_tag(rig: Rig) -> None:
    rig.up(declaring(declared(QUEUE))).ok()
    renamed = CloudControl("jobs", QUEUE, PROPERTIES[QUEUE])
    aws = rig.aws()
    with LocalStore(rig.directory, rig.config.name, "test", "0", runtime=aws.pace.runtime) as store:
        edit.rename(store, f"{QUEUE}/sample", f"{QUEUE}/jobs")
    rig.close()
    rig.up(declaring(renamed)).ok()
    tags = rig.cloud.client("sqs").list_queue_tags(QueueUrl=rig.state().records[f"{QUEUE}/jobs"].id)["Tags"]
    assert (tags["provisioner:address"], tags["team"]) == (f"{QUEUE}/jobs", "blue")


# -- what goes wrong -----------------------------------------------------------------------------------------------

FIVE = (QUEUE, "AWS::SNS::Topic", "AWS::DynamoDB::Table", SECRET, PARAMETER)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        "scenarios=lost&each=2&only=cloudcontrolapi",
        "scenarios=throttle,server-error,reset&each=1&only=cloudcontrolapi",
        "scenarios=lag",
        "scenarios=small-pages",
        "scenarios=throttle&each=1&only=^(sqs|sns|dynamodb|secretsmanager|ssm):",
        "scenarios=lost&each=1&only=^(sqs:CreateQueue|sns:CreateTopic|dynamodb:CreateTable|ssm:PutParameter)",
    ],
)
def test_a_life_goes_on_through_faults(rig: Rig, fault: str) -> None:
    everything = declaring(*(declared(name) for name in FIVE))
    rig.cloud.control("POST", "faults", fault)
    rig.up(everything).ok()
    rig.cloud.control("POST", "faults", fault)
    changed = declaring(declared(QUEUE, VisibilityTimeout=50), *(declared(name) for name in FIVE if name != QUEUE))
    rig.up(changed).ok()
    rig.cloud.control("POST", "faults", "scenarios=")
    assert rig.plan(changed) == []
    assert len(rig.cloud.client("sqs").list_queues()["QueueUrls"]) == 1
    rig.cloud.control("POST", "faults", fault)
    assert rig.down().ok().summary.leftovers == []
    rig.cloud.control("POST", "faults", "scenarios=")
    assert "QueueUrls" not in rig.cloud.client("sqs").list_queues()


def test_an_unnamed_queue_is_made_once_though_answers_are_lost(rig: Rig) -> None:
    unnamed = declaring(CloudControl("jobs", QUEUE, {"VisibilityTimeout": 45}))
    rig.cloud.control("POST", "faults", "scenarios=lost&each=3&only=cloudcontrolapi:CreateResource")
    rig.up(unnamed).ok()
    assert len(rig.cloud.client("sqs").list_queues()["QueueUrls"]) == 1
    # another run that knows only of the intent, and declares it otherwise
    record = rig.state().records[f"{QUEUE}/jobs"]
    aws = rig.aws()
    with LocalStore(rig.directory, rig.config.name, "test", "0", runtime=aws.pace.runtime) as store:
        store.put(replace(record, phase="creating", id=None, outputs={}))
    rig.close()
    rig.up(declaring(CloudControl("jobs", QUEUE, {"VisibilityTimeout": 60}))).ok()
    assert len(rig.cloud.client("sqs").list_queues()["QueueUrls"]) == 1


def test_a_creation_that_fails_leaves_no_intent(rig: Rig) -> None:
    bad = CloudControl("bad", PARAMETER, {"Name": "ends/", "Type": "String", "Value": "a value to be hidden"})
    outcome = rig.up(declaring(bad))
    assert "CreateResource was refused: InvalidRequest: Parameter name" in str(outcome.failures()[bad.address])
    assert rig.state().records == {}
    good = CloudControl("bad", PARAMETER, {"Name": "/good", "Type": "String", "Value": "a value to be hidden"})
    rig.up(declaring(good)).ok()


def test_a_removal_that_fails_says_why(rig: Rig) -> None:
    bucket = declared("AWS::S3::Bucket")
    rig.up(declaring(bucket)).ok()
    rig.cloud.client("s3").put_object(Bucket="sample-123456789012-things", Key="a", Body=b"b")
    outcome = rig.down()
    assert "not empty" in str(outcome.failures()[bucket.address])
    assert bucket.address in rig.state().records


def test_down_needs_neither_step_nor_schema(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.up(declaring(declared(QUEUE))).ok()
    monkeypatch.delitem(RESOURCE_TYPES, QUEUE)
    monkeypatch.setattr("provisioner.resources.cloudcontrol.resource.shipped", lambda name: None)
    assert rig.down().ok().summary.leftovers == []
    assert "QueueUrls" not in rig.cloud.client("sqs").list_queues()


# -- declaring -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_name", "properties", "words"),
    [
        ("AWS::SQS::Queues", {}, "did you mean AWS::SQS::Queue"),
        ("Queue", {}, "Cloud Control has no type Queue that this version knows"),
        (QUEUE, {"VisibilityTimout": 5}, f"{QUEUE} has no property VisibilityTimout: did you mean VisibilityTimeout"),
        (QUEUE, {"QueueUrl": "http://x"}, "QueueUrl is read-only, it is AWS that sets it: take it out"),
        (PARAMETER, {"Name": "/x"}, "Value, Type must be set"),
    ],
)
def test_a_mistake_is_told_before_any_call(type_name: str, properties: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        CloudControl("one", type_name, properties)


def test_a_newer_type_is_declared_by_its_schema(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RESOURCE_TYPES, "AWS::SNS::Topic", raising=False)
    monkeypatch.setattr("provisioner.resources.cloudcontrol.schemas.shipped", lambda name: None)
    told = rig.cloud.client("cloudformation").describe_type(Type="RESOURCE", TypeName="AWS::SNS::Topic")["Schema"]
    topic = declaring(CloudControl("news", "AWS::SNS::Topic", {"TopicName": "sample-news"}, schema=told))
    rig.up(topic).ok()
    assert rig.plan(topic) == []
    assert rig.down().ok().summary.leftovers == []
    with pytest.raises(ConfigurationError, match="is not the schema of this type"):
        CloudControl("news", "AWS::SNS::Topic", {}, schema="{}")


# -- killed --------------------------------------------------------------------------------------------------------


def killed(rig: Rig, seconds: int, **where: Any) -> None:
    """Have a run of its own killed there."""
    there = json.dumps(asdict(rig.cloud.process))
    command = [sys.executable, "-m", "tests.cloud.cloudcontrol_run", there, str(rig.directory), str(seconds)]
    with subprocess.Popen(command, process_group=0, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        kill(rig.cloud, pid=process.pid, **where)
        process.communicate(b"\n", timeout=60)
        assert process.returncode == -signal.SIGKILL
    kill(rig.cloud)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", [1, 3])
def test_a_killed_run_is_taken_up(rig: Rig, call: int, when: str) -> None:
    killed(rig, 45, call=call, when=when, operation="cloudcontrolapi:CreateResource")
    rig.up(some).ok()
    assert rig.plan(some) == []
    assert len(rig.cloud.client("sqs").list_queues()["QueueUrls"]) == 1
    killed(rig, 60, call=1, when=when, operation="cloudcontrolapi:UpdateResource")
    rig.up(lambda stack: some(stack, 60)).ok()
    assert rig.plan(lambda stack: some(stack, 60)) == []
    assert rig.down().ok().summary.leftovers == []
    assert SECRET_TEXT not in files(rig)


# -- other verbs ---------------------------------------------------------------------------------------------------


def test_what_has_no_tags_is_told_and_found_by_its_record(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    told = rig.cloud.client("cloudformation").describe_type(Type="RESOURCE", TypeName="AWS::SNS::Topic")["Schema"]
    untagged = json.dumps({**json.loads(told), "tagging": {"taggable": False}})
    monkeypatch.delitem(RESOURCE_TYPES, "AWS::SNS::Topic", raising=False)
    topic = declaring(CloudControl("news", "AWS::SNS::Topic", {"TopicName": "sample-news"}, schema=untagged))
    monkeypatch.setitem(STEPS, "own", topic)
    (notice,) = [one for one in declare(rig.config, rig.facts).notices if "SNS" in one]
    assert notice.startswith("AWS::SNS::Topic/news: AWS keeps no tags of it")
    rig.cloud.control("POST", "faults", "scenarios=lost&each=1&only=cloudcontrolapi:CreateResource")
    rig.up(topic).ok()
    assert rig.plan(topic) == []
    records = rig.state().records
    rig.directory = rig.directory / "another"
    assert "import it" in rig.up(topic).refused()["AWS::SNS::Topic/news"], "it may be anybody's"
    assert rig.cloud.client("sns").list_tags_for_resource(ResourceArn=records["AWS::SNS::Topic/news"].id)["Tags"] == []


def test_a_recorded_stack_is_built_anew_for_a_rehearsal(rig: Rig) -> None:
    drawn = {"Name": "sample/drawn", "GenerateSecretString": {"PasswordLength": 20}}
    both = declaring(*(declared(name) for name in PROPERTIES), CloudControl("drawn", SECRET, drawn))
    rig.up(both).ok()
    again, left_out = declarations(rig.state().records)
    assert left_out == {}
    rig.cloud.reset()
    rig.directory = rig.directory / "another"
    rig.up(declaring(*(item.resource for item in again.values()))).ok()
    described = rig.cloud.client("secretsmanager").get_secret_value(SecretId="sample/key")["SecretString"]
    assert described != SECRET_TEXT
