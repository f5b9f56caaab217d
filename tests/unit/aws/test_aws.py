"""The client of AWS: the guard that lets only reads through, the call log, owner tags, and bulk reads."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from urllib3 import HTTPResponse

from provisioner.aws.client import Aws, batches
from provisioner.aws.inventory import MAX_SINGLE_READS
from provisioner.aws.ownership import ADDRESS_TAG
from provisioner.aws.pages import BadList
from provisioner.aws.reads import READS
from provisioner.aws.tagging import tag_map
from provisioner.engine.clock import Pace
from provisioner.engine.errors import Interrupted, ReadOnly
from provisioner.engine.resource import RESOURCE_TYPES, Observed, Resource
from provisioner.resources.application_autoscaling import ScalableTarget
from provisioner.state.model import StateError
from tests.ways import Knows, calls, way

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there: a request that is made in spite of the guard fails in another way."""


@dataclass
class Lists:
    """The answers to the next reads of `Listed`, and the number of reads."""

    answers: list[list[Observed]]
    reads: int = 0
    seconds: float = 0.0


LISTS = Lists([])


@dataclass(frozen=True)
class Listed(Resource):
    """A resource type that exists here only."""

    type_name: ClassVar[str] = "listed"
    service: ClassVar[str] = "listed"
    identity: ClassVar[Sequence[str]] = ("called",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        LISTS.reads += 1
        time.sleep(LISTS.seconds)
        return LISTS.answers[min(LISTS.reads, len(LISTS.answers)) - 1]


@dataclass(frozen=True)
class Looked(Listed):
    """A type with resources that can be read one by one; both kinds of reads use up the list's answers."""

    type_name: ClassVar[str] = "looked"

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterable[Observed]:
        return [live for live in cls.list(aws, known) if live.id in ids]


RESOURCE_TYPES.pop("listed")
RESOURCE_TYPES.pop("looked")


@pytest.fixture
def aws() -> Aws:
    return way(endpoint=NOWHERE)


@pytest.fixture
def lists() -> Lists:
    LISTS.answers, LISTS.reads, LISTS.seconds = [[]], 0, 0.0
    return LISTS


def ids(aws: Aws, *, fresh: bool = False) -> list[str]:
    return [live.id for live in aws.live(Listed, fresh=fresh)]


# -- only reads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}),
        ("ec2", "delete_vpc", {"VpcId": "vpc-1"}),
        ("ec2", "modify_vpc_attribute", {"VpcId": "vpc-1"}),
        ("ec2", "terminate_instances", {"InstanceIds": ["i-1"]}),
        ("ecs", "put_account_setting_default", {"name": "awsvpcTrunking", "value": "enabled"}),
        ("ecs", "register_task_definition", {"family": "a", "containerDefinitions": []}),
        ("ecs", "update_service", {"service": "a"}),
        ("elbv2", "add_tags", {"ResourceArns": ["a"], "Tags": [{"Key": "a"}]}),
        ("iam", "attach_role_policy", {"RoleName": "a", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        ("route53", "change_resource_record_sets", {"HostedZoneId": "Z1", "ChangeBatch": {"Changes": []}}),
        ("ssm", "put_parameter", {"Name": "a", "Value": "b"}),
    ],
)
def test_a_write_is_refused_before_any_request(
    aws: Aws, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ReadOnly, match=f"{service}:.* is not a read"):
        getattr(aws.reading().client(service), operation)(**arguments)
    assert calls(aws) == []


def test_the_guard_is_that_of_the_way_and_not_of_the_client(aws: Aws) -> None:
    client = aws.client("ec2")
    with pytest.raises(ReadOnly):
        aws.reading().client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    with Stubber(client) as stub:
        stub.add_response("create_vpc", {"Vpc": {"VpcId": "vpc-1"}})
        client.create_vpc(CidrBlock="10.0.0.0/16")


def test_without_the_guard_writes_pass(aws: Aws) -> None:
    client = aws.client("ec2")
    with Stubber(client) as stub:
        stub.add_response("create_vpc", {"Vpc": {"VpcId": "vpc-1"}})
        assert client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] == "vpc-1"


def test_reads_pass_the_guard_and_are_logged(aws: Aws) -> None:
    client = aws.reading().client("ec2")
    with Stubber(aws.client("ec2")) as stub:
        stub.add_response("describe_vpcs", {"Vpcs": []})
        client.describe_vpcs()
    (call,) = calls(aws)
    assert (call.service, call.operation, call.read, call.code) == ("ec2", "DescribeVpcs", True, None)


