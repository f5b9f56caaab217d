"""The state lost, garbled, old or nonsense: `recover` rebuilds it, `up` then writes nothing, `down` leaves nothing."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import AtCall
from tests.cloud.crash.settings import whatever_is_idle
from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference, well
from tests.cloud.lookups import NAME
from tests.cloud.project import SAMPLE, Ended, Project

pytestmark = [pytest.mark.random_order(disabled=True), pytest.mark.slow, world.FILE]
"""They are one life, in its order."""

WORKER = """
[services.worker]
launch = "ec2"
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/worker:1"
port = 81
public = true
path = "/worker/*"
calls = ["backend", "frontend"]
database = true
scaling = { max = 10 }
"""


@dataclass
class Stage:
    """A stack of three services that is up, and its state as it should be; `early` is that of two services.

    `tried` and `held` count the round trips.
    """

    project: Project
    before: Inventory
    after: Inventory
    early: Path
    whole: Path
    tried: int = 0
    held: list[str] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """The directory of the state."""
        return self.project.state / "local" / NAME

    @property
    def document(self) -> Path:
        """The state's document."""
        return self.state / "state.json"

    @property
    def journal(self) -> Path:
        """The state's journal."""
        return self.state / "state.journal"

    def put_back(self, saved: Path) -> None:
        """Put a saved state in the place of the present one."""
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(saved, self.state)

    def recover(self) -> dict[str, Any]:
        """Recover; nothing may be written meanwhile."""
        since = self.project.last_call()
        found: dict[str, Any] = self.project.run("recover", "--yes", "--json").document
        assert self.project.writes(since) == []
        return found

    def rests(self) -> None:
        """There must be nothing to do for `up`."""
        since = self.project.last_call()
        assert set(self.project.up().results.values()) == {"unchanged"}
        assert self.project.writes(since) == []

    def holds(self, what: str) -> None:
        """Count a round trip that held."""
        self.held.append(what)


@pytest.fixture(scope="module")
def stage(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory, request: Any) -> Iterator[Stage]:
    running_cloud.reset()
    directory = tmp_path_factory.mktemp("recover")
    project = Project(running_cloud, directory)
    before = project.inventory()
    project.up()
    here = Stage(project, before, {}, directory / "early", directory / "whole")
    shutil.copytree(here.state, here.early)
    project.write(SAMPLE + WORKER)
    project.up()
    shutil.copytree(here.state, here.whole)
    here.after = project.settled(well, "all tasks and instances")
    yield here
    project.close()
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nrecover round trips: {len(here.held)}/{here.tried}")


@pytest.fixture
def trip(stage: Stage) -> Stage:
    """The stage for one round trip, which is counted."""
    stage.tried += 1
    return stage


# -- how a state can be spoilt ---------------------------------------------------------------------------------------


def lost(stage: Stage) -> None:
    shutil.rmtree(stage.state)


def cut_to(share: float) -> Callable[[Stage], None]:
    def cut(stage: Stage) -> None:
        content = stage.document.read_bytes()
        stage.document.write_bytes(content[: int(len(content) * share)])

    return cut


def no_json(stage: Stage) -> None:
    stage.document.write_bytes(b"\x00\xff" * 500)


def journal_garbled(stage: Stage) -> None:
    serial = json.loads(stage.document.read_text())["serial"]
    stage.journal.write_bytes(json.dumps({"base": serial}).encode() + b'\n{"put": {"addr\n\xff\xfe\n{}\n')


def both_garbled(stage: Stage) -> None:
    journal_garbled(stage)
    no_json(stage)


def without_document(stage: Stage) -> None:
    journal_garbled(stage)
    stage.document.unlink()


def years_old(stage: Stage) -> None:
    """Two services instead of three, another load balancer and zone, and resources that have long been gone."""
    stage.put_back(stage.early)
    document = json.loads(stage.document.read_text())
    records = document["records"]
    for address in ("load_balancer/main", "vpc/main", "hosted_zone/private", "subnet/public-a"):
        records[address]["id"] += "0"
    for gone in ("repository/old", "subnet/old", "record_set/old.example.com"):
        like = next(a for a in records if a.startswith(gone.partition("/")[0]))
        records[gone] = {**records[like], "id": "old"}
    records["repository/old"]["arguments"] = {**records["repository/old"]["arguments"], "repository_name": "old"}
    stage.document.write_text(json.dumps(document))


