"""Simple Notification Service: topics, and their subscriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from provisioner.aws.api import Api, TagCalls
from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, CHANGED, HERE, OWN, TAGS_AT_ONCE, UNSHOWN_TAGS, Use, grants, untagging
from provisioner.aws.tagging import observed, tag_map, tags_of
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.traits import LeftToAws
from provisioner.engine.words import names
from provisioner.resources.policies import Policy, normal

API = Api(
    "sns",
    "SNS",
    tags=TagCalls(
        "id",
        lambda aws, arn: tag_map(aws.client("sns").list_tags_for_resource(ResourceArn=arn)["Tags"]),
        lambda aws, arn, tags: aws.client("sns").tag_resource(ResourceArn=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("sns").untag_resource(ResourceArn=arn, TagKeys=keys),
    ),
)

PENDING, UNSUBSCRIBED = "PendingConfirmation", "Deleted"
"""The values in place of a subscription's ARN: in lists until it is confirmed, and after somebody has ended it.

Sources: mozilla/frost#428, ansible/ansible#20086.
"""
TO_CONFIRM = (
    "must confirm: follow the link in the e-mail from AWS Notifications, else no alarm is told there. The link is "
    "valid for two days; after that `up` has another one sent"
)


@dataclass(frozen=True)
class Topic(Resource):
    """A topic. Without a policy of its own, everybody in the account with the IAM permission may publish to it."""

    topic_name: str
    policy: Policy
    kms_master_key_id: str | None = None
    """The key of KMS, empty for none; with None it is neither set nor compared."""

    type_name = "topic"
    api = API
    arn = "{topic_name}"
    permissions = (
        *grants("sns", "GetTopicAttributes", OWN),
        *grants("sns", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("sns", "CreateTopic", OWN, conditions=ASKED),
        *grants("sns", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("sns", "UntagResource", OWN),
        *grants("sns", "DeleteTopic", OWN),
        *grants("sns", "SetTopicAttributes", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("topic_name",)
    outputs = ("arn",)
    derived = ("id", "arn")

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", normal(self.policy))

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # a user who never declared a topic may lack the permission to read it
        arns = {_arn(aws, fields["topic_name"]) for fields in known}
        arns |= {arn for arn in aws.tagged("sns", cls) if arn.count(":") == 5}
        keyed = {fields["topic_name"] for fields in known if fields.get("kms_master_key_id") is not None}
        for arn in sorted(arns):
            if (shown := attributes_of(aws, arn)) is not None:
                key = shown.get("KmsMasterKeyId", "") if arn.rpartition(":")[2] in keyed else None
                yield _live(aws, arn, json.loads(shown.get("Policy") or "{}"), tags_of(aws, "sns", arn), key)

    def create(self, aws: Aws, token: str) -> Observed:
        made = aws.client("sns").create_topic(
            Name=self.topic_name,
            Attributes={
                "Policy": json.dumps(self.policy),
                **({"KmsMasterKeyId": self.kms_master_key_id} if self.kms_master_key_id else {}),
            },
            Tags=aws.tag_list(self.address),
        )
        return _live(aws, made["TopicArn"], self.policy, aws.tags(self.address), self.kms_master_key_id)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        wanted = {"policy": ("Policy", json.dumps(self.policy))}
        # an empty text ends the encryption (API reference, SetTopicAttributes)
        wanted["kms_master_key_id"] = ("KmsMasterKeyId", self.kms_master_key_id or "")
        for name, value in (one for field, one in wanted.items() if field in changes):
            aws.client("sns").set_topic_attributes(TopicArn=live.id, AttributeName=name, AttributeValue=value)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # AWS also deletes its subscriptions (API reference); pending ones may stay for days
        # (cloudquery/cloudquery#14771)
        aws.client("sns").delete_topic(TopicArn=live.id)


@dataclass(frozen=True)
class Subscription(LeftToAws, Resource):
    """A subscription of an endpoint, such as an e-mail address, to a topic of the stack.

    SNS first sends a request to the address, and nothing else until somebody there has confirmed it. Without a
    confirmation SNS forgets the subscription within some days, and the next `up` asks again.
    """

    topic_arn: str
    protocol: str
    endpoint: str
    raw_message_delivery: bool | None = None
    """Deliver the message alone, without an envelope; None for addresses, which have no such setting."""

    type_name = "subscription"
    api = API
    has_tags = False
    has_parent = True
    arn = "{stack}-*"
    permissions = (
        *grants("sns", "ListSubscriptionsByTopic Subscribe", "{stack}-*"),
        # these three actions support no resources
        *grants("sns", "GetSubscriptionAttributes", use=Use.OPTION, why="`[topics]`", when="raw_message_delivery"),
        *grants(
            "sns",
            "SetSubscriptionAttributes",
            conditions=HERE,
            use=Use.OTHER,
            why=CHANGED,
            when="raw_message_delivery",
        ),
        *grants(
            "sns",
            "Unsubscribe",
            conditions=HERE,
            use=Use.OTHER,
            why="an address left `[alarms] email`, or a queue its topic",
        ),
    )
    identity = ("topic_arn", "protocol", "endpoint")
    derived = ("id",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        wanted = {(fields["protocol"], fields["endpoint"]) for fields in known}
        queues = {
            (fields["protocol"], fields["endpoint"])
            for fields in known
            if fields.get("raw_message_delivery") is not None
        }
        for topic in aws.live(Topic) if wanted else ():
            for shown in aws.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic.id):
                arn, key = shown.get("SubscriptionArn", ""), (shown.get("Protocol"), shown.get("Endpoint"))
                # others may have subscribed to the topic as well, and stay
                if key in wanted and arn != UNSUBSCRIBED:
                    raw = _raw(aws, arn) if key in queues else None
                    yield _subscribed(topic.id, *key, arn, raw, owned=topic.owned)

    def create(self, aws: Aws, token: str) -> Observed:
        # an address has only one subscription, however often it is requested (API reference, Subscribe)
        raw = self.raw_message_delivery
        made = aws.client("sns").subscribe(
            TopicArn=self.topic_arn,
            Protocol=self.protocol,
            Endpoint=self.endpoint,
            **({} if raw is None else {"Attributes": {"RawMessageDelivery": str(raw).lower()}}),
        )
        return _subscribed(self.topic_arn, self.protocol, self.endpoint, made["SubscriptionArn"], raw, owned=True)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        """Set raw delivery: all other fields are its identity."""
        if "raw_message_delivery" in changes:
            aws.client("sns").set_subscription_attributes(
                SubscriptionArn=live.details["arn"],
                AttributeName="RawMessageDelivery",
                AttributeValue=str(self.raw_message_delivery).lower(),
            )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("sns").unsubscribe(SubscriptionArn=live.details["arn"])

    @classmethod
    def left_because(cls, live: Observed) -> str:
        # Unsubscribe is refused until then; SNS keeps it for days, even without its topic (go-to-k/cdkd#1301)
        return "nobody has confirmed it, and SNS forgets it within days" if live.status == PENDING else ""


def unconfirmed(aws: Aws) -> list[str]:
    """Return a note with the addresses that nobody has confirmed yet, if there are any."""
    waiting = [one.attributes["endpoint"] for one in aws.live(Subscription) if one.owned and one.status == PENDING]
    if not waiting:
        return []
    return [f"{names(waiting)} {TO_CONFIRM}"]


def may_publish(service: str, document: Policy, account: str) -> bool:
    """Return whether a topic's policy lets one of AWS's services publish to it on behalf of an account.

    SNS's default policy names everybody as the principal, and the account as the source. Conditions other than those on
    accounts are taken as met.
    """
    return any(
        one.get("Effect") == "Allow"
        and _named(one.get("Principal"), service)
        and any(fnmatchcase("sns:publish", str(action).lower()) for action in _several(one.get("Action")))
        and account in _sources(one.get("Condition") or {}, account)
        for one in normal(document)["Statement"]
    )


def _named(principal: Any, service: str) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return service in _several(principal.get("Service")) or "*" in _several(principal.get("AWS"))


def _sources(conditions: Mapping[str, Mapping[str, Any]], account: str) -> list[Any]:
    """Return the accounts that conditions allow; this account if they name none."""
    keys = ("aws:sourceaccount", "aws:sourceowner")
    said = [value for tested in conditions.values() for key, value in tested.items() if key.lower() in keys]
    return [one for value in said for one in _several(value)] or [account]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def attributes_of(aws: Aws, arn: str) -> Mapping[str, str] | None:
    """Return the attributes of a topic; None if there is none with that ARN."""
    with IgnoreNotFound():
        found: Mapping[str, str] = aws.read("sns", "get_topic_attributes", TopicArn=arn)["Attributes"]
        return found
    return None


def _arn(aws: Aws, name: str) -> str:
    return f"arn:{aws.partition}:sns:{aws.region}:{aws.account}:{name}"


def _live(aws: Aws, arn: str, document: Policy, tags: Mapping[str, str], key: str | None) -> Observed:
    settings = {"topic_name": arn.rpartition(":")[2], "policy": normal(document)}
    return observed(aws, arn, settings | ({} if key is None else {"kms_master_key_id": key}), tags, {"arn": arn})


def _raw(aws: Aws, arn: str) -> bool:
    """Return whether a subscription delivers messages as they were published."""
    shown = aws.read("sns", "get_subscription_attributes", SubscriptionArn=arn)["Attributes"]
    return str(shown.get("RawMessageDelivery", "")).lower() == "true"


def _subscribed(topic: str, protocol: str, endpoint: str, arn: str, raw: bool | None, *, owned: bool) -> Observed:
    # without ReturnSubscriptionArn the answer to Subscribe has "pending confirmation", with a space
    pending = arn.replace(" ", "").lower() == PENDING.lower()
    settings: dict[str, Any] = {"topic_arn": topic, "protocol": protocol, "endpoint": endpoint}
    settings |= {} if raw is None else {"raw_message_delivery": raw}
    status = PENDING if pending else "Confirmed"
    return Observed(f"{topic}/{protocol}/{endpoint}", settings, owned=owned, status=status, details={"arn": arn})
