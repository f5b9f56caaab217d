"""A stack whose state is in a bucket, with the real commands: killed and gone on with, left alone, moved, deleted."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from provisioner.cli import main
from provisioner.operations.state_admin import state_transfer
from provisioner.state.lease import FREE
from provisioner.state.local import LocalStore
from provisioner.state.local import read as read_local
from provisioner.state.model import Record, State
from provisioner.state.objects import Objects
from provisioner.state.s3 import S3Store
from provisioner.state.s3_read import read
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import ENDPOINTS, SMALL, Project

pytestmark = [pytest.mark.random_order(disabled=True), pytest.mark.slow]
"""They are one life, in its order."""

SETTINGS = '\n[state]\nbucket = "team-states"\n'
NAME = "ecs-sample-dev"

Here = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def team(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose bucket is made."""
    running_cloud.reset()
    project = Project(running_cloud, tmp_path_factory.mktemp("team"))
    project.write(SMALL + SETTINGS)
    yield project
    project.close()


@pytest.fixture
def here(team: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Runs a command in this process: its exit code, its output, its complaints."""
    monkeypatch.chdir(team.directory)

    def run(*words: str) -> tuple[int, str, str]:
        code = main.main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def keys(project: Project) -> list[str]:
    found = project.cloud.client("s3").list_objects_v2(Bucket="team-states", Prefix=f"{NAME}/")
    return [item["Key"].removeprefix(f"{NAME}/") for item in found.get("Contents", ())]


def test_without_the_bucket_every_command_says_how_to_make_it(team: Project, here: Here) -> None:
    for words in (("up", "--yes"), ("plan",), ("status",), ("state", "migrate")):
        code, _, err = here(*words)
        assert (code, "run `provision state init`" in err) == (1, True), (words, err)
    assert here("state", "init")[1].splitlines()[0] == "team-states: created"
    assert here("state", "init") == (0, "team-states: no changes\n", "")
    assert json.loads(here("state", "init", "--json")[1]) == {"bucket": "team-states", "done": []}


def test_a_whole_life_with_a_kill_between_the_journals_writes(team: Project) -> None:
    before = team.inventory()
    killed(team, 20, "after", *ENDPOINTS)
    team.up(*ENDPOINTS)
    assert not (team.state / "local").exists()
    assert sum(name.startswith("journal/") for name in keys(team)) == 1, "the seal"

    since = team.last_call()
    assert set(team.up(*ENDPOINTS).results.values()) == {"unchanged"}
    assert {name for name in team.writes(since) if not name.startswith("s3:")} == set()
    since = team.last_call()
    assert team.planned(*ENDPOINTS) == {}
    assert team.writes(since) == []
    for command in ("status", "logs"):
        since = team.last_call()
        team.run(command)
        # a second way to the cloud would wait until its clock no longer waits for the first
        assert [call["operation"] for call in team.cloud.calls(since)].count("GetCallerIdentity") == 1

    assert team.down().said("run_finished")[0]["ok"]
    left = difference(before, team.inventory())
    assert {sort: items for sort, items in left.items() if sort not in (*NEVER_REMOVED, "buckets")} == {}


def killed(team: Project, call: int, when: str, *words: str) -> None:
    """Kill `up` at its n-th write to the bucket."""
    process = team.start("up", "--yes", *words, process_group=0)
    team.cloud.control("POST", "kill", f"pid={process.pid}&call={call}&when={when}&operation=s3:PutObject")
    assert team.end(process).code == -signal.SIGKILL
    assert json.loads(team.cloud.control("GET", "kill"))["hit"] == "s3:PutObject"
    team.cloud.control("POST", "kill")


@pytest.mark.enumeration
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", [1, 2, 3, *range(4, 40, 5)])
def test_a_life_with_two_kills_leaves_nothing(team: Project, call: int, when: str) -> None:
    team.run("state", "init")
    before = team.inventory()
    killed(team, call, when)
    killed(team, 6, when)
    assert team.up().said("run_finished")[0]["ok"]
    assert team.down().said("run_finished")[0]["ok"]
    left = difference(before, team.inventory())
    # the bucket keeps the state
    assert {sort: items for sort, items in left.items() if sort not in {*NEVER_REMOVED, "buckets"}} == {}


def objects(team: Project) -> Objects:
    return Objects(team.cloud.client("s3"), "team-states", f"{NAME}/", "123456789012")


def there(team: Project) -> State:
    """Return the state in the bucket."""
    return read(objects(team), NAME)


def test_list_shows_what_the_bucket_has_and_who_is_at_work_there(team: Project, here: Here, recorded: Path) -> None:
    with S3Store(objects(team), NAME, "up", "1.0", 600, lambda: None):
        (one,) = json.loads(here("list", "--json")[1])["stacks"]
    assert (one["stack"], one["env"], one["location"], one["resources"]) == (
        NAME,
        "dev",
        f"s3://team-states/{NAME}/",
        1,
    )
    assert one["locked_by"].startswith("`provision up` by ")
    (one,) = json.loads(here("list", "--json")[1])["stacks"]
    assert (one["locked_by"], one["problem"]) == ("", "")


@pytest.fixture
def recorded(team: Project) -> Iterator[Path]:
    """The bucket has a state with a record, and this machine none; a file to pull it into."""
    with S3Store(objects(team), NAME, "up", "1.0", 600, lambda: None) as store:
        store.guard(NAME, "123456789012", "ap-northeast-1")
        store.put(Record("vpc/main", "vpc", "ready", "t", "vpc-1"))
    file = team.directory / "pulled.json"
    yield file
    file.unlink(missing_ok=True)


def test_status_and_cloud_stop_know_who_is_at_work_in_the_bucket(team: Project, here: Here, recorded: Path) -> None:
    with S3Store(objects(team), NAME, "down", "1.0", 600, lambda: None):
        assert json.loads(here("status", "--json")[1])["locked_by"].startswith("`provision down` by ")
        code, _, err = here("cloud", "stop")
        assert (code, "the embedded cloud is in use by `provision down` by " in err) == (4, True), err
    assert json.loads(here("status", "--json")[1])["locked_by"] == ""


def test_a_broken_local_state_is_moved_aside_with_a_bucket_too(team: Project, here: Here, recorded: Path) -> None:
    document = team.state / "local" / NAME / "state.json"
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text("{")
    assert "Run `provision recover`" in here("plan")[2]
    code, out, err = here("recover", "--yes")
    assert (code, "state.broken-" in out) == (0, True), out + err
    assert not document.exists()


def test_push_reverses_pull_and_refuses_an_older_state(team: Project, here: Here, recorded: Path) -> None:
    assert here("state", "pull", recorded.name)[:2] == (0, "")
    assert json.loads(here("state", "pull", "again.json", "--json")[1]) == {"file": "again.json", "records": 1}
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o600
    assert "cannot be written: File exists" in here("state", "pull", recorded.name)[2]
    document = json.loads(recorded.read_text())
    assert document == there(team).to_dict() == json.loads(here("state", "pull")[1])
    document["records"]["vpc/main"]["id"] = "vpc-2"
    recorded.write_text(json.dumps(document))
    code, out, err = here("state", "push", recorded.name)
    assert (code, "1 record. Backup of the previous state: s3://team-states/" in out) == (0, True), err
    assert there(team).records["vpc/main"].id == "vpc-2"

    now = there(team).to_dict()
    vpc = now["records"]["vpc/main"]
    for change, words in (
        ({"records": {"vpc/main": vpc | {"dependencies": ["vpc/main"]}}}, "vpc/main depends on vpc/main"),
        ({"records": {"vpc/main": vpc | {"arguments": {"cidr_block": 5}}}}, "cidr_block of vpc/main has the wrong"),
        ({"account": ""}, "no account or Region"),
        ({"serial": now["serial"] - 1}, "it is older (serial"),
        ({"lineage": "other"}, "its lineage (other)"),
        ({"stack": "shop-prod"}, "belongs to stack shop-prod"),
        ({"account": "210987654321"}, "belongs to account 210987654321"),
        ({"records": []}, "records has an invalid value"),
    ):
        recorded.write_text(json.dumps(now | change))
        code, out, err = here("state", "push", recorded.name)
        assert (code != 0, out, words in err) == (True, "", True), err
    assert there(team).to_dict() == now, "a refusal writes nothing"
    recorded.write_text(json.dumps(now | {"lineage": "other", "serial": 1}))
    kept = json.loads(here("state", "push", recorded.name, "--force", "--json")[1])["backup"]
    assert kept.removeprefix(f"s3://team-states/{NAME}/") in keys(team)
    assert (there(team).lineage, there(team).serial > now["serial"]) == ("other", True)


def test_push_is_refused_if_the_state_changes_before_its_lock(
    team: Project, here: Here, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here("state", "pull", recorded.name)[0] == 0
    looked = state_transfer.check

    def check(*words: Any, **more: Any) -> None:
        looked(*words, **more)
        with S3Store(objects(team), NAME, "up", "1.0", 600, lambda: None) as store:
            store.put(Record("subnet/new", "subnet", "created", "t", "subnet-1"))

    monkeypatch.setattr(state_transfer, "check", check)
    code, _, err = here("state", "push", recorded.name)
    assert (code, "the state was changed by another command" in err) == (1, True), err
    assert there(team).records.keys() == {"vpc/main", "subnet/new"}
    with S3Store(objects(team), NAME, "up", "1.0", 600, lambda: None) as store:
        store.drop("subnet/new")


def test_migrate_moves_the_state_there_and_back(team: Project, here: Here, recorded: Path) -> None:
    records, local = there(team).records, team.state / "local" / NAME
    code, out, err = here("state", "migrate", "--to-local")
    assert (code, "1 record moved to this machine" in out, "remove [state]" in err) == (0, True, True)
    for words in (("up", "--yes"), ("plan",), ("down", "--yes"), ("state", "list")):
        code, _, err = here(*words)
        assert (code, "run `provision state migrate` to move it" in err) == (4, True), (words, err)
    assert (there(team).records, read_local(local, NAME).records) == ({}, records)
    code, out, err = here("state", "migrate")
    assert (code, f"{NAME}: 1 record moved to the bucket team-states" in out) == (0, True), err
    assert (there(team).records, read_local(local, NAME).records) == (records, {})
    assert here("state", "migrate") == (0, f"{NAME}: nothing to move to the bucket team-states\n", "")
    kept = list(local.glob("state.migrated-*.json"))
    assert [list(json.loads(file.read_text())["records"]) for file in kept] == [["vpc/main"]]
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}


def test_migrate_needs_a_bucket_and_overwrites_no_other_state(team: Project, here: Here, recorded: Path) -> None:
    local = team.state / "local" / NAME
    with LocalStore(local, NAME, "up", "0") as store:
        store.guard(NAME, "123456789012", "ap-northeast-1")
        store.put(Record("vpc/main", "vpc", "ready", "t", "vpc-9"))
    code, _, err = here("state", "migrate")
    assert (code, "there are two states of ecs-sample-dev: 1 record" in err) == (4, True)
    assert there(team).records["vpc/main"].id == "vpc-1"
    with LocalStore(local, NAME, "up", "0") as store:
        store.drop("vpc/main")
    team.write(SMALL)
    assert here("state", "migrate")[0] == 4
    team.write(SMALL + SETTINGS)


def test_one_of_two_states_is_kept_as_a_backup(team: Project, here: Here, recorded: Path) -> None:
    local = team.state / "local" / NAME
    code, _, err = here("state", "migrate", "--to-local", "--discard")
    assert (code, "there is no other state of ecs-sample-dev to keep" in err) == (4, True)
    moved = there(team)
    # what a kill between the two writes leaves, and what a colleague made of the copy then
    with LocalStore(local, NAME, "state migrate", "0") as store:
        store.swap(State.from_dict(moved.to_dict()), "replaced")
    with S3Store(objects(team), NAME, "up", "1.0", 600, lambda: None) as store:
        store.put(Record("vpc/other", "vpc", "ready", "t", "vpc-2"))

    code, _, err = here("state", "migrate")
    assert (code, "1 record (serial" in err, "2 records (serial" in err) == (4, True, True), err
    assert "To keep the one in the bucket team-states, run `provision state migrate --discard`" in err
    code, out, err = here("state", "pull")
    assert code == 0, err
    assert json.loads(out)["records"].keys() == {"vpc/main", "vpc/other"}, "of the bucket"
    code, out, err = here("state", "migrate", "--discard")
    assert (code, "the state of the bucket team-states is in use" in out, err) == (0, True, "")
    assert ({*there(team).records}, read_local(local, NAME).records) == ({"vpc/main", "vpc/other"}, {})
    (kept,) = local.glob("state.discarded-*.json")
    assert json.loads(kept.read_text())["records"].keys() == {"vpc/main"}
    assert here("state", "list")[0] == 0

    # and the other one, as the message says
    with LocalStore(local, NAME, "up", "0") as store:
        store.guard(NAME, "123456789012", "ap-northeast-1")
        store.put(Record("vpc/mine", "vpc", "ready", "t", "vpc-3"))
    code, out, err = here("state", "migrate", "--to-local", "--discard")
    assert (code, "the state of this machine is in use" in out) == (0, True), err
    assert here("state", "migrate")[0] == 0
    assert ({*there(team).records}, read_local(local, NAME).records) == ({"vpc/mine"}, {})


def test_a_copy_that_was_emptied_meanwhile_is_not_filled_again(team: Project, here: Here, recorded: Path) -> None:
    with LocalStore(team.state / "local" / NAME, NAME, "state migrate", "0") as store:
        store.swap(State.from_dict(there(team).to_dict()), "replaced")
    with S3Store(objects(team), NAME, "down", "1.0", 600, lambda: None) as store:
        for address in [*store.records]:
            store.drop(address)
    code, _, err = here("state", "migrate")
    assert (code, "0 records (serial" in err) == (4, True), err
    assert here("state", "migrate", "--discard")[0] == 0
    assert here("state", "list")[:2] == (0, "")


def test_migrate_empties_nothing_whose_copy_reads_back_otherwise(
    team: Project, here: Here, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here("state", "migrate", "--to-local")[0] == 0
    local, s3, real = team.state / "local" / NAME, team.cloud.client("s3"), URLLib3Session.send

    def send(self: URLLib3Session, request: Any) -> Any:
        """Change the copy in the bucket as soon as it is written."""
        answer = real(self, request)
        body = request.body.getvalue() if request.method == "PUT" else b""
        if request.url.endswith("/state.json") and b'"vpc-1"' in body:
            s3.put_object(Bucket="team-states", Key=f"{NAME}/state.json", Body=body.replace(b"vpc-1", b"vpc-2"))
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(URLLib3Session, "send", send)
        assert here("state", "migrate")[0] == 1
    assert read_local(local, NAME).records["vpc/main"].id == "vpc-1"
    for key in keys(team):
        s3.delete_object(Bucket="team-states", Key=f"{NAME}/{key}")
    assert here("state", "migrate")[0] == 0
    assert there(team).records["vpc/main"].id == "vpc-1"


# -- waiting -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def alone(team: Project) -> Iterator[Project]:
    """The project with its state on this machine."""
    team.write(SMALL)
    yield team
    team.write(SMALL + SETTINGS)


def test_wait_says_whom_it_waits_for_and_goes_on_when_that_ends(alone: Project) -> None:
    with LocalStore(alone.state / "local" / NAME, NAME, "up", "0"):
        assert "Wait for that command to end, or add --wait" in alone.run("down", "--yes", code=1).err
        patient = alone.start("down", "--yes", "--wait")
        assert "waiting for the state lock, held by `provision up` by" in first_line(patient)
    assert alone.end(patient).code == 0


def test_ctrl_c_ends_the_waiting(alone: Project) -> None:
    with LocalStore(alone.state / "local" / NAME, NAME, "up", "0"):
        patient = alone.start("down", "--yes", "--wait")
        assert "waiting for the state lock" in first_line(patient)
        patient.send_signal(signal.SIGINT)
        assert alone.end(patient).code == 130


def test_ctrl_c_waits_until_the_state_is_opened_or_closed(
    team: Project, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here("state", "init")[0] == 0
    real = URLLib3Session.send

    def interrupted(at: int) -> bool:
        """Run a command with Ctrl-C between an answer of the bucket and its use; say whether it had that many."""
        numbers, hit = itertools.count(1), []

        def send(self: URLLib3Session, request: Any) -> Any:
            answer = real(self, request)
            if "team-states" in request.url and next(numbers) == at:
                hit.append(at)
                os.kill(os.getpid(), signal.SIGINT)
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(URLLib3Session, "send", send)
            code, _, err = here("state", "rm", "vpc/none", "--yes")
        assert (code, "there is no record vpc/none" in err) == (4, True), (code, err)
        return bool(hit)

    at = 1
    while interrupted(at):
        lock = team.cloud.client("s3").get_object(Bucket="team-states", Key=f"{NAME}/lock")
        assert lock["Body"].read() == FREE
        at += 1
    assert at > 6


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    return process.stderr.readline()
