"""The state in S3: durable before any action on it, one writer at a time, even if one dies, sleeps or is not heard."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Self

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.state.bucket import RULE, STATEMENT, StateBucket
from provisioner.state.journal import encoded
from provisioner.state.lease import FREE, LOCK, remaining
from provisioner.state.model import SCHEMA, Record, Run, StateError, StateLocked, StateTooNew
from provisioner.state.objects import Objects, Taken
from provisioner.state.s3 import S3Store
from provisioner.state.s3_read import DOCUMENT, JOURNAL, READINGS, read
from tests.cloud.conftest import HANGS, REGION, EmbeddedCloud, refused
from tests.cloud.faults.life import met, set_faults
from tests.cloud.policies import denying, organized, policy
from tests.cloud.state_writer import ACCOUNT
from tests.cloud.warm import ROOT
from tests.schema_1 import as_schema_1, named_as_in_schema_1

BUCKET = "team-states"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROUNDS = 10
LONG = 600.0
"""A lease that does not run out while a test lasts."""


@pytest.fixture(scope="module")
def client(running_cloud: EmbeddedCloud) -> Any:
    """A client that repeats calls without an answer, as the tool's does; the bucket is there."""
    running_cloud.reset()
    # these processes have the machine's clock, and S3 the same
    running_cloud.control("POST", "clock", "mode=real")
    client = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=running_cloud.endpoint,
        **running_cloud.credentials(),
        config=Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=32),
    )
    wanted = bucket(client)
    for repair_step in wanted.to_repair():
        wanted.repair(repair_step)
    return client


@pytest.fixture
def objects(client: Any) -> Objects:
    """A place of its own in the bucket."""
    return place(client)


def place(client: Any) -> Objects:
    return Objects(client, BUCKET, f"s{uuid.uuid4().hex[:8]}/", ACCOUNT)


def bucket(client: Any, name: str = BUCKET, **other: Any) -> StateBucket:
    tags = {"Project": "shop", "ManagedBy": "provisioner"}
    return replace(StateBucket(client, name, ACCOUNT, REGION, "aws", tags), **other)


def store(
    objects: Objects, command: str = "up", lease: float = LONG, lost: Callable[[], None] = lambda: None
) -> S3Store:
    return S3Store(objects, "shop-dev", command, "1.0", lease, lost)


def record(address: str, id: str = "id-1") -> Record:
    return Record(address, address.partition("/")[0], "ready", "token", id, {"cidr_block": "10.0.0.0/16"})


# -- what was put is there ---------------------------------------------------------------------------------------------


def test_what_was_put_is_there_with_and_without_closing(objects: Objects) -> None:
    assert read(objects, "shop-dev").records == {}
    with store(objects) as opened:
        opened.guard("shop-dev", ACCOUNT, REGION)
        opened.put(record("vpc/main"))
        opened.put(record("subnet/a"))
        opened.drop("subnet/a")
        assert list(read(objects, "shop-dev").records) == ["vpc/main"]
        opened.finish(Run("up", 1.0, 2.0, "ok", {"created": 1}))
    state = read(objects, "shop-dev")
    assert list(state.records) == ["vpc/main"]
    assert (state.account, state.history[0].counts) == (ACCOUNT, {"created": 1})
    assert objects.names(JOURNAL) == []
    assert objects.names("") == [LOCK, DOCUMENT]
    lock = objects.get(LOCK)
    assert lock
    assert lock.body == FREE


def demanding(condition: dict[str, Any]) -> dict[str, Any]:
    return policy({**denying("s3:PutObject"), "Condition": condition})


@pytest.mark.parametrize(
    ("default", "condition"),
    [
        ({"SSEAlgorithm": "AES256"}, {"Null": {"s3:x-amz-server-side-encryption": "true"}}),
        ({"SSEAlgorithm": "AES256"}, {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}),
        (
            {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
            {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
        ),
        (
            {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
            {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY}},
        ),
    ],
    ids=["any", "AES256", "KMS", "key"],
)
def test_a_policy_that_demands_encryption_in_each_request_is_met(
    cloud_of: EmbeddedCloud, client: Any, objects: Objects, default: dict[str, str], condition: dict[str, Any]
) -> None:
    before = client.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    client.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=rules)
    try:
        organized(cloud_of, demanding(condition))
        with store(objects) as opened:
            opened.put(record("vpc/main"))
        organized(cloud_of)
        assert list(read(objects, "shop-dev").records) == ["vpc/main"]
        organized(cloud_of, policy(denying("s3:PutObject")))
        with pytest.raises(StateError, match="a policy may demand another encryption than the bucket's default"):
            store(place(client)).__enter__()
    finally:
        organized(cloud_of)
        client.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=before)


