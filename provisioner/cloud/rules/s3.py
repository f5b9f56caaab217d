"""S3: a bucket is closed and encrypted from the start, and is refused to whoever expects another owner."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy
from moto.s3.exceptions import S3AccessDeniedError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend, s3_backends
from moto.s3.responses import S3Response

from provisioner.cloud.patch import wrap

_SSE_S3 = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
_PLAIN = {"Bool": {"aws:SecureTransport": "false"}}


@wrap(S3Response, "_authenticate_and_authorize_s3_action")
def authorize(original: Any, self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
    """Any call: AccessDenied if the bucket is not the expected owner's."""
    original(self, bucket_name=bucket_name, key_name=key_name)
    expected = self.headers.get("x-amz-expected-bucket-owner")
    if (
        expected
        and bucket_name in s3_backends.bucket_accounts
        and expected != s3_backends.bucket_accounts[bucket_name][1]
    ):
        raise S3AccessDeniedError


@wrap(FakeBucket, "get_permission")
def get_permission(original: Any, self: Any, action: str, resource: str) -> Any:
    """What the policy says: moto knows no conditions, and this cloud's own connections count as TLS."""
    meant = [statement for statement in _statements(self) if statement.get("Condition") != _PLAIN]
    if len(meant) == len(_statements(self)):
        return original(self, action, resource)
    return IAMPolicy(json.dumps({"Statement": meant})).is_action_permitted(action, resource)


@wrap(S3Backend, "create_bucket")
def create_bucket(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """CreateBucket: since 2023 with all public access blocked, SSE-S3, and access lists off (S3 user guide)."""
    bucket = original(self, *args, **kwargs)
    bucket.public_access_block = PublicAccessBlock(*["true"] * 4)
    bucket.encryption = _SSE_S3
    bucket.ownership_rule = "BucketOwnerEnforced"
    return bucket


def _statements(bucket: Any) -> list[dict[str, Any]]:
    found = json.loads(bucket.policy)["Statement"] if bucket.policy else []
    return found if isinstance(found, list) else [found]
