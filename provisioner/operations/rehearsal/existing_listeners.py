"""Find the existing listeners that a stack's copy needs: each answers without rules of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.config.protocols import BY_HTTPS
from provisioner.engine.words import names
from provisioner.resources.ec2.security import SecurityGroup, SecurityGroupIngress
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.resources.elbv2.target_groups import TargetGroup
from provisioner.resources.route53.records import RecordSet

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

PORTS = {"HTTP": 80, "HTTPS": 443}
GROUP = "sg-10000000000000001"
"""The id of a stand-in for a security group that no record names."""


def stand_in_listeners(records: Mapping[str, Record], config: Config, assumed: list[str]) -> list[dict[str, Any]]:
    """Return a stand-in for each listener of others that the stack uses, in the embedded cloud's form.

    Args:
        assumed: takes a sentence on each.
    """
    rules = [record for record in records.values() if record.type == ListenerRule.type_name]
    own = {record.id for record in records.values() if record.type == Listener.type_name}
    used = {str(one.arguments["listener_arn"]): one.outputs for one in rules} if rules else {}
    shown: dict[str, Mapping[str, Any]] = {arn: outputs for arn, outputs in used.items() if arn not in own}
    if config.listener:
        shown = {config.listener: {}} | shown
    vpc = config.network.vpc or next(iter(_fields(records, TargetGroup.type_name, "vpc_id")), "")
    recorded = (str(one) for one in _fields(records, RecordSet.type_name, "record_name"))
    covered = [name for name in dict.fromkeys((*config.names, *recorded)) if name]
    found = []
    for arn, outputs in shown.items() if vpc else ():
        secure = config.names or any(service.protocol in BY_HTTPS for service in config.public.values())
        protocol = str(outputs.get("protocol") or ("HTTPS" if secure else "HTTP"))
        made: dict[str, Any] = {
            "arn": arn,
            "protocol": protocol,
            "port": PORTS[protocol],
            "vpc": vpc,
            "groups": _groups(records),
        }
        found.append({**made, "certified": covered or ["assumed.example"], "dns_name": outputs.get("dns_name", "")})
        certified = f", with a certificate for {names(covered)}" if protocol == "HTTPS" and covered else ""
        assumed.append(f"{arn} answers by {protocol}{certified}, reaches the tasks, and has no rules of others")
    return found


def _groups(records: Mapping[str, Record]) -> list[str]:
    """Return the ids of the load balancer's security groups, from which the recorded groups of tasks let it in."""
    own = {record.id for record in records.values() if record.type == SecurityGroup.type_name}
    rules = [
        *_fields(records, SecurityGroup.type_name, "ingress"),
        *_fields(records, SecurityGroupIngress.type_name, "rules"),
    ]
    into = [rule for some in rules for rule in some or () if rule.get("Description") == "load balancer"]
    return sorted({rule["ReferencedGroupId"] for rule in into if "ReferencedGroupId" in rule} - own) or [GROUP]


def _fields(records: Mapping[str, Record], kind: str, name: str) -> Iterable[Any]:
    return [record.arguments.get(name) for record in records.values() if record.type == kind]
