"""Access logs of load balancers: a first object tests whether ELB may write into the bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.s3.models import FakeBucket, s3_backends

from ecs_emulator.patch import refuse
from ecs_emulator.services.elbv2 import texts

_WRITER = "logdelivery.elasticloadbalancing.amazonaws.com"


def try_bucket(elb: Any, arn: str, attrs: Mapping[str, str]) -> None:
    """ModifyLoadBalancerAttributes: refuse a log bucket of another Region, or without write access for ELB.

    ELB writes a test file (Application Load Balancer guide, enable-access-logging, "Verify bucket permissions");
    the refusal is from aws-load-balancer-controller#1956.
    """
    if attrs.get("access_logs.s3.enabled") != "true":
        return
    name, prefix = attrs.get("access_logs.s3.bucket") or "", attrs.get("access_logs.s3.prefix")
    if not name:
        refuse("ValidationError", "The value of 'access_logs.s3.bucket' cannot be empty")
    s3 = s3_backends[elb.account_id]["aws"]
    bucket = s3.buckets.get(name)
    key = f"{prefix}/" if prefix else ""
    key += f"AWSLogs/{elb.account_id}/ELBAccessLogTestFile"
    if bucket is None or bucket.region_name != elb.region_name or not _may_write(bucket, key, arn):
        refuse("InvalidConfigurationRequest", texts.NO_ACCESS_TO_BUCKET.format(name))
    s3.put_object(name, key, b"Enable AccessLog for ELB")


def _may_write(bucket: FakeBucket, key: str, balancer: str) -> bool:
    """Return whether the bucket's policy lets ELB write the object on behalf of the load balancer."""
    for statement in json.loads(bucket.policy)["Statement"] if bucket.policy else ():
        principal = statement.get("Principal")
        services = principal.get("Service") if isinstance(principal, dict) else None
        fits = any(fnmatchcase(f"arn:aws:s3:::{bucket.name}/{key}", one) for one in _listed(statement["Resource"]))
        source = statement.get("Condition", {}).get("ArnLike", {}).get("aws:SourceArn", "*")
        allowed = statement["Effect"] == "Allow" and "s3:PutObject" in _listed(statement["Action"])
        if allowed and _WRITER in _listed(services) and fits and any(fnmatchcase(balancer, s) for s in _listed(source)):
            return True
    return False


def _listed(value: Any) -> Iterator[str]:
    yield from [value] if isinstance(value, str) else value or ()