TARGETS = {"ServiceNamespace": "ecs"}


def test_a_list_that_never_ends_is_reported_once(aws: Aws) -> None:
    """One read for all resources of the type: the second look makes no call, or the stub would fail it."""
    client = aws.client("application-autoscaling")
    with Stubber(client) as stub:
        for _ in range(2):
            stub.add_response("describe_scalable_targets", {"ScalableTargets": [], "NextToken": "49"})
        with pytest.raises(BadList, match="describe_scalable_targets returned the same page token twice"):
            aws.live(ScalableTarget)
        with pytest.raises(BadList):
            aws.live(ScalableTarget, fresh=True)
    assert len(calls(aws)) == 2


@pytest.mark.parametrize(
    ("service", "operation", "key", "token", "resources"),
    [
        ("ecs", "describe_capacity_providers", "capacityProviders", "nextToken", [{"name": "a"}, {"name": "b"}]),
        (
            "route53",
            "list_hosted_zones_by_vpc",
            "HostedZoneSummaries",
            "NextToken",
            [{"HostedZoneId": name, "Name": name, "Owner": {}} for name in "ab"],
        ),
    ],
)
def test_lists_that_boto3_cannot_page_are_read_to_their_end(
    aws: Aws, service: str, operation: str, key: str, token: str, resources: list[dict[str, Any]]
) -> None:
    client = aws.client(service)
    arguments = {"VPCId": "vpc-1", "VPCRegion": "ap-northeast-1"} if service == "route53" else {}
    more = {"MaxItems": "100"} if service == "route53" else {}
    with Stubber(client) as stub:
        stub.add_response(operation, {key: resources[:1], token: "one", **more}, arguments)
        stub.add_response(operation, {key: resources[1:], **more}, {**arguments, token: "one"})
        assert list(aws.pages(service, operation, key, **arguments)) == resources
        stub.assert_no_pending_responses()
        for asked in (arguments, {**arguments, token: "one"}):
            stub.add_response(operation, {key: resources, token: "one", **more}, asked)
        with pytest.raises(BadList):
            list(aws.pages(service, operation, key, **arguments))


def test_a_refused_call_is_logged_with_its_code(aws: Aws) -> None:
    client = aws.client("ecr")
    with Stubber(client) as stub:
        stub.add_client_error("create_repository", "RepositoryAlreadyExistsException")
        with pytest.raises(ClientError):
            client.create_repository(repositoryName="web")
    (call,) = calls(aws)
    assert (call.operation, call.read, call.code) == ("CreateRepository", False, "RepositoryAlreadyExistsException")


@pytest.mark.parametrize(
    "service", ["ec2", "ecs", "iam", "elbv2", "route53", "rds", "ssm", "autoscaling", "acm", "logs"]
)
def test_no_operation_that_counts_as_a_read_changes_anything(service: str) -> None:
    """AWS names its writes by their effect; a read with such a name would slip through the guard."""
    client = boto3.client(service, region_name="ap-northeast-1", aws_access_key_id="a", aws_secret_access_key="b")
    reads = [name for name in client.meta.service_model.operation_names if READS.match(name)]
    assert reads
    verbs = ("Create", "Delete", "Update", "Modify", "Register", "Attach", "Put", "Set", "Start", "Stop", "Enable")
    assert [name for name in reads if name.startswith(verbs)] == []
    assert [name for name in reads if "OrCreate" in name or "AndDelete" in name] == []


def test_a_client_is_created_once_however_many_threads_ask(aws: Aws) -> None:
    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(lambda _: aws.client("sts"), range(16)))
    assert len({id(client) for client in clients}) == 1


def test_pages_are_read_to_the_end(aws: Aws) -> None:
    client = aws.client("ecs")
    with Stubber(client) as stub:
        stub.add_response("list_clusters", {"clusterArns": ["a"], "nextToken": "more"}, {})
        stub.add_response("list_clusters", {"clusterArns": ["b"]}, {"nextToken": "more"})
        assert list(aws.pages("ecs", "list_clusters", "clusterArns")) == ["a", "b"]


def test_an_operation_without_pages_is_read_once(aws: Aws) -> None:
    client = aws.client("ecs")
    with Stubber(client) as stub:
        stub.add_response("describe_clusters", {"clusters": [{"clusterName": "c"}]}, {"clusters": ["c"]})
        assert list(aws.pages("ecs", "describe_clusters", "clusters", clusters=["c"])) == [{"clusterName": "c"}]


