"""Route 53, Cloud Map and the DNS answers: zones, batches, namespaces, and the internet's view of them."""

from __future__ import annotations

import socket
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.rules_rig import Net, account_zone, change, net, put_record, refused


def test_what_is_no_question_gets_no_answer(cloud: EmbeddedCloud) -> None:
    response = dns.message.make_response(dns.message.make_query("example.com", "A")).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(0.3)
        sender.connect(("127.0.0.1", cloud.process.dns_port))
        for packet in (b"", b"x", bytes(12), response):
            sender.send(packet)
            with pytest.raises(TimeoutError):
                sender.recv(512)
    question = dns.message.make_query("example.com", "SOA")
    assert dns.query.udp(question, "127.0.0.1", 10, cloud.process.dns_port).id == question.id


@pytest.fixture
def place(cloud: EmbeddedCloud) -> Net:
    return net(cloud)


@pytest.fixture
def route53(cloud: EmbeddedCloud) -> Any:
    return cloud.client("route53")


@pytest.fixture
def discovery(cloud: EmbeddedCloud) -> Any:
    return cloud.client("servicediscovery")


def a_record(name: str, address: str = "192.0.2.1", ttl: int = 60) -> dict[str, Any]:
    return {"Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": [{"Value": address}]}


def private_zone(place: Net, name: str, reference: str) -> Any:
    vpc = {"VPCId": place.vpc, "VPCRegion": REGION}
    config = {"PrivateZone": True}
    return place.cloud.client("route53").create_hosted_zone(
        Name=name, CallerReference=reference, VPC=vpc, HostedZoneConfig=config
    )


def test_zone_creation(place: Net, route53: Any) -> None:
    made = route53.create_hosted_zone(Name="Test.example.org", CallerReference="one")
    assert made["HostedZone"]["Name"] == "test.example.org."
    assert len(made["DelegationSet"]["NameServers"]) == 4
    refused(
        lambda: route53.create_hosted_zone(Name="other.example.org", CallerReference="one"), "HostedZoneAlreadyExists"
    )
    twin = route53.create_hosted_zone(Name="test.example.org", CallerReference="two")
    assert twin["DelegationSet"]["NameServers"] != made["DelegationSet"]["NameServers"]
    config = {"PrivateZone": True}
    refused(
        lambda: route53.create_hosted_zone(Name="db.internal", CallerReference="x", HostedZoneConfig=config),
        "InvalidInput",
    )
    private_zone(place, "db.internal", "three")
    refused(lambda: private_zone(place, "db.internal", "four"), "ConflictingDomainExists", place.vpc)
    vpc = {"VPCId": "vpc-00000000000000000", "VPCRegion": REGION}
    refused(lambda: route53.create_hosted_zone(Name="x.internal", CallerReference="five", VPC=vpc), "InvalidVPCId")
    by_name = route53.list_hosted_zones_by_name(DNSName="test.example.org", MaxItems="1")
    assert by_name["HostedZones"][0]["Name"] == "test.example.org."
    assert by_name["IsTruncated"]
    assert by_name["NextDNSName"] == "test.example.org."


def test_changes_are_pending_then_in_sync(cloud: EmbeddedCloud, route53: Any) -> None:
    info = put_record(cloud, "a.example.com", "A", "192.0.2.1")
    assert info["Status"] == "PENDING"
    cloud.wait(lambda: route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC", "the change")
    refused(lambda: route53.get_change(Id="C0000000000"), "NoSuchChange")


@pytest.mark.parametrize(
    ("action", "record", "says"),
    [
        ("CREATE", a_record("a.example.com"), "already exists"),
        ("DELETE", a_record("b.example.com"), "was not found"),
        ("DELETE", a_record("a.example.com", "192.0.2.9"), "do not match"),
        ("DELETE", a_record("a.example.com", ttl=300), "do not match"),
        ("CREATE", a_record("a.example.org"), "not permitted in zone"),
        ("CREATE", a_record("c.example.com", "not-an-address"), "not a valid IPv4 address"),
        (
            "CREATE",
            {"Name": "a.example.com", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "x.example.com"}]},
            "conflicts with other records",
        ),
        (
            "CREATE",
            {"Name": "example.com", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "x.example.com"}]},
            "not permitted at apex",
        ),
        (
            "CREATE",
            {"Name": "t.example.com", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": "bare"}]},
            "quotation marks",
        ),
    ],
)
def test_bad_changes_are_refused_and_change_nothing(
    cloud: EmbeddedCloud, route53: Any, action: str, record: dict[str, Any], says: str
) -> None:
    put_record(cloud, "a.example.com", "A", "192.0.2.1")
    zone = account_zone(cloud)
    before = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    good = {"Action": "CREATE", "ResourceRecordSet": a_record("good.example.com")}
    batch = {"Changes": [good, {"Action": action, "ResourceRecordSet": record}]}
    refused(
        lambda: route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch), "InvalidChangeBatch", says
    )
    assert route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] == before


