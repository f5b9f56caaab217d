"""The bucket that holds a team's states: its wanted settings, and the steps that repair them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.state.objects import REREAD_PAUSE, call
from provisioner.state.runtime import MACHINE, Runtime

VERSIONS_DAYS = 90
"""The days for which earlier versions of the state, and deleted journal entries, can be restored."""
UPLOADS_DAYS = 7
VERSIONING = "versioning enabled"
"""The words for the one setting that S3 takes a while to apply."""
SETTLES = 120.0
"""The seconds after which all of S3 knows a new bucket."""
_PASSING = ("NoSuchBucket", "OperationAborted")
STATEMENT, RULE = "DenyInsecureTransport", "provisioner-old-versions"
_BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_ENCRYPTIONS = {"AES256", "aws:kms", "aws:kms:dsse"}
_LIFECYCLE = {
    "ID": RULE,
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Expiration": {"ExpiredObjectDeleteMarker": True},
    "NoncurrentVersionExpiration": {"NoncurrentDays": VERSIONS_DAYS},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOADS_DAYS},
}


@dataclass(frozen=True)
class RepairStep:
    """One repair of the bucket: its description, its call, and whether the call creates the bucket."""

    what: str
    act: Callable[[], Any]
    makes: bool = False


@dataclass(frozen=True)
class StateBucket:
    """The bucket with its wanted settings.

    Attributes:
        client: a boto3 client of S3 in the bucket's region.
        name: the bucket's name.
        owner: the account that it must belong to.
        region: the region to create it in.
        partition: the first part of its ARN after `arn:`.
        tags: the tags to add, except names that it already has.
    """

    client: Any
    name: str
    owner: str
    region: str
    partition: str
    tags: Mapping[str, str]
    runtime: Runtime = MACHINE

    def repair(self, repair_step: RepairStep) -> None:
        """Make a repair that `to_repair` has yielded; raises `StateError` if S3 refuses."""
        problem = f"the bucket {self.name} could not be set up ({repair_step.what})"
        # somebody else in this account may be creating it at the same time
        self._call(problem, repair_step.act, {"BucketAlreadyOwnedByYou": None})

    def to_repair(self) -> Iterator[RepairStep]:
        """Yield the needed repairs in order; check for each only after earlier ones are made or found unneeded.

        Raises:
            StateError: the bucket is another account's, or S3 refuses.
        """
        if self._read("head_bucket", "404", "NoSuchBucket") is None:
            yield RepairStep("created", self._make, makes=True)
        if (self._read("get_public_access_block", "NoSuchPublicAccessBlockConfiguration") or {}).get(
            "PublicAccessBlockConfiguration"
        ) != _BLOCKED:
            yield self._put("public access blocked", "public_access_block", PublicAccessBlockConfiguration=_BLOCKED)
        if (self._read("get_bucket_versioning") or {}).get("Status") != "Enabled":
            yield self._put(VERSIONING, "bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
        if not self._encrypted():
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            yield self._put(
                "default encryption enabled", "bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [rule]}
            )
        owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        found = self._read("get_bucket_ownership_controls", "OwnershipControlsNotFoundError") or {}
        if found.get("OwnershipControls") != owned:
            yield self._put("access control lists disabled", "bucket_ownership_controls", OwnershipControls=owned)
        yield from self._rules()

    def _rules(self) -> Iterator[RepairStep]:
        """Yield repairs of settings that others may have extended; keep the parts that others added."""
        if (policy := self._policy()) is not None:
            yield self._put("TLS required", "bucket_policy", Policy=json.dumps(policy))
        found = self._read("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration") or {}
        rules = found.get("Rules", [])
        if _LIFECYCLE not in rules:
            others = [rule for rule in rules if rule.get("ID") != RULE]
            yield self._put(
                f"earlier versions kept for {VERSIONS_DAYS} days",
                "bucket_lifecycle_configuration",
                LifecycleConfiguration={"Rules": [*others, _LIFECYCLE]},
            )
        answer = self._read("get_bucket_tagging", "NoSuchTagSet") or {}
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", ())}
        if wanted := {key: value for key, value in self.tags.items() if key not in tags}:
            pairs = [{"Key": key, "Value": value} for key, value in (tags | wanted).items()]
            yield self._put(f"tagged {', '.join(wanted)}", "bucket_tagging", Tagging={"TagSet": pairs})

    def _encrypted(self) -> bool:
        found = self._read("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError") or {}
        rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        return any(
            rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") in _ENCRYPTIONS for rule in rules
        )

    def _policy(self) -> dict[str, Any] | None:
        """Return the bucket's policy with our statement added, or None if it has the statement."""
        arn = f"arn:{self.partition}:s3:::{self.name}"
        ours = {
            "Sid": STATEMENT,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        found = self._read("get_bucket_policy", "NoSuchBucketPolicy")
        policy: dict[str, Any] = json.loads(found["Policy"]) if found else {"Version": "2012-10-17", "Statement": []}
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        if any(_same(statement, ours) for statement in statements):
            return None
        others = [statement for statement in statements if statement.get("Sid") != STATEMENT]
        return {**policy, "Statement": [*others, ours]}

    def _make(self) -> Any:
        # us-east-1 is the one region that may not be named (S3 API reference, CreateBucket)
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        more = {"CreateBucketConfiguration": place} if place else {}
        self.client.create_bucket(Bucket=self.name, ObjectOwnership="BucketOwnerEnforced", **more)
        self.client.get_waiter("bucket_exists").wait(Bucket=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    def _put(self, what: str, setting: str, **arguments: Any) -> RepairStep:
        operation = getattr(self.client, f"put_{setting}")
        return RepairStep(what, lambda: operation(Bucket=self.name, ExpectedBucketOwner=self.owner, **arguments))

    def _read(self, operation: str, *absent: str) -> dict[str, Any] | None:
        """Call a read; return None if S3 answers with one of these codes, which mean that the setting is missing."""

        def act() -> Any:
            return getattr(self.client, operation)(Bucket=self.name, ExpectedBucketOwner=self.owner)

        problem = f"the bucket {self.name} cannot be read"
        answer: dict[str, Any] | None = self._call(problem, act, dict.fromkeys(absent))
        return answer

    def _call(self, problem: str, act: Callable[[], Any], verdicts: Mapping[str, Any]) -> Any:
        """Call S3; retry for a while if a new bucket is not known everywhere yet, or S3 is still changing it.

        Terraform's provider does so for two minutes (s3/bucket_versioning.go).
        """
        passing, until = object(), self.runtime.now() + SETTLES
        while True:
            tolerated = dict.fromkeys(_PASSING, passing) if self.runtime.now() < until else {}
            if (answer := call(self.name, problem, act, {**tolerated, **verdicts})) is not passing:
                return answer
            self.runtime.sleep(REREAD_PAUSE)


def _same(statement: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    """Compare two policy statements, ignoring the order of resources and the two ways to write the principal `*`."""

    def normal(statement: Mapping[str, Any]) -> dict[str, Any]:
        resources = statement.get("Resource", [])
        anybody = {"AWS": "*"}
        return {
            **statement,
            "Resource": sorted([resources] if isinstance(resources, str) else resources),
            "Principal": "*" if statement.get("Principal") == anybody else statement.get("Principal"),
        }

    return normal(statement) == normal(ours)
