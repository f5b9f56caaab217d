"""An old system for tests, made as its owner would: a load balancer of its own, and records that lead to it."""

from __future__ import annotations

from typing import Any

from tests.cloud.conftest import EmbeddedCloud, make_network
from tests.cloud.rules_rig import Net, account_zone

HOST = "www.example.com"
Raw = dict[str, Any]


def public_subnets(cloud: EmbeddedCloud) -> list[str]:
    """Two subnets of a network that the internet reaches, which is made if it is not there."""
    mine = [{"Name": "cidr-block", "Values": ["10.0.0.0/24", "10.0.1.0/24"]}]
    if there := [subnet["SubnetId"] for subnet in cloud.client("ec2").describe_subnets(Filters=mine)["Subnets"]]:
        return there
    network = make_network(cloud)
    Net(cloud, network.vpc, network.subnets).gateway()
    return network.subnets


def old_balancer(cloud: EmbeddedCloud, name: str = "old-public") -> Raw:
    """An alias target: a load balancer as Copilot's, with nobody's tags of this tool."""
    tags = [{"Key": "copilot-application", "Value": "shop"}]
    made = cloud.client("elbv2").create_load_balancer(Name=name, Subnets=public_subnets(cloud), Tags=tags)
    (balancer,) = made["LoadBalancers"]
    return {
        "HostedZoneId": balancer["CanonicalHostedZoneId"],
        "DNSName": f"dualstack.{balancer['DNSName']}.",
        "EvaluateTargetHealth": True,
    }


def delete_old_balancer(cloud: EmbeddedCloud, name: str = "old-public") -> None:
    """Delete the load balancer of `old_balancer`."""
    elb = cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers(Names=[name])["LoadBalancers"]
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])


def put(cloud: EmbeddedCloud, *records: Raw, action: str = "CREATE") -> None:
    """Change records of the zone."""
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for record in records]}
    cloud.client("route53").change_resource_record_sets(HostedZoneId=account_zone(cloud), ChangeBatch=batch)


def at(cloud: EmbeddedCloud, name: str = HOST) -> list[Raw]:
    """All records of a name, as Route 53 shows them."""
    found = cloud.client("route53").list_resource_record_sets(HostedZoneId=account_zone(cloud))["ResourceRecordSets"]
    return [record for record in found if record["Name"] == f"{name}."]


def plain(name: str, record_type: str, value: str, ttl: int = 300, **more: Any) -> Raw:
    """A record of one value."""
    return {"Name": name, "Type": record_type, "TTL": ttl, "ResourceRecords": [{"Value": value}], **more}
