"""Subscriptions: a subscription by e-mail is pending until its owner confirms it. No e-mail is sent."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from moto.core.responses import ActionResult
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace, wrap

_MAIL = ("email", "email-json")
_PENDING = "PendingConfirmation"


def _invalid(message: str) -> NoReturn:
    refuse("InvalidParameter", f"Invalid parameter: {message}")


def _pending(subscription: Subscription) -> bool:
    return bool(subscription.attributes.get(_PENDING))


@wrap(SNSBackend, "create_topic")
def create_topic(
    original: Any,
    self: Any,
    name: str,
    attributes: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> Any:
    """CreateTopic: return an existing topic; refuse other tags than it has (API reference, Tags)."""
    there = next((topic for topic in self.topics.values() if topic.name == name), None)
    if there and tags and there._tags != tags:
        _invalid("Tags Reason: Topic already exists with different tags")
    return original(self, name, attributes, tags)


@wrap(SNSBackend, "subscribe")
def subscribe(original: Any, self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
    """Subscribe: keep an e-mail address pending until it confirms (developer guide, "Email notifications")."""
    if protocol in _MAIL and not re.fullmatch(r"[^@\s]+@[^@\s]+", endpoint):
        _invalid("Email address")
    _forget(self)
    known = {*self.subscriptions}
    subscription = original(self, topic_arn, endpoint, protocol)
    if protocol in _MAIL and subscription.arn not in known:
        subscription.attributes |= {_PENDING: True, "ConfirmationWasAuthenticated": False}
        subscription.expires = later(durations.UNCONFIRMED)
    return subscription


def _forget(sns: Any) -> None:
    """Drop subscriptions that were not confirmed in time.

    Source: What's New with AWS, "automatic deletion of unconfirmed".
    """
    for arn, subscription in [*sns.subscriptions.items()]:
        if _pending(subscription) and passed(subscription.expires):
            del sns.subscriptions[arn]


@replace(SNSResponse, "confirm_subscription")
def confirm_subscription(self: Any) -> ActionResult:
    """ConfirmSubscription: accept the token that was sent to the address, which here is the address itself."""
    sns, topic, token = self.backend, self._get_param("TopicArn"), self._get_param("Token")
    sns.get_topic(topic)
    _forget(sns)
    found = next((one for one in sns.subscriptions.values() if (one.topic.arn, one.endpoint) == (topic, token)), None)
    if found is None:
        _invalid("Token")
    found.attributes[_PENDING] = False
    return ActionResult({"SubscriptionArn": found.arn})


@wrap(SNSBackend, "unsubscribe")
def unsubscribe(original: Any, self: Any, subscription_arn: str) -> None:
    """Unsubscribe: refuse text that is no ARN, and a pending subscription.

    Sources: crossplane-contrib/provider-upjet-aws#935, go-to-k/cdkd#1301.
    """
    if subscription_arn.count(":") < 5:
        _invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not 1")
    found = self.subscriptions.get(subscription_arn)
    if found is not None and _pending(found):
        _invalid("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
    original(self, subscription_arn)


@wrap(SNSResponse, "subscribe")
def answer_to_subscribe(original: Any, self: Any) -> ActionResult:
    """Subscribe: hide the ARN while pending, unless the call asks for it (API reference, ReturnSubscriptionArn)."""
    answer: ActionResult = original(self)
    result: Any = answer.result
    arn = result["SubscriptionArn"]
    if _pending(self.backend.subscriptions[arn]) and not self._get_bool_param("ReturnSubscriptionArn"):
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return answer


def _listed(found: ActionResult) -> ActionResult:
    result: Any = found.result
    shown = [
        {
            "SubscriptionArn": _PENDING if _pending(one) else one.arn,
            "Owner": one.owner,
            "Protocol": one.protocol,
            "Endpoint": one.endpoint,
            "TopicArn": one.topic.arn,
        }
        for one in result["Subscriptions"]
    ]
    return ActionResult({**result, "Subscriptions": shown})


@wrap(SNSResponse, "list_subscriptions_by_topic")
def list_subscriptions_by_topic(original: Any, self: Any) -> ActionResult:
    """ListSubscriptionsByTopic: show no ARN for pending subscriptions."""
    _forget(self.backend)
    return _listed(original(self))


@wrap(SNSResponse, "list_subscriptions")
def list_subscriptions(original: Any, self: Any) -> ActionResult:
    """ListSubscriptions: show no ARN for pending subscriptions."""
    _forget(self.backend)
    return _listed(original(self))