# -- whose it is ---------------------------------------------------------------------------------------------------


def test_tags_say_whose_it_is_and_which(aws: Aws) -> None:
    tags = aws.tags("vpc/main")
    assert tags == {"Project": "shop", "Environment": "dev", "ManagedBy": "provisioner", ADDRESS_TAG: "vpc/main"}
    assert tag_map(aws.tag_list("vpc/main")) == tags
    assert tag_map(aws.tag_list("vpc/main", "key", "value"), "key", "value") == tags
    assert aws.tag_specification("vpc", "vpc/main") == [{"ResourceType": "vpc", "Tags": aws.tag_list("vpc/main")}]
    assert aws.owns(tags | {"Team": "web"})
    assert aws.address_in(tags) == "vpc/main"


@pytest.mark.parametrize(
    "changed", [{"Project": "other"}, {"Environment": "prod"}, {"ManagedBy": "hand"}], ids=["project", "env", "tool"]
)
def test_another_stacks_tags_are_not_ours(aws: Aws, changed: dict[str, str]) -> None:
    assert not aws.owns(aws.tags("vpc/main") | changed)
    assert aws.address_in(aws.tags("vpc/main") | changed) is None


def test_untagged_resources_are_not_ours(aws: Aws) -> None:
    assert tag_map(None) == {}
    assert not aws.owns({})


def test_tags_come_from_one_bulk_read(aws: Aws) -> None:
    tagging = aws.client("resourcegroupstaggingapi")
    mapping = [{"ResourceARN": arn, "Tags": aws.tag_list(arn)} for arn in ("arn:a", "arn:b")]
    with Stubber(tagging) as stub:
        stub.add_response("get_resources", {"ResourceTagMappingList": mapping})
        for arn in ("arn:a", "arn:b", "arn:a"):
            assert aws.tags_of(arn, lambda: pytest.fail("read one by one")) == aws.tags(arn)
    assert len(calls(aws)) == 1


def test_what_the_bulk_read_does_not_know_is_read_by_itself(aws: Aws) -> None:
    reads = []

    def read(arn: str, tags: Mapping[str, str]) -> Mapping[str, str]:
        reads.append(arn)
        return tags

    with Stubber(aws.client("resourcegroupstaggingapi")) as stub:
        stub.add_response("get_resources", {"ResourceTagMappingList": []})
        for _ in range(2):
            assert aws.tags_of("arn:ours", lambda: read("ours", aws.tags("a/b"))) == aws.tags("a/b")
            assert aws.tags_of("arn:theirs", lambda: read("theirs", {"Team": "x"})) == {"Team": "x"}
    assert reads == ["ours", "theirs", "theirs"], "ours is remembered; of others silence proves nothing, so ask again"


# -- AWS's documented rates ----------------------------------------------------------------------------------------


def throttled(monkeypatch: pytest.MonkeyPatch, *, rates: bool) -> tuple[Aws, list[str]]:
    """Return an `Aws` for an ECS that always throttles, whose user stops when a call waits; and each attempt's fate."""
    aws, made = way(pace=Pace(), endpoint=NOWHERE, rates=rates), list[str]()

    def send(request: Any, **_: Any) -> AWSResponse:
        made.append("sent")
        answer = HTTPResponse(io.BytesIO(b'{"__type": "ThrottlingException"}'), preload_content=False)
        return AWSResponse(request.url, 400, HTTPHeaders(), answer)

    events = aws.client("ecs").meta.events
    events.register("before-sign", lambda **_: made.append("signed"))
    events.register("before-send", send)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    return aws, made


def test_an_interrupted_attempt_is_neither_sent_nor_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws, made = throttled(monkeypatch, rates=True)
    aws = aws.reporting(lambda *_: aws.pace.stop.set())
    with aws.acting("task_definition/web"), pytest.raises(Interrupted):
        aws.client("ecs").delete_task_definitions(taskDefinitions=["web:1"])
    assert made == ["signed", "sent"] * 4, "as many as this tool's bucket holds"
    assert calls(aws) == []


