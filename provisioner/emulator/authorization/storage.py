"""What S3 asks for at its calls (Service Authorization Reference; API reference, "Permissions")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.emulator.authorization.asked import Asked, requested
from provisioner.emulator.authorization.policy import Check

_NAMES = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "HeadObject": "GetObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "ListBuckets": "ListAllMyBuckets",
}
"""The actions that are named otherwise than their operation (S3 user guide, required permissions)."""


def s3(asked: Asked) -> Iterator[Check]:
    """Yield what S3 asks for at one call."""
    bucket, _, key = asked.path.removeprefix("/").partition("/")
    if asked.operation == "CreateBucket":
        yield from _created(asked, asked.arn(bucket))
    elif asked.operation == "DeleteObjects":
        yield from _deleted(asked, bucket)
    else:
        name = _NAMES.get(asked.operation, asked.operation)
        if name in ("DeleteObject", "GetObject") and "versionId=" in asked.query:
            name += "Version"
        where = f"{bucket}/{key}" if key else bucket
        yield asked.check(asked.arn(where) if bucket else "*", action=f"s3:{name}")


def _created(asked: Asked, arn: str) -> Iterator[Check]:
    brought = dict(re.findall(r"<Tag>\s*<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>", _text(asked)))
    yield asked.check(arn, requested(brought))
    if brought:
        yield asked.check(arn, requested(brought), "s3:TagResource")
    if "x-amz-object-ownership" in asked.headers:
        yield asked.check(arn, action="s3:PutBucketOwnershipControls")


def _deleted(asked: Asked, bucket: str) -> Iterator[Check]:
    for one in re.findall(r"<Object>(.*?)</Object>", _text(asked), re.DOTALL):
        (key,) = re.findall(r"<Key>([^<]+)</Key>", one) or ("*",)
        yield asked.check(asked.arn(f"{bucket}/{key}"), action="s3:DeleteObject")
        if "<VersionId>" in one:
            yield asked.check(asked.arn(f"{bucket}/{key}"), action="s3:DeleteObjectVersion")


def _text(asked: Asked) -> str:
    return asked.raw.decode("utf-8", "replace")
