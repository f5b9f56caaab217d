"""Target groups of Elastic Load Balancing: the addresses of tasks, their health check, and their stickiness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, CHANGED, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources import members
from provisioner.resources.elbv2.api import API, TAGGED
from provisioner.resources.elbv2.balancer import described_tags

DELAY = "deregistration_delay.timeout_seconds"
DEFAULT_DELAY = 300
"""AWS's default, which CreateTargetGroup does not return."""
STICKY, BY_COOKIE = "stickiness", "lb_cookie"
"""The beginning of the attributes' names for stickiness, and its type by a cookie of the load balancer's."""
TARGETS = {
    "vpc_id": "VpcId",
    "protocol": "Protocol",
    "protocol_version": "ProtocolVersion",
    "port": "Port",
    "target_type": "TargetType",
}
HEALTH_CHECK = {
    "health_check_protocol": "HealthCheckProtocol",
    "health_check_path": "HealthCheckPath",
    "health_check_interval_seconds": "HealthCheckIntervalSeconds",
    "health_check_timeout_seconds": "HealthCheckTimeoutSeconds",
    "healthy_threshold_count": "HealthyThresholdCount",
    "unhealthy_threshold_count": "UnhealthyThresholdCount",
}
"""The fields' names in a target group's calls and answers: `TARGETS` cannot be changed, `HEALTH_CHECK` can."""
HEALTHY = ("health_check_path", "matcher")
"""The fields that set a healthy target's path and answer."""
NEARLY_ANY, ANY_OF_GRPC = "200-499", "0-99"
"""All codes that a matcher may contain, of HTTP and of gRPC (ELBv2 API, Matcher)."""
GRPC = "GRPC"
"""The protocol version whose health checks have gRPC's codes."""
WRONG_CODE = "Target.ResponseCodeMismatch"
"""The reason of a target that is unhealthy because its answer does not match (TargetHealth, Reason)."""


def target_health(aws: Aws, arn: str) -> list[Mapping[str, Any]]:
    """Return the health of each target of a target group (ELBv2 API, TargetHealth); none if there is no such group."""
    with IgnoreNotFound():
        shown = aws.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return [one.get("TargetHealth", {}) for one in shown]
    return []


def _delay(attributes: Mapping[str, str]) -> int:
    return int(attributes.get(DELAY, DEFAULT_DELAY))


def _stickiness(attributes: Mapping[str, str]) -> int | str:
    """Return the seconds of a target group's stickiness, 0 without any, or its type if that is another one."""
    if attributes.get(f"{STICKY}.enabled") != "true":
        return 0
    kind = attributes.get(f"{STICKY}.type", BY_COOKIE)
    return int(attributes[f"{STICKY}.{BY_COOKIE}.duration_seconds"]) if kind == BY_COOKIE else kind


def _by_cookie(seconds: int) -> dict[str, str]:
    """Return the attributes for a stickiness of so many seconds; 0: without any (ELBv2 API, TargetGroupAttribute)."""
    if not seconds:
        return {f"{STICKY}.enabled": "false"}
    wanted = {"enabled": "true", "type": BY_COOKIE, f"{BY_COOKIE}.duration_seconds": str(seconds)}
    return {f"{STICKY}.{name}": value for name, value in wanted.items()}


