"""Types that observe: CloudWatch alarms, log groups."""

from __future__ import annotations

from collections.abc import Mapping

from ecs_emulator.cloudcontrol.on_behalf import Api
from ecs_emulator.cloudcontrol.schemas import Model
from ecs_emulator.cloudcontrol.types.handlers import Handlers, new_name, pairs, retag, some, tag_map

_ALARM = (
    "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions",
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "EvaluationPeriods",
    "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Unit",
)  # fmt: skip


def _read_alarm(api: Api, name: str) -> Model | None:
    found = api("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        return None
    alarm = found[0]
    settings = {one: alarm[one] for one in _ALARM if alarm.get(one) not in (None, [])}
    tags = api("cloudwatch").list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    return {"Arn": alarm["AlarmArn"], **settings, "Tags": tags or None}


def _create_alarm(api: Api, model: Model) -> str:
    name = new_name(model, "AlarmName")
    api("cloudwatch").put_metric_alarm(**{**some(model, (*_ALARM, "Tags")), "AlarmName": name})
    return name


def _update_alarm(api: Api, name: str, before: Model, after: Model) -> None:
    api("cloudwatch").put_metric_alarm(**some(after, _ALARM))
    retag(
        before,
        after,
        lambda tags: api("cloudwatch").tag_resource(ResourceARN=before["Arn"], Tags=pairs(tags)),
        lambda keys: api("cloudwatch").untag_resource(ResourceARN=before["Arn"], TagKeys=keys),
    )


def _read_group(api: Api, name: str) -> Model | None:
    groups = api("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    group = next((one for one in groups if one["logGroupName"] == name), None)
    if group is None:
        return None
    tags = api("logs").list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
    return {
        "LogGroupName": name,
        "Arn": group["arn"],
        "RetentionInDays": group.get("retentionInDays"),
        "KmsKeyId": group.get("kmsKeyId"),
        "LogGroupClass": group.get("logGroupClass", "STANDARD"),
        "Tags": pairs(tags) or None,
    }


def _create_group(api: Api, model: Model) -> str:
    name = new_name(model, "LogGroupName")
    key = {"kmsKeyId": model["KmsKeyId"]} if "KmsKeyId" in model else {}
    api("logs").create_log_group(logGroupName=name, tags=tag_map(model.get("Tags")), **key)
    if days := model.get("RetentionInDays"):
        api("logs").put_retention_policy(logGroupName=name, retentionInDays=days)
    return name


def _update_group(api: Api, name: str, before: Model, after: Model) -> None:
    days = after.get("RetentionInDays")
    if days and days != before.get("RetentionInDays"):
        api("logs").put_retention_policy(logGroupName=name, retentionInDays=days)
    elif not days and before.get("RetentionInDays"):
        api("logs").delete_retention_policy(logGroupName=name)
    key = after.get("KmsKeyId")
    if key and key != before.get("KmsKeyId"):
        api("logs").associate_kms_key(logGroupName=name, kmsKeyId=key)
    elif not key and before.get("KmsKeyId"):
        api("logs").disassociate_kms_key(logGroupName=name)
    arn = before["Arn"].removesuffix(":*")
    retag(
        before,
        after,
        lambda tags: api("logs").tag_resource(resourceArn=arn, tags=tags),
        lambda keys: api("logs").untag_resource(resourceArn=arn, tagKeys=keys),
    )


TYPES: Mapping[str, Handlers] = {
    "AWS::CloudWatch::Alarm": Handlers(
        _create_alarm,
        _read_alarm,
        _update_alarm,
        lambda api, name, model: api("cloudwatch").delete_alarms(AlarmNames=[name]),
        lambda api: [one["AlarmName"] for one in api("cloudwatch").describe_alarms()["MetricAlarms"]],
        # find an existing alarm: PutMetricAlarm would change it
        lambda api, model: str(model.get("AlarmName", "")),
    ),
    "AWS::Logs::LogGroup": Handlers(
        _create_group,
        _read_group,
        _update_group,
        lambda api, name, model: api("logs").delete_log_group(logGroupName=name),
        lambda api: [one["logGroupName"] for one in api("logs").describe_log_groups()["logGroups"]],
    ),
}