def nonsense(stage: Stage) -> None:
    document = json.loads(stage.document.read_text())
    document["records"]["vpc/main"]["arguments"] = {"cidr_block": ["not", "a", "block"]}
    stage.document.write_text(json.dumps(document))


SPOILT: dict[str, tuple[Callable[[Stage], None], int]] = {
    "lost": (lost, 0),
    "cut to nothing": (cut_to(0), 2),
    "cut to a third": (cut_to(0.33), 2),
    "last bytes missing": (cut_to(0.9995), 2),
    "no JSON at all": (no_json, 2),
    "journal garbled": (journal_garbled, 2),
    "both garbled": (both_garbled, 2),
    "a journal without a document": (without_document, 1),
    "years old": (years_old, 1),
    "nonsense": (nonsense, 2),
}
"""Ways to spoil a state, each with how many files are to be there afterwards as backups."""


@pytest.mark.parametrize("how", SPOILT)
def test_after_recover_there_is_nothing_to_do(trip: Stage, how: str) -> None:
    spoil, backups = SPOILT[how]
    trip.put_back(trip.whole)
    spoil(trip)
    found = trip.recover()
    assert (found["missing"], found["refused"], found["added_by_others"]) == ([], {}, [])
    assert all(resource["declared"] for resource in found["found"])
    recorded = json.loads(trip.document.read_text())["records"]
    whole = json.loads((trip.whole / "state.json").read_text())["records"]
    assert recorded.keys() == whole.keys()
    for address, record in whole.items():
        for part in ("type", "id", "phase", "arguments", "outputs", "dependencies", "step"):
            assert recorded[address][part] == record[part], f"{address}: {part}"
    assert len(found["backups"]) == len({*found["backups"]}) == backups
    assert all((trip.project.directory / path).exists() for path in found["backups"])
    assert len(found["dropped"]) == (3 if how == "years old" else 0)
    if how in {"lost", "years old"}:
        # with the same records and the same stack `up` does the same for the others
        trip.rests()
    trip.holds(how)


def test_recover_tells_how_it_found_each_resource(stage: Stage) -> None:
    shutil.rmtree(stage.state)
    hows = {resource["address"]: resource["found_by"] for resource in stage.recover()["found"]}
    assert stage.project.planned() == {}
    assert hows["vpc/main"] == hows["service/worker"] == hows["hosted_zone/private"] == "tag"
    assert hows["account_setting/trunking"] == hows["scalable_target/worker"] == "name"
    assert hows["record_set/app.example.com"] == hows["validation_record/app.example.com"] == "content"
    assert hows["container_instances/" + NAME] == "part"


def test_a_readable_state_is_replaced_only_on_consent(stage: Stage) -> None:
    stage.put_back(stage.early)
    was = stage.document.read_text()
    ended = stage.project.run("recover", code=4)
    assert "`recover` replaces the 90 records" in ended.err
    assert "service/worker" in ended.out
    assert json.loads(stage.document.read_text())["records"] == json.loads(was)["records"]


def test_a_state_of_another_account_is_refused_as_elsewhere(stage: Stage) -> None:
    stage.put_back(stage.whole)
    document = json.loads(stage.document.read_text()) | {"account": "999999999999"}
    stage.document.write_text(json.dumps(document))
    assert "belongs to account 999999999999" in stage.project.run("recover", "--yes", code=1).err
    stage.document.write_text(json.dumps(document | {"schema": 99}))
    assert "upgrade" in stage.project.run("recover", "--yes", code=1).err


def recovered_with(trip: Stage, settings: str, change: tuple[str, str] = ("", "")) -> Ended:
    """Run `recover` with these settings before the others, and with one text replaced."""
    project, text = trip.project, trip.project.config.read_text()
    project.write(f"{settings}\n{text.replace(*change) if change[0] else text}")
    try:
        return project.run("recover", "--yes")
    finally:
        project.write(text)


def test_what_is_configured_and_not_there_is_named_and_left_out(trip: Stage) -> None:
    """A hosted zone that is gone, as with an embedded cloud that was started for another domain."""
    trip.put_back(trip.whole)
    ended = recovered_with(trip, "", ("example.com", "elsewhere.example"))
    assert "note: dns.domain is elsewhere.example, but this account has no public hosted zone of that name" in ended.err
    found = json.loads(trip.document.read_text())["records"]
    assert {"vpc/main", "service/worker", "db_cluster/main", "certificate/app.example.com"} <= found.keys()
    trip.holds("no zone")


