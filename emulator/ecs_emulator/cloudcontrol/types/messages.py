"""Types that pass on messages: SQS queues, SNS topics, Kinesis streams, EventBridge rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ecs_emulator.cloudcontrol.on_behalf import Api
from ecs_emulator.cloudcontrol.schemas import Model
from ecs_emulator.cloudcontrol.types.handlers import (
    Handlers,
    changed,
    new_name,
    pairs,
    retag,
    some,
    tag_map,
    text,
    unless_gone,
)

# -- queues ------------------------------------------------------------------------------------------------------------


def _flag(value: str) -> bool:
    return value == "true"


_QUEUE: Mapping[str, Callable[[str], Any]] = {
    "ContentBasedDeduplication": _flag,
    "DeduplicationScope": str,
    "DelaySeconds": int,
    "FifoQueue": _flag,
    "FifoThroughputLimit": str,
    "KmsDataKeyReusePeriodSeconds": int,
    "KmsMasterKeyId": str,
    "MaximumMessageSize": int,
    "MessageRetentionPeriod": int,
    "ReceiveMessageWaitTimeSeconds": int,
    "RedriveAllowPolicy": json.loads,
    "RedrivePolicy": json.loads,
    "SqsManagedSseEnabled": _flag,
    "VisibilityTimeout": int,
}
"""Attributes of a queue that are also properties, each with the function that reads it."""
_QUEUE_DEFAULTS = {
    "DelaySeconds": 0,
    "MaximumMessageSize": 262144,
    "MessageRetentionPeriod": 345600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "RedriveAllowPolicy": "",
    "RedrivePolicy": "",
    "VisibilityTimeout": 30,
}
"""A queue's values of settings that the request does not have (SQS API, CreateQueue)."""


def _read_queue(api: Api, url: str) -> Model | None:
    shown = unless_gone(lambda: api("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))
    if shown is None:
        return None
    found = shown["Attributes"]
    tags = api("sqs").list_queue_tags(QueueUrl=url).get("Tags", {})
    settings = {name: read(found[name]) for name, read in _QUEUE.items() if found.get(name)}
    name = found["QueueArn"].rpartition(":")[2]
    return {"QueueUrl": url, "Arn": found["QueueArn"], "QueueName": name, **settings, "Tags": pairs(tags) or None}


def _attributes(model: Mapping[str, Any]) -> dict[str, str]:
    return {name: text(value) for name, value in some(model, _QUEUE).items()}


def _create_queue(api: Api, model: Model) -> str:
    name, tags = new_name(model, "QueueName"), tag_map(model.get("Tags"))
    return str(api("sqs").create_queue(QueueName=name, Attributes=_attributes(model), tags=tags)["QueueUrl"])


def _update_queue(api: Api, url: str, before: Model, after: Model) -> None:
    back = {name: text(value) for name, value in _QUEUE_DEFAULTS.items() if name in before and name not in after}
    if settings := {**back, **_attributes(changed(before, after, _QUEUE))}:
        api("sqs").set_queue_attributes(QueueUrl=url, Attributes=settings)
    retag(
        before,
        after,
        lambda tags: api("sqs").tag_queue(QueueUrl=url, Tags=tags),
        lambda keys: api("sqs").untag_queue(QueueUrl=url, TagKeys=keys),
    )


def _queue_named(api: Api, model: Model) -> str:
    if "QueueName" not in model:
        return ""
    found = unless_gone(lambda: api("sqs").get_queue_url(QueueName=model["QueueName"]))
    return str(found["QueueUrl"]) if found else ""


# -- topics ------------------------------------------------------------------------------------------------------------

_TOPIC = ("DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig")


def _read_topic(api: Api, arn: str) -> Model | None:
    shown = unless_gone(lambda: api("sns").get_topic_attributes(TopicArn=arn))
    if shown is None:
        return None
    found = shown["Attributes"]
    settings = {name: found[name] for name in _TOPIC if found.get(name)}
    tags = api("sns").list_tags_for_resource(ResourceArn=arn)["Tags"]
    return {"TopicArn": arn, "TopicName": arn.rpartition(":")[2], **settings, "Tags": tags or None}


def _create_topic(api: Api, model: Model) -> str:
    name, tags = new_name(model, "TopicName"), model.get("Tags") or []
    return str(api("sns").create_topic(Name=name, Tags=tags, Attributes=some(model, _TOPIC))["TopicArn"])


def _update_topic(api: Api, arn: str, before: Model, after: Model) -> None:
    for name in _TOPIC:
        if before.get(name) != after.get(name):
            api("sns").set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=after.get(name, ""))
    retag(
        before,
        after,
        lambda tags: api("sns").tag_resource(ResourceArn=arn, Tags=pairs(tags)),
        lambda keys: api("sns").untag_resource(ResourceArn=arn, TagKeys=keys),
    )


def _topics(api: Api) -> list[str]:
    return [topic["TopicArn"] for topic in api("sns").list_topics()["Topics"]]


def _topic_named(api: Api, model: Model) -> str:
    ending = f":{model.get('TopicName', '')}"
    return next((arn for arn in _topics(api) if arn.endswith(ending)), "") if len(ending) > 1 else ""


# -- streams -----------------------------------------------------------------------------------------------------------


def _read_stream(api: Api, name: str) -> Model | None:
    shown = unless_gone(lambda: api("kinesis").describe_stream_summary(StreamName=name))
    if shown is None:
        return None
    found = shown["StreamDescriptionSummary"]
    tags = api("kinesis").list_tags_for_stream(StreamName=name)["Tags"]
    return {
        "Name": name,
        "Arn": found["StreamARN"],
        "ShardCount": found["OpenShardCount"],
        "RetentionPeriodHours": found["RetentionPeriodHours"],
        "StreamModeDetails": found.get("StreamModeDetails"),
        "Tags": tags or None,
    }


def _create_stream(api: Api, model: Model) -> str:
    name = new_name(model, "Name")
    api("kinesis").create_stream(StreamName=name, **some(model, ("ShardCount", "StreamModeDetails")))
    begun = {"RetentionPeriodHours": 24, **some(model, ("ShardCount", "StreamModeDetails"))}
    _update_stream(api, name, begun, {"RetentionPeriodHours": 24, **model})
    return name


def _update_stream(api: Api, name: str, before: Model, after: Model) -> None:
    if shards := changed(before, after, ["ShardCount"]):
        count = shards["ShardCount"]
        api("kinesis").update_shard_count(StreamName=name, TargetShardCount=count, ScalingType="UNIFORM_SCALING")
    old, new = before.get("RetentionPeriodHours", 24), after.get("RetentionPeriodHours", 24)
    if new > old:
        api("kinesis").increase_stream_retention_period(StreamName=name, RetentionPeriodHours=new)
    elif new < old:
        api("kinesis").decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=new)
    retag(
        before,
        after,
        lambda tags: api("kinesis").add_tags_to_stream(StreamName=name, Tags=tags),
        lambda keys: api("kinesis").remove_tags_from_stream(StreamName=name, TagKeys=keys),
    )


