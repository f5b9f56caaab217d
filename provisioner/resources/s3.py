"""S3: the stack's own buckets, which its tasks and AWS's services write into."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.api import Api, Clients, TagCalls, Tags
from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound, code_of, refused
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, OWN, TAGS_AT_ONCE, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.costs import Around, Cost, by_load
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.words import count
from provisioner.resources import bucket_lifecycle
from provisioner.resources.bucket_lifecycle import Lifecycle
from provisioner.resources.policies import Policy, normal


def _read_s3(aws: Clients, name: str) -> Tags:
    # S3 answers NoSuchTagSet for a bucket without tags
    try:
        return tag_map(aws.client("s3").get_bucket_tagging(Bucket=name, ExpectedBucketOwner=aws.account)["TagSet"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        return {}


def _put_s3(aws: Clients, name: str, tags: Mapping[str, str]) -> None:
    # the call replaces all present tags
    pairs = tag_pairs({**_read_s3(aws, name), **tags})
    aws.client("s3").put_bucket_tagging(Bucket=name, ExpectedBucketOwner=aws.account, Tagging={"TagSet": pairs})


def _drop_s3(aws: Clients, name: str, keys: Sequence[str]) -> None:
    pairs = tag_pairs({key: value for key, value in _read_s3(aws, name).items() if key not in keys})
    aws.client("s3").put_bucket_tagging(Bucket=name, ExpectedBucketOwner=aws.account, Tagging={"TagSet": pairs})


API = Api(
    "s3",
    "S3",
    everywhere=True,
    tags=TagCalls("id", _read_s3, _put_s3, _drop_s3),
    transient=(
        Row("not_yet_consistent", "NoSuchBucket", "", 120, "the bucket has not propagated yet",
            "terraform-provider-aws s3/bucket_versioning.go"),
        Row("in_use", "OperationAborted", "", 120, "another operation is in progress", "S3 API, error responses"),
        Row("in_use", "BucketNotEmpty", "", 600, "objects were written to it meanwhile", "S3 API, error responses"),
    ),
)  # fmt: skip

BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
UNSET = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchCORSConfiguration",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""S3's codes for a bucket without the requested setting."""
SUSPENDED = "Suspended"


_WHY = "`[buckets]`, `[load_balancer] access_logs`"
_OF_TASKS = "`[buckets]`"


