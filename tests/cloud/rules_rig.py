"""Helpers for the tests of AWS's rules: a refusal by its code, and a small network of plain boto3 calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.conftest import REGION, EmbeddedCloud

ZONES = tuple(f"{REGION}{letter}" for letter in "acd")


def refused(call: Callable[[], Any], code: str, says: str = "") -> dict[str, Any]:
    """The error of a call that AWS refuses with `code` and a message that contains `says`."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert says in error["Message"], error
    return dict(caught.value.response)


@dataclass
class Net:
    """A VPC with DNS on and a subnet in each of three zones."""

    cloud: EmbeddedCloud
    vpc: str
    subnets: list[str]

    def group(self, name: str) -> str:
        """A security group of the VPC."""
        ec2 = self.cloud.client("ec2")
        return str(ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"])

    def gateway(self) -> str:
        """An internet gateway, attached."""
        ec2 = self.cloud.client("ec2")
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        return str(gateway)

    def interfaces(self, group: str) -> list[dict[str, Any]]:
        """The interfaces that carry a security group."""
        found = self.cloud.client("ec2").describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])
        return list(found["NetworkInterfaces"])

    def unused(self, group: str) -> bool:
        """Return whether no interface carries the group any more."""
        return not self.interfaces(group)

    def balancer(self, name: str = "web", **more: Any) -> dict[str, Any]:
        """An application load balancer in the subnets."""
        elb = self.cloud.client("elbv2")
        return dict(elb.create_load_balancer(Name=name, Subnets=self.subnets, **more)["LoadBalancers"][0])

    def target_group(self, name: str = "web", port: int = 80) -> str:
        """A target group of addresses."""
        elb = self.cloud.client("elbv2")
        made = elb.create_target_group(Name=name, Protocol="HTTP", Port=port, VpcId=self.vpc, TargetType="ip")
        return str(made["TargetGroups"][0]["TargetGroupArn"])


def net(cloud: EmbeddedCloud, cidr: str = "10.0.0.0/16") -> Net:
    """Make the network."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": True}})
    blocks = [f"10.0.{16 * number}.0/20" for number in range(3)]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for block, zone in zip(blocks, ZONES, strict=True)
    ]
    return Net(cloud, vpc, subnets)


def validated(cloud: EmbeddedCloud, domain: str = "app.example.com") -> str:
    """A certificate whose validation records are in the account's delegated zone, issued and usable."""
    acm = cloud.client("acm")
    arn = str(acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"])
    record = cloud.wait(lambda: validation_record(cloud, arn), "the validation record")
    put_record(cloud, record["Name"], "CNAME", record["Value"])
    cloud.wait(lambda: certificate(cloud, arn)["Status"] == "ISSUED", "the certificate to be issued")
    return arn


def certificate(cloud: EmbeddedCloud, arn: str) -> dict[str, Any]:
    """A certificate as DescribeCertificate shows it."""
    return dict(cloud.client("acm").describe_certificate(CertificateArn=arn)["Certificate"])


def validation_record(cloud: EmbeddedCloud, arn: str) -> Any:
    """The CNAME that validates a certificate's first name; None in its first moments."""
    return certificate(cloud, arn).get("DomainValidationOptions", [{}])[0].get("ResourceRecord")


def account_zone(cloud: EmbeddedCloud) -> str:
    """The id of the public zone that the account was born with."""
    zones = cloud.client("route53").list_hosted_zones()["HostedZones"]
    return str(next(zone["Id"] for zone in zones if zone["Name"] == "example.com.")).rpartition("/")[2]


def put_record(cloud: EmbeddedCloud, name: str, kind: str, value: str, action: str = "UPSERT") -> dict[str, Any]:
    """Change one plain record of the account's zone."""
    record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    return change(cloud, account_zone(cloud), action, record)


def change(cloud: EmbeddedCloud, zone: str, action: str, record: dict[str, Any]) -> dict[str, Any]:
    """Send a batch of one change."""
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    answer = cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    return dict(answer["ChangeInfo"])