@dataclass(frozen=True)
class TargetGroup(Resource):
    """The targets of a load balancer: the addresses of tasks, which ECS registers, and their health check.

    `protocol_version` is `HTTP1`, `HTTP2` or `GRPC`; with the latter, `matcher` has codes of gRPC.

    `port` applies only to targets that are registered without a port; the health check uses a target's own port.
    `stickiness` is the seconds for which a cookie of the load balancer's keeps a client at a target; 0: none does.
    """

    target_group_name: str
    vpc_id: str
    health_check_path: str
    protocol: str = "HTTP"
    port: int = 80
    target_type: str = "ip"
    deregistration_delay: int = 30
    health_check_interval_seconds: int = 15
    health_check_timeout_seconds: int = 5
    healthy_threshold_count: int = 2
    unhealthy_threshold_count: int = 3
    matcher: str = "200"
    stickiness: int = 0
    protocol_version: str = "HTTP1"
    health_check_protocol: str = "HTTP"

    type_name = "target_group"
    api = API
    arn = "targetgroup/{target_group_name}/*"
    permissions = (
        *TAGGED,
        *grants("elasticloadbalancing", "DescribeTargetGroupAttributes DescribeTargetGroups"),
        *grants("elasticloadbalancing", "DescribeTargetHealth"),
        *grants("elasticloadbalancing", "CreateTargetGroup", OWN, conditions=ASKED),
        *grants("elasticloadbalancing", "ModifyTargetGroupAttributes DeleteTargetGroup", OWN),
        *grants("elasticloadbalancing", "ModifyTargetGroup", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("target_group_name",)
    outputs = ("arn_suffix",)
    create_only = frozenset({"target_group_name", *TARGETS})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["target_group_name"] for fields in known}
        found = {g["TargetGroupArn"]: g for g in aws.pages("elbv2", "describe_target_groups", "TargetGroups")}
        tags = described_tags(aws, list(found))
        named = {g["TargetGroupName"]: arn for arn, g in found.items()}
        arns = {name: arn for name, arn in named.items() if name in names or aws.owns(tags.get(arn, {}))}

        @cache
        def attributes(name: str) -> dict[str, str]:
            return tag_map(
                aws.client("elbv2").describe_target_group_attributes(TargetGroupArn=arns[name])["Attributes"]
            )

        delays = aws.read_each(cls, "deregistration_delay", list(arns), lambda name: _delay(attributes(name)))
        kept_at = aws.read_each(cls, "stickiness", list(arns), lambda name: _stickiness(attributes(name)))
        for name, arn in arns.items():
            # a record of an earlier version has no stickiness
            yield cls._live(aws, found[arn], delays[name], kept_at[name] or 0, tags.get(arn, {}))

    @staticmethod
    def _live(
        aws: Aws, group: Mapping[str, Any], deregistration_delay: int, stickiness: int | str, tags: Mapping[str, str]
    ) -> Observed:
        attributes = members.shown(TARGETS | HEALTH_CHECK, group) | {
            "target_group_name": group["TargetGroupName"],
            "protocol_version": group.get("ProtocolVersion") or "HTTP1",
            "deregistration_delay": deregistration_delay,
            "matcher": next(iter(group.get("Matcher", {}).values()), None),
            "stickiness": stickiness,
        }
        arn_suffix = group["TargetGroupArn"].rpartition(":")[2]
        return observed(aws, group["TargetGroupArn"], attributes, tags, {"arn_suffix": arn_suffix})

    @property
    def _nearly_any(self) -> str:
        return ANY_OF_GRPC if self.protocol_version == GRPC else NEARLY_ANY

    def _matcher(self, codes: str) -> dict[str, str]:
        """Return codes as a matcher, in AWS's spelling."""
        return {"GrpcCode" if self.protocol_version == GRPC else "HttpCode": codes}

    def create(self, aws: Aws, token: str) -> Observed:
        group = aws.client("elbv2").create_target_group(
            Name=self.target_group_name,
            **members.arguments(TARGETS | HEALTH_CHECK, self.fields()),
            Matcher=self._matcher(self.matcher),
            Tags=aws.tag_list(self.address),
        )["TargetGroups"][0]
        return self._live(aws, group, DEFAULT_DELAY, 0, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        elb = aws.client("elbv2")
        if changes.keys() - {"deregistration_delay", "stickiness"}:
            health = members.arguments(HEALTH_CHECK, self.fields())
            elb.modify_target_group(TargetGroupArn=live.id, **health, Matcher=self._matcher(self.matcher))
            if live.attributes.get("matcher") == self._nearly_any != self.matcher:
                self._watch(aws, live.id)
        settings = {DELAY: str(self.deregistration_delay)} if "deregistration_delay" in changes else {}
        if "stickiness" in changes:
            settings |= _by_cookie(self.stickiness)
        if settings:
            elb.modify_target_group_attributes(TargetGroupArn=live.id, Attributes=tag_pairs(settings))

    def widened(self, before: Mapping[str, Any], live: Observed) -> TargetGroup:
        """Accept nearly any answer as healthy while tasks of both revisions are checked, which know different paths.

        All targets of a group get the same check. With the former path, new tasks would never become healthy; with the
        new one, old tasks would become unhealthy and be replaced. A target that does not answer, or answers with an
        error of its own (500 and above), stays unhealthy.
        """
        asked = {name: before.get(name) for name in HEALTHY}
        there = {name: live.attributes.get(name) for name in HEALTHY}
        wanted = {name: getattr(self, name) for name in HEALTHY}
        return replace(self, matcher=self._nearly_any) if asked == there != wanted else self

    def _watch(self, aws: Aws, arn: str) -> None:
        """Watch the targets until each was checked by the declared codes; accept nearly any code again if one fails.

        Otherwise ECS would replace unhealthy tasks for ever by tasks that fail as well: the deployment is completed
        already.
        """
        elb = aws.client("elbv2")
        failures = self.unhealthy_threshold_count + 1
        until = aws.pace.now() + failures * self.health_check_interval_seconds + self.health_check_timeout_seconds
        while aws.pace.now() < until:
            aws.pace.sleep(self.poll_interval)
            for health in target_health(aws, arn):
                if health.get("State") == "unhealthy" and health.get("Reason") == WRONG_CODE:
                    elb.modify_target_group(TargetGroupArn=arn, Matcher=self._matcher(self._nearly_any))
                    raise Failed(
                        f"tasks are unhealthy at {self.health_check_path} ({health.get('Description', 'no reason')}), "
                        f"which has to answer {self.matcher}. Answers of {self._nearly_any} count as healthy until "
                        f"then: correct the health check, or deploy an image that answers, then run again"
                    )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("elbv2").delete_target_group(TargetGroupArn=live.id)
