"""EventBridge: rules on the default event bus, without targets: CloudWatch counts the events that they match."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.api import Api, Limit, TagCalls
from provisioner.aws.client import Aws
from provisioner.aws.errors import not_found
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, OURS, OWN, TAGS_AT_ONCE, UNSHOWN_TAGS, Use, grants, retagging, untagging
from provisioner.aws.tagging import observed, tag_map, tags_of
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource

_RATES = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"

API = Api(
    "events",
    "EventBridge",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(aws.client("events").list_tags_for_resource(ResourceARN=arn)["Tags"]),
        lambda aws, arn, tags: aws.client("events").tag_resource(ResourceARN=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("events").untag_resource(ResourceARN=arn, TagKeys=keys),
    ),
    transient=(
        Row("in_use", "ConcurrentModificationException", "", 60, "another change is in progress",
            "EventBridge API, PutRule; alchemy-run/alchemy#206"),
    ),
    rates=(Limit("each", 50, 50, _RATES, ("*",)),),
)  # fmt: skip


@dataclass(frozen=True)
class EventRule(Resource):
    """A rule that matches events of the account, and has no target.

    EventBridge counts the matches in the metric TriggeredRules, on which an alarm can be: so the rule needs no role,
    and no topic has to let rules publish (EventBridge user guide, "Using resource-based policies", Amazon SNS).

    Attributes:
        event_pattern: in EventBridge's spelling.
        state: ENABLED, or DISABLED.
    """

    rule_name: str
    description: str
    event_pattern: Mapping[str, Any]
    state: str = "ENABLED"

    type_name = "event_rule"
    api = API
    arn = "rule/{rule_name}"
    permissions = (
        *grants("events", "DescribeRule", OWN),
        *grants("events", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("events", "PutRule", OWN),
        *grants("events", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *retagging("events", "TagResource", OWN),
        *untagging("events", "UntagResource", OWN, conditions=OURS),
        *grants("events", "ListTargetsByRule DeleteRule", OWN),
        *grants("events", "RemoveTargets", OWN, use=Use.OTHER, why="somebody has given a rule of the stack a target"),
    )
    identity = ("rule_name",)
    derived = ("id", "arn")
    outputs = ("arn",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # an account may have hundreds, so these are read by their names
        names = {fields["rule_name"] for fields in known}
        tagged = {arn.partition(":rule/")[2] for arn in aws.tagged("events", cls) if ":rule/" in arn}
        # a rule of another bus has the bus's name before its own
        names |= {name for name in tagged if "/" not in name}
        for rule in aws.each(partial(_shown, aws), sorted(names)):
            if rule is not None:
                yield _live(aws, rule, tags_of(aws, "events", rule["Arn"]))

    def create(self, aws: Aws, token: str) -> Observed:
        made = aws.client("events").put_rule(**self._settings(), Tags=aws.tag_list(self.address))
        return observed(aws, self.rule_name, self.fields(), aws.tags(self.address), {"arn": made["RuleArn"]})

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        # always with all members: omitted ones become empty; tags stay (API reference, PutRule)
        aws.client("events").put_rule(**self._settings())

    def _settings(self) -> dict[str, str]:
        return {
            "Name": self.rule_name,
            "Description": self.description,
            "EventPattern": json.dumps(self.event_pattern),
            "State": self.state,
        }

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # AWS does not delete a rule with targets, and somebody may have added some (API reference, DeleteRule)
        targets = [one["Id"] for one in aws.pages("events", "list_targets_by_rule", "Targets", Rule=live.id)]
        if targets:
            aws.client("events").remove_targets(Rule=live.id, Ids=targets)
        aws.client("events").delete_rule(Name=live.id)


def _live(aws: Aws, rule: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
    attributes = {
        "rule_name": rule["Name"],
        "description": rule.get("Description", ""),
        "event_pattern": json.loads(rule.get("EventPattern") or "{}"),
        "state": rule.get("State"),
    }
    return observed(aws, rule["Name"], attributes, tags, {"arn": rule["Arn"]})


def _shown(aws: Aws, name: str) -> Mapping[str, Any] | None:
    """Return a rule of the default bus as EventBridge shows it; None if there is none of that name."""
    try:
        found: Mapping[str, Any] = aws.read("events", "describe_rule", Name=name)
    except ClientError as error:
        if not not_found(error, "events"):
            raise
        return None
    return found
