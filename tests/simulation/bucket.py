"""S3 for the state: one bucket in memory, behind a network that loses, delays, repeats and refuses requests.

It answers as AWS documents it: strongly consistent, conditional writes with 412, 404 and 409, at most so many names a
page. The client repeats unanswered requests, as botocore does in its standard mode. A request stays under way even
if its process dies, and may arrive long after.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from greenlet import getcurrent, greenlet

from tests.simulation.hub import EPOCH, Hub, Process

ATTEMPTS = 5
"""The most tries of a request by the state's own client."""
TIMEOUT = 10.0
"""Seconds that it waits for an answer."""
UNANSWERED = (ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError)
"""Errors without a retry after the user has asked the command to end: see `provisioner.aws.connection.keep_time`."""
LATE = 60.0
"""The most additional seconds of a late request."""
FATES = (
    "lost",  # it never arrives
    "unanswered",  # it arrives, but its answer does not
    "late",  # it arrives after the client has stopped waiting
    "twice",  # it arrives a second time, later
    "refused",  # no connection
    "reset",  # the connection is closed before it arrives
    "closed",  # the same, after it has arrived
    "error",  # 500, nothing was done
    "error after",  # 500, and it was done
    "slow down",  # 503
    "conflict",  # 409, for a conditional write
    "denied",  # 403, as while a policy is being corrected
    "torn",  # the body of an answer ends too early; or some of the names could not be deleted
    "slow",  # the answer takes seconds
)


@dataclass(frozen=True)
class Stored:
    """An object. `modified` is in seconds since the epoch, by the bucket's clock.

    Attributes:
        hidden: the shares of `Bucket.hides` during which reads of its body and of its ETag report it as missing.
    """

    body: bytes
    etag: str
    metadata: dict[str, str]
    modified: float
    hidden: tuple[float, float] = (0.0, 0.0)


