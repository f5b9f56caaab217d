"""Refusals by S3 about buckets: names, lifecycle, versions, pages of other origins, public policies."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.cloud.refusals.case import TEXT, Case, Scene, once

case = partial(Case, "s3")
HERE = {"LocationConstraint": "ap-northeast-1"}
GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
NAMES = f"{GUIDE}bucketnamingrules.html"
LIFECYCLE = f"{GUIDE}intro-lifecycle-rules.html"
PUBLIC = f"{GUIDE}access-control-block-public-access.html"
NO_ACTION = "https://github.com/crossplane-contrib/provider-aws/issues/1337"
DAYS = "https://github.com/rustfs/rustfs/pull/4722"
WILDCARDS = "https://github.com/versity/versitygw/issues/1870"
ELEMENTS = "https://github.com/versity/versitygw/issues/1863"
METHODS = "https://github.com/noobaa/noobaa-core/pull/8901"
STATUS = "https://github.com/noobaa/noobaa-core/pull/7325"
RULE = {"ID": "one", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}


@once
def bucket(scene: Scene) -> str:
    """A bucket that holds an object."""
    name, s3 = scene.name("bucket"), scene.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=HERE)
    s3.put_object(Bucket=name, Key="one", Body=b"1")
    return name


def create(s3: Any, name: str) -> None:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=HERE)


def expire(scene: Scene, s3: Any, *rules: dict[str, Any]) -> None:
    s3.put_bucket_lifecycle_configuration(Bucket=bucket(scene), LifecycleConfiguration={"Rules": list(rules)})


def shared(scene: Scene, s3: Any, **rule: Any) -> None:
    whole = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"], **rule}
    s3.put_bucket_cors(Bucket=bucket(scene), CORSConfiguration={"CORSRules": [whole]})


def open_to_all(scene: Scene, s3: Any) -> None:
    name = bucket(scene)
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))


CASES = (
    case("CreateBucket", "with a capital letter", "InvalidBucketName", NAMES, lambda s, c: create(c, "Uploads")),
    case("CreateBucket", "with two dots in a row", "InvalidBucketName", NAMES, lambda s, c: create(c, "up..loads")),
    case("CreateBucket", "with a name like an address", "InvalidBucketName", NAMES, lambda s, c: create(c, "10.0.0.1")),
    case("CreateBucket", "with a beginning that is kept", "InvalidBucketName", NAMES,
        lambda s, c: create(c, "sthree-uploads")),
    case("CreateBucket", "with an end that is kept", "InvalidBucketName", NAMES,
        lambda s, c: create(c, "uploads-s3alias")),
    case("CreateBucket", "with a name that this account has", "BucketAlreadyOwnedByYou", TEXT,
        lambda s, c: create(c, bucket(s))),
    case("DeleteBucket", "with an object in it", "BucketNotEmpty", TEXT,
        lambda s, c: c.delete_bucket(Bucket=bucket(s))),
    case("PutBucketVersioning", "off again", "MalformedXML", STATUS,
        lambda s, c: c.put_bucket_versioning(Bucket=bucket(s), VersioningConfiguration={"Status": "Off"})),
    case("PutBucketLifecycleConfiguration", "with a rule that does nothing", "InvalidRequest", NO_ACTION,
        lambda s, c: expire(s, c, {name: one for name, one in RULE.items() if name != "Expiration"}), "At least one"),
    case("PutBucketLifecycleConfiguration", "with 0 days", "InvalidArgument", DAYS,
        lambda s, c: expire(s, c, RULE | {"Expiration": {"Days": 0}}), "positive integer"),
    case("PutBucketLifecycleConfiguration", "with two rules of one name", "InvalidArgument", LIFECYCLE,
        lambda s, c: expire(s, c, RULE, RULE), "unique"),
    case("PutBucketLifecycleConfiguration", "with days and markers in one rule", "MalformedXML", TEXT,
        lambda s, c: expire(s, c, RULE | {"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}})),
    case("PutBucketCors", "with two wildcards in an origin", "InvalidRequest", WILDCARDS,
        lambda s, c: shared(s, c, AllowedOrigins=["https://*.*.example"]), "more than one wildcard"),
    case("PutBucketCors", "with a method that no page may use", "InvalidRequest", METHODS,
        lambda s, c: shared(s, c, AllowedMethods=["PATCH"]), "Unsupported method is PATCH"),
    case("PutBucketCors", "with no method", "MalformedXML", ELEMENTS,
        lambda s, c: shared(s, c, AllowedMethods=[])),
    case("PutBucketPolicy", "that lets everybody in, where that is blocked", "AccessDenied", PUBLIC, open_to_all),
)  # fmt: skip
