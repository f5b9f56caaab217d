"""Find the unmanaged resources that a stack refers to: its copy needs them with the same ids."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.operations.rehearsal.existing_listeners import stand_in_listeners
from provisioner.operations.rehearsal.existing_vpcs import stand_in_vpcs
from provisioner.operations.rehearsal.public_names import certificates, stand_in_zones
from provisioner.operations.rehearsal.secrets import stand_ins
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.ecs.job_run import JobRun
from provisioner.resources.ecs.service import Service
from provisioner.resources.iam import Role
from provisioner.resources.logs import LogGroup
from provisioner.resources.route53.delegation import Delegation
from provisioner.resources.route53.zones import HostedZone
from provisioner.resources.scheduler import Schedule
from provisioner.resources.ssm import SecureParameter
from provisioner.resources.stepfunctions import StateMachine

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

KEY = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d+:key/[\w-]+")
BOUNDARY = re.compile(r"arn:[\w-]+:iam::\d+:policy/[\w+=,.@/-]+")
WEB_ACL = re.compile(r"arn:[\w-]+:wafv2:[\w-]+:\d+:(?:regional|global)/webacl/[\w-]+/[\w-]+")
PREFIX_LIST = re.compile(r"\bpl-[0-9a-f]{8,17}\b")
AMI = re.compile(r"\bami-[0-9a-f]{8,17}\b")


def resources(records: Mapping[str, Record], config: Config) -> tuple[dict[str, Any], list[str]]:
    """Return the resources that have to exist beforehand, in the embedded cloud's form, and the assumptions."""
    texts = [json.dumps(record.arguments) for record in records.values()]
    edge = (config.cloudfront and config.cloudfront.waf_acl) or ""
    settings = [config.kms_key or "", config.logs.kms_key or "", config.load_balancer.waf_acl or "", edge]
    lists, of_cloudfront = _named(PREFIX_LIST, texts), _cloudfront_list(records)
    delegations = [record.arguments for record in records.values() if record.type == Delegation.type_name]
    own = {record.id for record in records.values() if record.type == HostedZone.type_name}
    zones = {one["hosted_zone_id"]: one["domain"] for one in delegations if one["hosted_zone_id"] not in own}
    keys, assumed = _aliases(records, config)
    attached = [one for workload in config.workloads.values() for one in workload.policies]
    roles = [json.dumps(record.arguments) for record in records.values() if record.type == Role.type_name]
    if records and config.public_zone and not config.dns.create_zone and config.dns.domain not in zones.values():
        assumed.append(f"the public hosted zone {config.dns.domain} is in the account, and delegated")
    assumed_zones = stand_in_zones(config, zones)
    assumed += [f"the public hosted zone {one} is in the account, and delegated" for one in assumed_zones.values()]
    there = [r for r in records.values() if r.type == Delegation.type_name and r.phase == "ready"]
    delegated = [str(record.arguments["domain"]) for record in there]
    if any(workload.security_groups for workload in config.workloads.values()):
        assumed.append("the copy's tasks are in the stack's own security groups only")
    return {
        "region": config.region,
        "zones": [{"id": zone, "domain": domain} for zone, domain in {**assumed_zones, **zones}.items()],
        "delegated": sorted({*assumed_zones.values(), *delegated}),
        "keys": _named(KEY, [*texts, *settings]),
        "aliases": keys,
        "amis": _named(AMI, texts),
        "prefix_lists": [one for one in lists if one != of_cloudfront],
        "cloudfront_prefix_list": of_cloudfront,
        "boundaries": _named(BOUNDARY, [*roles, config.account.boundary or "", *attached]),
        "certificates": certificates(records, config, assumed),
        "listeners": stand_in_listeners(records, config, assumed),
        "topics": [config.alarms.topic] if config.alarms and config.alarms.topic else [],
        "web_acls": _named(WEB_ACL, [*texts, *settings]),
        "vpcs": stand_in_vpcs(records, config, assumed),
        **stand_ins(records, config),
    }, assumed


def _cloudfront_list(records: Mapping[str, Record]) -> str:
    """Return the id of the list of CloudFront's servers, which only the load balancer lets in; empty without it."""
    group = records.get("security_group/alb")
    rules = (group.arguments.get("ingress") or ()) if group else ()
    return next((str(rule["PrefixListId"]) for rule in rules if "PrefixListId" in rule), "")


def in_own_groups(records: Mapping[str, Record]) -> dict[str, dict[str, Any]]:
    """Return the arguments of resources with foreign security groups, without these groups, by address."""
    own = {record.id for record in records.values() if record.type == SecurityGroup.type_name}
    definitions = {
        address: {**record.arguments, "definition": _in_own_groups(record.arguments.get("definition"), own)}
        for address, record in records.items()
        if record.type == StateMachine.type_name
    }
    kinds = {kind.type_name for kind in (Service, JobRun, Schedule)}
    running = {address: record.arguments for address, record in records.items() if record.type in kinds}
    changed = {address: one for address, one in definitions.items() if one != records[address].arguments}
    return changed | {
        address: {**arguments, "security_groups": [group for group in groups if group in own]}
        for address, arguments in running.items()
        if not own.issuperset(groups := arguments.get("security_groups", ()))
    }


def _in_own_groups(value: Any, own: set[str | None], key: str = "") -> Any:
    """Return a definition of a state machine without foreign security groups."""
    if isinstance(value, Mapping):
        return {name: _in_own_groups(one, own, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [one for one in value if one in own] if key == "SecurityGroups" else list(value)
    return value


def _named(pattern: re.Pattern[str], texts: Iterable[str]) -> list[str]:
    return sorted({name for text in texts for name in pattern.findall(text)})


def _aliases(records: Mapping[str, Record], config: Config) -> tuple[dict[str, str], list[str]]:
    """Return the key ARN of each configured alias, empty for a new key; and the assumptions."""
    recorded = {
        config.kms_key: [r.arguments.get("key_id") for r in records.values() if r.type == SecureParameter.type_name],
        config.logs.kms_key: [r.arguments.get("kms_key_id") for r in records.values() if r.type == LogGroup.type_name],
    }
    found, assumed = dict[str, str](), list[str]()
    for alias, arns in recorded.items():
        if alias and "alias/" in alias:
            found[alias] = next(filter(None, arns), "")
            assumed.append(f"{alias} is taken as {found[alias] or 'a usable key'}")
    return found, assumed