def test_a_call_that_has_to_wait_says_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[tuple[str, str, str]]()
    aws, _ = throttled(monkeypatch, rates=True)

    def queued(address: str, service: str, api: str) -> None:
        told.append((address, service, api))
        aws.pace.stop.set()

    aws = aws.reporting(queued)
    with aws.acting("task_definition/web"), pytest.raises(Interrupted):
        aws.client("ecs").delete_task_definitions(taskDefinitions=["web:1"])
    with pytest.raises(Interrupted):
        aws.client("ecs").delete_task_definitions(taskDefinitions=["web:1"])
    assert told == [("task_definition/web", "ecs", "ECS")], "and nobody of a call that is for nothing in particular"


def test_no_attempt_of_a_write_is_sent_once_the_fence_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    aws, made = throttled(monkeypatch, rates=False)

    def lost() -> None:
        if made.count("sent") == 2:
            raise StateError("this command lost the lock")

    aws = aws.fenced(lost)
    with aws.acting("task_definition/web"), pytest.raises(StateError, match="lost the lock"):
        aws.client("ecs").delete_task_definitions(taskDefinitions=["web:1"])
    assert made == ["signed", "sent"] * 2
    # a read does no harm
    with aws.acting("task_definition/web"), pytest.raises(ClientError):
        aws.client("ecs").describe_task_definition(taskDefinition="web:1")
    assert made.count("sent") == 12


def test_nothing_waits_where_no_rates_are_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    aws, made = throttled(monkeypatch, rates=False)
    with pytest.raises(ClientError):
        aws.client("ecs").delete_task_definitions(taskDefinitions=["web:1"])
    assert made == ["signed", "sent"] * 10, "boto3 alone gives up after its ten attempts"
    assert [call.code for call in calls(aws)] == ["ThrottlingException"]


# -- bulk reads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "size", "expected"), [(0, 3, []), (3, 3, [3]), (4, 3, [3, 1]), (7, 3, [3, 3, 1]), (2, 100, [2])]
)
def test_batches_hold_everything_once_and_no_more_than_allowed(count: int, size: int, expected: list[int]) -> None:
    groups = list(batches(range(count), size))
    assert [len(group) for group in groups] == expected
    assert [item for group in groups for item in group] == list(range(count))


def test_a_resource_type_is_read_once_a_run(aws: Aws, lists: Lists) -> None:
    lists.answers = [[Observed("a", {})], [Observed("b", {})]]
    assert (ids(aws), ids(aws), lists.reads) == (["a"], ["a"], 1)
    assert (ids(aws, fresh=True), lists.reads) == (["b"], 2)
    aws.drop_reads()
    assert (ids(aws), lists.reads) == (["b"], 3)


def test_threads_that_ask_at_once_share_one_read(aws: Aws, lists: Lists) -> None:
    lists.answers, lists.seconds = [[Observed("a", {})]], 0.05
    together = threading.Barrier(8)

    def ask(_: int) -> list[str]:
        together.wait()
        return ids(aws)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [["a"]] * 8
    assert lists.reads == 1


def test_a_read_gets_what_is_known_of_the_resource_type(lists: Lists) -> None:
    asked: list[type[Resource]] = []

    def fields(resource_type: type[Resource]) -> Sequence[Mapping[str, Any]]:
        asked.append(resource_type)
        return ()

    way(knowledge=Knows(fields=fields)).live(Listed)
    assert asked == [Listed]


def test_a_new_resource_exists_even_if_aws_does_not_list_it(aws: Aws, lists: Lists) -> None:
    aws.live(Listed)
    aws.note_written(Listed, Observed("new", {}))
    assert ids(aws) == ["new"]
    assert ids(aws, fresh=True) == ["new"]


def test_what_was_created_before_the_first_read_is_there_too(aws: Aws, lists: Lists) -> None:
    lists.answers = [[Observed("old", {})]]
    aws.note_written(Listed, Observed("new", {}))
    assert ids(aws) == ["old", "new"]


def test_after_the_settling_time_aws_is_believed(aws: Aws, lists: Lists) -> None:
    aws.note_written(Listed, Observed("new", {}))
    aws.pace.sleep(30.1)
    assert ids(aws, fresh=True) == []


def test_what_aws_lists_replaces_what_was_remembered(aws: Aws, lists: Lists) -> None:
    lists.answers = [[], [Observed("new", {"size": 2})], []]
    aws.live(Listed)
    aws.note_written(Listed, Observed("new", {"size": 1}))
    assert [live.attributes for live in aws.live(Listed, fresh=True)] == [{"size": 2}]
    assert ids(aws, fresh=True) == [], "once listed it is no longer remembered"


