"""The objects of one state in its S3 bucket: read, list, write on a condition, and delete them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from provisioner.state.model import RERUN, StateError, StateUnavailable
from provisioner.state.runtime import MACHINE, Runtime

T = TypeVar("T")
CONFLICTS = 8
"""The most attempts of a write that conflicts with other writes in S3."""
REREAD_TIMEOUT = 60.0
"""The seconds for which a read is repeated while S3 lists an object but reports it as missing."""
REREAD_PAUSE = 1.0
"""Seconds between two such reads."""
MOST_DELETED = 1000
"""The most objects that one DeleteObjects call takes (S3 API reference)."""
DENIED = frozenset({"AccessDenied", "403", "AllAccessDisabled"})
"""S3's codes for calls that the caller has no permission for."""
NONCE = "nonce"
"""The metadata key by which a writer recognises its own object."""


@dataclass(frozen=True)
class StoredObject:
    """An object at the time of its read. `age` is the seconds since its last write, by S3's own clock."""

    body: bytes
    etag: str
    metadata: Mapping[str, str]
    age: float


class Taken(Exception):
    """A write's condition was not met: `found` is the object that exists instead, None if there is none."""

    def __init__(self, found: StoredObject | None) -> None:
        super().__init__("another command wrote first")
        self.found = found