def test_a_key_or_web_acl_that_is_gone_is_named_and_left_out(trip: Stage) -> None:
    trip.put_back(trip.whole)
    acl = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/gone/12345678-1234-1234-1234-123456789012"
    ended = recovered_with(trip, f'kms_key = "alias/gone"\nload_balancer = {{ waf_acl = "{acl}" }}')
    assert 'note: kms_key is "alias/gone", but there is no such key' in ended.err
    assert f'note: load_balancer.waf_acl is "{acl}", but there is no such web ACL' in ended.err
    assert "vpc/main" in json.loads(trip.document.read_text())["records"]
    trip.put_back(trip.whole)


def test_up_alone_finds_everything_too(stage: Stage) -> None:
    stage.put_back(stage.whole)
    shutil.rmtree(stage.state)
    since = stage.project.last_call()
    stage.project.up()
    assert stage.project.writes(since) == []


def test_what_is_no_longer_declared_is_found_and_left_to_up(trip: Stage) -> None:
    recorded = json.loads((trip.whole / "state.json").read_text())["records"]
    early = json.loads((trip.early / "state.json").read_text())["records"]
    rule = trip.project.cloud.client("elbv2")
    answer = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "ours"}
    foreign = rule.create_rule(
        ListenerArn=recorded["listener/https"]["id"],
        Priority=7,
        Conditions=[{"Field": "path-pattern", "Values": ["/somebody-elses"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": answer}],
    )["Rules"][0]["RuleArn"]
    trip.project.write(SAMPLE)
    try:
        shutil.rmtree(trip.state, ignore_errors=True)
        found = trip.recover()
        planned = trip.project.planned()
        trip.project.write(SAMPLE + WORKER)
        trip.rests()
    finally:
        rule.delete_rule(RuleArn=foreign)
        trip.project.write(SAMPLE + WORKER)
    gone = recorded.keys() - early.keys()
    assert {resource["address"] for resource in found["found"] if not resource["declared"]} == gone
    assert len(gone) == 13
    assert found["added_by_others"] == [f"listener_rule {foreign}"]
    kept = {"repository/worker", "log_group/service-worker"}
    assert {a for a, item in planned.items() if item["action"] == "delete"} == gone - kept, "they hold data"
    assert {item["action"] for item in planned.values()} == {"delete", "change"}
    trip.holds("a service removed from the configuration meanwhile")


def test_down_after_recover_leaves_nothing(trip: Stage) -> None:
    assert trip.project.inventory()["container_instances"]
    trip.project.write(SAMPLE)
    shutil.rmtree(trip.state, ignore_errors=True)
    trip.recover()
    # and killed between deregistering task definitions and deleting them
    assert AtCall(1, "before", "ecs:DeleteTaskDefinitions")(trip.project, "down")
    assert inactive(trip)
    trip.project.down()
    assert inactive(trip) == []
    assert difference(trip.before, trip.project.inventory(), *NEVER_REMOVED) == {}
    trip.holds("down")


def test_half_up_and_half_down(trip: Stage) -> None:
    trip.project.write(SAMPLE + WORKER)
    shutil.rmtree(trip.state, ignore_errors=True)
    assert trip.project.cut(60, signal.SIGKILL, "up", "--yes").code == -signal.SIGKILL
    shutil.rmtree(trip.state)
    # not `trip.recover()`: calls that were under way when the process died may still have their effect meanwhile
    found = trip.project.run("recover", "--yes", "--json").document
    assert found["missing"]
    assert found["found"]
    trip.project.up()
    there = trip.project.settled(well, "all tasks and instances")
    assert whatever_is_idle(there) == whatever_is_idle(trip.after)
    assert trip.project.planned() == {}
    trip.holds("half up")
    trip.tried += 1
    assert AtCall(1, "before", "ecs:DeleteTaskDefinitions")(trip.project, "down")
    shutil.rmtree(trip.state)
    trip.project.run("recover", "--yes")
    trip.project.down()
    assert inactive(trip) == []
    assert difference(trip.before, trip.project.inventory(), *NEVER_REMOVED) == {}
    trip.holds("half down")


def test_with_nothing_there_the_state_is_empty_and_says_so(trip: Stage) -> None:
    assert f"No resources of {NAME} found" in trip.project.run("recover").out
    assert json.loads(trip.document.read_text())["records"] == {}
    trip.holds("nothing there")


def inactive(stage: Stage) -> list[str]:
    """The revisions that are deregistered and not deleted."""
    arns: list[str] = stage.project.cloud.client("ecs").list_task_definitions(status="INACTIVE")["taskDefinitionArns"]
    return arns
