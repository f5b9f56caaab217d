"""Log groups: names, retention values, tags that go with the group."""

from __future__ import annotations

import re
from typing import Any

from moto.logs.models import LogsBackend

from provisioner.cloud.patch import refuse, wrap

# The API reference of PutRetentionPolicy.
_RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


@wrap(LogsBackend, "create_log_group")
def create_log_group(original: Any, self: Any, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> Any:
    """CreateLogGroup: letters, digits and -_/.#, not under `aws/`."""
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
    """DeleteLogGroup: its tags go too, so that a group made anew has none."""
    group = self.groups.get(log_group_name)
    original(self, log_group_name)
    self.tagger.delete_all_tags_for_resource(group.arn)


@wrap(LogsBackend, "put_retention_policy")
def put_retention_policy(original: Any, self: Any, log_group_name: str, retention_in_days: Any) -> None:
    """PutRetentionPolicy: only the days that AWS offers."""
    if int(retention_in_days) not in _RETENTION:
        allowed = ", ".join(str(days) for days in _RETENTION)
        refuse(
            "InvalidParameterException",
            f"1 validation error detected: Value '{retention_in_days}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{allowed}]",
        )
    original(self, log_group_name, int(retention_in_days))


def _check(logs: Any, arn: str) -> str:
    """The ARN under which tags are kept: without the `:*` of DescribeLogGroups; ResourceNotFoundException if gone."""
    plain = arn.removesuffix(":*")
    if ":log-group:" in plain and all(group.arn.removesuffix(":*") != plain for group in logs.groups.values()):
        refuse("ResourceNotFoundException", "The specified log group does not exist.")
    return plain


@wrap(LogsBackend, "list_tags_for_resource")
def list_tags_for_resource(original: Any, self: Any, resource_arn: str) -> dict[str, str]:
    """ListTagsForResource: of an existing group."""
    return dict(original(self, _check(self, resource_arn)))


@wrap(LogsBackend, "tag_resource")
def tag_resource(original: Any, self: Any, arn: str, tags: dict[str, str]) -> None:
    """TagResource: of an existing group, up to 50."""
    plain = _check(self, arn)
    if len({*self.tagger.get_tag_dict_for_resource(plain), *(tags or {})}) > 50:
        refuse("TooManyTagsException", "A resource can have no more than 50 tags.", resourceName=arn)
    original(self, plain, tags or {})


@wrap(LogsBackend, "untag_resource")
def untag_resource(original: Any, self: Any, arn: str, tag_keys: list[str]) -> None:
    """UntagResource: of an existing group."""
    original(self, _check(self, arn), tag_keys)
