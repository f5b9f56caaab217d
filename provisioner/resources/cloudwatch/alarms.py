"""CloudWatch: alarms on one metric each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.permissions import ASKED, OWN, TAGS_AT_ONCE, UNSHOWN_TAGS, Conditions, Use, grants, untagging
from provisioner.aws.tagging import observed, tag_map, tags_of
from provisioner.config.models import Config
from provisioner.engine.costs import Around, Cost, monthly
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.cloudwatch.api import API
from provisioner.resources.cloudwatch.pieces import AT_ONCE

ABOVE, AT_LEAST, BELOW = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"
QUIET, UNKNOWN, WRONG, KEPT = "notBreaching", "missing", "breaching", "ignore"
"""The meaning of a period without data; `ignore` keeps the state.

Metrics that are written only if there is something to count have no data when all is well. Metrics that are written
every minute have no data when the value is not known (CloudWatch user guide, "Configuring how CloudWatch alarms treat
missing data").
"""
ERRORS_OF_TARGETS = ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count")
"""The namespace and the name of the metric of 5xx answers by targets."""


def _has_topic(config: Config) -> bool:
    """Return whether the alarms notify an existing topic."""
    return config.alarms is not None and config.alarms.topic is not None


_TELLS: Conditions = (("ForAllValues:StringLike", "cloudwatch:AlarmActions", ("{told}",)),)
"""An alarm does no more than to notify a topic of the stack, or the configured one.

Source: CloudWatch user guide, iam-cw-condition-keys-alarm-actions.
"""


@dataclass(frozen=True)
class Alarm(Resource):
    """An alarm on one statistic of one metric, all in AWS's spelling.

    Attributes:
        dimensions: select one of the metrics with the same name.
        period: the seconds of a data point.
        datapoints_to_alarm: the number of points among the last `evaluation_periods` that must pass the threshold.
        treat_missing_data: the meaning of a period without data.
        alarm_actions, ok_actions: the ARNs of topics to notify when it goes off, and when it is over.
        actions_enabled: whether it notifies them; False during `sleep`.
    """

    alarm_name: str
    alarm_description: str
    namespace: str
    metric_name: str
    dimensions: Mapping[str, str]
    statistic: str
    comparison_operator: str
    threshold: float
    treat_missing_data: str
    alarm_actions: Sequence[str]
    ok_actions: Sequence[str]
    period: int = 60
    evaluation_periods: int = 5
    datapoints_to_alarm: int = 5
    actions_enabled: bool = True

    type_name = "alarm"
    api = API
    # its requests are signed for `monitoring`, which stands in no ARN
    arn = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarm_name}"
    permissions = (
        *grants("cloudwatch", "DescribeAlarms", "alarm:*"),
        *grants("cloudwatch", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("cloudwatch", "PutMetricAlarm", OWN, conditions=_TELLS),
        *grants("cloudwatch", "DisableAlarmActions EnableAlarmActions", OWN, use=Use.OTHER, why="`sleep`"),
        *grants("cloudwatch", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("cloudwatch", "UntagResource", OWN),
        *grants("cloudwatch", "DeleteAlarms", OWN),
        *grants("sns", "GetTopicAttributes", "{topic}", use=Use.OPTION, why="`[alarms] topic`", wanted=_has_topic),
    )
    identity = ("alarm_name",)
    outputs = ("arn",)
    derived = ("id", "arn")
    unordered = frozenset({"alarm_actions", "ok_actions"})

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield monthly("an alarm", "alarm.month")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # an account has thousands, so these are read by their names
        names = {fields["alarm_name"] for fields in known}
        names |= {arn.partition(":alarm:")[2] for arn in aws.tagged("cloudwatch", cls) if ":alarm:" in arn}
        for some in batches(sorted(names), AT_ONCE):
            for alarm in aws.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=some):
                yield _live(aws, alarm, tags_of(aws, "cloudwatch", alarm["AlarmArn"]))

    def create(self, aws: Aws, token: str) -> Observed:
        aws.client("cloudwatch").put_metric_alarm(**self._settings(), Tags=aws.tag_list(self.address))
        arn = f"arn:{aws.partition}:cloudwatch:{aws.region}:{aws.account}:alarm:{self.alarm_name}"
        return observed(aws, self.alarm_name, self.fields(), aws.tags(self.address), {"arn": arn})

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        if {*changes} != {"actions_enabled"}:
            # always with all members: omitted ones return to their defaults; state and tags stay (API, PutMetricAlarm)
            aws.client("cloudwatch").put_metric_alarm(**self._settings())
        elif self.actions_enabled:
            aws.client("cloudwatch").enable_alarm_actions(AlarmNames=[live.id])
        else:
            aws.client("cloudwatch").disable_alarm_actions(AlarmNames=[live.id])

    def _settings(self) -> dict[str, Any]:
        return {
            "AlarmName": self.alarm_name,
            "AlarmDescription": self.alarm_description,
            "ActionsEnabled": self.actions_enabled,
            "AlarmActions": list(self.alarm_actions),
            "OKActions": list(self.ok_actions),
            "Namespace": self.namespace,
            "MetricName": self.metric_name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions.items()],
            "Statistic": self.statistic,
            "Period": self.period,
            "EvaluationPeriods": self.evaluation_periods,
            "DatapointsToAlarm": self.datapoints_to_alarm,
            "Threshold": self.threshold,
            "ComparisonOperator": self.comparison_operator,
            "TreatMissingData": self.treat_missing_data,
        }

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("cloudwatch").delete_alarms(AlarmNames=[live.id])


def _live(aws: Aws, alarm: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
    # an alarm on an expression of several metrics has none of these
    attributes = {
        "alarm_name": alarm["AlarmName"],
        "alarm_description": alarm.get("AlarmDescription", ""),
        "namespace": alarm.get("Namespace"),
        "metric_name": alarm.get("MetricName"),
        "dimensions": tag_map(alarm.get("Dimensions"), "Name"),
        "statistic": alarm.get("Statistic"),
        "comparison_operator": alarm.get("ComparisonOperator"),
        "threshold": alarm.get("Threshold"),
        "treat_missing_data": alarm.get("TreatMissingData", "missing"),
        "alarm_actions": alarm.get("AlarmActions", []),
        "ok_actions": alarm.get("OKActions", []),
        "period": alarm.get("Period"),
        "evaluation_periods": alarm.get("EvaluationPeriods"),
        "datapoints_to_alarm": alarm.get("DatapointsToAlarm", alarm.get("EvaluationPeriods")),
        "actions_enabled": alarm.get("ActionsEnabled", True),
    }
    outputs = {"arn": alarm["AlarmArn"]}
    return observed(aws, alarm["AlarmName"], attributes, tags, outputs, status=str(alarm.get("StateValue", "")))


def states_of(aws: Aws, names: Sequence[str]) -> dict[str, str]:
    """Return the states of existing metric and composite alarms by name."""
    return {
        alarm["AlarmName"]: str(alarm.get("StateValue", ""))
        for some in batches(names, AT_ONCE)
        for sort in ("MetricAlarm", "CompositeAlarm")
        for alarm in aws.pages("cloudwatch", "describe_alarms", f"{sort}s", AlarmNames=some, AlarmTypes=[sort])
    }