def test_a_document_and_a_journal_of_an_older_schema_count(objects: Objects) -> None:
    document = json.dumps(as_schema_1(record("vpc/main"))).encode()
    later = replace(record("subnet/a"), dependencies=["vpc/main"])
    objects.put(DOCUMENT, document, over=None)
    objects.put(f"{JOURNAL}00000007/000001", encoded({"put": named_as_in_schema_1(vars(later))}), over=None)
    both = {"vpc/main": record("vpc/main"), "subnet/a": later}
    assert read(objects, "shop-dev").records == both
    with store(objects) as opened:
        assert opened.records == both
    kept, written = objects.get("state.schema-1.json"), objects.get(DOCUMENT)
    assert kept
    assert json.loads(kept.body) == json.loads(document)
    assert written
    assert json.loads(written.body)["schema"] == SCHEMA
    assert read(objects, "shop-dev").records == both


addresses = st.sampled_from(["vpc/main", "subnet/a", "subnet/b", "role/task"])
facts = st.lists(st.tuples(st.sampled_from(["put", "drop", "fold"]), addresses, st.integers(0, 99)), max_size=7)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts)
def test_any_prefix_of_what_was_done_is_a_state(client: Any, history: list[tuple[str, str, int]]) -> None:
    objects = place(client)
    with store(objects) as opened:
        for verb, address, number in history:
            if verb == "put":
                opened.put(record(address, f"id-{number}"))
            elif verb == "drop":
                opened.drop(address)
            else:
                opened._fold()
            assert read(objects, "shop-dev").records == opened.records
        last = dict(opened.records)
    assert read(objects, "shop-dev").records == last


def test_records_of_many_threads_are_written_together(objects: Objects, client: Any) -> None:
    """An append costs one write; appends that come meanwhile share the next one."""
    with store(objects) as opened:
        slow(client, 0.02)
        try:
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda number: opened.put(record(f"vpc/{number}")), range(64)))
        finally:
            slow(client, 0)
        written = objects.names(JOURNAL)
        assert read(objects, "shop-dev").records == opened.records
        assert len(opened.records) == 64
        assert 4 <= len(written) <= 32, written


def slow(client: Any, seconds: float) -> None:
    """Let each call take so much longer, as one to AWS does."""
    client.meta.events.unregister("before-send", unique_id="slow")
    if seconds:
        client.meta.events.register("before-send", lambda **_: time.sleep(seconds), unique_id="slow")


@pytest.mark.parametrize("fault", ["lost", "reset", "server-error", "throttle"])
def test_a_write_without_an_answer_is_not_taken_for_anothers(cloud_of: EmbeddedCloud, client: Any, fault: str) -> None:
    objects = place(client)
    cloud_of.control("POST", "faults", f"scenarios={fault}&each=2&only=s3:PutObject")
    try:
        with store(objects) as opened:
            opened.put(record("vpc/main"))
            opened.put(record("subnet/a"))
    finally:
        met = json.loads(cloud_of.control("GET", "faults"))["met"]
        cloud_of.control("POST", "faults", "scenarios=")
    assert met[fault]["s3:PutObject"] == 2
    assert read(objects, "shop-dev").records.keys() == {"vpc/main", "subnet/a"}
    assert objects.names(JOURNAL) == []


@pytest.fixture
def cloud_of(running_cloud: EmbeddedCloud, client: Any) -> EmbeddedCloud:
    """The cloud that has the bucket."""
    return running_cloud


