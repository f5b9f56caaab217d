"""CloudWatch Logs: log groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from provisioner.aws.api import Api, Clients, Limit, TagCalls, Tags
from provisioner.aws.client import Aws
from provisioner.aws.permissions import ASKED, OWN, TAGS_AT_ONCE, UNSHOWN_TAGS, Use, grants, untagging
from provisioner.aws.tagging import tag_map, tags_of
from provisioner.engine.costs import HOURS, Around, Cost, by_load
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.words import size

_RATES = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"


def _read_tags(aws: Clients, arn: str) -> Tags:
    return dict(aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"])


API = Api(
    "logs",
    "CloudWatch Logs",
    tags=TagCalls(
        "arn",
        _read_tags,
        lambda aws, arn, tags: aws.client("logs").tag_resource(resourceArn=arn, tags=dict(tags)),
        lambda aws, arn, keys: aws.client("logs").untag_resource(resourceArn=arn, tagKeys=keys),
    ),
    transient=(
        Row("in_use", "OperationAbortedException", "", 60, "another operation is in progress", "CloudWatch Logs API"),
    ),
    rates=(
        Limit("each", 5, 5, _RATES, ("ListTagsForResource", "PutRetentionPolicy", "TagResource")),
        Limit("each", 10, 10, _RATES, ("CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups")),
        # These two vary with the Region, up to 25 a second: this is the lowest value.
        Limit("each", 5, 5, _RATES, ("FilterLogEvents",)),
        Limit("each", 10, 10, _RATES, ("GetLogEvents",)),
    ),
)  # fmt: skip

FEW = 5
"""The most groups that are read one by one: a list has 50 on a page, and a stack's groups take several lists."""


def performance_log(cluster: str) -> str:
    """Return the name of the log group that Container Insights writes to (CloudWatch guide, performance log events)."""
    return f"/aws/ecs/containerinsights/{cluster}/performance"


