"""Simple Storage Service."""

from __future__ import annotations

from ecs_emulator.services.model import FORMS, Codes, EmulatedApi, Refusal

_NO_KEY = "The specified key does not exist."

CONFLICT = "A conflicting conditional operation is currently in progress against this resource. Please try again."
"""The message of OperationAborted."""
_BUCKET = r"^/([^/?\n]+)"

API = EmulatedApi(
    "s3",
    modules=("rules", "settings"),
    too_long="MalformedXML",
    codes=Codes("SlowDown", "InternalError", throttled_status=503, **FORMS),
    refusals=(
        Refusal(
            "s3",
            "PutBucketVersioning",
            5,
            "NoSuchBucket",
            "The specified bucket does not exist",
            _BUCKET,
            "terraform-provider-aws s3/bucket_versioning.go",
            404,
        ),
        Refusal(
            "s3",
            "DeleteBucket",
            5,
            "BucketNotEmpty",
            "The bucket you tried to delete is not empty",
            _BUCKET,
            "S3 API, error responses",
            409,
        ),
        Refusal(
            "s3",
            "PutBucketPolicy",
            5,
            "OperationAborted",
            CONFLICT,
            _BUCKET,
            "S3 API, error responses",
            409,
        ),
        Refusal(
            "s3",
            "GetObject",
            5,
            "NoSuchKey",
            _NO_KEY,
            r"^([^?\n]+)",
            "S3 API, PutBucketVersioning",
            404,
        ),
        Refusal(
            "s3",
            "HeadObject",
            5,
            "NoSuchKey",
            _NO_KEY,
            r"^([^?\n]+)",
            "S3 API, PutBucketVersioning",
            404,
        ),
    ),
)
