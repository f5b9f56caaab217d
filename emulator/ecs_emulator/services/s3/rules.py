"""S3: buckets are private and encrypted from the start, and calls that expect another owner are refused.

If moto does not know a part of a bucket or object, it acts on the whole: `DELETE /bucket?metrics` would delete the
bucket, `PUT /bucket/key?encryption` would replace the object. Here such a call is an unknown operation.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from html import unescape
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy
from moto.s3.exceptions import S3AccessDeniedError, S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend, s3_backends
from moto.s3.responses import S3Response

from ecs_emulator.patch import wrap

_SSE_S3 = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
# The parts in S3's model that moto does not know.
_BUCKET_PARTS = {
    *("abac", "analytics", "intelligent-tiering", "metadataAnnotationTable", "metadataConfiguration"),
    *("metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics", "requestPayment", "session"),
}
_OBJECT_PARTS = {"annotation", "encryption", "renameObject", "torrent"}
_TAG = re.compile(r"<Tag>\s*<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>\s*</Tag>")
_PLAIN = {"Bool": {"aws:SecureTransport": "false"}}


@wrap(S3Response, "_authenticate_and_authorize_s3_action")
def authorize(original: Any, self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
    """Refuse any call if the bucket is not the expected owner's (AccessDenied)."""
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
    """Return the policy's decision without statements on plain HTTP: moto knows no conditions; calls count as TLS."""
    meant = [statement for statement in _statements(self) if statement.get("Condition") != _PLAIN]
    if len(meant) == len(_statements(self)):
        return original(self, action, resource)
    return IAMPolicy(json.dumps({"Statement": meant})).is_action_permitted(action, resource)


@wrap(S3Backend, "create_bucket")
def create_bucket(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """CreateBucket: block public access, set SSE-S3, and turn access lists off, as since 2023 (S3 user guide)."""
    bucket = original(self, *args, **kwargs)
    bucket.public_access_block = PublicAccessBlock(*["true"] * 4)
    bucket.encryption = _SSE_S3
    bucket.ownership_rule = "BucketOwnerEnforced"
    return bucket


@wrap(S3Backend, "delete_bucket")
def delete_bucket(original: Any, self: Any, bucket_name: str) -> Any:
    """DeleteBucket: delete its tags too, so that a bucket created anew has none."""
    arn = self.buckets[bucket_name].arn if bucket_name in self.buckets else ""
    deleted = original(self, bucket_name)
    if bucket_name not in self.buckets:
        self.tagger.delete_all_tags_for_resource(arn)
    return deleted


@wrap(S3Response, "_bucket_response_put")
def bucket_response_put(original: Any, self: Any, request: Any, bucket_name: str, querystring: Any) -> Any:
    """CreateBucket: set the tags in its configuration (API reference, CreateBucketConfiguration)."""
    answer = original(self, request, bucket_name, querystring)
    if not querystring and self.body:
        body = self.body.decode() if isinstance(self.body, bytes) else self.body
        if pairs := {unescape(key): unescape(value) for key, value in _TAG.findall(body)}:
            self.backend.put_bucket_tagging(bucket_name, pairs)
    return answer


@wrap(S3Response, "_bucket_response")
def bucket_response(original: Any, self: Any, request: Any, full_url: str) -> Any:
    """Answer calls of a bucket: GetBucketRequestPayment shows the payer; operations that moto lacks are unknown."""
    parts = _parts(full_url)
    if request.method == "GET" and "requestPayment" in parts:
        self.backend.get_bucket(self.parse_bucket_name_from_url(request, full_url))
        return self.serialized(ActionResult({"Payer": "BucketOwner"}))
    if parts & _BUCKET_PARTS or (request.method == "DELETE" and "inventory" in parts):
        raise NotImplementedError
    return original(self, request, full_url)


@wrap(S3Response, "_key_response")
def key_response(original: Any, self: Any, request: Any, full_url: str) -> Any:
    """Answer calls of an object: refuse operations that moto lacks, and locks without Object Lock (versitygw#883)."""
    parts = _parts(full_url)
    if request.method == "GET" and parts & {"retention", "legal-hold"}:
        bucket = self.backend.get_bucket(self.parse_bucket_name_from_url(request, full_url))
        if not bucket.object_lock_enabled:
            raise S3ClientError("InvalidRequest", "Bucket is missing Object Lock Configuration")
        if "retention" in parts:
            raise NotImplementedError
    if parts & _OBJECT_PARTS:
        raise NotImplementedError
    return original(self, request, full_url)


def _parts(url: str) -> set[str]:
    return {*urllib.parse.parse_qs(urllib.parse.urlsplit(url).query, keep_blank_values=True)}


def _statements(bucket: Any) -> list[dict[str, Any]]:
    found = json.loads(bucket.policy)["Statement"] if bucket.policy else []
    return found if isinstance(found, list) else [found]
