"""Create the unmanaged resources that a stack refers to, under given ids: zones, keys, AMIs, and so on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.route53.models import route53_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.ssm.models import ssm_backends
from moto.wafv2.models import FakeWebACL, wafv2_backends

from ecs_emulator import domains
from ecs_emulator.authorization.policy import ALLOW_ALL
from ecs_emulator.services.ec2.images import put_image
from ecs_emulator.unmanaged_certificates import put_certificates
from ecs_emulator.unmanaged_database import put_databases
from ecs_emulator.unmanaged_listener import put_listeners
from ecs_emulator.unmanaged_vpc import put_group, put_vpc

BY = "Created by somebody else"
STAND_IN = "stands for a value that is not known here"


def put(account: str, wanted: Mapping[str, Any]) -> None:
    """Create resources in the account that no stack manages.

    Args:
        wanted: `region`; `zones` (public, each with `id` and `domain`), `delegated` (domains), `keys` (ARNs), `aliases`
            (of keys, by alias), `amis` (ids), `web_acls` and `topics` (ARNs), `boundaries` (ARNs of policies that allow
            everything), `prefix_lists` (ids; the first becomes the id of S3's list), `cloudfront_prefix_list` (the id
            of the list of CloudFront's servers), `vpcs` (see `unmanaged_vpc.put_vpc`), `groups` (security groups, each
            with `id` and `vpc`), `certificates` (issued ones: the names in each, by ARN), `listeners` (see
            `unmanaged_listener.put_listeners`), `databases` (see `unmanaged_database.put_databases`), `parameters`
            (names of secure ones) and `secrets` (ARNs and names of Secrets Manager's, each with the keys of its value,
            a JSON document).

    Raises:
        KeyError, TypeError, ValueError: something is missing or malformed.
    """
    region = wanted["region"]
    for zone in wanted.get("zones", ()):
        _put_zone(account, zone["id"], zone["domain"])
    for domain in wanted.get("delegated", ()):
        domains.delegate(domain)
    for arn in wanted.get("keys", ()):
        _put_key(account, region, arn)
    for alias, arn in wanted.get("aliases", {}).items():
        _put_alias(account, region, alias, arn)
    for ami in wanted.get("amis", ()):
        put_image(ec2_backends[account][region], ami)
    _rename_lists(ec2_backends[account][region], wanted)
    for arn in wanted.get("web_acls", ()):
        _put_web_acl(account, region, arn)
    _put_topics(account, region, wanted.get("topics", ()))
    _put_networks(account, region, wanted)
    put_certificates(account, region, wanted.get("certificates", {}))
    put_listeners(account, region, wanted.get("listeners", ()))
    put_databases(account, region, wanted.get("databases", ()))
    for arn in wanted.get("boundaries", ()):
        _put_policy(account, arn)
    _put_secrets(account, region, wanted)


def _put_networks(account: str, region: str, wanted: Mapping[str, Any]) -> None:
    for vpc in wanted.get("vpcs", ()):
        put_vpc(account, region, vpc)
    for group in wanted.get("groups", ()):
        put_group(account, region, group["id"], group["vpc"])


def _put_zone(account: str, id: str, domain: str) -> None:
    """Create a public zone with this id; it replaces the zone that the registrar has created for the domain."""
    backend = route53_backends[account]["aws"]
    for zone in list(backend.zones.values()):
        if not zone.private_zone and domains.normal(zone.name) == domains.normal(domain):
            del backend.zones[zone.resource_id]
    zone = backend.create_hosted_zone(f"{domain}.", False, f"unmanaged:{id}", comment=BY)
    del backend.zones[zone.resource_id]
    zone.resource_id = id
    backend.zones[id] = zone


def _rename_lists(ec2: Any, wanted: Mapping[str, Any]) -> None:
    """Give the prefix lists of S3's addresses and of CloudFront's servers the wanted ids, as far as they are known."""
    for prefix_list in wanted.get("prefix_lists", ())[:1]:
        _rename_list(ec2, f"com.amazonaws.{wanted['region']}.s3", prefix_list)
    if prefix_list := wanted.get("cloudfront_prefix_list"):
        _rename_list(ec2, "com.amazonaws.global.cloudfront.origin-facing", prefix_list)


def _rename_list(ec2: Any, name: str, id: str) -> None:
    """Give a prefix list of AWS's another id: AWS's is the same in all accounts of a Region."""
    lists = ec2.managed_prefix_lists
    for one in [one for one in lists.values() if one.prefix_list_name.endswith(name.partition(".")[2])]:
        del lists[one.id]
        one.id = id
        lists[id] = one


def _put_key(account: str, region: str, arn: str) -> None:
    backend, name = kms_backends[account][region], arn.rpartition("/")[2]
    if name not in backend.keys:
        key = _new_key(backend)
        del backend.keys[key.id]
        key.id, key.arn = name, arn
        backend.keys[name] = key


def _put_alias(account: str, region: str, alias: str, arn: str) -> None:
    """Create an alias for a key, or for a new key if none is named."""
    backend = kms_backends[account][region]
    if arn:
        _put_key(account, region, arn)
    key = arn.rpartition("/")[2] if arn else _new_key(backend).id
    backend.create_alias(key, alias[alias.index("alias/") :])


def _new_key(backend: Any) -> Any:
    return backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", BY, [])


def _put_policy(account: str, arn: str) -> None:
    """Create a managed policy that allows everything: its real content is not known here."""
    backend = iam_backends[account]["aws"]
    if arn not in backend.managed_policies:
        path, _, name = arn.partition(":policy")[2].rpartition("/")
        made = backend.create_policy(BY, f"{path}/", ALLOW_ALL, name, [])
        del backend.managed_policies[made.arn]
        backend.managed_policies[arn] = made


def _put_topics(account: str, region: str, arns: Iterable[str]) -> None:
    for arn in arns:
        sns_backends[account][region].create_topic(arn.rpartition(":")[2])


def _put_secrets(account: str, region: str, wanted: Mapping[str, Any]) -> None:
    for name in wanted.get("parameters", ()):
        _put_parameter(account, region, name)
    for place, keys in wanted.get("secrets", {}).items():
        _put_secret(account, region, place, keys)


def _put_parameter(account: str, region: str, name: str) -> None:
    """Create a secure parameter with a placeholder value: its real value is not known here."""
    backend = ssm_backends[account][region]
    if not backend.get_parameter(name):
        backend.put_parameter(name, BY, STAND_IN, "SecureString", "", "", False, [], "text", None, None)


def _put_secret(account: str, region: str, place: str, keys: Iterable[str]) -> None:
    """Create a secret of Secrets Manager under its ARN or name, with these keys in its value."""
    backend = secretsmanager_backends[account][region]
    if place not in backend.secrets:
        name = re.sub(r"-[A-Za-z0-9]{6}$", "", place.rpartition(":")[2]) if place.startswith("arn:") else place
        value = json.dumps(dict.fromkeys(keys, STAND_IN))
        backend.create_secret(name, value, None, BY, [], None, None, [], False)
        if place.startswith("arn:"):
            backend.secrets[name].arn = place


def _put_web_acl(account: str, region: str, arn: str) -> None:
    """Create a web ACL: `arn:aws:wafv2:…:regional/webacl/NAME/ID` for load balancers, `global` for CloudFront."""
    *_, name, number = arn.split("/")
    shown = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    acl = FakeWebACL(name, account, arn, number, shown, {"Allow": {}}, BY, [])
    place = "global" if ":global/" in arn else region
    wafv2_backends[account][place].wacls[arn] = acl
