"""Taking a public name over from another system, and giving it back, for each kind of former record."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from provisioner.engine.execution.apply import PROPAGATION_SECONDS
from provisioner.operations.planning import dns_takeover
from provisioner.operations.runs import dns_return
from provisioner.resources.logs import LogGroup
from provisioner.resources.route53.records import RecordSet
from provisioner.steps.stack import Stack
from tests.cloud import world
from tests.cloud.names import HOST, Raw, at, delete_old_balancer, old_balancer, plain, put
from tests.cloud.policies import denying, enforce, policy
from tests.cloud.project import SMALL, Project, project, with_dns  # noqa: F401
from tests.cloud.resources.test_resources_route53 import alias
from tests.cloud.rig import Outcome, Rig
from tests.cloud.rules_rig import account_zone

pytestmark = [pytest.mark.slow, world.EMPTY]

ADDRESS = f"record_set/{HOST}"
WWW = with_dns(SMALL, 'domain = "example.com"\nhost = "www"')
OLD: dict[str, Callable[[Raw], list[Raw]]] = {
    "alias": lambda old: [{"Name": HOST, "Type": "A", "AliasTarget": old}],
    "addresses": lambda old: [plain(HOST, "A", "192.0.2.50")],
    "both families, and HTTPS": lambda old: [
        {"Name": HOST, "Type": "A", "AliasTarget": old},
        {"Name": HOST, "Type": "AAAA", "AliasTarget": old},
        plain(HOST, "HTTPS", "1 old.example.net.", ttl=3600),
    ],
    "CNAME": lambda old: [plain(HOST, "CNAME", "old.example.net.")],
}
"""Records that may stand at a name before."""


@pytest.fixture
def declare(rig: Rig) -> Callable[[Stack], None]:
    """Declares the public name as the commands do, with a load balancer that is there."""
    zone, target = account_zone(rig.cloud), alias(rig, rig.config.name, owned=True)

    def declared(stack: Stack) -> None:
        stack.ensure(RecordSet(HOST, zone, HOST, "A", alias_target=target))
        dns_takeover.declare(stack, rig.state().records, rig.take_over)

    return declared


def taken(rig: Rig, declare: Callable[[Stack], None]) -> Outcome:
    """Run `up --take-over`."""
    rig.take_over = [HOST]
    up = rig.up(declare)
    rig.take_over = []
    return up


def given_back(rig: Rig) -> Outcome:
    """Run `up --give-back`."""
    rig.give_back = [HOST]
    run = rig._run(
        lambda aws, store, emit: dns_return.return_names(
            aws, store, dns_return.declare_return(store.records, aws.give_back), emit
        )
    )
    rig.give_back = []
    return run


@pytest.mark.parametrize("old", OLD.values(), ids=OLD)
def test_a_name_moves_and_returns_as_it_was(rig: Rig, declare: Any, old: Callable[[Raw], list[Raw]]) -> None:
    put(rig.cloud, plain(HOST, "TXT", '"theirs"')) if old is not OLD["CNAME"] else None
    put(rig.cloud, *old(old_balancer(rig.cloud)))
    before = at(rig.cloud)
    leading = [record for record in before if record["Type"] != "TXT"]
    assert [item.action for item in rig.plan(declare)] == ["refused"]
    assert f"`provision up --take-over {HOST}`" in rig.up(declare).refused()[ADDRESS]
    assert at(rig.cloud) == before
    up = taken(rig, declare).ok()
    assert (up.summary.counts, up.writes) == ({"changed": 1}, ["ChangeResourceRecordSets"])
    (ours,) = [record for record in at(rig.cloud) if record["Type"] != "TXT"]
    assert (ours["Type"], "ecs-sample-dev" in ours["AliasTarget"]["DNSName"]) == ("A", True)
    assert rig.state().records[ADDRESS].outputs["former_records"] == leading
    assert rig.plan(declare) == []
    assert rig.up(declare).ok().writes == []
    back = given_back(rig).ok()
    assert (back.summary.counts, back.writes) == ({"changed": 1}, ["ChangeResourceRecordSets"])
    assert at(rig.cloud) == before
    assert rig.plan(declare) == []
    assert rig.up(declare).ok().writes == []
    # a second time
    assert taken(rig, declare).ok().writes == ["ChangeResourceRecordSets"]
    down = rig.down().ok()
    assert down.summary.counts == {"deleted": 1}
    assert at(rig.cloud) == before


def test_what_was_given_back_is_their_owners(rig: Rig, declare: Any) -> None:
    put(rig.cloud, *OLD["alias"](old_balancer(rig.cloud)))
    taken(rig, declare).ok()
    given_back(rig).ok()
    put(rig.cloud, plain(HOST, "A", "192.0.2.51"), action="UPSERT")
    theirs = at(rig.cloud)
    assert rig.up(declare).ok().writes == []
    assert given_back(rig).ok().writes == [], "once more says so, and does nothing"
    down = rig.down().ok()
    assert (down.summary.counts, down.writes) == ({"retained": 1}, [])
    assert at(rig.cloud) == theirs


def test_a_refused_move_claims_nothing(rig: Rig, declare: Any) -> None:
    put(rig.cloud, *OLD["alias"](old_balancer(rig.cloud)))
    before = at(rig.cloud)
    enforce(
        rig.cloud,
        policy(denying("route53:ChangeResourceRecordSets"), {"Effect": "Allow", "Action": "*", "Resource": "*"}),
    )
    up = taken(rig, declare)
    assert "AccessDenied" in str(up.failures()[ADDRESS])
    enforce(rig.cloud)
    assert rig.state().records == {}
    assert set(rig.up(declare).refused()) == {ADDRESS}
    assert at(rig.cloud) == before


def test_a_name_pointed_elsewhere_by_hand_is_not_fought_over(rig: Rig, declare: Any) -> None:
    put(rig.cloud, *OLD["alias"](old_balancer(rig.cloud)))
    before = at(rig.cloud)
    taken(rig, declare).ok()
    put(rig.cloud, *before, action="UPSERT")
    assert f"`provision up --take-over {HOST}`" in rig.up(declare).refused()[ADDRESS]
    assert given_back(rig).ok().writes == []
    assert rig.up(declare).ok().writes == []
    assert at(rig.cloud) == before


def test_a_record_deleted_by_hand_is_made_again(rig: Rig, declare: Any) -> None:
    """The former record is not forgotten by that."""
    put(rig.cloud, *OLD["alias"](old_balancer(rig.cloud)))
    before = at(rig.cloud)
    taken(rig, declare).ok()
    put(rig.cloud, *at(rig.cloud), action="DELETE")
    assert rig.up(declare).ok().summary.counts == {"changed": 1}
    given_back(rig).ok()
    assert at(rig.cloud) == before


def test_without_the_old_balancer_there_is_no_way_back(rig: Rig, declare: Any) -> None:
    put(rig.cloud, *OLD["alias"](old_balancer(rig.cloud)))
    taken(rig, declare).ok()
    ours = at(rig.cloud)
    delete_old_balancer(rig.cloud)
    back = given_back(rig)
    assert re.search("cannot be given back: its former target .* is no longer there", str(back.failures()[ADDRESS]))
    assert at(rig.cloud) == ours
    assert rig.up(declare).ok().writes == []
    assert rig.down().ok().summary.counts == {"deleted": 1}
    assert at(rig.cloud) == [], "a name that would lead nowhere is not put back"


def test_a_refused_return_is_told_by_what_aws_said(rig: Rig) -> None:
    """Also of a name that was built on others, as a load balancer's always is: they are no part of that run."""

    def built(stack: Stack) -> None:
        group = stack.ensure(LogGroup("before", "/before", 7))
        zone, target = account_zone(rig.cloud), alias(rig, rig.config.name, owned=True)
        stack.ensure(RecordSet(HOST, zone, HOST, "A", alias_target=target), after=[group])
        dns_takeover.declare(stack, rig.state().records, rig.take_over)

    put(rig.cloud, *OLD["alias"](old_balancer(rig.cloud)))
    taken(rig, built).ok()
    delete_old_balancer(rig.cloud)
    rig.cloud.advance(2 * PROPAGATION_SECONDS)
    assert "cannot be given back: its former target" in str(given_back(rig).failures()[ADDRESS])