@dataclass(frozen=True)
class Bucket(Resource):
    """A bucket, closed to the public, encrypted, with access lists off, whose objects may expire after some days.

    Its deletion first deletes all versions of all objects. S3 has no deletion protection of buckets: with
    `deletion_protection`, the record keeps `down` from deleting it. Versions, pages of other origins, former versions
    and unfinished uploads are set and compared where `versioning` says `Enabled`, or `Suspended` for a bucket that
    keeps no versions: buckets of tasks.
    """

    bucket: str
    policy: Policy
    expiration_days: int | None = None
    public_access_block: Mapping[str, bool] = field(default_factory=lambda: dict(BLOCKED))
    sse_algorithm: str = "AES256"
    deletion_protection: bool = False
    kms_key_id: str | None = None
    bucket_key_enabled: bool | None = None
    noncurrent_days: int | None = None
    upload_days: int | None = None
    versioning: str | None = None
    cors_rules: Sequence[Mapping[str, Any]] = ()

    type_name = "bucket"
    api = API
    arn = "{bucket}"
    permissions = (
        *grants(
            "s3",
            "GetBucketTagging GetBucketPolicy GetLifecycleConfiguration GetEncryptionConfiguration "
            "GetBucketPublicAccessBlock",
            OWN,
            use=Use.OPTION,
            why=_WHY,
        ),
        *grants("s3", "GetBucketVersioning GetBucketCORS", OWN, use=Use.OPTION, why=_OF_TASKS, when="versioning"),
        *grants("s3", "PutBucketVersioning PutBucketCORS", OWN, use=Use.OPTION, why=_OF_TASKS, when="versioning"),
        # only `down` lists its objects, and uploads that nobody has completed
        *grants(
            "s3",
            "ListBucketMultipartUploads",
            OWN,
            use=Use.OPTION,
            why=_OF_TASKS,
            reader=False,
            when="versioning",
        ),
        *grants("s3", "AbortMultipartUpload", f"{OWN}/*", use=Use.OPTION, why=_OF_TASKS, when="versioning"),
        *grants("s3", "ListBucketVersions", OWN, use=Use.OPTION, why=_WHY, reader=False),
        *grants("s3", "CreateBucket", OWN, conditions=ASKED, use=Use.OPTION, why=_WHY),
        *grants("s3", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *grants(
            "s3",
            "PutBucketOwnershipControls",
            OWN,
            use=Use.IMPLIED,
            why="CreateBucket that switches access lists off",
            source="https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html",
        ),
        *grants(
            "s3",
            "PutBucketPolicy PutLifecycleConfiguration PutEncryptionConfiguration PutBucketPublicAccessBlock "
            "DeleteBucket",
            OWN,
            use=Use.OPTION,
            why=_WHY,
        ),
        *grants("s3", "PutBucketTagging", OWN, use=Use.OTHER, why="import"),
        *grants("s3", "DeleteObject DeleteObjectVersion", f"{OWN}/*", use=Use.OPTION, why=_WHY),
    )
    identity = ("bucket",)
    derived = ("id", "arn")
    outputs = ("arn",)
    protection = "deletion_protection"
    delete_timeout = 3600

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", _plain(self.policy))

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the objects in the bucket"

    @classmethod
    def amount(cls, aws: Aws, ids: Sequence[str]) -> str:
        pages = [aws.client("s3").list_object_versions(**_of(aws, name)) for name in ids]
        number = sum(len(page.get("Versions", ())) for page in pages)
        more = "more than " if any(page.get("IsTruncated") for page in pages) else ""
        return f"{more}{count(number, 'object')}"

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield by_load("files in buckets", "s3.gb", "bucket_gb")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["bucket"] for fields in known}
        names |= {arn.rpartition(":")[2] for arn in aws.tagged("s3", cls)}
        for name in sorted(names):
            with IgnoreNotFound():
                yield cls._live(aws, name, known)

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return cls._live(aws, id, aws.known(cls))

    @classmethod
    def _live(cls, aws: Aws, name: str, known: Sequence[Mapping[str, Any]]) -> Observed:
        s3, of = aws.client("s3"), _of(aws, name)
        # first, since it fails if there is no bucket
        tags = _read_s3(aws, name)
        arn = _arn(aws, name)
        if not aws.owns(tags):
            return observed(aws, name, {"bucket": name}, tags, {"arn": arn})
        policy = _asked(s3.get_bucket_policy, of).get("Policy")
        days = bucket_lifecycle.read(_asked(s3.get_bucket_lifecycle_configuration, of).get("Rules", ()))
        encryption = _asked(s3.get_bucket_encryption, of).get("ServerSideEncryptionConfiguration", {})
        rule: Mapping[str, Any] = next(iter(encryption.get("Rules", ())), {})
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        attributes: dict[str, Any] = {
            "bucket": name,
            "policy": _plain(json.loads(policy)) if policy else None,
            "expiration_days": days.objects,
            "public_access_block": _asked(s3.get_public_access_block, of).get("PublicAccessBlockConfiguration"),
            "sse_algorithm": default.get("SSEAlgorithm"),
            "kms_key_id": default.get("KMSMasterKeyID"),
            "bucket_key_enabled": rule.get("BucketKeyEnabled") or None,
        }
        if any(fields["bucket"] == name and fields.get("versioning") for fields in known):
            attributes |= {
                "noncurrent_days": days.former,
                "upload_days": days.uploads,
                # a bucket that never kept versions says nothing; one that did can only suspend them
                "versioning": s3.get_bucket_versioning(**of).get("Status", SUSPENDED),
                "cors_rules": _asked(s3.get_bucket_cors, of).get("CORSRules", ()),
            }
        return observed(aws, name, attributes, tags, {"arn": arn})

    def create(self, aws: Aws, token: str) -> Observed:
        # us-east-1 is the one Region that may not be named (S3 API, CreateBucket)
        place = {} if aws.region == "us-east-1" else {"LocationConstraint": aws.region}
        aws.client("s3").create_bucket(
            Bucket=self.bucket,
            ObjectOwnership="BucketOwnerEnforced",
            CreateBucketConfiguration={**place, "Tags": aws.tag_list(self.address)},
        )
        # S3 creates all buckets so since 2023 (S3 user guide, default settings)
        made = {"public_access_block": BLOCKED, "sse_algorithm": "AES256"}
        days = dict.fromkeys(("expiration_days", "noncurrent_days", "upload_days"))
        bare = {"policy": None, "kms_key_id": None, "bucket_key_enabled": None, "cors_rules": ()}
        attributes = {"bucket": self.bucket, **bare, **days, **made}
        if self.versioning:
            attributes["versioning"] = SUSPENDED
        return Observed(self.bucket, attributes, {"arn": _arn(aws, self.bucket)}, address=self.address)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        s3, of = aws.client("s3"), _of(aws, live.id)
        if "public_access_block" in changes:
            s3.put_public_access_block(**of, PublicAccessBlockConfiguration=self.public_access_block)
        if changes.keys() & {"sse_algorithm", "kms_key_id", "bucket_key_enabled"}:
            s3.put_bucket_encryption(**of, ServerSideEncryptionConfiguration={"Rules": [self._encryption()]})
        if "policy" in changes:
            s3.put_bucket_policy(**of, Policy=json.dumps(self.policy))
        if changes.keys() & {"expiration_days", "noncurrent_days", "upload_days"}:
            # a rule without days is refused (S3 API, PutBucketLifecycleConfiguration)
            if rules := Lifecycle(self.expiration_days, self.noncurrent_days, self.upload_days).rules():
                s3.put_bucket_lifecycle_configuration(**of, LifecycleConfiguration={"Rules": rules})
            else:
                s3.delete_bucket_lifecycle(**of)
        if self.versioning and "versioning" in changes:
            s3.put_bucket_versioning(**of, VersioningConfiguration={"Status": self.versioning})
        if "cors_rules" in changes:
            if self.cors_rules:
                s3.put_bucket_cors(**of, CORSConfiguration={"CORSRules": [*self.cors_rules]})
            else:
                s3.delete_bucket_cors(**of)

    def _encryption(self) -> dict[str, Any]:
        """Return the rule for new objects; a bucket key saves most calls of KMS."""
        key = {"KMSMasterKeyID": self.kms_key_id} if self.kms_key_id else {}
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": self.sse_algorithm, **key}}
        return rule | ({"BucketKeyEnabled": True} if self.bucket_key_enabled else {})

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        s3, of, gone = aws.client("s3"), _of(aws, live.id), 0
        # it always begins with what is left, so that a run that was killed is simply repeated
        while objects := _some(s3.list_object_versions(**of)):
            aws.pace.check()
            answer = s3.delete_objects(**of, Delete={"Objects": objects, "Quiet": True})
            for error in answer.get("Errors", ()):
                raise refused(error, "DeleteObjects")
            gone += len(objects)
            aws.report_progress(live.address or live.id, f"{count(gone, 'object')} deleted, with former versions")
        if "versioning" in live.attributes:
            cls._abort_uploads(aws, of)
        s3.delete_bucket(**of)

    @classmethod
    def _abort_uploads(cls, aws: Aws, of: Mapping[str, str]) -> None:
        """Drop the parts of uploads that nobody has completed, which list as no object and cost as much."""
        s3 = aws.client("s3")
        while uploads := s3.list_multipart_uploads(**of).get("Uploads"):
            for one in uploads:
                aws.pace.check()
                with IgnoreNotFound():
                    s3.abort_multipart_upload(**of, Key=one["Key"], UploadId=one["UploadId"])


def _some(page: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    """Return the objects of one page, at most a thousand, as DeleteObjects takes them."""
    found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    return [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]


def _plain(document: Policy) -> Policy:
    """Return a policy in a normal form, also for its two ways to write anybody (S3 user guide, bucket policies)."""
    statements = [
        {**one, "Principal": "*"} if one.get("Principal") == {"AWS": "*"} else one
        for one in normal(document)["Statement"]
    ]
    return {**document, "Statement": statements}


def _asked(read: Callable[..., Mapping[str, Any]], of: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the answer to a read of a bucket's setting; empty if the bucket does not have it."""
    try:
        return read(**of)
    except ClientError as error:
        if code_of(error) not in UNSET:
            raise
        return {}


def _of(aws: Aws, name: str) -> dict[str, str]:
    """Return a bucket's name with this account as its owner: S3 then refuses another account's bucket of that name."""
    return {"Bucket": name, "ExpectedBucketOwner": aws.account}


def _arn(aws: Aws, name: str) -> str:
    return f"arn:{aws.partition}:s3:::{name}"