def test_out_of_reach_is_one_clear_error_and_the_last(objects: Objects, client: Any) -> None:
    opened = store(objects)
    opened.__enter__()
    opened.put(record("vpc/main"))
    objects._client = boto3.client("s3", region_name=REGION, endpoint_url="http://127.0.0.1:9", aws_access_key_id="a",
        aws_secret_access_key="b", config=Config(retries={"total_max_attempts": 1}))  # fmt: skip
    with pytest.raises(StateError, match=r"cannot be written: .*run the same command again"):
        opened.put(record("subnet/a"))
    objects._client = client
    with pytest.raises(StateError, match="cannot be written"):
        opened.drop("vpc/main")
    opened.__exit__()
    assert read(objects, "shop-dev").records.keys() == {"vpc/main"}


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        (DOCUMENT, b"{", StateError, "is incomplete or not JSON"),
        (DOCUMENT, b'{"schema": 99, "writer": "9.0"}', StateTooNew, "9.0"),
        ("000001", b"garbage\n", StateError, "000001 is not a journal entry"),
        ("000002", b'{"drop":"vpc/main"}\n', StateError, "000001 is missing"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    objects: Objects, name: str, content: bytes, error: type[StateError], words: str
) -> None:
    opened = store(objects)
    opened.__enter__()
    opened._lease.release()
    if name != DOCUMENT:
        name = f"{JOURNAL}{opened.state.serial:08d}/{name}"
    objects.put(name, content, over=objects.etag(name))
    for attempt in (lambda: read(objects, "shop-dev"), store(objects).__enter__):
        with pytest.raises(error, match=words) as caught:
            attempt()
        assert objects.url_of() in str(caught.value)


def test_a_lost_document_does_not_bring_old_entries_back(objects: Objects) -> None:
    opened = store(objects)
    opened.__enter__()
    opened.put(record("vpc/main"))
    opened._lease.release()
    objects.delete([DOCUMENT])
    with store(objects) as again:
        assert again.records == {}
        assert again.state.serial > opened.state.serial
        again.put(record("subnet/a"))
        assert read(objects, "shop-dev").records.keys() == {"subnet/a"}
    with pytest.raises(StateError, match="has taken it over"):
        opened.put(record("never/there"))


# -- one at a time -----------------------------------------------------------------------------------------------------


def test_a_second_command_reads_who_is_at_work(objects: Objects) -> None:
    with store(objects, "up"):
        with pytest.raises(StateLocked, match=r"`provision up` by .*, process \d+, since .*--wait"):
            store(objects, "down").__enter__()
        assert read(objects, "shop-dev").records == {}
    with store(objects, "down"):
        pass


def test_a_run_that_lost_its_lock_is_stopped_and_says_to_whom(objects: Objects) -> None:
    stopped = threading.Event()
    # long enough for a machine that is busy with other tests: past it, nobody would be asked who has the lock
    first = store(objects, "up", 3, stopped.set)
    first.__enter__()
    first.put(record("vpc/main"))
    objects.delete([LOCK])
    with store(objects, "down") as second:
        assert stopped.wait(15)
        with pytest.raises(StateError, match=r"`provision down` by .* has taken it over"):
            first.finish(Run("up", 1.0, 1.0, "ok"))
        with pytest.raises(StateError, match="`provision down` by"):
            first.__exit__()
        second.put(record("subnet/a"))
    assert read(objects, "shop-dev").records.keys() == {"vpc/main", "subnet/a"}


def test_the_journal_keeps_writers_apart_if_the_lock_does_not(objects: Objects) -> None:
    """Somebody deletes the lock: only the fence is left."""
    rounds = 8
    for number in range(rounds):
        first = store(objects, "first")
        first.__enter__()
        for more in range(number % 3):
            first.put(record(f"vpc/{number}-{more}"))
        objects.delete([LOCK])
        with store(objects, "second") as second:
            if number % 2:
                second.put(record(f"subnet/{number}"))
        before = read(objects, "shop-dev")
        with pytest.raises(StateError, match="has taken it over"):
            first.put(record("never/there"))
        with pytest.raises(StateError, match="has taken it over"):
            first.__exit__()
        assert read(objects, "shop-dev") == before
    assert "never/there" not in read(objects, "shop-dev").records
    assert len(objects.names(JOURNAL)) == rounds, "a seal each"


# -- with processes ----------------------------------------------------------------------------------------------------


