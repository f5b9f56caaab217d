"""Route 53's resource types: zones and records of ours and of others, and a public zone that the world must find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dns.message
import dns.query
import pytest

from provisioner.aws.dns import addresses
from provisioner.engine.declaration import Handle, ready
from provisioner.engine.errors import WaitingOnUser
from provisioner.engine.events import Event, Notice
from provisioner.engine.resource import Observed
from provisioner.operations.planning import aws_notices, dry_run
from provisioner.resources.acm.validation import ValidationRecord
from provisioner.resources.ec2.network import Vpc
from provisioner.resources.logs import LogGroup
from provisioner.resources.route53.delegation import Delegation
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.route53.shapes import spelled
from provisioner.resources.route53.zones import HostedZone
from provisioner.state.local import LocalStore
from provisioner.state.model import Record
from provisioner.steps.stack import Stack
from tests.cloud.conftest import REGION
from tests.cloud.names import public_subnets
from tests.cloud.rig import Rig
from tests.cloud.rules_rig import change
from tests.ways import Knows

REFERENCE = "provisioner ecs-sample dev ap-northeast-1 hosted_zone/public 0123456789abcdef0123456789abcdef"


def declared(stack: Stack) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    public = stack.ensure(HostedZone("public", "Made.example.org."))
    private = stack.ensure(HostedZone("private", "db.internal", vpc_id=vpc.id))
    stack.ensure(RecordSet("web", public.id, "web.made.example.org", "A", 60, ["192.0.2.1", "192.0.2.2"]))
    stack.ensure(RecordSet("all", public.id, "*.made.example.org", "CNAME", 60, ["web.made.example.org"]))
    stack.ensure(RecordSet("database", private.id, "database.db.internal", "CNAME", 60, ["somewhere.example.net"]))


def zone_of(rig: Rig, name: str = "example.com") -> str:
    zones = rig.cloud.client("route53").list_hosted_zones()["HostedZones"]
    return next(str(zone["Id"]).removeprefix("/hostedzone/") for zone in zones if zone["Name"] == f"{name}.")


def records(rig: Rig, zone: str) -> list[dict[str, Any]]:
    found = rig.cloud.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [record for record in found if record["Type"] not in ("NS", "SOA")]


def put(rig: Rig, zone: str, name: str, *values: str, action: str = "UPSERT", ttl: int = 300) -> None:
    resource_records = [{"Value": value} for value in values]
    record = {"Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": resource_records}
    rig.cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    )


def test_a_zone_with_foreign_records_stays_until_they_are_gone(rig: Rig) -> None:
    rig.up(declared).ok()
    zone = zone_of(rig, "made.example.org")
    put(rig, zone, "theirs.made.example.org", "192.0.2.50")
    down = rig.down()
    assert down.summary.exit_code == 1
    assert "theirs.made.example.org A" in str(down.failures()["hosted_zone/public"])
    assert [record["Name"] for record in records(rig, zone)] == ["theirs.made.example.org."]
    put(rig, zone, "theirs.made.example.org", "192.0.2.50", action="DELETE")
    assert rig.down().ok().summary.leftovers == []


def test_a_zone_of_a_killed_run_is_found_by_its_reference(rig: Rig) -> None:
    rig.cloud.client("route53").create_hosted_zone(Name="made.example.org", CallerReference=REFERENCE)
    up = rig.up(declared).ok()
    assert up.summary.counts == {"created": 5, "changed": 1}
    assert up.writes.count("CreateHostedZone") == 1  # the private one
    assert rig.plan(declared) == []


def alias(rig: Rig, name: str, *, owned: bool = False, region: str = REGION) -> dict[str, Any]:
    """An alias of a load balancer of this name, which is made if it is not there; with the stack's tags if `owned`."""
    cloud = rig.cloud.elsewhere(region)
    elb = cloud.client("elbv2")
    found = [one for one in elb.describe_load_balancers()["LoadBalancers"] if one["LoadBalancerName"] == name]
    if not found:
        tags = {"Tags": rig.aws().tag_list("load_balancer/main")} if owned else {}
        found = elb.create_load_balancer(Name=name, Subnets=public_subnets(cloud), **tags)["LoadBalancers"]
    host, zone = found[0]["DNSName"], found[0]["CanonicalHostedZoneId"]
    return {"HostedZoneId": zone, "DNSName": f"dualstack.{host}", "EvaluateTargetHealth": False}


