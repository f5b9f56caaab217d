"""Elastic Load Balancing: the listeners and rules of others, beside which the rules of a stack may stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.resources.elbv2 import conditions as when
from provisioner.resources.elbv2.balancer import described_tags


def parts(aws: Aws, operation: str, key: str, **parent: str) -> Iterator[Any]:
    """Yield the parts of a balancer or listener; none if it was deleted since it was listed."""
    with IgnoreNotFound():
        yield from aws.pages("elbv2", operation, key, **parent)


def entrance(aws: Aws, listener_arn: str) -> dict[str, Any]:
    """Return the protocol of another's listener, and its load balancer's own name; nothing if it is gone."""
    with IgnoreNotFound():
        (listener,) = aws.read("elbv2", "describe_listeners", ListenerArns=[listener_arn])["Listeners"]
        arns = [listener["LoadBalancerArn"]]
        (balancer,) = aws.read("elbv2", "describe_load_balancers", LoadBalancerArns=arns)["LoadBalancers"]
        return {"protocol": listener["Protocol"], "dns_name": balancer["DNSName"]}
    return {}


def hosts_of_others(aws: Aws, listener_arn: str) -> set[str]:
    """Return the hosts that rules without this stack's tags take at a listener."""
    rules = [*parts(aws, "describe_rules", "Rules", ListenerArn=listener_arn)]
    asked = {
        rule["RuleArn"]: {
            host.lower() for one in map(when.normal, rule["Conditions"]) for host in one.get("Values", ())
        }
        for rule in rules
        if any(one.get("Field") == when.HOST for one in rule.get("Conditions", ()))
    }
    tags = described_tags(aws, [*asked])
    return {host for arn, hosts in asked.items() if not aws.owns(tags.get(arn, {})) for host in hosts}