@dataclass
class Writer:
    """A process that writes."""

    process: subprocess.Popen[str]

    def say(self, *words: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def hear(self) -> tuple[str, str]:
        assert self.process.stdout
        word, _, more = self.process.stdout.readline().strip().partition(" ")
        return word, more

    def ask(self, *words: object) -> tuple[str, str]:
        self.say(*words)
        return self.hear()


@dataclass
class Writers:
    """Starts them, and ends them all."""

    endpoint: str
    key: str
    all: list[Writer] = field(default_factory=list)

    def start(self, name: str) -> Writer:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cloud.state_writer", self.endpoint, self.key, BUCKET, name],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0,
        )  # fmt: skip
        self.all.append(Writer(process))
        return self.all[-1]


@pytest.fixture(scope="module")
def writers(running_cloud: EmbeddedCloud, client: Any) -> Iterator[Writers]:
    found = Writers(running_cloud.endpoint, running_cloud.process.key)
    yield found
    for writer in found.all:
        writer.process.kill()
        writer.process.communicate()


@pytest.fixture(scope="module")
def pair(writers: Writers) -> tuple[Writer, Writer]:
    """Two writers that are ready."""
    two = writers.start("one"), writers.start("two")
    assert [writer.hear() for writer in two] == [("here", ""), ("here", "")]
    return two


def test_one_of_two_that_start_together_wins(
    pair: tuple[Writer, Writer], objects: Objects, capsys: pytest.CaptureFixture[str]
) -> None:
    stack, won, expected = objects.url_of().split("/")[-2], [0, 0], set[str]()
    for number in range(ROUNDS):
        for writer in pair:
            writer.say("open", stack, LONG)
        answers = [writer.hear() for writer in pair]
        assert sorted(word for word, _ in answers) == ["locked", "opened"], answers
        winner = [word for word, _ in answers].index("opened")
        won[winner] += 1
        name = ("one", "two")[winner]
        assert f"`provision {name}` by" in answers[1 - winner][1] or "an unknown holder" in answers[1 - winner][1]
        for more in range(3):
            address = f"vpc/{number}-{more}"
            assert pair[winner].ask("put", address) == ("done", address)
            expected.add(address)
        assert pair[winner].ask("close") == ("closed", "")
        assert read(objects, stack).records.keys() == expected
    with capsys.disabled():
        print(f"\ntwo writers: {ROUNDS} rounds, one won {won[0]}, the other {won[1]}, {len(expected)} records whole")


def test_one_that_waits_goes_on_when_the_other_ends(pair: tuple[Writer, Writer], objects: Objects) -> None:
    stack = objects.url_of().split("/")[-2]
    assert pair[0].ask("open", stack, 3)[0] == "opened"
    word, text = pair[1].ask("wait", stack, 3)
    assert (word, "waiting for the state lock, held by `provision one` by" in text) == ("waiting", True)
    assert pair[0].ask("put", "vpc/main")[0] == "done"
    assert pair[0].ask("close")[0] == "closed"
    assert pair[1].hear()[0] == "opened"
    assert pair[1].ask("close")[0] == "closed"


def test_a_dead_holder_blocks_nobody_and_what_it_wrote_is_there(writers: Writers, objects: Objects) -> None:
    stack, dead = objects.url_of().split("/")[-2], writers.start("dead")
    assert dead.hear()[0] == "here"
    assert dead.ask("open", stack, LONG)[0] == "opened"
    assert dead.ask("put", "vpc/main")[0] == "done"
    dead.process.kill()
    dead.process.wait()
    with store(objects, "after") as opened:
        assert list(opened.records) == ["vpc/main"]
    assert read(objects, stack).records.keys() == {"vpc/main"}


def test_a_sleeper_that_lost_its_lease_writes_nothing_more(pair: tuple[Writer, Writer], objects: Objects) -> None:
    """Stopped for longer than its lease, with an order to write in its pipe: when it wakes, it finds the seal."""
    stack, (sleeper, other) = objects.url_of().split("/")[-2], pair
    assert sleeper.ask("open", stack, 0.3)[0] == "opened"
    assert sleeper.ask("put", "vpc/main")[0] == "done"
    os.kill(sleeper.process.pid, signal.SIGSTOP)
    try:
        sleeper.say("put", "never/there")
        assert other.ask("wait", stack, 0.3)[0] == "waiting"
        assert other.hear()[0] == "opened"
        assert other.ask("put", "subnet/a")[0] == "done"
    finally:
        os.kill(sleeper.process.pid, signal.SIGCONT)
    word, text = sleeper.hear()
    assert (word, "`provision two` by" in text) == ("lost", True), text
    assert sleeper.ask("close")[0] == "lost"
    assert other.ask("close")[0] == "closed"
    assert read(objects, stack).records.keys() == {"vpc/main", "subnet/a"}


