"""Refusals of SQS about a queue's name and its attributes, and the minute after a queue's deletion."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from moto.sqs.models import SQSBackend

from ecs_emulator.clock import later, passed
from ecs_emulator.patch import on_reset, refuse, wrap

FIFO = ".fifo"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_NUMBERS = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
"""The least and the most of each number (API reference, CreateQueue)."""
_OF_FIFO = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_MOST_ATTEMPTS = 1000
_MINUTE = 60
_KEPT = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")

_free: dict[tuple[str, str, str], float] = {}
"""By account, Region and name of a deleted queue: the time from which the name may be used again."""
on_reset(_free.clear)


@wrap(SQSBackend, "create_queue")
def create_queue(original: Any, self: Any, name: str, tags: dict[str, str] | None = None, **attributes: Any) -> Any:
    """CreateQueue: refuse names and attributes as AWS does, and the name of a queue that was deleted a minute ago."""
    fifo = str(attributes.get("FifoQueue", "false")).lower() == "true"
    _check_name(name, fifo=fifo)
    _check(self, name, attributes, fifo=fifo)
    if not passed(_free.get((self.account_id, self.region_name, name), 0)):
        refuse(
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        )
    return original(self, name, tags, **_one_encryption(attributes))


@wrap(SQSBackend, "delete_queue")
def delete_queue(original: Any, self: Any, queue_name: str) -> None:
    """DeleteQueue: keep the name for a minute (API reference, DeleteQueue)."""
    original(self, queue_name)
    _free[self.account_id, self.region_name, queue_name] = later(_MINUTE)


@wrap(SQSBackend, "set_queue_attributes")
def set_queue_attributes(original: Any, self: Any, queue_name: str, attributes: dict[str, Any]) -> Any:
    """SetQueueAttributes: refuse another type of queue; keep attributes that it does not name, also the policy."""
    queue = self.get_queue(queue_name)
    if "FifoQueue" in attributes and (str(attributes["FifoQueue"]).lower() == "true") != queue.fifo_queue:
        # API reference, CreateQueue: the type of a queue never changes
        refuse(
            "InvalidAttributeValue",
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        )
    _check(self, queue_name, attributes, fifo=queue.fifo_queue)
    # moto drops a policy that a call does not name
    policy = attributes.get("Policy", queue.policy)
    return original(self, queue_name, {**_one_encryption(attributes), "Policy": policy or None})


def _check_name(name: str, *, fifo: bool) -> None:
    """Refuse a name by the rules of the developer guide ("Queue and message identifiers", QueueName)."""
    plain = name.removesuffix(FIFO) if fifo else name
    if fifo and not (name.endswith(FIFO) and len(name) <= 80 and _NAME.fullmatch(plain)):
        refuse(
            "InvalidParameterValue",
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
            ".fifo suffix and be 1 to 80 in length.",
        )
    if not fifo and not _NAME.fullmatch(plain):
        refuse(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )


def _check(backend: Any, name: str, attributes: Mapping[str, Any], *, fifo: bool) -> None:
    for key, (least, most) in _NUMBERS.items():
        given = str(attributes.get(key, least))
        if not given.isdigit() or not least <= int(given) <= most:
            _invalid(key)
    for key in _KEPT:
        if attributes.get(key) and _parsed(attributes[key]) is None:
            _invalid(key)
    if not fifo and any(key in attributes for key in _OF_FIFO):
        refuse(
            "InvalidAttributeName",
            f"Unknown Attribute {next(key for key in _OF_FIFO if key in attributes)}.",
        )
    if str(attributes.get("SqsManagedSseEnabled", "")).lower() == "true" and attributes.get("KmsMasterKeyId"):
        refuse(
            "InvalidAttributeValue",
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
            "SSE.",
        )
    if attributes.get("RedrivePolicy"):
        _check_redrive(backend, attributes["RedrivePolicy"], fifo=fifo)


def _check_redrive(backend: Any, text: str, *, fifo: bool) -> None:
    """Refuse a redrive policy without a number of receives or an existing queue of the same type.

    Sources: API reference, SetQueueAttributes, RedrivePolicy; the texts are AWS's in crossplane-contrib/provider-aws
    #443 and serverless/serverless#5215.
    """
    redrive = _parsed(text) or {}

    def wrong(why: str) -> NoReturn:
        refuse("InvalidParameterValue", f"Value {text} for parameter RedrivePolicy is invalid. Reason: {why}")

    for member in ("deadLetterTargetArn", "maxReceiveCount"):
        if member not in redrive:
            wrong(f"Redrive policy does not contain mandatory attribute: {member}.")
    times = str(redrive["maxReceiveCount"])
    if not times.isdigit() or not 1 <= int(times) <= _MOST_ATTEMPTS:
        wrong(f"Invalid value for maxReceiveCount: {times}, valid values are from 1 to 1000 both inclusive.")
    target = next((one for one in backend.queues.values() if one.queue_arn == redrive["deadLetterTargetArn"]), None)
    if target is None:
        wrong("Dead letter target does not exist.")
    if target.fifo_queue != fifo:
        wrong("Dead-letter queue must be same type of queue as the source.")


def _one_encryption(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes of which a key of KMS ends SQS's own encryption, and the other way round.

    Source: developer guide, "Configuring server-side encryption for a queue using SQS-managed encryption keys".
    """
    if attributes.get("KmsMasterKeyId"):
        return {**attributes, "SqsManagedSseEnabled": "false"}
    if str(attributes.get("SqsManagedSseEnabled", "")).lower() == "true":
        return {**attributes, "KmsMasterKeyId": None}
    return {**attributes}


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _invalid(name: str) -> NoReturn:
    refuse("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
