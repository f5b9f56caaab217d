"""Log groups: names, lists, retention values, and tags that are deleted with the group."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services import texts as services_texts
from ecs_emulator.services.logs import texts

# The API reference of PutRetentionPolicy.
_RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


@wrap(LogsBackend, "create_log_group")
def create_log_group(original: Any, self: Any, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> Any:
    """CreateLogGroup: refuse names with characters other than letters, digits and -_/.#, or under `aws/`."""
    if not re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", log_group_name):
        refuse(
            "InvalidParameterException",
            f"1 validation error detected: Value '{log_group_name}' at 'logGroupName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+",
        )
    if log_group_name.startswith("aws/"):
        refuse("InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.")
    return original(self, log_group_name, tags, **kwargs)


@wrap(LogsBackend, "delete_log_group")
def delete_log_group(original: Any, self: Any, log_group_name: str) -> None:
    """DeleteLogGroup: delete its tags too, so that a group created anew has none."""
    group = self.groups.get(log_group_name)
    original(self, log_group_name)
    self.tagger.delete_all_tags_for_resource(group.arn)


@wrap(LogsBackend, "put_retention_policy")
def put_retention_policy(original: Any, self: Any, log_group_name: str, retention_in_days: Any) -> None:
    """PutRetentionPolicy: refuse days that AWS does not offer."""
    if int(retention_in_days) not in _RETENTION:
        allowed = ", ".join(str(days) for days in _RETENTION)
        refuse(
            "InvalidParameterException",
            f"1 validation error detected: Value '{retention_in_days}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{allowed}]",
        )
    original(self, log_group_name, int(retention_in_days))


def _check(logs: Any, arn: str) -> str:
    """Return the ARN without `:*`, as tags are kept; refuse a missing group (ResourceNotFoundException)."""
    plain = arn.removesuffix(":*")
    if ":log-group:" in plain and all(group.arn.removesuffix(":*") != plain for group in logs.groups.values()):
        refuse("ResourceNotFoundException", texts.NO_GROUP)
    return plain


@wrap(LogsBackend, "list_tags_for_resource")
def list_tags_for_resource(original: Any, self: Any, resource_arn: str) -> dict[str, str]:
    """ListTagsForResource: refuse a missing group."""
    return dict(original(self, _check(self, resource_arn)))


@wrap(LogsBackend, "tag_resource")
def tag_resource(original: Any, self: Any, arn: str, tags: dict[str, str]) -> None:
    """TagResource: refuse a missing group, and more than 50 tags."""
    plain = _check(self, arn)
    if len({*self.tagger.get_tag_dict_for_resource(plain), *(tags or {})}) > 50:
        refuse("TooManyTagsException", services_texts.TOO_MANY_TAGS, resourceName=arn)
    original(self, plain, tags or {})


@wrap(LogsBackend, "untag_resource")
def untag_resource(original: Any, self: Any, arn: str, tag_keys: list[str]) -> None:
    """UntagResource: refuse a missing group."""
    original(self, _check(self, arn), tag_keys)


# -- lists -------------------------------------------------------------------------------------------------------------

# The members of AWS's answers to a pattern (localstack, logs test_describe_log_groups_with_pattern).
_BY_PATTERN = ("arn", "creationTime", "logGroupArn", "logGroupClass", "logGroupName", "metricFilterCount")


@replace(LogsResponse, "describe_log_groups")
def describe_log_groups(self: Any) -> str:
    """DescribeLogGroups: refuse two filters; show the account's policy, and no retention for a pattern."""
    prefix, pattern = self._get_param("logGroupNamePrefix"), self._get_param("logGroupNamePattern")
    names, limit = self._get_param("logGroupIdentifiers"), self._get_param("limit") or 50
    if prefix and pattern:
        refuse("InvalidParameterException", "LogGroup name prefix and LogGroup name pattern are mutually exclusive.")
    if names and (prefix or pattern):
        refuse("InvalidParameterException", "logGroupIdentifiers cannot be combined with other filters.")
    if limit > 50:
        refuse("InvalidParameterException", f"Value '{limit}' at 'limit' failed: it must be at most 50")
    logs = self.logs_backend
    wanted = {str(name).removesuffix(":*").rpartition(":log-group:")[2] for name in names or ()}
    after = _name_in(self._get_param("nextToken"))
    found = [
        group
        for name, group in sorted(logs.groups.items())
        if name.startswith(prefix or "") and (pattern or "") in name and (not names or name in wanted) and name > after
    ]
    shown = [_shown(logs, group) for group in found[:limit]]
    if pattern:
        shown = [{key: group[key] for key in _BY_PATTERN} for group in shown]
    more = {"nextToken": urlsafe_b64encode(found[limit - 1].name.encode()).decode()} if len(found) > limit else {}
    return json.dumps({"logGroups": shown, **more})