# -- rules -------------------------------------------------------------------------------------------------------------

_RULE = ("Name", "Description", "EventPattern", "ScheduleExpression", "State", "RoleArn", "EventBusName")


def _read_rule(api: Api, arn: str) -> Model | None:
    name = arn.rpartition("/")[2]
    found = unless_gone(lambda: api("events").describe_rule(Name=name))
    if found is None:
        return None
    settings = {one: found[one] for one in _RULE if found.get(one)}
    if "EventPattern" in settings:
        settings["EventPattern"] = json.loads(settings["EventPattern"])
    targets = api("events").list_targets_by_rule(Rule=name)["Targets"]
    tags = api("events").list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
    return {"Arn": found["Arn"], "RuleName": name, **settings, "Targets": targets or None, "Tags": tags or None}


def _put_rule(api: Api, model: Model) -> str:
    settings = some(model, _RULE)
    if "EventPattern" in settings:
        settings["EventPattern"] = text(settings["EventPattern"])
    arn = str(api("events").put_rule(**settings)["RuleArn"])
    if targets := model.get("Targets"):
        api("events").put_targets(Rule=model["Name"], Targets=targets)
    return arn


def _create_rule(api: Api, model: Model) -> str:
    arn = _put_rule(api, {**model, "Name": new_name(model, "Name")})
    _retag_rule(api, arn, {}, model)
    return arn


def _update_rule(api: Api, arn: str, before: Model, after: Model) -> None:
    _put_rule(api, after)
    kept = {target["Id"] for target in after.get("Targets") or ()}
    if dropped := [target["Id"] for target in before.get("Targets") or () if target["Id"] not in kept]:
        api("events").remove_targets(Rule=before["Name"], Ids=dropped)
    _retag_rule(api, arn, before, after)


def _retag_rule(api: Api, arn: str, before: Model, after: Model) -> None:
    retag(
        before,
        after,
        lambda tags: api("events").tag_resource(ResourceARN=arn, Tags=pairs(tags)),
        lambda keys: api("events").untag_resource(ResourceARN=arn, TagKeys=keys),
    )


def _delete_rule(api: Api, arn: str, model: Model) -> None:
    if targets := model.get("Targets"):
        api("events").remove_targets(Rule=model["Name"], Ids=[target["Id"] for target in targets])
    api("events").delete_rule(Name=model["Name"])


def _rules(api: Api) -> list[str]:
    return [rule["Arn"] for rule in api("events").list_rules()["Rules"]]


def _rule_named(api: Api, model: Model) -> str:
    # find an existing rule: PutRule would change it
    found = unless_gone(lambda: api("events").describe_rule(Name=model["Name"])) if "Name" in model else None
    return str(found["Arn"]) if found else ""


TYPES: Mapping[str, Handlers] = {
    "AWS::SQS::Queue": Handlers(
        _create_queue,
        _read_queue,
        _update_queue,
        lambda api, url, model: api("sqs").delete_queue(QueueUrl=url),
        lambda api: api("sqs").list_queues().get("QueueUrls", []),
        _queue_named,
    ),
    "AWS::SNS::Topic": Handlers(
        _create_topic,
        _read_topic,
        _update_topic,
        lambda api, arn, model: api("sns").delete_topic(TopicArn=arn),
        _topics,
        _topic_named,
    ),
    "AWS::Kinesis::Stream": Handlers(
        _create_stream,
        _read_stream,
        _update_stream,
        lambda api, name, model: api("kinesis").delete_stream(StreamName=name),
        lambda api: api("kinesis").list_streams()["StreamNames"],
        # find an existing stream: CreateStream would report it as in use, not as AlreadyExists
        lambda api, model: str(model.get("Name", "")),
    ),
    "AWS::Events::Rule": Handlers(_create_rule, _read_rule, _update_rule, _delete_rule, _rules, _rule_named),
}
