"""CloudWatch Logs: log groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from provisioner.aws import Aws
from provisioner.engine.kind import Changes, Kind, Live


@dataclass(frozen=True)
class LogGroup(Kind):
    """A log group that keeps its events for some days.

    Where a retention policy of the account decides that instead, the output `retention_policy` has its name.
    """

    log_group_name: str
    retention_in_days: int

    service: ClassVar[str] = "logs"
    identity: ClassVar[Sequence[str]] = ("log_group_name",)
    derived: ClassVar[Sequence[str]] = ("id", "arn")
    outputs: ClassVar[Sequence[str]] = ("arn",)
    fixed: ClassVar[frozenset[str]] = frozenset({"log_group_name"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Live]:
        names = {fields["log_group_name"] for fields in known}
        # the answer to a pattern has no retention (DescribeLogGroups), so that what it finds is read once more
        search = {"logGroupNamePattern": aws.name}
        found = aws.pages("logs", "describe_log_groups", "logGroups", **search) if aws.thorough else ()
        names |= {group["logGroupName"] for group in found if aws.owns(aws.tags_of(_arn(group), dict))}
        # an account has thousands of groups: only the folders of ours are read
        for folder in sorted({name[: name.rfind("/") + 1] or name for name in names}):
            for group in aws.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=folder):
                if group["logGroupName"] in names:
                    yield cls._live(aws, group)

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any]) -> Live:
        arn = _arn(group)

        def read() -> Mapping[str, str]:
            tags: Mapping[str, str] = aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"]
            return tags

        tags = aws.tags_of(arn, read)
        attributes, outputs = {"log_group_name": group["logGroupName"]}, {"arn": arn}
        if policy := group.get("retentionPolicyName"):
            # the account's policy beats the group's own retention, which AWS then does not show (PutAccountPolicy)
            outputs["retention_policy"] = policy
        else:
            attributes["retention_in_days"] = group.get("retentionInDays")
        return Live(group["logGroupName"], attributes, outputs, address=aws.address_in(tags), owned=aws.owns(tags))

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


def _arn(group: Mapping[str, Any]) -> str:
    return str(group["arn"]).removesuffix(":*")
