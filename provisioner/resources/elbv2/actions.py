"""Elastic Load Balancing: the actions of listeners and rules, and their target groups while these change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Action = Mapping[str, Any]
"""An action of a listener or rule, in AWS's spelling, in the form of `normal_action`."""
MAX_TARGET_GROUPS = 5
"""The most target groups of one action (quotas of Application Load Balancers)."""


def forward(target_group_arn: str) -> Action:
    """Return the action that forwards requests to a target group."""
    return {"Type": "forward", "TargetGroupArn": target_group_arn}


def forward_by_ecs(target_group_arn: str, alternate_arn: str) -> Action:
    """Return the action that forwards requests to one of two target groups; ECS changes the weights later."""
    shares = {target_group_arn: 100, alternate_arn: 0}
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted(shares)}}


def answer(status_code: str, text: str) -> Action:
    """Return the action that answers by itself with this text."""
    fixed = {"StatusCode": status_code, "ContentType": "text/plain", "MessageBody": text}
    return {"Type": "fixed-response", "FixedResponseConfig": fixed}


def redirect_to(host: str) -> Action:
    """Return the action that sends clients to the same path of a host by HTTPS."""
    place = {"Protocol": "HTTPS", "Port": "443", "Host": host, "Path": "/#{path}", "Query": "#{query}"}
    return {"Type": "redirect", "RedirectConfig": {**place, "StatusCode": "HTTP_301"}}


def normal_action(action: Action) -> dict[str, Any]:
    """Return an action without its order; a forward to one group is returned in its short form."""
    settings = {key: value for key, value in action.items() if key != "Order"}
    config = dict(settings.get("ForwardConfig", {}))
    if not config.get("TargetGroupStickinessConfig", {}).get("Enabled"):
        config.pop("TargetGroupStickinessConfig", None)
    groups = config.get("TargetGroups", ())
    if len(groups) == 1:
        return {"Type": settings["Type"], "TargetGroupArn": groups[0]["TargetGroupArn"]}
    if groups:
        return {"Type": settings["Type"], "ForwardConfig": {**config, "TargetGroups": weighted(weights(settings))}}
    return settings


def weights(action: Action) -> dict[str, int]:
    """Return an action's target groups with their weights; none if it is not a forward."""
    if "TargetGroupArn" in action:
        return {action["TargetGroupArn"]: 1}
    groups = action.get("ForwardConfig", {}).get("TargetGroups", ())
    return {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}


def weighted(shares: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return target groups with their weights as AWS writes them, in the order of their ARNs."""
    return [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in sorted(shares.items())]


def both(
    wanted: Sequence[Action], before: Sequence[Action] | None, live: Sequence[Action], *, shifted: bool
) -> Sequence[Action]:
    """Return the actions for the time in which the former target groups exist beside the wanted ones.

    ECS refuses a service whose target group is in no listener or rule, so a new group is added with weight 0. The
    weight moves as a whole: a group without healthy targets answers 503 for its share. A group that no action names is
    not drained (TargetHealth, Target.NotInUse), so the former one stays with weight 0.

    Args:
        wanted: the declared actions, with at most one target group.
        before: the actions requested last.
        shifted: whether the wanted target groups are ready.
    """
    there = weights(live[0]) if len(live) == 1 else {}
    asked = weights(before[0]) if before else {}
    new = weights(wanted[0])
    former = {arn: weight for arn, weight in there.items() if arn in asked and arn not in new}
    # if several wanted groups have failed one after the other, groups without traffic are removed first
    former = dict(sorted(former.items(), key=lambda share: -share[1])[: MAX_TARGET_GROUPS - len(new)])
    if not new:
        held = any(former.values()) or _leads_elsewhere(wanted, before, live)
        return live if held and not shifted else wanted
    if shifted or not any(former.values()):
        shares = dict.fromkeys(former, 0) | new
    else:
        shares = former | {arn: there.get(arn, 0) for arn in new}
    if not former:
        return wanted
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": weighted(shares)}}]


def _leads_elsewhere(wanted: Sequence[Action], before: Sequence[Action] | None, live: Sequence[Action]) -> bool:
    """Return whether a redirect that the stack asked for gets another target: that one may not answer yet."""
    redirects = all(len(some) == 1 and some[0].get("Type") == "redirect" for some in (wanted, live))
    return (
        redirects and before is not None and [*map(normal_action, before)] == [*live] != [*map(normal_action, wanted)]
    )
