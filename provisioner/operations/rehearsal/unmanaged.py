"""Finds the unmanaged resources that a stack refers to, and which its copy needs under the same ids."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.resources.iam import Role
from provisioner.resources.logs import LogGroup
from provisioner.resources.route53.delegation import Delegation
from provisioner.resources.route53.zones import HostedZone
from provisioner.resources.ssm import SecureParameter

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

KEY = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d+:key/[\w-]+")
BOUNDARY = re.compile(r"arn:[\w-]+:iam::\d+:policy/[\w+=,.@/-]+")
WEB_ACL = re.compile(r"arn:[\w-]+:wafv2:[\w-]+:\d+:regional/webacl/[\w-]+/[\w-]+")
PREFIX_LIST = re.compile(r"\bpl-[0-9a-f]{8,17}\b")
AMI = re.compile(r"\bami-[0-9a-f]{8,17}\b")


def resources(records: Mapping[str, Record], config: Config) -> tuple[dict[str, Any], list[str]]:
    """Return what has to be in the account beforehand, as the embedded cloud takes it, and what is only assumed."""
    texts = [json.dumps(record.arguments) for record in records.values()]
    settings = [config.kms_key or "", config.logs.kms_key or "", config.load_balancer.waf_acl or ""]
    delegations = [record.arguments for record in records.values() if record.type == Delegation.type_name]
    own = {record.id for record in records.values() if record.type == HostedZone.type_name}
    zones = {one["hosted_zone_id"]: one["domain"] for one in delegations if one["hosted_zone_id"] not in own}
    keys, assumed = _aliases(records, config)
    roles = [json.dumps(record.arguments) for record in records.values() if record.type == Role.type_name]
    if records and not config.dns.create_zone and config.dns.domain not in zones.values():
        assumed.append(f"the public hosted zone {config.dns.domain} is in the account, and delegated")
    return {
        "region": config.region,
        "zones": [{"id": zone, "domain": domain} for zone, domain in zones.items()],
        "delegated": sorted(
            {r.arguments["domain"] for r in records.values() if r.type == Delegation.type_name and r.phase == "ready"}
        ),
        "keys": _named(KEY, [*texts, *settings]),
        "aliases": keys,
        "amis": _named(AMI, texts),
        "prefix_lists": _named(PREFIX_LIST, texts),
        "boundaries": _named(BOUNDARY, [*roles, config.account.boundary or ""]),
        "web_acls": _named(WEB_ACL, [*texts, *settings]),
    }, assumed


def _named(pattern: re.Pattern[str], texts: Iterable[str]) -> list[str]:
    return sorted({name for text in texts for name in pattern.findall(text)})


def _aliases(records: Mapping[str, Record], config: Config) -> tuple[dict[str, str], list[str]]:
    """Return the keys that aliases in the configuration stand for, ARNs, or empty for new keys; and what is assumed."""
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