CLAIMED = {
    "a web site": RecordSet("claimed", "ZONE", "www.example.com", "A", 60, ["192.0.2.50"]),
    "the mail of the domain": RecordSet("claimed", "ZONE", "example.com", "MX", 60, ["10 mail.example.com"]),
    "our own host, elsewhere": RecordSet("claimed", "ZONE", "app.example.com", "A", 60, ["192.0.2.50"]),
    "another stack's balancer": RecordSet(
        "claimed", "ZONE", "shop.example.com", "A", alias_target={"balancer": "ecs-sample-dev-2", "DNSName": ""}
    ),
    "a namesake's balancer in another Region": RecordSet(
        "claimed",
        "ZONE",
        "shop.example.com",
        "A",
        alias_target={"balancer": "ecs-sample-dev", "region": "eu-west-1", "owned": True, "DNSName": ""},
    ),
    "a balancer of our name that is nobody's": RecordSet(
        "claimed", "ZONE", "shop.example.com", "A", alias_target={"balancer": "ecs-sample-dev", "DNSName": ""}
    ),
    "another balancer": RecordSet(
        "claimed", "ZONE", "shop.example.com", "A", alias_target={"balancer": "other", "DNSName": ""}
    ),
    "a proof of somebody else's": ValidationRecord(
        "claimed", "ZONE", "_abc.www.example.com", "CNAME", resource_records=["_def.xyz.acm-validations.aws"]
    ),
    "another account's proof of our own domain": ValidationRecord(
        "claimed", "ZONE", "_abc.app.example.com", "CNAME", resource_records=["_def.xyz.acm-validations.aws"]
    ),
    "what is no proof": ValidationRecord(
        "claimed", "ZONE", "_abc.app.example.com", "CNAME", resource_records=["mail.example.com"]
    ),
}


@pytest.mark.parametrize("claimed", CLAIMED.values(), ids=CLAIMED)
def test_what_a_state_claims_in_a_foreign_zone_is_not_deleted(rig: Rig, claimed: RecordSet) -> None:
    """Otherwise a writer of the state could have anybody's records deleted by it."""
    zone = zone_of(rig)
    fields = {**claimed.fields(), "hosted_zone_id": zone}
    if claimed.alias_target:
        where = {**claimed.alias_target}
        del where["DNSName"]
        fields["alias_target"] = alias(rig, where.pop("balancer"), **where)
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": spelled(fields)}]}
    rig.cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    before = records(rig, zone)
    name = f"{zone}|{claimed.record_name}|{claimed.type}"
    rig.up(lambda stack: None).ok()
    with LocalStore(rig.directory, rig.config.name, "test", "0") as store:
        store.put(Record(claimed.address, claimed.type_name, "ready", "", name, fields, {}, [], "dns"))
    assert rig.down().summary.exit_code == 1
    assert rig.up(lambda stack: None).summary.exit_code == 1
    assert records(rig, zone) == before


def test_in_a_foreign_zone_only_our_own_record_is_touched(rig: Rig) -> None:
    zone = zone_of(rig)
    put(rig, zone, "theirs.example.com", "192.0.2.50")
    before = records(rig, zone)

    target = alias(rig, rig.config.name, owned=True)

    def ours(stack: Stack, *, healthy: bool = False) -> None:
        wanted = {**target, "EvaluateTargetHealth": healthy}
        stack.ensure(RecordSet("ours", zone, "ours.example.com", "A", alias_target=wanted))

    rig.up(ours).ok()
    assert rig.up(ours).ok().writes == []
    # what the state remembers of it shows that it is ours, also when something else is wanted now
    rig.up(lambda stack: ours(stack, healthy=True)).ok()
    assert len(records(rig, zone)) == 2
    # the test's own load balancer stays
    assert [left.type_name for left in rig.down().ok().summary.leftovers] == ["load_balancer"]
    assert records(rig, zone) == before


