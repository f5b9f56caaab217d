"""Create the unmanaged resources of a request that are not there yet, and say which these are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.acm.models import acm_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.rds.models import rds_backends
from moto.route53.models import route53_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.ssm.models import ssm_backends
from moto.wafv2.models import wafv2_backends

from ecs_emulator import domains, unmanaged


def put(account: str, wanted: Mapping[str, Any]) -> dict[str, list[str]]:
    """Create these resources where the account lacks them, and return the created names by kind.

    Args:
        wanted: a request as `unmanaged.put` takes it. What is there stays as it is.

    Raises:
        KeyError, TypeError, ValueError: something is missing or malformed.
    """
    missing = _missing(account, wanted)
    unmanaged.put(account, {"region": wanted["region"], **missing})
    made = {kind: [_name(one) for one in found] for kind, found in missing.items() if kind != "delegated"}
    return {kind: names for kind, names in made.items() if names}


def _missing(account: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a request that is not there, by kind."""
    region = wanted["region"]
    ec2, kms = ec2_backends[account][region], kms_backends[account][region]
    acm: Any = acm_backends[account][region]
    public = {
        domains.normal(zone.name) for zone in route53_backends[account]["aws"].zones.values() if not zone.private_zone
    }
    zones = [one for one in wanted.get("zones", ()) if domains.normal(one["domain"]) not in public]
    new = {one["domain"] for one in zones}
    listeners = {arn for one in elbv2_backends[account][region].load_balancers.values() for arn in one.listeners}
    rds: Any = rds_backends[account][region]
    databases = {*rds.clusters, *rds.databases}
    parameters, secrets = ssm_backends[account][region], secretsmanager_backends[account][region]
    return {
        "zones": zones,
        "delegated": [one for one in wanted.get("delegated", ()) if one in new],
        "keys": [arn for arn in wanted.get("keys", ()) if arn.rpartition("/")[2] not in kms.keys],
        "aliases": {
            alias: arn
            for alias, arn in wanted.get("aliases", {}).items()
            if kms.get_key_id_from_alias(alias[alias.index("alias/") :]) is None
        },
        "boundaries": _absent(wanted, "boundaries", iam_backends[account]["aws"].managed_policies),
        "web_acls": _absent(wanted, "web_acls", wafv2_backends[account][region].wacls),
        "topics": _absent(wanted, "topics", sns_backends[account][region].topics),
        "vpcs": [one for one in wanted.get("vpcs", ()) if one["id"] not in ec2.vpcs],
        "groups": [one for one in wanted.get("groups", ()) if one["id"] not in ec2.groups.get(one["vpc"], {})],
        "listeners": [one for one in wanted.get("listeners", ()) if one["arn"] not in listeners],
        "databases": [one for one in wanted.get("databases", ()) if one["id"] not in databases],
        "certificates": {
            arn: names for arn, names in wanted.get("certificates", {}).items() if arn not in acm._certificates
        },
        "parameters": [name for name in wanted.get("parameters", ()) if not parameters.get_parameter(name)],
        "secrets": {place: keys for place, keys in wanted.get("secrets", {}).items() if place not in secrets.secrets},
    }


def _absent(wanted: Mapping[str, Any], kind: str, there: Any) -> list[str]:
    names: Iterable[str] = wanted.get(kind, ())
    return [one for one in names if one not in there]


def _name(one: Any) -> str:
    """Return the name of a resource in a request: that itself, or the domain, id or ARN in its table."""
    return str(one.get("domain") or one.get("id") or one["arn"]) if isinstance(one, Mapping) else str(one)
