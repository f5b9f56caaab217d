"""Permissions of S3, by call (Service Authorization Reference; API reference, "Permissions")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check

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
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListParts": "ListMultipartUploadParts",
}
"""The actions whose name differs from their operation's (S3 user guide, required permissions; multipart upload API and
permissions)."""

_ENCRYPTION = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to S3."""
    bucket, _, key = call.path.removeprefix("/").partition("/")
    if call.operation == "CreateBucket":
        yield from _created(call, call.arn(bucket))
    elif call.operation == "DeleteObjects":
        yield from _deleted(call, bucket)
    else:
        name = _NAMES.get(call.operation, call.operation)
        if name in ("DeleteObject", "GetObject") and "versionId=" in call.query:
            name += "Version"
        where = f"{bucket}/{key}" if key else bucket
        yield call.check(call.arn(where) if bucket else "*", _encryption(call), f"s3:{name}")


def _encryption(call: ApiCall) -> dict[str, tuple[str, ...]]:
    """Return the encryption that a request itself states as condition keys (S3 user guide, condition keys)."""
    return {f"s3:{it}": (call.headers[it],) for it in _ENCRYPTION if it in call.headers}


def _created(call: ApiCall, arn: str) -> Iterator[Check]:
    brought = dict(re.findall(r"<Tag>\s*<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>", _text(call)))
    yield call.check(arn, requested(brought))
    if brought:
        yield call.check(arn, requested(brought), "s3:TagResource")
    if "x-amz-object-ownership" in call.headers:
        yield call.check(arn, action="s3:PutBucketOwnershipControls")


def _deleted(call: ApiCall, bucket: str) -> Iterator[Check]:
    for one in re.findall(r"<Object>(.*?)</Object>", _text(call), re.DOTALL):
        (key,) = re.findall(r"<Key>([^<]+)</Key>", one) or ("*",)
        yield call.check(call.arn(f"{bucket}/{key}"), action="s3:DeleteObject")
        if "<VersionId>" in one:
            yield call.check(call.arn(f"{bucket}/{key}"), action="s3:DeleteObjectVersion")


def _text(call: ApiCall) -> str:
    return call.raw.decode("utf-8", "replace")