def test_an_alias_to_a_lost_balancer_is_named_and_left(rig: Rig) -> None:
    """The owner of the balancer cannot be told any more: namesakes in other accounts have the same names."""
    zone, target = zone_of(rig), alias(rig, rig.config.name, owned=True)
    elb = rig.cloud.client("elbv2")

    def ours(stack: Stack, host: str = "app.example.com") -> None:
        stack.ensure(RecordSet("ours", zone, host, "A", alias_target=target))

    rig.up(ours).ok()
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    rig.cloud.advance(60)
    before = records(rig, zone)
    down = rig.down()
    assert "does not lead to a load balancer that this stack has" in str(down.failures()["record_set/ours"])
    assert records(rig, zone) == before
    target = alias(rig, rig.config.name, owned=True)
    assert rig.up(ours).ok().writes == ["ChangeResourceRecordSets"]
    assert rig.down().ok().summary.counts == {"deleted": 1}


def test_a_foreign_record_and_zone_are_refused_and_left_alone(rig: Rig) -> None:
    zone = zone_of(rig)
    put(rig, zone, "app.example.com", "192.0.2.50")
    before = records(rig, zone)

    def clashing(stack: Stack) -> None:
        stack.ensure(RecordSet("app", zone, "app.example.com", "A", 60, ["192.0.2.1"]))
        stack.ensure(HostedZone("public", "example.com"))

    assert [item.action for item in rig.plan(clashing)] == ["refused", "refused"]
    up = rig.up(clashing)
    assert up.summary.exit_code == 1
    assert set(up.refused()) == {"record_set/app", "hosted_zone/public"}
    rig.down().ok()
    assert records(rig, zone) == before


def serving(zone: str, host: str = "app.example.com") -> Callable[[Stack], None]:
    """Declare one A record in a zone of somebody else's."""

    def declare(stack: Stack) -> None:
        stack.ensure(LogGroup("other", "/other", 7))
        stack.ensure(RecordSet(host, zone, host, "A", 60, ["192.0.2.1"]))

    return declare


@pytest.mark.parametrize("before", ["", "aaa.example.com"])
def test_a_cname_at_the_public_name_is_refused_before_any_write(rig: Rig, before: str) -> None:
    """With and without a page of the zone that begins before the name."""
    zone, target = zone_of(rig), alias(rig, rig.config.name, owned=True)
    cname = {"Name": "app.example.com", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "old.example.net"}]}
    change(rig.cloud, zone, "CREATE", cname)

    def declare(stack: Stack) -> None:
        serving(zone)(stack)
        if before:
            stack.ensure(RecordSet("before", zone, before, "A", alias_target=target))

    (refused,) = [item for item in rig.plan(declare) if item.action == "refused"]
    assert refused.address == "record_set/app.example.com"
    assert refused.why.startswith(
        "app.example.com is a CNAME to old.example.net, which this stack did not create, and there can be no other "
        "record beside a CNAME (RFC 1034). Delete it, then run again"
    )
    assert set(rig.up(declare).refused()) == {"record_set/app.example.com"}
    change(rig.cloud, zone, "DELETE", cname)
    rig.up(declare).ok()
    assert rig.plan(declare) == []


