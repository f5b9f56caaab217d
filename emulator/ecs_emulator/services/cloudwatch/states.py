"""Evaluate alarms every minute, and run their actions when their state changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from ecs_emulator import durations
from ecs_emulator.clock import CLOCK, later, passed
from ecs_emulator.ecs.store import store
from ecs_emulator.patch import on_reset, wrap
from ecs_emulator.services.cloudwatch import evaluation, measured
from ecs_emulator.services.sns import publishing

_SERVICE = "cloudwatch.amazonaws.com"
_SHORT = "%d/%m/%y %H:%M:%S"
_due: dict[tuple[str, str], tuple[float, int]] = {}
"""By account and Region: the time of the next evaluation, and the minute at which its data end."""


def settle() -> None:
    """Evaluate the alarms whose time has come. The caller holds the cloud's lock."""
    for (account, region), (_, end) in [(key, due) for key, due in _due.items() if passed(due[0])]:
        del _due[account, region]
        backend = cloudwatch_backends[account][region]
        found = [(alarm, source) for alarm in [*backend.alarms.values()] if (source := _source(backend, alarm))]
        for alarm, source in found:
            _evaluate(backend, alarm, source, end)
        if found:
            _plan(account, region)


def _plan(account: str, region: str) -> None:
    """Plan to evaluate the alarms of an account and Region once the data of the present minute are known.

    All alarms are evaluated once a minute, also with longer periods (user guide, "Alarm evaluation").
    """
    if (account, region) not in _due:
        end = int(CLOCK.time()) // measured.MINUTE + 1
        known_after = CLOCK.durations.seconds(durations.METRIC_POINT)
        _due[account, region] = later(end * measured.MINUTE - CLOCK.time() + known_after), end


@on_reset
def forget() -> None:
    """Drop all planned evaluations."""
    _due.clear()


def _source(backend: CloudWatchBackend, alarm: Alarm) -> measured.Source | None:
    """Return the function that gives an alarm's values; None if its metric or operator is not supported here."""
    if alarm.comparison_operator not in evaluation.BEYOND:
        return None
    dimensions = {str(one.name): str(one.value) for one in alarm.dimensions}
    kept = store(backend.account_id, backend.region_name)
    return measured.source(kept, alarm.namespace or "", alarm.metric_name or "", dimensions)


def _evaluate(backend: CloudWatchBackend, alarm: Alarm, found: measured.Source, end: int) -> None:
    """Bring an alarm to the state that follows from its metric."""
    length, periods = max(1, int(alarm.period) // measured.MINUTE), int(alarm.evaluation_periods)
    starts = [end - length * back for back in range(periods + evaluation.MORE, 0, -1)]
    stat, threshold = alarm.statistic or alarm.extended_statistic or "", float(alarm.threshold)
    values = [found(stat, range(start, start + length)) for start in starts]
    beyond = evaluation.BEYOND[alarm.comparison_operator][0]
    points = [None if value is None else beyond(value, threshold) for value in values]
    state = evaluation.state(
        points,
        periods,
        int(alarm.datapoints_to_alarm or periods),
        alarm.treat_missing_data or "missing",
        alarm.state_value,
    )
    if state != alarm.state_value:
        known = [(start, value) for start, value in zip(starts, values, strict=True) if value is not None][-periods:]
        _change(backend, alarm, state, _reason(alarm, known, state))


def _reason(alarm: Alarm, known: list[tuple[int, float]], state: str) -> str:
    """Return CloudWatch's reason for a state change (user guide, "Notifying users on alarm changes", its example)."""
    if not known:
        return "No datapoints were received, and missing ones were treated as the alarm says."
    shown = ", ".join(f"{value} ({datetime.fromtimestamp(at * measured.MINUTE, UTC):{_SHORT}})" for at, value in known)
    how = evaluation.BEYOND[alarm.comparison_operator][1]
    was = "was" if state == evaluation.ALARM else "was not"
    return f"Threshold Crossed: {len(known)} datapoint [{shown}] {was} {how} the threshold ({alarm.threshold})."


def _change(backend: CloudWatchBackend, alarm: Alarm, state: str, reason: str) -> None:
    before = alarm.state_value
    alarm.update_state(reason, "{}", state)
    _act(backend, alarm, before)


def _act(backend: CloudWatchBackend, alarm: Alarm, before: str) -> None:
    """Publish an alarm's state to its topics if the state has changed and the actions are enabled.

    Source: API reference, SetAlarmState and DisableAlarmActions.
    """
    if before == alarm.state_value or not alarm.actions_enabled:
        return
    told = {
        evaluation.ALARM: alarm.alarm_actions,
        evaluation.OK: alarm.ok_actions,
        evaluation.UNKNOWN: alarm.insufficient_data_actions,
    }[alarm.state_value]
    account, message = (backend.account_id,), json.dumps(_message(backend, alarm, before))
    context = {"aws:SourceAccount": account, "aws:SourceOwner": account, "aws:SourceArn": (alarm.alarm_arn,)}
    subject = f'{alarm.state_value}: "{alarm.name}" in {backend.region_name}'
    for arn in told:
        publishing.publish(_SERVICE, context, arn, message, subject)


def _message(backend: CloudWatchBackend, alarm: Alarm, before: str) -> dict[str, Any]:
    """Return a topic's message (user guide, "Notifying users on alarm changes") with few of the alarm's settings."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": datetime.fromtimestamp(CLOCK.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "Region": backend.region_name,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "Trigger": {"MetricName": alarm.metric_name, "Namespace": alarm.namespace, "Threshold": alarm.threshold},
    }


@wrap(CloudWatchBackend, "put_metric_alarm")
def put_metric_alarm(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """PutMetricAlarm: plan the alarm's evaluation."""
    alarm = original(self, *args, **kwargs)
    if _source(self, alarm):
        _plan(self.account_id, self.region_name)
    return alarm


@wrap(CloudWatchBackend, "set_alarm_state")
def set_alarm_state(original: Any, self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
    """SetAlarmState: run the actions of the new state, which the next evaluation may change again (API reference)."""
    before = self.alarms[alarm_name].state_value if alarm_name in self.alarms else ""
    original(self, alarm_name, reason, reason_data, state_value)
    _act(self, self.alarms[alarm_name], before)