class Bucket:
    """The content and the behaviour of S3.

    Args:
        page: the most names in an answer.
        ahead: the seconds that its clock is ahead of the world's.

    Attributes:
        returned: the number of objects that were written where one had been deleted.
        hides: the most seconds for which reads report a written object as missing, as they may for
            15 minutes after versioning was first switched on (S3 API, PutBucketVersioning); lists show it.
    """

    def __init__(self, hub: Hub, page: int, ahead: float) -> None:
        self.hub, self.page, self.ahead = hub, page, ahead
        self.objects: dict[str, Stored] = {}
        self.versions: dict[str, list[Stored]] = {}
        self.returned = 0
        self.hides, self._chance = 0.0, random.Random("hides")

    def serve(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Serve a request at once; raises `ClientError`."""
        answer: dict[str, Any] = _SERVED[operation](self, asked)
        return answer | {"ResponseMetadata": {"HTTPHeaders": {"date": _date(int(self.time()))}}}

    def time(self) -> float:
        return EPOCH + self.hub.now + self.ahead

    def write(self, key: str, body: bytes, metadata: dict[str, str]) -> str:
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        self.returned += key in self.versions and key not in self.objects
        hidden = (self._chance.random(), self._chance.random())
        self.objects[key] = Stored(body, etag, metadata, self.time(), hidden)
        self.versions.setdefault(key, []).append(self.objects[key])
        return etag

    def _shown(self, key: str, read: int) -> Stored | None:
        found = self.objects.get(key)
        return found if found and self.time() >= found.modified + self.hides * found.hidden[read] else None

    def _get(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not (found := self._shown(asked["Key"], 0)):
            raise refusal("GetObject", "NoSuchKey", 404)
        return {
            "Body": Body(found.body),
            "ETag": found.etag,
            "Metadata": found.metadata,
            "LastModified": datetime.fromtimestamp(int(found.modified), UTC),
        }

    def _head(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not (found := self._shown(asked["Key"], 1)):
            raise refusal("HeadObject", "404", 404)
        return {"ETag": found.etag}

    def _put(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = self.objects.get(asked["Key"])
        if "IfMatch" in asked:
            if not found:
                raise refusal("PutObject", "NoSuchKey", 404)
            if found.etag != asked["IfMatch"]:
                raise refusal("PutObject", "PreconditionFailed", 412)
        elif found and "IfNoneMatch" in asked:
            raise refusal("PutObject", "PreconditionFailed", 412)
        return {"ETag": self.write(asked["Key"], asked["Body"], asked["Metadata"])}

    def _list(self, asked: dict[str, Any]) -> dict[str, Any]:
        after = asked.get("ContinuationToken", "")
        keys = sorted(key for key in self.objects if key.startswith(asked["Prefix"]) and key > after)
        page = keys[: self.page]
        more = {"NextContinuationToken": page[-1]} if len(keys) > len(page) else {}
        return {"Contents": [{"Key": key} for key in page], **more}

    def _remove(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = self.objects.get(asked["Key"])
        if "IfMatch" in asked and not found:
            raise refusal("DeleteObject", "NoSuchKey", 404)
        if found and found.etag != asked.get("IfMatch", found.etag):
            raise refusal("DeleteObject", "PreconditionFailed", 412)
        self.objects.pop(asked["Key"], None)
        return {}

    def _delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        for item in asked["Delete"]["Objects"]:
            self.objects.pop(item["Key"], None)
        return {}


def _encryption(bucket: Bucket, asked: dict[str, Any]) -> dict[str, Any]:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


_SERVED: dict[str, Callable[[Bucket, dict[str, Any]], dict[str, Any]]] = {
    "GetObject": Bucket._get,
    "HeadObject": Bucket._head,
    "PutObject": Bucket._put,
    "ListObjectsV2": Bucket._list,
    "DeleteObject": Bucket._remove,
    "DeleteObjects": Bucket._delete,
    "GetBucketEncryption": _encryption,
}


class Body:
    """The body of an answer, which may end too early."""

    def __init__(self, content: bytes) -> None:
        self.content, self.torn = content, False

    def read(self) -> bytes:
        if self.torn:
            raise ResponseStreamingError(error="the connection was closed")
        return self.content


@dataclass(frozen=True)
class Network:
    """The fates of requests.

    Attributes:
        rates: the rate of each fate that requests can meet.
        latency: the most seconds in one direction.
        outages: the begins and ends of times without any connection.
    """

    rates: tuple[tuple[str, float], ...] = ()
    latency: float = 0.1
    outages: Sequence[tuple[float, float]] = ()

    def fate(self, now: float, chance: random.Random) -> str:
        drawn = chance.random()
        if any(begins <= now < ends for begins, ends in self.outages):
            return "refused" if drawn < 0.5 else "lost"
        for fate, rate in self.rates:
            drawn -= rate
            if drawn < 0:
                return fate
        return ""


_NEVER_ARRIVES = {"lost", "refused", "reset", "error", "slow down", "conflict", "denied"}


class Request:
    """One try of a request: on its way, and then answered.

    Attributes:
        caller: the greenlet that waits for the answer, if one still does.
        heard: the answer, once it has arrived.
    """

    def __init__(self, operation: str, asked: dict[str, Any], fate: str, chance: random.Random) -> None:
        self.operation, self.asked, self.fate = operation, asked, fate
        self.caller: greenlet | None = None
        self.heard: dict[str, Any] | ClientError | None = None
        self._failed: list[dict[str, str]] = []
        if fate == "torn" and operation == "DeleteObjects":
            keys = asked["Delete"]["Objects"]
            self._failed = [item for item in keys if chance.random() < 0.5]
            self.asked = {"Delete": {"Objects": [item for item in keys if item not in self._failed]}}

    def arrive(self, bucket: Bucket, back: float) -> None:
        """Let the bucket serve the request; the caller gets the first answer, unless that is lost."""
        try:
            answer: dict[str, Any] | ClientError = bucket.serve(self.operation, self.asked)
        except ClientError as error:
            answer = error
        if self.heard is None and self.fate not in {"unanswered", "late"}:
            self.heard = answer
            if self.caller:
                bucket.hub.at(bucket.hub.now + back, self.caller)

    def answer(self) -> dict[str, Any] | Exception:
        """Return the result for the caller."""
        if problem := self._trouble():
            return problem
        answer = self.heard or ReadTimeoutError(endpoint_url="s3")
        if isinstance(answer, dict) and self.fate == "torn":
            if self.operation == "GetObject":
                answer["Body"].torn = True
            errors = [{**item, "Code": "InternalError", "Message": "InternalError"} for item in self._failed]
            return answer | {"Errors": errors}
        return answer

    def __str__(self) -> str:
        keys = self.asked["Delete"]["Objects"] if "Delete" in self.asked else [self.asked]
        return " ".join([self.operation, *(item.get("Key") or item.get("Prefix", "") for item in keys)])

    def _trouble(self) -> Exception | None:
        """Return the error of a fate, whether or not the bucket has served the request."""
        operation, head = self.operation, self.operation == "HeadObject"
        match self.fate:
            case "refused":
                return EndpointConnectionError(endpoint_url="s3")
            case "reset" | "closed":
                return ConnectionClosedError(endpoint_url="s3")
            case "error" | "error after":
                return refusal(operation, "500" if head else "InternalError", 500)
            case "denied":
                return refusal(operation, "403" if head else "AccessDenied", 403)
            case "conflict" if operation in {"PutObject", "DeleteObject"}:
                return refusal(operation, "ConditionalRequestConflict", 409)
            case "conflict" | "slow down":
                return refusal(operation, "503" if head else "SlowDown", 503)
        return None


class Client:
    """The methods of boto3's client that `provisioner.state.objects` calls, for one process.

    Attributes:
        chances: the random numbers for the fates of a greenlet's requests; all others use the process' own.
        interrupts: the number of a greenlet's next place at which the user interrupts it.
        fates: the fates of single requests, by their numbers; the network decides the others.
        silent_from: the moment after which no request is answered.
        ending: whether the user has asked the command to end.
        calls: the number of requests sent.
        seen: counts the fates of its requests.
        tell: receives each request and its fate, if set.
    """

    def __init__(self, bucket: Bucket, process: Process, network: Network, chance: random.Random) -> None:
        self.bucket, self.process, self.network = bucket, process, network
        self.report: Callable[[str], None] | None = None
        self.seen: Counter[str] = Counter()
        self.chances: dict[greenlet, random.Random] = {}
        self.interrupts: dict[greenlet, int] = {}
        self.fates: dict[int, str] = {}
        self.silent_from = math.inf
        self.ending: Callable[[], bool] = lambda: False
        self.calls = 0
        self._chance = chance

    def get_object(self, **asked: Any) -> dict[str, Any]:
        return self._call("GetObject", asked)

    def head_object(self, **asked: Any) -> dict[str, Any]:
        return self._call("HeadObject", asked)

    def put_object(self, **asked: Any) -> dict[str, Any]:
        return self._call("PutObject", asked)

    def delete_object(self, **asked: Any) -> dict[str, Any]:
        return self._call("DeleteObject", asked)

    def delete_objects(self, **asked: Any) -> dict[str, Any]:
        return self._call("DeleteObjects", asked)

    def get_bucket_encryption(self, **asked: Any) -> dict[str, Any]:
        return self._call("GetBucketEncryption", asked)

    def get_paginator(self, _: str) -> Client:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._call("ListObjectsV2", asked)
            yield page
            if "NextContinuationToken" not in page:
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def _call(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        chance = self.chances.get(getcurrent(), self._chance)
        attempt = 0
        while True:
            self.calls += 1
            attempt += 1
            fate = self.fates.get(self.calls, "")
            try:
                self._point()
                fate = fate or self.network.fate(self.process.hub.now, chance)
                if self.process.hub.now >= self.silent_from:
                    fate = chance.choice(("lost", "unanswered"))
                return self._attempt(Request(operation, asked, fate, chance), chance)
            except ClientError as error:
                if attempt == ATTEMPTS or error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    raise
            except BotoCoreError as error:
                if attempt == ATTEMPTS or (self.ending() and isinstance(error, UNANSWERED)):
                    raise
            self.process.sleep(chance.random() * min(2**attempt, 20))

    def _attempt(self, asked: Request, chance: random.Random) -> dict[str, Any]:
        hub, fate = self.process.hub, asked.fate
        there, back = chance.random() * self.network.latency, chance.random() * self.network.latency
        if fate == "late":
            there = TIMEOUT + chance.random() * LATE
        if fate == "slow":
            back = chance.random() * (TIMEOUT - self.network.latency)
        if fate not in _NEVER_ARRIVES:
            hub.at(hub.now + there, greenlet(lambda: asked.arrive(self.bucket, back)))
        if fate == "twice":
            hub.at(hub.now + there + chance.random() * LATE, greenlet(lambda: asked.arrive(self.bucket, back)))
        asked.caller = getcurrent()
        try:
            self._point()
            quick = fate in _NEVER_ARRIVES and fate != "lost"
            # the answer may have arrived while the process slept
            if not asked.heard:
                self.process.pause(hub.now + (there + back if quick else TIMEOUT))
            self._point()
        finally:
            asked.caller = None
        answer = asked.answer()
        if fate:
            self.seen[f"{asked.operation} {fate}"] += 1
        if self.report:
            self.report(f"{asked}: {fate or 'well'}, {answer if isinstance(answer, Exception) else 'done'}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _point(self) -> None:
        """Mark a place where the process can be killed or fall asleep, and where its user can interrupt it."""
        self.process.point()
        if left := self.interrupts.get(getcurrent()):
            self.interrupts[getcurrent()] = left - 1
            if left == 1:
                raise KeyboardInterrupt


def refusal(operation: str, code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


@lru_cache(maxsize=4096)
def _date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)