def test_records_without_values_are_refused(cloud: EmbeddedCloud) -> None:
    empty = {"Name": "a.example.com", "Type": "A", "TTL": 60}
    refused(lambda: change(cloud, account_zone(cloud), "CREATE", empty), "InvalidInput", "found none")


def test_zone_is_deleted_only_when_empty(cloud: EmbeddedCloud, route53: Any) -> None:
    zone = route53.create_hosted_zone(Name="a.test", CallerReference="a")["HostedZone"]["Id"]
    change(cloud, zone, "CREATE", a_record("*.a.test"))
    names = [entry["Name"] for entry in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]]
    assert names == ["a.test.", "a.test.", "\\052.a.test."]
    refused(lambda: route53.delete_hosted_zone(Id=zone), "HostedZoneNotEmpty")
    change(cloud, zone, "DELETE", a_record("*.a.test"))
    assert route53.delete_hosted_zone(Id=zone)["ChangeInfo"]["Status"] == "PENDING"
    refused(lambda: route53.get_hosted_zone(Id=zone), "NoSuchHostedZone")


def test_alias_names_the_zone_of_a_living_target(place: Net, route53: Any) -> None:
    place.gateway()
    balancer = place.balancer()
    zone = account_zone(place.cloud)

    def alias(name: str, zone_id: str) -> dict[str, Any]:
        target = {"DNSName": name, "HostedZoneId": zone_id, "EvaluateTargetHealth": True}
        return {"Name": "www.example.com", "Type": "A", "AliasTarget": target}

    host, right = balancer["DNSName"], balancer["CanonicalHostedZoneId"]
    for name, zone_id, says in (
        (host, "Z35SXDOTRQ7X7K", "does not lie within"),
        ("gone-1." + host.partition(".")[2], right, "target was not found"),
        ("nothing.example.com", zone, "target was not found"),
    ):
        refused(
            lambda n=name, z=zone_id: change(place.cloud, zone, "CREATE", alias(n, z)),  # type: ignore[misc]
            "InvalidChangeBatch",
            says,
        )
    change(place.cloud, zone, "CREATE", alias(f"dualstack.{host}", right))
    change(place.cloud, zone, "UPSERT", alias(host, right))
    place.cloud.advance(60)
    answer = route53.test_dns_answer(HostedZoneId=zone, RecordName="www.example.com", RecordType="A")
    assert answer["ResponseCode"] == "NOERROR"
    assert len(answer["RecordData"]) == 3
    change(place.cloud, zone, "DELETE", alias(host, right))
    place.cloud.advance(60)
    gone = route53.test_dns_answer(HostedZoneId=zone, RecordName="www.example.com", RecordType="A")
    assert gone["ResponseCode"] == "NXDOMAIN"


def test_an_alias_of_a_deleted_balancer_has_no_address(place: Net, route53: Any) -> None:
    place.gateway()
    balancer = place.balancer()
    zone = account_zone(place.cloud)
    target = {
        "DNSName": balancer["DNSName"],
        "HostedZoneId": balancer["CanonicalHostedZoneId"],
        "EvaluateTargetHealth": False,
    }
    change(place.cloud, zone, "CREATE", {"Name": "www.example.com", "Type": "A", "AliasTarget": target})
    place.cloud.advance(60)
    asked = {"HostedZoneId": zone, "RecordName": "www.example.com", "RecordType": "A"}
    assert route53.test_dns_answer(**asked)["RecordData"]
    place.cloud.client("elbv2").delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    after = route53.test_dns_answer(**asked)
    assert (after["ResponseCode"], after["RecordData"]) == ("NOERROR", [])


