"""Which module knows what a service asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from provisioner.emulator.authorization import containers, data, ec2, keys, names, storage, web_acls
from provisioner.emulator.authorization.asked import Asked
from provisioner.emulator.authorization.policy import Check

FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
"""What needs no permission (STS API reference)."""

_SERVICES: Mapping[str, Callable[[Asked], Iterable[Check]]] = {
    "acm": names.certificates,
    "application-autoscaling": data.scaling,
    "autoscaling": containers.autoscaling,
    "ec2": ec2.checks,
    "ecr": containers.ecr,
    "ecs": containers.ecs,
    "elasticloadbalancing": containers.load_balancing,
    "iam": names.iam,
    "kms": keys.kms,
    "logs": data.logs,
    "rds": data.rds,
    "route53": names.route53,
    "s3": storage.s3,
    "servicediscovery": names.cloud_map,
    "ssm": data.ssm,
    "wafv2": web_acls.wafv2,
}


def checks(asked: Asked) -> Iterable[Check]:
    """Return what is asked for at a call; of a service or operation that is not known here the action of its name."""
    if f"{asked.service}:{asked.operation}" in FREE:
        return ()
    known = _SERVICES.get(asked.service)
    return known(asked) if known else (asked.check(),)