def test_a_lost_state_does_not_know_the_way_back(rig: Rig, declare: Any) -> None:
    put(rig.cloud, *OLD["alias"](old_balancer(rig.cloud)))
    taken(rig, declare).ok()
    for file in rig.directory.rglob("*"):
        file.unlink() if file.is_file() else None
    assert rig.up(declare).ok().writes == []
    with pytest.raises(Exception, match="the state does not say where it led before this stack"):
        dns_return.declare_return(rig.state().records, [HOST])


def test_another_records_change_in_between_is_not_lost(rig: Rig, declare: Any) -> None:
    """The exact values are deleted that were read: AWS refuses when somebody was faster."""
    put(rig.cloud, *OLD["addresses"]({}))
    faster = [plain(HOST, "A", "192.0.2.77")]

    def heard(event: Any) -> None:
        if faster and getattr(event, "action", "") == "change":
            put(rig.cloud, faster.pop(), action="UPSERT")

    rig.heard = heard
    up = taken(rig, declare)
    assert "the values provided do not match the current values" in str(up.failures()[ADDRESS])
    assert at(rig.cloud)[0]["ResourceRecords"] == [{"Value": "192.0.2.77"}]
    assert rig.state().records == {}


def test_what_does_not_go_is_said_before_any_write(project: Project) -> None:  # noqa: F811
    project.write(WWW)
    since = project.last_call()

    def refused(*words: str, command: str = "plan") -> str:
        return project.run(command, *words, code=4).err

    none = "there is no record of that name to take over: `up` creates it without the option"
    assert none in refused("--take-over", HOST)
    other = f"this stack has no record of that name; its public name is {HOST}: write dns.host or hosts first"
    assert other in refused("--take-over", "app.example.com")
    assert "this stack has no record of that name" in refused("--give-back", HOST, command="up")
    weighted = [plain(HOST, "A", f"192.0.2.{n}", SetIdentifier=f"n{n}", Weight=n) for n in (1, 2)]
    put(project.cloud, *weighted)
    assert "A is one of several records that share the name (SetIdentifier n1: weighted" in refused(
        "--take-over", HOST, command="up"
    )
    assert "--target-step network leaves out" in refused("--take-over", HOST, "--target-step", "network")
    assert project.writes(since) == ["route53:ChangeResourceRecordSets"], "the test's own"