@dataclass(frozen=True)
class LogGroup(Resource):
    """A log group that keeps its events for some days, encrypted with a key if `kms_key_id` is its ARN.

    Events written under another key keep that key (CloudWatch Logs API, AssociateKmsKey).

    If a retention policy of the account applies instead, the output `retention_policy` has its name. The group of
    Container Insights is this stack's even without tags: ECS creates it again if it is missing. Then it has the problem
    `untagged`, and `up` adds the tags.
    """

    log_group_name: str
    retention_in_days: int
    kms_key_id: str | None = None

    type_name = "log_group"
    api = API
    arn = "log-group:{log_group_name}"
    permissions = (
        *grants("logs", "DescribeLogGroups"),
        *grants("logs", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("logs", "CreateLogGroup", OWN, conditions=ASKED),
        *grants("logs", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("logs", "UntagResource", OWN),
        *grants("logs", "DeleteLogGroup PutRetentionPolicy", OWN),
        *grants(
            "logs",
            "AssociateKmsKey DisassociateKmsKey",
            OWN,
            use=Use.OPTION,
            why="`kms_key`, `[logs] kms_key`",
            when="kms_key_id",
        ),
    )
    identity = ("log_group_name",)
    derived = ("id", "arn")
    outputs = ("arn",)

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the logs"

    @classmethod
    def amount(cls, aws: Aws, ids: Sequence[str]) -> str:
        directories = {name[: name.rfind("/") + 1] or name for name in ids}
        found = [group for directory in sorted(directories) for group in _groups(aws, logGroupNamePrefix=directory)]
        # lately written events do not count yet
        stored = sum(group.get("storedBytes", 0) for group in found if group["logGroupName"] in ids)
        return size(stored) if stored else ""

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield by_load("logs, when they are written", "logs.in", "log_gb")
        days = int(settings.get("retention_in_days") or 0)
        # the stored amount is always the amount written in so many days
        yield by_load("logs, as long as they are kept", "logs.store", "log_gb", days * 24 / HOURS)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["log_group_name"] for fields in known}
        # the answer to a pattern has no retention (DescribeLogGroups), so the groups that it finds are read once more
        found = _groups(aws, logGroupNamePattern=aws.name) if aws.include_unrecorded else ()
        names |= {group["logGroupName"] for group in found if aws.owns(aws.tags_of(_arn(group), dict))}
        names |= {performance_log(aws.name)} if aws.include_unrecorded else set()
        # an account has thousands of groups: only the directories of the stack's groups are read
        for directory in sorted({name[: name.rfind("/") + 1] or name for name in names}):
            for group in _groups(aws, logGroupNamePrefix=directory):
                if group["logGroupName"] in names:
                    yield cls._live(aws, group)

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterable[Observed] | None:
        if len(ids) > FEW:
            return None
        found = aws.each(partial(_called, aws), sorted(ids))
        return [cls._live(aws, group) for group in found if group]

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any]) -> Observed:
        arn = _arn(group)
        tags = tags_of(aws, "logs", arn)
        owned = aws.owns(tags)
        problems = {} if owned else {"untagged": True}
        attributes = {"log_group_name": group["logGroupName"], "kms_key_id": group.get("kmsKeyId")}
        outputs = {"arn": arn}
        if policy := group.get("retentionPolicyName"):
            # the account's policy overrides the group's own retention, which AWS then does not show (PutAccountPolicy)
            outputs["retention_policy"] = policy
        else:
            attributes["retention_in_days"] = group.get("retentionInDays")
        if not tags and group["logGroupName"] == performance_log(aws.name):
            owned = _of_our_cluster(aws)
        address = aws.address_in(tags)
        return Observed(group["logGroupName"], attributes, outputs, address, owned, problems=problems, tags=tags)

    def create(self, aws: Aws, token: str) -> Observed:
        key = {"kmsKeyId": self.kms_key_id} if self.kms_key_id else {}
        aws.client("logs").create_log_group(logGroupName=self.log_group_name, tags=aws.tags(self.address), **key)
        arn = f"arn:{aws.partition}:logs:{aws.region}:{aws.account}:log-group:{self.log_group_name}"
        attributes = {**self.fields(), "retention_in_days": None}
        return Observed(self.log_group_name, attributes, {"arn": arn}, address=self.address)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        if "untagged" in changes:
            aws.client("logs").tag_resource(resourceArn=live.outputs["arn"], tags=aws.tags(self.address))
        if "retention_in_days" in changes:
            aws.client("logs").put_retention_policy(logGroupName=live.id, retentionInDays=self.retention_in_days)
        if "kms_key_id" in changes and self.kms_key_id:
            aws.client("logs").associate_kms_key(logGroupName=live.id, kmsKeyId=self.kms_key_id)
        elif "kms_key_id" in changes:
            aws.client("logs").disassociate_kms_key(logGroupName=live.id)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("logs").delete_log_group(logGroupName=live.id)


def remove_remade(aws: Aws) -> str:
    """Delete the log group of Container Insights if ECS created it again; return its name, or "" if there is none."""
    name = performance_log(aws.name)
    group = _called(aws, name)
    if group is None or _read_tags(aws, _arn(group)) or not _of_our_cluster(aws):
        return ""
    aws.client("logs").delete_log_group(logGroupName=name)
    return name


def _groups(aws: Aws, **search: str) -> Iterator[Mapping[str, Any]]:
    return aws.pages("logs", "describe_log_groups", "logGroups", **search)


def _called(aws: Aws, name: str) -> Mapping[str, Any] | None:
    """Return the group of that name, if there is one."""
    return next((group for group in _groups(aws, logGroupNamePrefix=name) if group["logGroupName"] == name), None)


def _arn(group: Mapping[str, Any]) -> str:
    return str(group["arn"]).removesuffix(":*")


def _of_our_cluster(aws: Aws) -> bool:
    """Return whether the cluster of the stack's name is this stack's, or gone: its log group is this stack's then."""
    found = aws.read("ecs", "describe_clusters", clusters=[aws.name], include=["TAGS"])["clusters"]
    there = [cluster for cluster in found if cluster["status"] != "INACTIVE"]
    return all(aws.owns(tag_map(cluster.get("tags"), "key", "value")) for cluster in there)