@pytest.mark.parametrize(("record_type", "value"), [("AAAA", "2001:db8::1"), ("HTTPS", "1 old.example.net.")])
def test_a_record_that_diverts_some_clients_is_named_and_left(rig: Rig, record_type: str, value: str) -> None:
    zone = zone_of(rig)
    record = {"Name": "app.example.com", "Type": record_type, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    change(rig.cloud, zone, "CREATE", record)
    expected = (
        f"app.example.com has a record {record_type} to {value} that this stack did not create: clients that ask for "
        f"it go there, and not to this stack. Delete it if it is not meant so"
    )
    declare = serving(zone)
    aws, stack = rig.aws(), rig.declare(declare)
    planned = dry_run.show_plan(aws, rig.state().records, stack)
    assert [item.action for item in planned] == ["create", "create"]
    assert aws_notices.notes(aws, stack, planned) == [expected]
    rig.close()
    up = rig.up(declare).ok()
    assert expected in [event.text for event in up.events if isinstance(event, Notice)]
    assert rig.plan(declare) == []
    assert {one["Type"] for one in records(rig, zone)} == {"A", record_type}


def asked(rig: Rig, host: str) -> list[str]:
    """Return the addresses that the world's DNS has for a name."""
    query = dns.message.make_query(host, "A")
    reply = dns.query.udp(query, "127.0.0.1", 5, rig.cloud.process.dns_port)
    return [record.to_text() for rrset in reply.answer for record in rrset]


def test_a_run_ends_when_the_name_servers_have_the_record(rig: Rig) -> None:
    zone = zone_of(rig)
    begin = rig.cloud.now()
    rig.up(serving(zone)).ok()
    assert 30 < rig.cloud.now() - begin < 70
    assert asked(rig, "app.example.com") == ["192.0.2.1"]
    begin = rig.cloud.now()
    assert rig.up(serving(zone)).ok().writes == []
    assert rig.cloud.now() - begin < 5


def test_the_old_name_is_answered_until_the_new_one_is(rig: Rig) -> None:
    zone, target = zone_of(rig), alias(rig, rig.config.name, owned=True)

    def of(host: str) -> Callable[[Stack], Handle]:
        return lambda stack: stack.ensure(RecordSet(host, zone, host, "A", alias_target=target))

    rig.up(of("old.example.com")).ok()
    known = list[tuple[bool, bool]]()

    def heard(event: Event) -> None:
        known.append((bool(asked(rig, "old.example.com")), bool(asked(rig, "new.example.com"))))

    rig.heard = heard
    assert rig.up(of("new.example.com")).ok().summary.counts == {"created": 1, "deleted": 1}
    assert (known[0], known[-1]) == ((True, False), (True, True))
    assert (False, False) not in known
    rig.cloud.advance(60)
    assert (asked(rig, "old.example.com"), bool(asked(rig, "new.example.com"))) == ([], True)


def test_a_killed_run_leaves_the_next_one_to_wait(rig: Rig) -> None:
    zone = zone_of(rig)

    def killed(event: Event) -> None:
        if rig.state().records.get("record_set/app.example.com"):
            raise KeyboardInterrupt

    rig.heard = killed
    with pytest.raises(KeyboardInterrupt):
        rig.up(serving(zone))
    rig.heard = lambda event: None
    rig.close()
    begin = rig.cloud.now()
    assert "ChangeResourceRecordSets" not in rig.up(serving(zone)).ok().writes
    assert rig.cloud.now() - begin > 25
    assert asked(rig, "app.example.com") == ["192.0.2.1"]


def test_our_record_that_somebody_overwrote_is_theirs_now(rig: Rig) -> None:
    zone = zone_of(rig)

    def ours(stack: Stack) -> None:
        stack.ensure(RecordSet("app", zone, "app.example.com", "A", 60, ["192.0.2.1"]))

    rig.up(ours).ok()
    put(rig, zone, "app.example.com", "192.0.2.50")
    assert rig.up(ours).summary.exit_code == 1
    assert rig.down().summary.exit_code == 1
    assert [record["ResourceRecords"] for record in records(rig, zone)] == [[{"Value": "192.0.2.50"}]]


def waiting(stack: Stack) -> None:
    zone = stack.ensure(HostedZone("public", "made.example.org"))
    delegation = stack.ensure(Delegation("made.example.org", "made.example.org", zone.id))
    stack.ensure(LogGroup("dependent", "/dependent", 7), after=[ready(delegation)])
    stack.ensure(LogGroup("other", "/other", 7))


def test_up_stops_until_the_zone_is_delegated(rig: Rig) -> None:
    for _ in range(2):
        up = rig.up(waiting)
        assert up.summary.exit_code == 3
        assert [item.address for item in rig.plan(waiting)] == ["log_group/dependent"]
    zone = rig.cloud.client("route53").get_hosted_zone(Id=zone_of(rig, "made.example.org"))
    message = str(up.failures()["delegation/made.example.org"])
    for server in zone["DelegationSet"]["NameServers"]:
        assert f"\n  made.example.org. NS {server}." in message
    rig.cloud.delegate("made.example.org")
    assert rig.up(waiting).ok().summary.exit_code == 0
    assert rig.plan(waiting) == []
    assert rig.down().ok().summary.leftovers == []


def test_a_zone_that_was_there_and_is_delegated_is_used_as_it_is(rig: Rig) -> None:
    def found(stack: Stack) -> None:
        stack.ensure(Delegation("example.com", "example.com", zone_of(rig)))

    up = rig.up(found).ok()
    # it is the parent zone's owner's: nobody counts it
    assert (up.summary.counts, up.writes) == ({}, [])
    assert rig.down().ok().summary.counts == {}


def named(rig: Rig, servers: list[str]) -> None:
    """Let the world be told these name servers for the account's domain."""
    record = {"Name": "example.com", "Type": "NS", "TTL": 60, "ResourceRecords": [{"Value": s} for s in servers]}
    change(rig.cloud, zone_of(rig), "UPSERT", record)
    rig.cloud.advance(60)


def looked(rig: Rig) -> Observed:
    (live,) = Delegation.list(rig.aws(), [{"domain": "example.com", "hosted_zone_id": zone_of(rig)}])
    return live


def test_white_label_name_servers_are_the_zones_own(rig: Rig) -> None:
    theirs = rig.cloud.client("route53").get_hosted_zone(Id=zone_of(rig))["DelegationSet"]["NameServers"]
    where = ("127.0.0.1", rig.cloud.process.dns_port)
    for number, server in enumerate(theirs):
        (address,) = addresses([server], *where)
        put(rig, zone_of(rig), f"ns{number}.example.com", address)
    named(rig, [f"ns{number}.example.com" for number in range(4)])
    assert Delegation.pending(looked(rig)) is None


def test_a_second_dns_provider_is_accepted_and_reported(rig: Rig) -> None:
    theirs = rig.cloud.client("route53").get_hosted_zone(Id=zone_of(rig))["DelegationSet"]["NameServers"]
    named(rig, [*theirs[:2], "dns1.other.test"])
    assert Delegation.pending(looked(rig)) is None
    assert looked(rig).outputs == {"other_name_servers": ["dns1.other.test"]}


def test_name_servers_of_somebody_else_alone_are_not_the_zones(rig: Rig) -> None:
    put(rig, zone_of(rig), "ns1.example.com", "192.0.2.53")
    named(rig, ["ns1.example.com", "dns1.other.test"])
    with pytest.raises(WaitingOnUser, match=r"current name servers: dns1\.other\.test, ns1\.example\.com"):
        Delegation.pending(looked(rig))


def test_silence_of_the_dns_stops_nobody(rig: Rig) -> None:
    fields = {"domain": "nowhere.example", "hosted_zone_id": zone_of(rig)}
    # nobody answers there
    aws = replace(rig.aws(), resolver=("127.0.0.1", 1), knowledge=Knows(fields=lambda resource_type: [fields]))
    (live,) = Delegation.list(aws, aws.known(Delegation))
    assert Delegation.pending(live) is None
