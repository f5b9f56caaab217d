"""The buckets of services and jobs, and the rights of their tasks in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner import Stack, ready, step
from provisioner.config.buckets import Bucket as Settings
from provisioner.config.buckets import actions, name_of, origins, variable
from provisioner.config.workload import Workload
from provisioner.resources.policies import Policy, policy
from provisioner.resources.s3 import Bucket

UPLOAD_DAYS = 7
"""Days after which S3 drops the parts of an upload that nobody has completed."""
FORMER_DAYS = 30
"""Days that former versions of objects are kept."""
CORS_SECONDS = 3000
"""The seconds for which a browser keeps a bucket's answer, as in AWS's examples (S3 user guide, "CORS")."""


@dataclass(frozen=True)
class Buckets:
    """The buckets' names on AWS, which are known once a bucket is ready for use."""

    names: dict[str, str]

    def variables(self, workload: Workload) -> dict[str, str]:
        """Return the variables of a workload with the names of its buckets."""
        return {variable(name): self.names[name] for name in workload.buckets}


@step
def buckets(stack: Stack) -> Buckets:
    """Declare the buckets, closed to the public, encrypted, and for requests by TLS alone."""
    config = stack.config
    for name in config.buckets:
        if not config.users_of(name):
            stack.notice(f"buckets.{name}: no service and no job names it under `buckets`, so that no task may use it")
    names = {name: ready(stack.ensure(_bucket(stack, name, one))).id for name, one in config.buckets.items()}
    return Buckets(names)


def _bucket(stack: Stack, name: str, settings: Settings) -> Bucket:
    key = stack.facts.kms_key
    arn = bucket_arn(stack, name)
    return Bucket(
        name,
        arn.rpartition(":")[2],
        policy(by_tls(arn)),
        settings.expire_days,
        sse_algorithm="aws:kms" if key else "AES256",
        deletion_protection=stack.config.protect,
        kms_key_id=key,
        bucket_key_enabled=True if key else None,
        # former versions stay when versions are switched off again
        noncurrent_days=FORMER_DAYS,
        upload_days=UPLOAD_DAYS,
        versioning="Enabled" if settings.versions else "Suspended",
        cors_rules=_cors(origins(settings, stack.config.pages_of(name))),
    )


def bucket_arn(stack: Stack, name: str) -> str:
    """Return the ARN of a bucket, which is known before the bucket exists."""
    facts = stack.facts
    return f"arn:{facts.partition}:s3:::{name_of(stack.name, facts.account, facts.region, name)}"


def by_tls(arn: str) -> Policy:
    """Return the statement that refuses requests without TLS (S3 user guide, "Security best practices")."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _cors(origins: Sequence[str]) -> list[dict[str, object]]:
    """Return the rule by which pages of these origins use signed URLs, also to upload in parts, which needs ETag."""
    if not origins:
        return []
    rule = {
        "AllowedHeaders": ["*"],
        "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
        "AllowedOrigins": [*origins],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": CORS_SECONDS,
    }
    return [rule]


def rights(stack: Stack, workload: Workload) -> Iterator[Policy]:
    """Yield the statements for a workload's buckets, and for the stack's key, which S3 uses for the caller."""
    given: dict[tuple[str, ...], list[str]] = {}
    decrypted: dict[str, list[str]] = {}
    for name, access in workload.buckets.items():
        arn = bucket_arn(stack, name)
        given.setdefault(actions(access, versions=stack.config.buckets[name].versions), []).append(arn)
        for action in ("kms:Decrypt",) if access == "read" else ("kms:Decrypt", "kms:GenerateDataKey"):
            decrypted.setdefault(action, []).append(arn)
    for allowed, arns in given.items():
        yield {"Effect": "Allow", "Action": [*allowed], "Resource": [one for arn in arns for one in (arn, f"{arn}/*")]}
    if key := stack.facts.kms_key:
        for action, arns in decrypted.items():
            yield {"Effect": "Allow", "Action": action, "Resource": key, "Condition": _through_s3(stack, arns)}


def _through_s3(stack: Stack, arns: list[str]) -> Mapping[str, object]:
    """Return the condition that S3 uses the key, for these buckets.

    With a bucket key the encryption context is the bucket's ARN (S3 user guide, "Using Amazon S3 Bucket Keys").
    """
    domain = "amazonaws.com.cn" if stack.facts.partition == "aws-cn" else "amazonaws.com"
    context = [one for arn in arns for one in (arn, f"{arn}/*")]
    return {
        "StringEquals": {"kms:ViaService": f"s3.{stack.facts.region}.{domain}"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": context},
    }
