"""Buckets of tasks under a KMS key, without their optional settings, and with more objects than one call deletes."""

from __future__ import annotations

from typing import Any

from provisioner.resources.policies import policy
from provisioner.resources.s3 import Bucket
from provisioner.steps.stack import Stack
from tests.cloud.project import kms_key
from tests.cloud.rig import Rig

NAME = "ecs-sample-dev-123456789012-ap-northeast-1-uploads"
DENY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": f"arn:aws:s3:::{NAME}/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def bucket(stack: Stack, **more: Any) -> None:
    wanted = {"noncurrent_days": 30, "upload_days": 7, "versioning": "Suspended", **more}
    stack.ensure(Bucket("uploads", NAME, policy(DENY), **wanted))


def test_another_key_is_drift_and_is_put_back(rig: Rig) -> None:
    keys = [kms_key(rig.cloud), kms_key(rig.cloud)]
    settings = {"sse_algorithm": "aws:kms", "kms_key_id": keys[0], "bucket_key_enabled": True}
    rig.up(lambda stack: bucket(stack, **settings)).ok()
    assert rig.plan(lambda stack: bucket(stack, **settings)) == []
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": keys[1]}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    rig.cloud.client("s3").put_bucket_encryption(Bucket=NAME, ServerSideEncryptionConfiguration={"Rules": [rule]})
    (planned,) = rig.plan(lambda stack: bucket(stack, **settings))
    assert planned.changes.keys() == {"kms_key_id"}
    assert rig.up(lambda stack: bucket(stack, **settings)).ok().writes == ["PutBucketEncryption"]
    assert rig.up(bucket).ok().writes == ["PutBucketEncryption"], "the stack's key is taken away"
    assert rig.plan(bucket) == []


def test_a_rule_by_hand_beside_the_own_one_is_taken_away(rig: Rig) -> None:
    rig.up(bucket).ok()
    s3 = rig.cloud.client("s3")
    (own,) = s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]
    other = {"ID": "other", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": [own, other]})
    assert rig.up(bucket).ok().writes == ["PutBucketLifecycleConfiguration"]
    assert s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"] == [own]
    # without any days there is no rule at all, which S3 takes by another call
    bare = {"noncurrent_days": None, "upload_days": None}
    assert rig.up(lambda stack: bucket(stack, **bare)).ok().writes == ["DeleteBucketLifecycle"]
    assert rig.plan(lambda stack: bucket(stack, **bare)) == []


def test_all_versions_markers_and_uploads_go_in_bulk(rig: Rig) -> None:
    rig.up(lambda stack: bucket(stack, versioning="Enabled")).ok()
    s3 = rig.cloud.client("s3")
    for number in range(600):
        s3.put_object(Bucket=NAME, Key=str(number), Body=b"")
    s3.delete_objects(Bucket=NAME, Delete={"Objects": [{"Key": str(number)} for number in range(600)]})
    s3.create_multipart_upload(Bucket=NAME, Key="large")
    down = rig.down().ok()
    assert down.writes == ["DeleteObjects", "DeleteObjects", "AbortMultipartUpload", "DeleteBucket"]
    assert down.summary.leftovers == []
