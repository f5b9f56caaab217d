"""Refusals of S3 about a bucket's name and its settings: lifecycle, versioning, CORS, public policies."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from moto.s3.exceptions import InvalidBucketName, MalformedXML, S3AccessDeniedError, S3ClientError
from moto.s3.models import FakeBucket, S3Backend

from ecs_emulator.clock import later, passed
from ecs_emulator.patch import on_reset, wrap
from ecs_emulator.services.s3 import CONFLICT

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_BEGINS = ("xn--", "sthree-", "amzn-s3-demo-")
_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_METHODS = {"GET", "PUT", "HEAD", "POST", "DELETE"}
_DAYS = {
    "Expiration": "Days",
    "NoncurrentVersionExpiration": "NoncurrentDays",
    "AbortIncompleteMultipartUpload": "DaysAfterInitiation",
}
_ACTIONS = {*_DAYS, "Transition", "NoncurrentVersionTransition"}
_NARROWING = ("aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:SourceAccount", "aws:SourceArn", "aws:SourceVpce")
_HOUR = 3600

_deleted: dict[str, tuple[str, float]] = {}
"""By name of a deleted bucket, its Region, and when another Region gets the name."""
on_reset(_deleted.clear)


@wrap(S3Backend, "create_bucket")
def create_bucket(original: Any, self: Any, bucket_name: str, region_name: str, *args: Any, **kwargs: Any) -> Any:
    """CreateBucket: refuse names as the S3 user guide's naming rules do.

    In another Region, refuse one deleted within an hour (aws/aws-cli#2411, #2593).
    """
    if _forbidden(bucket_name):
        raise InvalidBucketName
    region, free = _deleted.get(bucket_name, (region_name, 0))
    if region != region_name and not passed(free):
        raise S3ClientError("OperationAborted", CONFLICT)
    return original(self, bucket_name, region_name, *args, **kwargs)


def _forbidden(name: str) -> bool:
    odd = not _NAME.fullmatch(name) or ".." in name or name.startswith(_BEGINS) or name.endswith(_ENDS)
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return odd
    return True


@wrap(S3Backend, "delete_bucket")
def delete_bucket(original: Any, self: Any, bucket_name: str) -> Any:
    """DeleteBucket: remember the name, which another Region gets only later."""
    deleted = original(self, bucket_name)
    if deleted is not None:
        _deleted[bucket_name] = (deleted.region_name, later(_HOUR))
    return deleted


@wrap(S3Backend, "put_bucket_versioning")
def put_bucket_versioning(original: Any, self: Any, bucket_name: str, status: str) -> None:
    """PutBucketVersioning: refuse other words; a bucket with versions can only suspend them (noobaa-core#7325)."""
    if status not in ("Enabled", "Suspended"):
        raise MalformedXML
    original(self, bucket_name, status)


@wrap(FakeBucket, "set_lifecycle")
def set_lifecycle(original: Any, self: Any, rules: list[dict[str, Any]]) -> None:
    """PutBucketLifecycleConfiguration: refuse rules that AWS refuses, and keep the former ones then.

    Sources: crossplane-contrib/provider-aws#1337 for rules without an action, rustfs/rustfs#4722 for days below 1,
    the user guide ("Lifecycle configuration elements") for names that are there twice.
    """
    before, names = self.rules, [rule["ID"] for rule in rules if rule.get("ID")]
    if len(names) != len(set(names)):
        raise S3ClientError("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        if rule.get("Status") not in ("Enabled", "Disabled"):
            raise MalformedXML
        if not any(rule.get(action) for action in _ACTIONS):
            raise _invalid("At least one action needs to be specified in a rule")
        for action, member in _DAYS.items():
            days = (rule.get(action) or {}).get(member)
            if days is not None and not (str(days).isdigit() and int(days) > 0):
                text = f"'{member}' for {action} action must be a positive integer"
                raise S3ClientError("InvalidArgument", text)
    try:
        original(self, rules)
    except S3ClientError:
        self.rules = before
        raise


@wrap(FakeBucket, "set_cors")
def set_cors(original: Any, self: Any, rules: list[dict[str, Any]]) -> None:
    """PutBucketCors: refuse origins with two wildcards (versitygw#1870), other methods, and rules without either.

    The text about methods is AWS's in noobaa-core#8901, MalformedXML that of versitygw#1863.
    """
    for rule in rules:
        if not rule.get("AllowedMethod") or "AllowedOrigin" not in rule:
            raise MalformedXML
        for method in _list(rule["AllowedMethod"]):
            if method not in _METHODS:
                raise _invalid(f"Found unsupported HTTP method in CORS config. Unsupported method is {method}")
        for origin in _list(rule["AllowedOrigin"]):
            if origin.count("*") > 1:
                raise _invalid(f'AllowedOrigin "{origin}" can not have more than one wildcard.')
    original(self, rules)


@wrap(S3Backend, "put_bucket_policy")
def put_bucket_policy(original: Any, self: Any, bucket_name: str, policy: bytes) -> None:
    """PutBucketPolicy: refuse a public policy if the bucket blocks those (S3 user guide, "The meaning of public")."""
    block = self.get_bucket(bucket_name).public_access_block
    if block and block.block_public_policy and any(map(_public, _statements(policy))):
        raise S3AccessDeniedError
    original(self, bucket_name, policy)


def _statements(policy: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        # the policy's own check refuses it
        return []
    return found if isinstance(found, list) else [found]


def _public(statement: dict[str, Any]) -> bool:
    """Return whether a statement allows anybody, without a condition on a fixed account, resource or endpoint."""
    principal = statement.get("Principal")
    everybody = principal == "*" or (isinstance(principal, dict) and "*" in _list(principal.get("AWS", [])))
    keys = {key for tests in statement.get("Condition", {}).values() for key in tests}
    narrowed = keys & {*_NARROWING, *(one.lower() for one in _NARROWING)}
    return statement.get("Effect") == "Allow" and everybody and not narrowed


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _invalid(message: str) -> S3ClientError:
    return S3ClientError("InvalidRequest", message)