def test_a_lease_of_a_lost_machine_runs_out_by_s3s_clock(objects: Objects) -> None:
    body = {"user": "u", "host": "h", "pid": 1, "machine": "elsewhere", "command": "up", "lease": 0.5}
    objects.put(LOCK, json.dumps(body | {"since": time.time() + 9e6}).encode(), over=None)
    with pytest.raises(StateLocked, match="`provision up` by u on h"):
        store(objects).__enter__()
    deadline = time.monotonic() + HANGS
    while (found := objects.get(LOCK)) and remaining(found) > 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    with store(objects):
        pass


@pytest.mark.parametrize(("call", "when"), [(2, "before"), (2, "after"), (5, "after")])
def test_killed_between_two_writes_all_that_was_said_is_there(
    writers: Writers, cloud_of: EmbeddedCloud, objects: Objects, call: int, when: str
) -> None:
    killed(writers, cloud_of, objects, call, when)


@pytest.mark.enumeration
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", range(1, 12))
def test_killed_at_each_write(
    writers: Writers, cloud_of: EmbeddedCloud, objects: Objects, call: int, when: str
) -> None:
    killed(writers, cloud_of, objects, call, when)


def killed(writers: Writers, cloud: EmbeddedCloud, objects: Objects, call: int, when: str) -> None:
    """Kill a writer at its n-th write (lock, document, six entries, document, deletion, lock), and read the state."""
    stack, writer = objects.url_of().split("/")[-2], writers.start("killed")
    assert writer.hear()[0] == "here"
    cloud.control("POST", "kill", f"pid={writer.process.pid}&call={call}&when={when}")
    writer.say("open", stack, LONG)
    for number in range(6):
        writer.say("put", f"vpc/{number}")
    writer.say("close")
    answers = [writer.hear() for _ in range(8)]
    assert writer.process.wait(20) == -signal.SIGKILL
    cloud.control("POST", "kill")
    said = {address for word, address in answers if word == "done"}
    found = read(objects, stack).records.keys()
    # one more may have had its effect without its answer
    assert said <= found
    assert len(found - said) <= 1
    with store(objects, "after") as opened:
        assert opened.records.keys() == found
        opened.put(record("subnet/a"))
    assert read(objects, stack).records.keys() == found | {"subnet/a"}


# -- the bucket --------------------------------------------------------------------------------------------------------


