"""Refusals by EventBridge about rules."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, Case, Scene, once, parameter

case = partial(Case, "events")
PLACE = "ap-northeast-1:123456789012"
NO_RULE = f"arn:aws:events:{PLACE}:rule/nothing"
EMPTY = "https://github.com/cloud-custodian/cloud-custodian/issues/6507"
NO_ARRAY = "https://github.com/buildkite/docs/pull/896"
TARGETS = "https://github.com/getmoto/moto/pull/5056"


def put(scene: Scene, events: Any, pattern: Any = None, **change: Any) -> str:
    """Put a rule of a new name, and return its name."""
    text = json.dumps({"source": ["aws.ecs"]} if pattern is None else pattern)
    wanted = {"Name": scene.name("rule"), "EventPattern": text, **change}
    events.put_rule(**{name: value for name, value in wanted.items() if value is not None})
    return str(wanted["Name"])


def with_target(scene: Scene, events: Any) -> str:
    """A rule that has a target."""
    name = put(scene, events)
    events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": f"arn:aws:sqs:{PLACE}:one"}])
    return name


@once
def managed(scene: Scene) -> str:
    """A rule that EventBridge makes for an archive of its own."""
    events = scene.client("events")
    events.create_archive(ArchiveName="refused", EventSourceArn=f"arn:aws:events:{PLACE}:event-bus/default")
    return next(str(one["Name"]) for one in events.list_rules()["Rules"] if "ManagedBy" in one)


CASES = (
    case("PutRule", "with a pattern that is no JSON", "InvalidEventPatternException", ERRORS,
        lambda s, c: put(s, c, EventPattern="{")),
    case("PutRule", "with an empty object in its pattern", "InvalidEventPatternException", EMPTY,
        lambda s, c: put(s, c, {"source": ["aws.health"], "detail": {}}), "Empty objects are not allowed"),
    case("PutRule", "with a value that is in no array", "InvalidEventPatternException", NO_ARRAY,
        lambda s, c: put(s, c, {"detail": {"group": "web"}}), '"group" must be an object or an array'),
    case("PutRule", "with an operator that there is not", "InvalidEventPatternException", ERRORS,
        lambda s, c: put(s, c, {"source": [{"begins": "aws"}]})),
    case("PutRule", "with neither pattern nor schedule", "ValidationException", TEXT,
        lambda s, c: put(s, c, EventPattern=None), "must be specified"),
    case("PutRule", "with a blank in its name", "ValidationException", parameter("Name"),
        lambda s, c: put(s, c, Name="no name")),
    case("PutRule", "with a name of 65 characters", "ValidationException", parameter("Name"),
        lambda s, c: put(s, c, Name="r" * 65)),
    case("PutRule", "with a description of 513 characters", "ValidationException", parameter("Description"),
        lambda s, c: put(s, c, Description="d" * 513)),
    case("PutRule", "on a bus that there is not", "ResourceNotFoundException", ERRORS,
        lambda s, c: put(s, c, EventBusName="nothing")),
    case("PutRule", "of one that another service manages", "ManagedRuleException", ERRORS,
        lambda s, c: put(s, c, Name=managed(s))),
    case("DescribeRule", "that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.describe_rule(Name="nothing"), "Rule nothing does not exist on EventBus default."),
    case("DisableRule", "that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.disable_rule(Name="nothing")),
    case("DeleteRule", "that has a target", "ValidationException", TARGETS,
        lambda s, c: c.delete_rule(Name=with_target(s, c)), "since it has targets"),
    case("DeleteRule", "that another service manages", "ManagedRuleException", ERRORS,
        lambda s, c: c.delete_rule(Name=managed(s))),
    case("PutTargets", "of a rule that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.put_targets(Rule="nothing", Targets=[{"Id": "one", "Arn": f"arn:aws:sqs:{PLACE}:one"}])),
    case("ListTargetsByRule", "of a rule that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.list_targets_by_rule(Rule="nothing")),
    case("TagResource", "of a rule that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.tag_resource(ResourceARN=NO_RULE, Tags=[{"Key": "a", "Value": "1"}])),
    case("ListTagsForResource", "of a rule that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.list_tags_for_resource(ResourceARN=NO_RULE)),
)  # fmt: skip