def test_dns_answers_what_the_internet_would(cloud: EmbeddedCloud, route53: Any) -> None:
    put_record(cloud, "a.example.com", "A", "192.0.2.1")
    put_record(cloud, "b.example.com", "CNAME", "a.example.com")
    put_record(cloud, "t.example.com", "TXT", '"hello"')
    other = route53.create_hosted_zone(Name="late.test", CallerReference="late")["DelegationSet"]["NameServers"]

    def ask(name: str, kind: str) -> tuple[str, set[str]]:
        query = dns.message.make_query(name, kind)
        answer = dns.query.udp(query, "127.0.0.1", port=cloud.process.dns_port, timeout=120)
        values = {str(item) for entry in answer.answer for item in entry}
        return dns.rcode.to_text(answer.rcode()), values

    assert ask("a.example.com", "A") == ("NXDOMAIN", set()), "the change is PENDING"
    cloud.advance(60)
    assert ask("a.example.com", "A") == ("NOERROR", {"192.0.2.1"})
    assert ask("b.example.com", "A") == ("NOERROR", {"a.example.com.", "192.0.2.1"})
    assert ask("t.example.com", "TXT") == ("NOERROR", {'"hello"'})
    assert ask("a.example.com", "AAAA") == ("NOERROR", set())
    assert ask("none.example.com", "A") == ("NXDOMAIN", set())
    assert len(ask("example.com", "NS")[1]) == 4
    assert ask("late.test", "NS") == ("NXDOMAIN", set())
    cloud.delegate("late.test")
    assert ask("late.test", "NS") == ("NOERROR", {f"{server}." for server in other})


def namespace(place: Net, name: str = "svc.internal", reference: str = "one") -> str:
    discovery = place.cloud.client("servicediscovery")
    request = {"Name": name, "Vpc": place.vpc, "CreatorRequestId": reference}
    return str(discovery.create_private_dns_namespace(**request)["OperationId"])


def done(cloud: EmbeddedCloud, operation: str) -> Any:
    def finished() -> Any:
        found = cloud.client("servicediscovery").get_operation(OperationId=operation)["Operation"]
        return found if found["Status"] in ("SUCCESS", "FAIL") else None

    return cloud.wait(finished, "the operation")


def test_namespace_is_there_when_its_operation_is_done(place: Net, route53: Any, discovery: Any) -> None:
    operation = namespace(place)
    first = discovery.get_operation(OperationId=operation)["Operation"]
    assert first["Status"] in ("SUBMITTED", "PENDING")
    assert "Targets" not in first
    assert discovery.list_namespaces()["Namespaces"] == []
    assert namespace(place) == operation
    refused(lambda: namespace(place, reference="two"), "NamespaceAlreadyExists")
    made = done(place.cloud, operation)["Targets"]["NAMESPACE"]
    wanted = [{"Name": "NAME", "Values": ["svc.internal"]}]
    found = discovery.list_namespaces(Filters=wanted)["Namespaces"][0]
    assert found["Id"] == made
    zone_id = found["Properties"]["DnsProperties"]["HostedZoneId"]
    zone = route53.get_hosted_zone(Id=zone_id)
    assert zone["HostedZone"]["Name"] == "svc.internal."
    assert zone["HostedZone"]["LinkedService"]["ServicePrincipal"] == "servicediscovery.amazonaws.com"
    assert zone["VPCs"] == [{"VPCRegion": REGION, "VPCId": place.vpc}]
    refused(lambda: route53.delete_hosted_zone(Id=zone_id), "AccessDenied", "Cloud Map")
    refused(lambda: change(place.cloud, zone_id, "CREATE", a_record("a.svc.internal")), "AccessDenied")
    refused(lambda: private_zone(place, "svc.internal", "x"), "ConflictingDomainExists")
    # Cloud Map makes it with the account's own rights (API reference, HostedZoneOwner)
    owner = route53.list_hosted_zones_by_vpc(VPCId=place.vpc, VPCRegion=REGION)["HostedZoneSummaries"][0]["Owner"]
    assert owner == {"OwningAccount": "123456789012"}

    deletion = discovery.delete_namespace(Id=made)["OperationId"]
    again = refused(lambda: discovery.delete_namespace(Id=made), "DuplicateRequest")
    assert again["DuplicateOperationId"] == deletion
    assert done(place.cloud, deletion)["Status"] == "SUCCESS"
    refused(lambda: discovery.get_namespace(Id=made), "NamespaceNotFound")
    refused(lambda: route53.get_hosted_zone(Id=zone_id), "NoSuchHostedZone")