def test_the_bucket_is_created_once_and_is_as_it_should_be(client: Any) -> None:
    assert list(bucket(client).to_repair()) == []
    about = {
        "versioning": client.get_bucket_versioning(Bucket=BUCKET)["Status"],
        "blocked": set(client.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()),
        "ownership": client.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"],
        "region": client.get_bucket_location(Bucket=BUCKET)["LocationConstraint"],
        "tags": {tag["Key"]: tag["Value"] for tag in client.get_bucket_tagging(Bucket=BUCKET)["TagSet"]},
    }
    assert about == {
        "versioning": "Enabled",
        "blocked": {True},
        "ownership": [{"ObjectOwnership": "BucketOwnerEnforced"}],
        "region": REGION,
        "tags": {"Project": "shop", "ManagedBy": "provisioner"},
    }
    [statement] = json.loads(client.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    [rule] = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90
    [encryption] = client.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_what_differs_is_mended_and_what_others_added_stays(client: Any) -> None:
    ours = bucket(client, "mended-states")
    for repair_step in ours.to_repair():
        ours.repair(repair_step)
    name = {"Bucket": ours.name}
    client.put_bucket_versioning(**name, VersioningConfiguration={"Status": "Suspended"})
    client.delete_public_access_block(**name)
    client.delete_bucket_encryption(**name)
    client.delete_bucket_ownership_controls(**name)
    other = {"Sid": "Readers", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::mended-states/other/*"}  # fmt: skip
    client.put_bucket_policy(**name, Policy=json.dumps({"Version": "2012-10-17", "Statement": other}))
    rule = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}
    client.put_bucket_lifecycle_configuration(**name, LifecycleConfiguration={"Rules": [rule]})
    client.put_bucket_tagging(**name, Tagging={"TagSet": [{"Key": "Project", "Value": "theirs"}]})
    done = []
    for repair_step in ours.to_repair():
        ours.repair(repair_step)
        done.append(repair_step.what)
    assert done == [
        "public access blocked", "versioning enabled", "default encryption enabled", "access control lists disabled",
        "TLS required",
        "earlier versions kept for 90 days", "tagged ManagedBy",
    ]  # fmt: skip
    assert list(ours.to_repair()) == []
    statements = json.loads(client.get_bucket_policy(**name)["Policy"])["Statement"]
    assert {statement["Sid"] for statement in statements} == {"Readers", STATEMENT}
    rules = client.get_bucket_lifecycle_configuration(**name)["Rules"]
    assert {rule["ID"] for rule in rules} == {"theirs", RULE}
    tags = {tag["Key"]: tag["Value"] for tag in client.get_bucket_tagging(**name)["TagSet"]}
    assert tags == {"Project": "theirs", "ManagedBy": "provisioner"}


def test_a_bucket_that_s3_does_not_know_everywhere_is_waited_for(cloud_of: EmbeddedCloud, client: Any) -> None:
    ours = bucket(client, "fresh-states")
    cloud_of.control("POST", "clock", "mode=real:20")
    set_faults(cloud_of, "refusals", only="s3:PutBucket")
    try:
        for repair_step in ours.to_repair():
            ours.repair(repair_step)
        refusals = met(cloud_of)["refusals"]
    finally:
        set_faults(cloud_of, "")
        cloud_of.control("POST", "clock", "mode=real")
    assert refusals.keys() == {"s3:PutBucketVersioning", "s3:PutBucketPolicy"}
    assert list(ours.to_repair()) == []


class Absent(io.BytesIO):
    """S3's answer that an object is not there, to the first few calls of an operation with `key` in the URL."""

    def __init__(self, client: Any, operation: str, key: str, times: int) -> None:
        super().__init__()
        self.events, self.name, self.key, self.times = client.meta.events, f"before-send.s3.{operation}", key, times

    def __enter__(self) -> Self:
        self.events.register(self.name, self.answer, unique_id="absent")
        return self

    def __exit__(self, *_: object) -> None:
        self.events.unregister(self.name, unique_id="absent")

    def answer(self, request: Any, **_: Any) -> AWSResponse | None:
        if self.key not in request.url or not self.times:
            return None
        self.times -= 1
        return AWSResponse(request.url, 404, HTTPHeaders(), self)

    def stream(self, *_: Any) -> Iterator[bytes]:
        yield b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"


@pytest.mark.slow
def test_what_s3_lists_and_does_not_show_is_read_again(client: Any, objects: Objects) -> None:
    with store(objects) as opened:
        opened.put(record("vpc/main"))
        with Absent(client, "GetObject", JOURNAL, 2) as absent:
            assert read(objects, "shop-dev").records == opened.records
        assert absent.times == 0
    with Absent(client, "GetObject", DOCUMENT, READINGS) as absent:
        assert read(objects, "shop-dev").records.keys() == {"vpc/main"}
    assert absent.times == 0


def test_a_state_in_a_newly_versioned_bucket_is_opened(cloud_of: EmbeddedCloud, objects: Objects) -> None:
    """Bodies and ETags of objects just written are reported as missing, the lock's as well."""
    with store(objects) as opened:
        opened.put(record("vpc/main"))
    cloud_of.control("POST", "clock", "mode=real:20")
    try:
        for work in (lambda: read(objects, "shop-dev"), lambda: store(objects).__enter__().__exit__()):
            set_faults(cloud_of, "refusals", only="Object")
            work()
        refusals = met(cloud_of)["refusals"]
    finally:
        set_faults(cloud_of, "")
        cloud_of.control("POST", "clock", "mode=real")
    assert refusals.keys() == {"s3:GetObject", "s3:HeadObject"}
    assert read(objects, "shop-dev").records.keys() == {"vpc/main"}


def test_a_renewal_that_s3_answers_with_absent_loses_no_lock(client: Any, objects: Objects) -> None:
    etag = objects.put("lock", b"1", over=None)
    with Absent(client, "PutObject", "lock", 2), Absent(client, "GetObject", "lock", 1):
        later = objects.put("lock", b"2", over=etag)
    assert later == objects.etag("lock")
    with pytest.raises(Taken):
        objects.put("lock", b"3", over=etag)
    objects.delete(["lock"])
    with pytest.raises(Taken) as gone:
        objects.put("lock", b"3", over=later)
    assert gone.value.found is None


def test_a_bucket_of_another_account_is_one_clear_error(client: Any) -> None:
    theirs = bucket(client, "their-states", owner="210987654321")
    client.create_bucket(Bucket=theirs.name, CreateBucketConfiguration={"LocationConstraint": REGION})
    with pytest.raises(StateError, match="their-states may belong to another account"):
        list(theirs.to_repair())
    elsewhere = Objects(client, theirs.name, "shop-dev/", theirs.owner)
    for attempt in (lambda: read(elsewhere, "shop-dev"), store(elsewhere).__enter__):
        with pytest.raises(StateError, match="their-states may belong to another account"):
            attempt()


def test_without_a_bucket_the_next_step_is_named(client: Any) -> None:
    nowhere = Objects(client, "no-such-states", "shop-dev/", ACCOUNT)
    for attempt in (lambda: read(nowhere, "shop-dev"), store(nowhere).__enter__):
        with pytest.raises(StateError, match="there is no bucket no-such-states: run `provision state init`"):
            attempt()


# -- the embedded cloud's S3, as AWS documents it ----------------------------------------------------------------------


def test_conditional_writes_answer_as_on_aws(client: Any, objects: Objects) -> None:
    key = {"Bucket": BUCKET, "Key": f"{uuid.uuid4().hex}/it"}
    with refused("NoSuchKey"):
        client.put_object(**key, Body=b"1", IfMatch='"0"')
    etag = client.put_object(**key, Body=b"1", IfNoneMatch="*")["ETag"]
    assert etag.startswith('"')
    assert client.get_object(**key)["ETag"] == etag
    with refused("PreconditionFailed"):
        client.put_object(**key, Body=b"2", IfNoneMatch="*")
    with refused("PreconditionFailed"):
        client.put_object(**key, Body=b"2", IfMatch='"0"')
    client.put_object(**key, Body=b"2", IfMatch=etag)
    client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key["Key"]}]})
    etag = client.put_object(**key, Body=b"3", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed"):
        client.delete_object(**key, IfMatch='"0"')
    client.delete_object(**key, IfMatch=etag)
    with refused("NoSuchKey"):
        client.delete_object(**key, IfMatch=etag)


def test_what_another_has_written_since_is_not_deleted(objects: Objects) -> None:
    etag = objects.put("it", b"1", over=None)
    later = objects.put("it", b"2", over=etag)
    with pytest.raises(Taken) as taken:
        objects.delete_unchanged("it", etag)
    assert taken.value.found
    assert taken.value.found.body == b"2"
    for _ in range(2):
        objects.delete_unchanged("it", later)
    assert objects.names("") == []


def test_of_many_writes_at_once_one_is_the_first(objects: Objects) -> None:
    def attempt(number: int) -> bool:
        try:
            objects.put("it", str(number).encode(), over=None)
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_a_bucket_is_refused_to_whoever_expects_another_owner(client: Any) -> None:
    with refused("403"):
        client.head_bucket(Bucket=BUCKET, ExpectedBucketOwner="210987654321")
    with refused("AccessDenied"):
        client.put_object(Bucket=BUCKET, Key="it", Body=b"1", ExpectedBucketOwner="210987654321")
    client.head_bucket(Bucket=BUCKET, ExpectedBucketOwner=ACCOUNT)


def test_a_new_bucket_is_closed_and_encrypted(client: Any) -> None:
    name = {"Bucket": "new-states"}
    client.create_bucket(**name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert set(client.get_public_access_block(**name)["PublicAccessBlockConfiguration"].values()) == {True}
    assert client.get_bucket_ownership_controls(**name)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    assert client.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"]
