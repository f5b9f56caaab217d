"""Alarms: the checks of PutMetricAlarm, and the settings that it keeps or drops.

Sources of the messages: hashicorp/terraform#24070 (data points), awsdocs/aws-cloudformation-user-guide#777 (period),
cds-snc/notification-terraform#128 (Region); for too long a time span, comments in public configurations quote AWS.
AWS's messages are not known for a missing statistic, for MetricName together with Metrics, for an unknown treatment of
missing data, and for an action that is no ARN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, cast

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from ecs_emulator.patch import refuse, wrap

_SHORT = (10, 20, 30)
_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_SERVICE_ACTIONS = ("automate", "autoscaling", "lambda", "sns", "ssm", "ssm-incidents", "swf", "aiops")
_LONGEST = {"day": 86_400, "week": 604_800}
_STATE = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


def _invalid(message: str) -> NoReturn:
    refuse("ValidationError", message)


@wrap(Alarm, "__init__")
def init_alarm(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """PutMetricAlarm: start a new alarm as INSUFFICIENT_DATA (API reference)."""
    original(self, *args, **kwargs)
    self.state_value = "INSUFFICIENT_DATA"


@wrap(CloudWatchResponse, "put_metric_alarm")
def put_metric_alarm(original: Any, self: Any) -> ActionResult:
    """PutMetricAlarm: keep the state and tags of an existing alarm, and replace all else (API reference)."""
    _check(self.region, self.params)
    alarms, name = self.cloudwatch_backend.alarms, self.params["AlarmName"]
    before = alarms.get(name)
    if before:
        self.params.pop("Tags", None)
    answer: ActionResult = original(self)
    for kept in _STATE if before else ():
        setattr(alarms[name], kept, getattr(before, kept))
    return answer


@wrap(CloudWatchResponse, "describe_alarms")
def describe_alarms(original: Any, self: Any) -> ActionResult:
    """DescribeAlarms: answer with the types asked for, without AlarmTypes with metric alarms (API reference)."""
    found = cast("dict[str, list[Alarm]]", original(self).result)
    types = self.params.get("AlarmTypes") or ["MetricAlarm"]
    return ActionResult({name: alarms if name[:-1] in types else [] for name, alarms in found.items()})


def _check(region: str, wanted: Mapping[str, Any]) -> None:
    """Refuse parameters that the description of PutMetricAlarm does not allow."""
    number = wanted.get("EvaluationPeriods", 0)
    if "MetricName" in wanted:
        _check_metric(wanted, number)
    if wanted.get("DatapointsToAlarm", 1) > number:
        _invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    missing = wanted.get("TreatMissingData", "missing")
    if missing not in _MISSING:
        _invalid(f"TreatMissingData {missing} is none of {', '.join(_MISSING)}")
    for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for action in wanted.get(kind, ()):
            _check_action(region, action)


def _check_metric(wanted: Mapping[str, Any], number: int) -> None:
    if "Metrics" in wanted:
        _invalid("The parameters MetricName and Metrics are mutually exclusive.")
    if "Statistic" not in wanted and "ExtendedStatistic" not in wanted:
        _invalid("Either Statistic or ExtendedStatistic must be set.")
    period = wanted.get("Period", 0)
    if period not in _SHORT and (period < 60 or period % 60):
        _invalid("Period must be 10, 20, 30 or a multiple of 60")
    span = "week" if period >= 3600 else "day"
    if period * number > _LONGEST[span]:
        _invalid(
            f"Metrics cannot be checked across more than a {span} (EvaluationPeriods * Period must be <= "
            f"{_LONGEST[span]})"
        )


def _check_action(region: str, action: str) -> None:
    parts = action.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[2] not in _SERVICE_ACTIONS:
        _invalid(f"Invalid arn syntax: {action}")
    if parts[2] == "sns" and parts[3] != region:
        _invalid(f"Invalid region {parts[3]} specified. Only {region} is supported.")


@wrap(CloudWatchBackend, "delete_alarms")
def delete_alarms(original: Any, self: Any, alarm_names: list[str]) -> None:
    """DeleteAlarms: delete their tags too, so that an alarm created anew has none."""
    arns = [self.alarms[name].alarm_arn for name in alarm_names if name in self.alarms]
    original(self, alarm_names)
    for arn in arns:
        self.tagger.delete_all_tags_for_resource(arn)