def _name_in(token: str | None) -> str:
    try:
        return urlsafe_b64decode(token or "").decode()
    except ValueError:
        refuse("InvalidParameterException", "The specified nextToken is invalid.")


def _shown(logs: Any, group: Any) -> dict[str, Any]:
    shown = {**group.to_describe_dict(), "logGroupClass": "STANDARD", "deletionProtectionEnabled": False}
    if policy := _policy_of(logs, group):
        days = json.loads(policy["policyDocument"])["retentionInDays"]
        shown |= {"retentionPolicyName": policy["policyName"], "retentionInDays": days}
        if days == _FOR_EVER:
            del shown["retentionInDays"]
    return shown


@wrap(LogsResponse, "describe_log_streams")
def describe_log_streams(original: Any, self: Any) -> Any:
    """DescribeLogStreams: refuse an unknown identifier like an unknown name (API reference, Errors)."""
    requested = self._get_param("logGroupIdentifier")
    groups = self.logs_backend.groups.values()
    if requested and not any(requested in (group.name, group.arn.removesuffix(":*")) for group in groups):
        refuse("ResourceNotFoundException", texts.NO_GROUP)
    return original(self)


# -- the account's retention policies ----------------------------------------------------------------------------------

_FOR_EVER = "NEVER_EXPIRE"


def _policies(logs: Any) -> dict[str, dict[str, Any]]:
    return logs.__dict__.setdefault("retention_policies", {})  # type: ignore[no-any-return]


def _policy_of(logs: Any, group: Any) -> dict[str, Any] | None:
    """Return the account policy that sets a group's retention, the longest of several; None without one.

    Source: API reference, PutAccountPolicy, retention policy.
    """

    def applies(policy: dict[str, Any]) -> bool:
        scoped = re.fullmatch(r'LogGroupNamePrefix\s*=\s*"?(.*?)"?', policy.get("selectionCriteria") or "")
        later_only = json.loads(policy["policyDocument"]).get("enforcementMode") == "NEW_ONLY"
        fits = group.name.startswith(scoped[1]) if scoped else True
        return fits and passed(policy["effective"]) and not (later_only and group.name in policy["before"])

    def days(policy: dict[str, Any]) -> float:
        value = json.loads(policy["policyDocument"])["retentionInDays"]
        return float("inf") if value == _FOR_EVER else value

    return max(filter(applies, _policies(logs).values()), key=days, default=None)


@add(LogsResponse, "put_account_policy")
def put_account_policy(self: Any) -> str:
    """PutAccountPolicy: accept retention of 30 days or more, which a day later replaces the groups' own."""
    policy_type, name = self._get_param("policyType"), self._get_param("policyName")
    if policy_type != "RETENTION_POLICY":
        refuse("InvalidParameterException", f"The embedded cloud knows no account policies of the type {policy_type}.")
    document = json.loads(self._get_param("policyDocument"))
    if (days := document.get("retentionInDays")) != _FOR_EVER and (days not in _RETENTION or days < 30):
        refuse("InvalidParameterException", f"{days} is no retention period of an account-level policy.")
    policy = {
        "policyName": name,
        "policyType": policy_type,
        "policyDocument": self._get_param("policyDocument"),
        "selectionCriteria": self._get_param("selectionCriteria"),
        "scope": "ALL",
        "accountId": self.logs_backend.account_id,
    }
    inner = {"effective": later(durations.RETENTION_POLICY), "before": set(self.logs_backend.groups)}
    _policies(self.logs_backend)[name] = policy | inner
    return json.dumps({"accountPolicy": policy})


@add(LogsResponse, "delete_account_policy")
def delete_account_policy(self: Any) -> str:
    """DeleteAccountPolicy: put the groups' own retention in force again."""
    if _policies(self.logs_backend).pop(self._get_param("policyName"), None) is None:
        refuse("ResourceNotFoundException", "The specified account policy does not exist.")
    return ""
