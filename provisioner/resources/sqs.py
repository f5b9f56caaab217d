"""Simple Queue Service: queues, which keep messages until somebody has worked on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.aws.api import Api, Clients, TagCalls, Tags
from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.permissions import ASKED, CHANGED, OWN, TAGS_AT_ONCE, Use, grants, untagging
from provisioner.aws.tagging import observed
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.words import count
from provisioner.resources.policies import Policy, normal


def _read_tags(aws: Clients, url: str) -> Tags:
    return dict(aws.client("sqs").list_queue_tags(QueueUrl=url).get("Tags", {}))


API = Api(
    "sqs",
    "SQS",
    tags=TagCalls(
        "id",
        _read_tags,
        lambda aws, url, tags: aws.client("sqs").tag_queue(QueueUrl=url, Tags=dict(tags)),
        lambda aws, url, keys: aws.client("sqs").untag_queue(QueueUrl=url, TagKeys=[*keys]),
    ),
    transient=(
        Row("in_use", r".*QueueDeletedRecently", "", 120, "a queue of that name was deleted less than a minute ago",
            "SQS API, DeleteQueue; terraform-provider-aws#831"),
        Row("not_yet_consistent", "InvalidParameterValue", "Dead letter target does not exist", 60,
            "the queue for dead letters is not known everywhere yet", "SQS API, CreateQueue"),
        Row("not_found", r".*(NonExistentQueue|QueueDoesNotExist)"),
    ),
)  # fmt: skip

FIFO = ".fifo"
"""The end of the names of FIFO queues (SQS developer guide, QueueName)."""
MEMBERS = {
    "visibility_timeout": "VisibilityTimeout",
    "message_retention_period": "MessageRetentionPeriod",
    "receive_message_wait_time_seconds": "ReceiveMessageWaitTimeSeconds",
    "redrive_policy": "RedrivePolicy",
    "policy": "Policy",
    "kms_master_key_id": "KmsMasterKeyId",
    "sqs_managed_sse_enabled": "SqsManagedSseEnabled",
    "content_based_deduplication": "ContentBasedDeduplication",
}
"""The fields that change in place, and AWS's names for them (API reference, SetQueueAttributes)."""
_LENGTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_WHY = "`[queues]`"


@dataclass(frozen=True)
class Queue(Resource):
    """A queue, encrypted; its messages are data.

    SQS has no deletion protection of queues: with `deletion_protection`, the record keeps `down` from deleting it.
    """

    queue_name: str
    visibility_timeout: int = 30
    message_retention_period: int = 345_600
    receive_message_wait_time_seconds: int = 0
    redrive_policy: Mapping[str, Any] = field(default_factory=dict)
    policy: Policy = field(default_factory=dict)
    kms_master_key_id: str | None = None
    sqs_managed_sse_enabled: bool = True
    content_based_deduplication: bool | None = None
    deletion_protection: bool = False

    type_name = "queue"
    api = API
    arn = "{queue_name}"
    permissions = (
        *grants("sqs", "GetQueueUrl GetQueueAttributes ListQueueTags", OWN, use=Use.OPTION, why=_WHY),
        *grants("sqs", "CreateQueue", OWN, conditions=ASKED, use=Use.OPTION, why=_WHY),
        *grants("sqs", "TagQueue", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("sqs", "UntagQueue", OWN),
        *grants("sqs", "SetQueueAttributes", OWN, use=Use.OTHER, why=CHANGED),
        *grants("sqs", "DeleteQueue", OWN, use=Use.OPTION, why=_WHY),
    )
    identity = ("queue_name",)
    outputs = ("arn",)
    derived = ("id", "arn")
    protection = "deletion_protection"

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", _plain(self.policy))

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the messages in the queue"

    @classmethod
    def amount(cls, aws: Aws, ids: Sequence[str]) -> str:
        sqs = aws.client("sqs")
        shown = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[*_LENGTHS])["Attributes"] for url in ids]
        number = sum(int(one.get(name, 0)) for one in shown for name in _LENGTHS)
        return f"about {count(number, 'message')}"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["queue_name"] for fields in known}
        names |= {arn.rpartition(":")[2] for arn in aws.tagged("sqs", cls)}
        for name in sorted(names):
            with IgnoreNotFound():
                yield cls._read(aws, aws.read("sqs", "get_queue_url", QueueName=name)["QueueUrl"])

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        with IgnoreNotFound():
            return cls._read(aws, id)
        return None

    @classmethod
    def _read(cls, aws: Aws, url: str) -> Observed:
        shown = aws.read("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        name = url.rpartition("/")[2]
        redrive = json.loads(shown.get("RedrivePolicy") or "{}")
        deduplicates = shown.get("ContentBasedDeduplication")
        attributes = {
            "queue_name": name,
            "visibility_timeout": int(shown["VisibilityTimeout"]),
            "message_retention_period": int(shown["MessageRetentionPeriod"]),
            "receive_message_wait_time_seconds": int(shown["ReceiveMessageWaitTimeSeconds"]),
            # as SQS keeps it, the number is a text or a number, as it was sent
            "redrive_policy": redrive | ({"maxReceiveCount": int(redrive["maxReceiveCount"])} if redrive else {}),
            "policy": _plain(json.loads(shown.get("Policy") or "{}")),
            "kms_master_key_id": shown.get("KmsMasterKeyId") or None,
            "sqs_managed_sse_enabled": shown.get("SqsManagedSseEnabled") == "true",
            "content_based_deduplication": None if deduplicates is None else deduplicates == "true",
        }
        tags = aws.tags_of(_arn(aws, name), lambda: _read_tags(aws, url))
        return observed(aws, url, attributes, tags, {"arn": _arn(aws, name)})

    def create(self, aws: Aws, token: str) -> Observed:
        settings = {MEMBERS[name]: text for name in MEMBERS if (text := _text(getattr(self, name)))}
        if self.queue_name.endswith(FIFO):
            # a standard queue is made without the attribute (SQS API, CreateQueue)
            settings["FifoQueue"] = "true"
        tags = aws.tags(self.address)
        made = aws.client("sqs").create_queue(QueueName=self.queue_name, Attributes=settings, tags=tags)
        wanted = {name: getattr(self, name) for name in ("queue_name", *MEMBERS)}
        return observed(aws, made["QueueUrl"], wanted, tags, {"arn": _arn(aws, self.queue_name)})

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        # an empty text takes a policy or a key away
        settings = {MEMBERS[name]: _text(getattr(self, name)) for name in MEMBERS if name in changes}
        if settings:
            aws.client("sqs").set_queue_attributes(QueueUrl=live.id, Attributes=settings)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        with IgnoreNotFound():
            aws.client("sqs").delete_queue(QueueUrl=live.id)


def _text(value: Any) -> str:
    """Return an attribute as SQS takes it, all of which are texts."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return json.dumps(value) if value else ""
    return "" if value is None else str(value)


def _plain(document: Policy) -> Policy:
    """Return a policy in a normal form; none is empty."""
    return normal(document) if document else {}


def _arn(aws: Aws, name: str) -> str:
    return f"arn:{aws.partition}:sqs:{aws.region}:{aws.account}:{name}"
