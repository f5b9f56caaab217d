"""Public names on their way between another system and the stack: the known facts, and the actions."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.records.references import KnownResources
from provisioner.operations.commands.request import UpOptions
from provisioner.operations.planning import dns_takeover
from provisioner.operations.runs.dns_return import declare_return
from provisioner.resources.route53.handover import (
    DISPLACES,
    FOREIGN,
    FORMER,
    GIVEN_BACK,
    RESTORES,
    Handover,
    Way,
    former_of,
    lasts,
    led_to,
    on_its_way,
    why_not,
)
from provisioner.resources.route53.handover import handover as way_of
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.route53.shapes import observed
from provisioner.state.model import Record
from tests.ways import way

HOST, ID = "www.example.com", "Z1|www.example.com|A"
ADDRESS = f"record_set/{HOST}"
A = {"Name": f"{HOST}.", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.1"}]}
AAAA = {"Name": f"{HOST}.", "Type": "AAAA", "TTL": 3600, "ResourceRecords": [{"Value": "2001:db8::1"}]}
TARGET = {"HostedZoneId": "Z2", "DNSName": "new.ap-northeast-1.elb.amazonaws.com.", "EvaluateTargetHealth": False}
OURS = {"Name": f"{HOST}.", "Type": "A", "AliasTarget": TARGET}
NOTHING = observed("Z1", {"Name": HOST, "Type": "A"})


def record(phase: Any = "ready", **outputs: Any) -> Record:
    fields = {"hosted_zone_id": "Z1", "record_name": HOST, "type": "A", "alias_target": TARGET}
    return Record(ADDRESS, "record_set", phase, "", ID, fields, outputs, ["load_balancer/main"], "services")


@pytest.mark.parametrize(
    ("written", "take_over", "give_back", "expected"),
    [
        (None, [], [], None),
        (record(), [], [], None),
        (record(**{FORMER: "nonsense"}), [], [HOST], None),
        (None, [HOST], [], Handover(Way.COMING, [], asked=True)),
        (record("creating", **{FORMER: [A]}), [], [], Handover(Way.COMING, [A])),
        (record(**{FORMER: [A]}), [], [], Handover(Way.HERE, [A])),
        (record(**{FORMER: [A]}), [HOST], [], Handover(Way.COMING, [A], asked=True)),
        (record("deleting", **{FORMER: [A]}), [], [], Handover(Way.HERE, [A], going=True)),
        (record(**{FORMER: [A]}), [], [HOST], Handover(Way.RETURNING, [A])),
        (record("creating", **{FORMER: [A], GIVEN_BACK: True}), [], [], Handover(Way.RETURNING, [A])),
        (record(**{FORMER: [A], GIVEN_BACK: True}), [], [], Handover(Way.BACK, [A])),
        (record(**{FORMER: [A], GIVEN_BACK: "yes"}), [], [], Handover(Way.HERE, [A])),
    ],
)
def test_the_state_says_where_a_name_is_on_its_way(
    written: Record | None, take_over: list[str], give_back: list[str], expected: Handover | None
) -> None:
    knowledge = KnownResources({ADDRESS: written} if written else {})
    aws = way(knowledge=knowledge, take_over=take_over, give_back=give_back)
    assert way_of(aws, RecordSet, ID, HOST) == expected


def test_what_is_displaced_is_kept_whole() -> None:
    (live,) = on_its_way(Handover(Way.COMING, asked=True), observed("Z1", A), [A, AAAA], ours=False) or []
    assert (live.owned, live.outputs, live.problems) == (True, {FORMER: [A, AAAA]}, {"AAAA": ["2001:db8::1"]})
    assert live.details == {DISPLACES: [A, AAAA], FOREIGN: True}
    assert RecordSet.displaced(live) == live.outputs
    desired = RecordSet(HOST, "Z1", HOST, "A", alias_target=TARGET)
    assert [*desired.differences(live)] == ["ttl", "resource_records", "alias_target", "AAAA"]


def test_what_came_later_is_added_to_what_is_kept() -> None:
    (live,) = on_its_way(Handover(Way.COMING, [A], asked=True), observed("Z1", OURS), [OURS, AAAA], ours=True) or []
    assert (live.outputs[FORMER], live.details) == ([A, AAAA], {DISPLACES: [AAAA], FOREIGN: False})


def test_a_run_that_was_cut_off_goes_on_only_with_the_same() -> None:
    begun = Handover(Way.COMING, [A])
    assert on_its_way(begun, observed("Z1", A), [A], ours=False)
    other = {**A, "ResourceRecords": [{"Value": "192.0.2.2"}]}
    assert on_its_way(begun, observed("Z1", other), [other], ours=False) is None


def test_a_name_returns_with_all_its_records() -> None:
    (live,) = on_its_way(Handover(Way.RETURNING, [A, AAAA]), observed("Z1", OURS), [OURS], ours=True) or []
    assert live.details == {DISPLACES: [OURS], RESTORES: [A, AAAA]}
    assert live.outputs == {FORMER: [A, AAAA], GIVEN_BACK: True}
    found = RecordSet(HOST, "Z1", HOST, "A", alias_target=TARGET).differences(live)
    assert {name: one.new for name, one in found.items()} == {
        "ttl": 300,
        "resource_records": ["192.0.2.1"],
        "alias_target": None,
        "AAAA": ["2001:db8::1"],
    }


@pytest.mark.parametrize("there", [[], [A], [{**A, "TTL": 5}]])
def test_a_name_that_is_back_is_compared_with_nothing(there: list[Any]) -> None:
    now = observed("Z1", there[0]) if there else NOTHING
    (live,) = on_its_way(Handover(Way.BACK, [A]), now, there, ours=False) or []
    assert RecordSet(HOST, "Z1", HOST, "A", alias_target=TARGET).differences(live) == {}
    assert RecordSet.shared(way(), live)


def test_a_name_that_leaves_is_gone_once_all_servers_know() -> None:
    leaving = Handover(Way.HERE, [A], going=True)
    assert on_its_way(leaving, observed("Z1", A), [A], ours=False) == []
    assert on_its_way(Handover(Way.HERE, [A]), observed("Z1", A), [A], ours=False) is None


OTHER = [[{**A, "Name": "mail.example.com."}], [A, {**A, "Name": "mail.example.com."}], [{**A, "Type": "MX"}]]


@pytest.mark.parametrize("kept", [None, [], "x", [1], [{"Name": HOST}], [{"Name": 1, "Type": "A"}], A, *OTHER])
def test_nonsense_in_a_state_is_no_way_back(kept: Any) -> None:
    """Nor are records of other names, or of types that lead nobody."""
    assert former_of(HOST, {FORMER: kept}) == []
    assert former_of(HOST, {FORMER: [A, AAAA]}) == [A, AAAA]


def test_records_that_share_a_name_are_left() -> None:
    assert "SetIdentifier blue" in why_not({**A, "SetIdentifier": "blue", "Weight": 1})
    assert "traffic policy" in why_not({**A, "TrafficPolicyInstanceId": "1"})
    assert why_not(A) == ""


def test_records_are_told_by_their_targets_and_times() -> None:
    assert led_to([AAAA, OURS]) == "A new.ap-northeast-1.elb.amazonaws.com, AAAA 2001:db8::1"
    assert (lasts([A, AAAA]), lasts([OURS]), lasts([])) == (3600, 60, 60)


@pytest.mark.parametrize("others", [{"redeploy": True}, {"new_ami": True}, {"target_step": "network"}])
def test_give_back_goes_with_no_other_option(others: dict[str, Any]) -> None:
    config = Config.model_validate({"services": {"web": {"image": "nginx:1", "port": 80, "public": True}}})
    with pytest.raises(ConfigurationError, match="--give-back: it does only that: leave --"):
        UpOptions(give_back=[HOST], **others).check(config)
    with pytest.raises(ConfigurationError, match="leave one of the two out"):
        UpOptions(give_back=[HOST], take_over=[HOST]).check(config)


def test_only_what_was_taken_over_can_be_given_back() -> None:
    with pytest.raises(ConfigurationError, match="this stack has no record of that name"):
        declare_return({}, [HOST])
    with pytest.raises(ConfigurationError, match="the state does not say where it led before"):
        declare_return({ADDRESS: record()}, [HOST])
    (declared,) = declare_return({ADDRESS: record(**{FORMER: [A]})}, [HOST]).values()
    assert (declared.dependencies, declared.built_on) == ((), [])
    assert declared.recorded_dependencies == ["load_balancer/main"]


def test_down_says_which_names_lead_elsewhere_again() -> None:
    (said,) = dns_takeover.put_back({ADDRESS: record(**{FORMER: [A]})})
    assert said.startswith(f"{HOST} was taken over: when its record is deleted, it leads to A 192.0.2.1 again")
    assert dns_takeover.put_back({ADDRESS: record(**{FORMER: [A], GIVEN_BACK: True})}) == []
    assert dns_takeover.put_back({ADDRESS: record()}) == []