def shown(aws: Aws, resource_type: type[Resource], *only: str) -> list[tuple[str, str]]:
    """Return the known ids and statuses of a type after a read of these resources."""
    return sorted((live.id, live.status) for live in aws.live(resource_type, fresh=bool(only), only=only))


def test_a_look_rereads_what_it_is_about_and_nothing_else(aws: Aws, lists: Lists) -> None:
    before = [Observed(name, {}, status="before") for name in "abc"]
    lists.answers = [before, [Observed(name, {}, status="after") for name in "ac"]]
    shown(aws, Looked)
    assert shown(aws, Looked, "a", "b") == [("a", "after"), ("c", "before")]


def test_a_look_rereads_a_whole_type_if_one_call_lists_it(aws: Aws, lists: Lists) -> None:
    lists.answers = [[Observed(name, {}, status="before") for name in "ab"], [Observed("c", {}, status="after")]]
    shown(aws, Listed)
    assert shown(aws, Listed, "a") == [("c", "after")]


def test_a_look_reads_all_if_nothing_is_known_of_the_others(aws: Aws, lists: Lists) -> None:
    lists.answers = [[Observed("a", {})], [Observed("a", {}), Observed("b", {})]]
    shown(aws, Looked)
    aws.mark_stale(Looked)
    assert shown(aws, Looked, "a") == [("a", ""), ("b", "")]


def test_what_is_in_doubt_is_read_anew_by_itself_and_once(aws: Aws, lists: Lists) -> None:
    before = [Observed(name, {}, status="before") for name in "ab"]
    lists.answers = [before, [Observed(name, {}, status="after") for name in "ab"]]
    shown(aws, Looked)
    aws.mark_stale(Looked, ["a"])
    assert shown(aws, Looked) == [("a", "after"), ("b", "before")]
    assert shown(aws, Looked) == [("a", "after"), ("b", "before")]
    assert lists.reads == 2


def test_one_resource_in_doubt_has_its_whole_list_read_anew(aws: Aws, lists: Lists) -> None:
    lists.answers = [[Observed(name, {}) for name in "ab"], [Observed("b", {})]]
    shown(aws, Listed)
    aws.mark_stale(Listed, ["a"])
    assert shown(aws, Listed) == [("b", "")]


def test_a_new_resource_exists_though_a_look_misses_it_at_first(aws: Aws, lists: Lists) -> None:
    aws.live(Looked)
    aws.note_written(Looked, Observed("new", {}))
    assert shown(aws, Looked, "new") == [("new", "")]
    aws.pace.sleep(30.1)
    assert shown(aws, Looked, "new") == []


def test_what_was_removed_is_not_remembered(aws: Aws, lists: Lists) -> None:
    lists.answers = [[Observed("a", {}), Observed("b", {})], [Observed("b", {})]]
    aws.note_written(Listed, Observed("a", {}))
    assert ids(aws) == ["a", "b"]
    aws.note_deleted(Listed, "a")
    assert ids(aws) == ["b"]
    assert ids(aws, fresh=True) == ["b"]


def test_what_has_no_id_yet_is_left_to_the_next_read(aws: Aws, lists: Lists) -> None:
    aws.live(Listed)
    aws.note_written(Listed, Observed("", {}))
    assert ids(aws) == []


@pytest.mark.parametrize(("count", "expected"), [(MAX_SINGLE_READS, MAX_SINGLE_READS), (MAX_SINGLE_READS + 1, 1)])
def test_a_resource_that_the_state_saw_is_not_read_again(aws: Aws, count: int, expected: int) -> None:
    names, read = [f"n{number}" for number in range(count)], list[str]()
    aws = aws.knowing(Knows(ready=lambda resource_type: [{"called": name, "days": 7} for name in names[:-1]]))

    def days(name: str) -> int:
        read.append(name)
        return 7

    assert aws.read_each(Listed, "days", names, days) == dict.fromkeys(names, 7)
    assert sorted(read) == sorted(names[-expected:])


def test_a_resource_that_this_run_has_read_is_not_read_again(aws: Aws, lists: Lists) -> None:
    names = [f"n{number}" for number in range(MAX_SINGLE_READS + 1)]
    lists.answers = [[Observed(name, {"called": name, "days": 7}) for name in names]]
    aws.live(Listed)
    assert aws.read_each(Listed, "days", names, lambda name: 0) == dict.fromkeys(names, 7)
