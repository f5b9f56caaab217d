"""Cloud Map's resource types, beyond the contract: left-over instances, others' namespaces and former ones."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.engine.errors import SomeFailed
from provisioner.resources.ec2.network import Vpc
from provisioner.resources.servicediscovery import DiscoveryService, PrivateDnsNamespace
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

DOMAIN = "svc.internal"


def declared(stack: Stack) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16", enable_dns_hostnames=False))
    namespace = stack.ensure(PrivateDnsNamespace("main", DOMAIN, vpc.id, "Services"))
    dns = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]}
    stack.ensure(DiscoveryService("web", "web", namespace.id, dns, {"FailureThreshold": 1}))


def make_namespace(rig: Rig, vpc_id: str, **arguments: Any) -> str:
    """A namespace made by hand, and its id."""
    discovery = rig.cloud.client("servicediscovery")
    token = uuid.uuid4().hex
    operation = discovery.create_private_dns_namespace(Name=DOMAIN, Vpc=vpc_id, CreatorRequestId=token, **arguments)

    def targets() -> Any:
        return discovery.get_operation(OperationId=operation["OperationId"])["Operation"].get("Targets")

    return str(rig.cloud.wait(targets, "the namespace")["NAMESPACE"])


def test_instances_that_were_left_over_go_with_their_service(rig: Rig) -> None:
    rig.up(declared).ok()
    service = rig.state().records["discovery_service/web"].id
    rig.cloud.client("servicediscovery").register_instance(
        ServiceId=service,
        InstanceId="task",
        CreatorRequestId="1",
        Attributes={"AWS_INSTANCE_IPV4": "10.0.0.9"},
    )
    down = rig.down().ok()
    assert "DeregisterInstance" in down.writes
    assert down.summary.leftovers == []


def test_a_namespace_of_our_name_in_another_vpc_is_ignored(rig: Rig) -> None:
    other = rig.cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    foreign = make_namespace(rig, other)
    assert rig.up(declared).ok().summary.counts == {"created": 3}
    assert rig.state().records["private_dns_namespace/main"].id != foreign
    assert rig.up(declared).ok().writes == []
    rig.down().ok()
    assert [n["Id"] for n in rig.cloud.client("servicediscovery").list_namespaces()["Namespaces"]] == [foreign]


def test_a_foreign_namespace_in_our_vpc_is_refused(rig: Rig) -> None:
    def alone(stack: Stack) -> None:
        stack.ensure(Vpc("main", "10.0.0.0/16", enable_dns_hostnames=False))

    rig.up(alone).ok()
    foreign = make_namespace(rig, str(rig.state().records["vpc/main"].id), Description="theirs")
    refused = rig.up(declared)
    assert refused.summary.exit_code == 1
    assert refused.writes == []
    (left,) = rig.cloud.client("servicediscovery").list_namespaces()["Namespaces"]
    assert (left["Id"], left["Description"], left["ServiceCount"]) == (foreign, "theirs", 0)


def test_a_zone_of_our_name_in_the_vpc_is_reported_beforehand(rig: Rig) -> None:
    def alone(stack: Stack) -> None:
        stack.ensure(Vpc("main", "10.0.0.0/16", enable_dns_hostnames=False))

    rig.up(alone).ok()
    rig.cloud.client("route53").create_hosted_zone(
        Name=DOMAIN,
        CallerReference="1",
        VPC={"VPCId": rig.state().records["vpc/main"].id, "VPCRegion": rig.facts.region},
        HostedZoneConfig={"PrivateZone": True},
    )
    refused = rig.up(declared)
    assert refused.writes == []
    assert isinstance(refused.summary.error, SomeFailed)
    assert f"already has a private hosted zone {DOMAIN}" in str(
        refused.summary.error.failures["private_dns_namespace/main"]
    )


def test_a_zone_that_cloud_map_created_is_not_in_the_way(rig: Rig) -> None:
    def alone(stack: Stack) -> None:
        stack.ensure(Vpc("main", "10.0.0.0/16", enable_dns_hostnames=False))

    rig.up(alone).ok()
    vpc = str(rig.state().records["vpc/main"].id)
    make_namespace(rig, vpc)
    # as after a run that was cut off, before the lists show what it made: Cloud Map itself has the last word
    with pytest.raises(ClientError, match="NamespaceAlreadyExists"):
        PrivateDnsNamespace("main", DOMAIN, vpc, "Services").create(rig.aws(), uuid.uuid4().hex)


def test_an_entry_without_dns_under_our_name_is_refused(rig: Rig) -> None:
    """As ECS Service Connect makes them: AWS shows no DNS settings of these."""

    def empty(stack: Stack) -> None:
        vpc = stack.ensure(Vpc("main", "10.0.0.0/16", enable_dns_hostnames=False))
        stack.ensure(PrivateDnsNamespace("main", DOMAIN, vpc.id, "Services"))

    rig.up(empty).ok()
    namespace, discovery = rig.state().records["private_dns_namespace/main"].id, rig.cloud.client("servicediscovery")
    discovery.create_service(Name="web", NamespaceId=namespace, Type="HTTP")
    assert "not the tags of this stack" in rig.up(declared).refused()["discovery_service/web"]
    assert len(discovery.list_services()["Services"]) == 1


def test_an_earlier_one_that_is_being_deleted_is_waited_for(rig: Rig) -> None:
    rig.up(declared).ok()
    first = rig.state().records
    discovery = rig.cloud.client("servicediscovery")
    discovery.delete_service(Id=first["discovery_service/web"].id)
    discovery.delete_namespace(Id=first["private_dns_namespace/main"].id)
    assert rig.up(declared).ok().writes == ["CreatePrivateDnsNamespace", "CreateService"]
    assert rig.state().records["private_dns_namespace/main"].id != first["private_dns_namespace/main"].id