class Objects:
    """The objects below one prefix of a bucket.

    Args:
        client: a boto3 client of S3. It may repeat an unanswered call: a nonce identifies the first attempt's write.
        bucket: the bucket's name.
        prefix: the beginning of all keys, such as `shop-dev/`.
        owner: the account that the bucket must belong to; anybody can create a bucket under any free name.
        ending: tells whether the user has asked the command to end. From then on, after one unanswered call, S3 is not
            asked any more, so that the user waits for one call only after Ctrl-C. Nothing is lost by that: an
            unacknowledged write was never promised, and the lock expires by itself.
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str,
        owner: str,
        runtime: Runtime = MACHINE,
        ending: Callable[[], bool] = lambda: False,
    ) -> None:
        self._client, self._prefix, self._runtime, self._ending = client, prefix, runtime, ending
        self._in = {"Bucket": bucket, "ExpectedBucketOwner": owner}
        self._silent = False
        """True if the last call got no answer."""
        self._encryption: dict[str, str] = {}
        """The encryption parameters of each write, if the bucket demands any."""
        self.bucket = bucket

    def url_of(self, name: str = "") -> str:
        """Return the URL of an object, as the AWS CLI takes it."""
        return f"s3://{self.bucket}/{self._prefix}{name}"

    def get(self, name: str) -> StoredObject | None:
        """Read an object, or return None if there is none.

        Raises:
            StateError: S3 refuses, or cannot be reached.
        """

        def read() -> StoredObject:
            answer = self._client.get_object(Key=self._prefix + name, **self._in)
            now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
            age = (now - answer["LastModified"]).total_seconds()
            return StoredObject(answer["Body"].read(), answer["ETag"], answer["Metadata"], age)

        found: StoredObject | None = self._call(name, "be read", read, {"NoSuchKey": None})
        return found

    def listed(self, name: str) -> StoredObject | None:
        """Read an object that a list has shown; repeat the read while the list shows it; None if it is gone.

        For 15 minutes after versioning was first enabled for a bucket, S3 may report an object as missing that was
        written since (S3 API, PutBucketVersioning).

        Raises:
            StateError: like `get`; or S3 keeps listing an object that it reports as missing.
        """
        return self._shown(name, lambda: self.get(name))

    def etag(self, name: str) -> str | None:
        """Return an object's ETag, or None if there is none; repeats the read and raises `StateError` like `listed`."""
        return self._shown(name, lambda: self._head(name))

    def unchanged(self, name: str, etag: str | None) -> bool:
        """Return whether an object is as it was read, or still missing; raises `StateError` like `listed`."""
        now = self._head(name)
        if now is None and etag is not None:
            # it is gone, or S3 does not show it yet
            now = self.etag(name)
        return now == etag

    def _head(self, name: str) -> str | None:
        def head() -> str:
            return str(self._client.head_object(Key=self._prefix + name, **self._in)["ETag"])

        found: str | None = self._call(name, "be read", head, {"404": None})
        return found

    def _shown(self, name: str, look: Callable[[], T | None]) -> T | None:
        """Return the result of reading an object; repeat the read while it finds nothing but lists show the object."""
        until = self._runtime.now() + REREAD_TIMEOUT
        while (found := look()) is None and name in self.names(name):
            if self._runtime.now() > until:
                raise StateUnavailable(
                    f"{self.url_of(name)} is listed, but S3 reports it as missing, as it may for 15 minutes after "
                    f"versioning was enabled. Run the same command again"
                )
            self._runtime.sleep(REREAD_PAUSE)
        return found

    def put(self, name: str, body: bytes, *, over: str | None, metadata: Mapping[str, str] | None = None) -> str:
        """Write an object if the present one is as the writer expects, and return its ETag.

        S3 answers 412 if the condition is not met, 404 if the object to replace is gone, and 409 during another write
        (S3 user guide, "Conditional writes"). A 409 is repeated, as is a refused write whose condition turns out to be
        met: see `listed`. The present object may come from this writer's own earlier attempt, whose answer was lost:
        its nonce tells.

        Args:
            over: the ETag of the object to replace; None if there must be none.

        Raises:
            Taken: another command wrote first.
            StateError: S3 refuses, or cannot be reached.
        """
        nonce = self._runtime.token()
        condition = {"IfMatch": over} if over else {"IfNoneMatch": "*"}
        more = {"Metadata": {**(metadata or {}), NONCE: nonce}, "ContentType": "application/json"}

        def write() -> str:
            return self._written(Key=self._prefix + name, Body=body, **condition, **more)

        def ours(found: StoredObject | None) -> bool:
            return found is not None and found.metadata.get(NONCE) == nonce

        return self._on_condition(name, "be written", write, over, ours)

    def _written(self, **asked: Any) -> str:
        """Put an object and return its ETag; if denied, retry once with the bucket's default encryption in the request.

        A company's policy may demand `s3:x-amz-server-side-encryption`. Only a header of the request meets that; the
        bucket's default encryption does not, although it has the same effect (S3 user guide, UsingKMSEncryption).
        """
        from botocore.exceptions import ClientError

        def put() -> str:
            return str(self._client.put_object(**asked, **self._encryption, **self._in)["ETag"])

        try:
            return put()
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIED or self._encryption:
                raise
            self._encryption = self._default_encryption()
            if not self._encryption:
                raise
        return put()

    def _default_encryption(self) -> dict[str, str]:
        """Return the bucket's default encryption as parameters of PutObject; empty if S3 does not show it."""
        from botocore.exceptions import ClientError

        try:
            found = self._client.get_bucket_encryption(**self._in)["ServerSideEncryptionConfiguration"]["Rules"]
        except ClientError:
            return {}
        default: Mapping[str, Any] = next((rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in found), {})
        names = {"ServerSideEncryption": "SSEAlgorithm", "SSEKMSKeyId": "KMSMasterKeyID"}
        return {name: str(default[theirs]) for name, theirs in names.items() if theirs in default}

    def delete_unchanged(self, name: str, etag: str) -> None:
        """Delete an object if it is as it was read; a missing object is no error.

        S3 answers as for `put` (S3 user guide, "How to perform conditional deletes").

        Raises:
            Taken: another command has written it since.
            StateError: S3 refuses, or cannot be reached.
        """

        def remove() -> str:
            self._client.delete_object(Key=self._prefix + name, IfMatch=etag, **self._in)
            return ""

        self._on_condition(name, "be deleted", remove, etag, lambda found: found is None)

    def _on_condition(
        self,
        name: str,
        what: str,
        act: Callable[[], str],
        over: str | None,
        done: Callable[[StoredObject | None], bool],
    ) -> str:
        """Repeat a conditional call until its condition is clearly met or not; return the object's ETag.

        Args:
            over: as for `put`.
            done: whether the present object shows that an earlier attempt succeeded.
        """
        failed, conflict = object(), object()
        verdicts = {"PreconditionFailed": failed, "NoSuchKey": failed, "ConditionalRequestConflict": conflict}
        for attempt in range(CONFLICTS):
            answer = self._call(name, what, act, verdicts)
            if answer is not failed and answer is not conflict:
                return str(answer)
            if answer is failed:
                found = self.listed(name)
                if done(found):
                    return found.etag if found else ""
                if over is None or found is None or found.etag != over:
                    raise Taken(found)
            self._runtime.sleep(self._runtime.draw(0.05 * 2**attempt))
        raise StateError(f"{self.url_of(name)} cannot {what}: too many concurrent writers. {RERUN}")

    def names(self, below: str) -> list[str]:
        """Return the names that begin with `below`, in order; raises `StateError` like `get`."""

        def read() -> list[str]:
            pages = self._client.get_paginator("list_objects_v2").paginate(Prefix=self._prefix + below, **self._in)
            return [item["Key"].removeprefix(self._prefix) for page in pages for item in page.get("Contents", ())]

        names: list[str] = self._call(below, "be listed", read, {})
        return sorted(names)

    def directories(self) -> list[str]:
        """Return the names up to their next `/`, in order; raises `StateError` like `get`."""

        def read() -> list[str]:
            paginator = self._client.get_paginator("list_objects_v2")
            pages = paginator.paginate(Prefix=self._prefix, Delimiter="/", **self._in)
            return [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", ())]

        found: list[str] = self._call("", "be listed", read, {})
        return sorted(one.removeprefix(self._prefix).removesuffix("/") for one in found)

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects, missing ones included; raises `StateError` like `get`."""
        for start in range(0, len(names), MOST_DELETED):
            keys = [{"Key": self._prefix + name} for name in names[start : start + MOST_DELETED]]

            def remove(keys: list[dict[str, str]] = keys) -> Any:
                return self._client.delete_objects(Delete={"Objects": keys, "Quiet": True}, **self._in)

            for error in self._call(names[start], "be deleted", remove, {}).get("Errors", ()):
                raise StateError(f"s3://{self.bucket}/{error['Key']} cannot be deleted: {error['Message']}. {RERUN}")

    def _call(self, name: str, what: str, act: Callable[[], Any], verdicts: Mapping[str, Any]) -> Any:
        problem = f"{self.url_of(name)} cannot {what}"
        if self._silent and self._ending():
            raise StateUnavailable(f"{problem}: S3 did not answer, and this command is to end. {RERUN}")
        try:
            answer = call(self.bucket, problem, act, verdicts)
        except StateUnavailable as error:
            self._silent = error.unanswered
            raise
        self._silent = False
        return answer


def call(bucket: str, problem: str, act: Callable[[], Any], verdicts: Mapping[str, Any]) -> Any:
    """Return the result of `act`, or the verdict on S3's error code.

    Raises:
        StateUnavailable: S3 refuses with a code without verdict, or cannot be reached; the message begins with
            `problem`.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return act()
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code in verdicts:
            return verdicts[code]
        raise StateUnavailable(f"{problem}: {explained(code, error, bucket)}") from error
    except BotoCoreError as error:
        raise StateUnavailable(f"{problem}: {error}. {RERUN}", unanswered=True) from error


def explained(code: str, error: Exception, bucket: str) -> str:
    """Return the explanation of an S3 error, with advice."""
    if code in {"NoSuchBucket", "404"}:
        return f"there is no bucket {bucket}: run `provision state init` to create it"
    if "with an explicit deny in" in str(error):
        # a further permission would not help (IAM user guide, "Access denied error messages")
        return f"{error}. Besides a denial, a policy may demand another encryption than the bucket's default"
    if "is not authorized to perform" in str(error):
        # S3 gives these details only within the caller's own organization (S3 user guide, troubleshoot-403-errors)
        return (
            f"{error}. Give the caller this permission: `provision policy` prints it, and `--state` the permissions "
            f"of state init"
        )
    if code in DENIED:
        return (
            f"access is denied ({error}). The bucket {bucket} may belong to another account, because bucket names are "
            f"global. A permission may be missing (docs/state.md lists them), or a policy may demand another "
            f"encryption than the bucket's default"
        )
    return f"{error}. {RERUN}"
