"""CloudWatch Logs: log groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from provisioner.aws import Aws
from provisioner.engine.kind import Changes, Kind, Live


@dataclass(frozen=True)
class LogGroup(Kind):
    """A log group that keeps its events for some days."""

    log_group_name: str
    retention_in_days: int

    service: ClassVar[str] = "logs"
    identity: ClassVar[Sequence[str]] = ("log_group_name",)
    derived: ClassVar[Sequence[str]] = ("id", "arn")
    outputs: ClassVar[Sequence[str]] = ("arn",)
    fixed: ClassVar[frozenset[str]] = frozenset({"log_group_name"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Live]:
        # an account has thousands of groups: only those with the stack's name are read, and the folders of others
        names = {fields["log_group_name"] for fields in known}
        folders = {name[: name.rfind("/") + 1] or name for name in names if aws.name not in name}
        searches = [{"logGroupNamePattern": aws.name}, *({"logGroupNamePrefix": folder} for folder in sorted(folders))]
        for search in searches:
            for group in aws.pages("logs", "describe_log_groups", "logGroups", **search):
                live = cls._live(aws, group, group["logGroupName"] in names)
                if live.owned or live.id in names:
                    yield live

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], known: bool) -> Live:
        arn = group["arn"].removesuffix(":*")

        def read() -> Mapping[str, str]:
            tags: Mapping[str, str] = aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"]
            return tags

        tags = aws.tags_of(arn, read if known else dict)
        attributes = {
            "log_group_name": group["logGroupName"],
            "retention_in_days": group.get("retentionInDays"),
        }
        return Live(group["logGroupName"], attributes, {"arn": arn}, address=aws.address_in(tags), owned=aws.owns(tags))

    def create(self, aws: Aws, token: str) -> Live:
        aws.client("logs").create_log_group(logGroupName=self.log_group_name, tags=aws.tags(self.address))
        arn = f"arn:{aws.partition}:logs:{aws.region}:{aws.account}:log-group:{self.log_group_name}"
        attributes = {"log_group_name": self.log_group_name, "retention_in_days": None}
        return Live(self.log_group_name, attributes, {"arn": arn}, address=self.address)

    def update(self, aws: Aws, live: Live, changes: Changes) -> None:
        aws.client("logs").put_retention_policy(logGroupName=live.id, retentionInDays=self.retention_in_days)

    @classmethod
    def delete(cls, aws: Aws, live: Live) -> None:
        aws.client("logs").delete_log_group(logGroupName=live.id)