def test_namespace_fails_where_its_zone_cannot_be(place: Net, discovery: Any) -> None:
    private_zone(place, "db.internal", "db")
    failed = done(place.cloud, namespace(place, "db.internal"))
    assert failed["Status"] == "FAIL"
    assert "ConflictingDomainExists" in failed["ErrorMessage"]
    request = {"Name": "x.internal", "Vpc": "vpc-00000000000000000"}
    elsewhere = done(place.cloud, discovery.create_private_dns_namespace(**request)["OperationId"])
    assert elsewhere["ErrorCode"] == "CANNOT_CREATE_HOSTED_ZONE"
    assert discovery.list_namespaces()["Namespaces"] == []


def test_services_and_their_instances(place: Net, route53: Any, discovery: Any) -> None:
    space = done(place.cloud, namespace(place))["Targets"]["NAMESPACE"]
    request = {
        "Name": "backend",
        "NamespaceId": space,
        "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 10}], "RoutingPolicy": "MULTIVALUE"},
        "HealthCheckCustomConfig": {"FailureThreshold": 1},
        "CreatorRequestId": "one",
        "Tags": [{"Key": "Owner", "Value": "me"}],
    }
    service = discovery.create_service(**request)["Service"]
    assert discovery.create_service(**request)["Service"]["Id"] == service["Id"]
    exists = refused(lambda: discovery.create_service(**{**request, "CreatorRequestId": "x"}), "ServiceAlreadyExists")
    assert exists["ServiceId"] == service["Id"]
    refused(lambda: discovery.create_service(**{**request, "NamespaceId": "ns-none"}), "NamespaceNotFound")
    refused(lambda: discovery.delete_namespace(Id=space), "ResourceInUse")

    bare = {"ServiceId": service["Id"], "InstanceId": "task", "Attributes": {}}
    refused(lambda: discovery.register_instance(**bare), "InvalidInput", "AWS_INSTANCE_IPV4")
    for address in ("10.0.0.8", "10.0.0.9"):
        discovery.register_instance(**{**bare, "Attributes": {"AWS_INSTANCE_IPV4": address}})
    zone = discovery.get_namespace(Id=space)["Namespace"]["Properties"]["DnsProperties"]["HostedZoneId"]
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [(entry["Name"], entry["ResourceRecords"]) for entry in records if entry["Type"] == "A"] == [
        ("backend.svc.internal.", [{"Value": "10.0.0.9"}])
    ]
    assert discovery.get_service(Id=service["Id"])["Service"]["InstanceCount"] == 1
    refused(lambda: discovery.delete_service(Id=service["Id"]), "ResourceInUse", "registered instances")
    done(place.cloud, discovery.deregister_instance(ServiceId=service["Id"], InstanceId="task")["OperationId"])
    discovery.delete_service(Id=service["Id"])
    refused(lambda: discovery.delete_service(Id=service["Id"]), "ServiceNotFound")
    refused(lambda: discovery.list_tags_for_resource(ResourceARN=service["Arn"]), "ResourceNotFoundException")
    # AWS gives a service that is made anew its old id: nothing that refers to it notices.
    anew = discovery.create_service(**{**request, "CreatorRequestId": "two"})["Service"]
    assert anew["Id"] == service["Id"]


def test_listing_is_filtered_and_in_pages(place: Net, discovery: Any) -> None:
    space = done(place.cloud, namespace(place))["Targets"]["NAMESPACE"]
    for name in ("a", "b", "c"):
        records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
        discovery.create_service(Name=name, NamespaceId=space, DnsConfig=records)
    pages = discovery.get_paginator("list_services").paginate(
        Filters=[{"Name": "NAMESPACE_ID", "Values": [space]}], PaginationConfig={"PageSize": 2}
    )
    assert [[service["Name"] for service in page["Services"]] for page in pages] == [["a", "b"], ["c"]]
    assert discovery.list_services(Filters=[{"Name": "NAMESPACE_ID", "Values": ["ns-none"]}])["Services"] == []
    operations = discovery.list_operations(Filters=[{"Name": "TYPE", "Values": ["CREATE_NAMESPACE"]}])["Operations"]
    assert [operation["Status"] for operation in operations] == ["SUCCESS"]
