"""Create the unmanaged resources that a stack refers to, under given ids: zones, keys, AMIs, and so on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.acm.models import acm_backends
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
from ecs_emulator.unmanaged_vpc import put_vpc

BY = "Created by somebody else"
STAND_IN = "stands for a value that is not known here"


def put(account: str, wanted: Mapping[str, Any]) -> None:
    """Create resources in the account that no stack manages.

    Args:
        wanted: `region`; `zones` (public, each with `id` and `domain`), `delegated` (domains), `keys` (ARNs), `aliases`
            (of keys, by alias), `amis` (ids), `web_acls` and `topics` (ARNs), `boundaries` (ARNs of policies that allow
            everything), `prefix_lists` (ids; the first becomes the id of S3's list), `vpcs` (see
            `unmanaged_vpc.put_vpc`), `certificates` (issued ones: the names in each, by ARN), `parameters` (names of
            secure ones) and `secrets` (ARNs and names of Secrets Manager's, each with the keys of its value, a JSON
            document).

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
    for prefix_list in wanted.get("prefix_lists", ())[:1]:
        _rename_s3_list(ec2_backends[account][region], f"com.amazonaws.{region}.s3", prefix_list)
    for arn in wanted.get("web_acls", ()):
        _put_web_acl(account, region, arn)
    _put_topics(account, region, wanted.get("topics", ()))
    for vpc in wanted.get("vpcs", ()):
        put_vpc(account, region, vpc)
    _put_certificates(account, region, wanted.get("certificates", {}))
    for arn in wanted.get("boundaries", ()):
        _put_policy(account, arn)
    _put_secrets(account, region, wanted)


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


def _rename_s3_list(ec2: Any, name: str, id: str) -> None:
    """Give the prefix list of S3's addresses another id: AWS's is the same in all accounts of a Region."""
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


def _put_certificates(account: str, region: str, wanted: Mapping[str, list[str]]) -> None:
    """Create issued certificates for these names."""
    backend: Any = acm_backends[account][region]
    for arn, names in wanted.items():
        made = backend.request_certificate(names[0], f"unmanaged:{arn}", names, [])
        bundle = backend._certificates.pop(made)
        bundle.arn, bundle.status, bundle.names, bundle.account_id = arn, "ISSUED", names, account
        bundle.validation_method, bundle.key_algorithm = "DNS", "RSA_2048"
        bundle.details_at = bundle.records_at = bundle.usable_at = 0.0
        backend._certificates[arn] = bundle


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
    """Create a web ACL for load balancers: `arn:aws:wafv2:…:regional/webacl/NAME/ID`."""
    *_, name, number = arn.split("/")
    shown = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    acl = FakeWebACL(name, account, arn, number, shown, {"Allow": {}}, BY, [])
    wafv2_backends[account][region].wacls[arn] = acl
