"""Elastic Load Balancing: the application load balancer and its target groups."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws, batches
from provisioner.aws.durations import Takes
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, CHANGED, OWN, UNSHOWN_TAGS, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.clock import since
from provisioner.engine.costs import Around, Cost, by_load, hourly
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource, kept
from provisioner.resources import members
from provisioner.resources.ec2.common import interfaces
from provisioner.resources.elbv2.api import API, TAGGED
from provisioner.resources.phrases import because
from provisioner.resources.sized import public_addresses

ATTRIBUTES = {
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "idle_timeout": "idle_timeout.timeout_seconds",
    # while it is on, AWS refuses DeleteLoadBalancer (OperationNotPermitted)
    "deletion_protection": "deletion_protection.enabled",
}
"""The fields of a load balancer that are attributes in AWS, which lists do not show."""
LOGS = "access_logs.s3"
"""The beginning of the attributes' names for access logs: whether they are on, and their bucket."""
DNS_TTL = 60.0
"""Seconds for which clients may cache a load balancer's addresses.

Source: Elastic Load Balancing user guide, "How Elastic Load Balancing works".
"""
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
DNS_NAME = re.compile(
    r"(dualstack\.)?(?P<host>(internal-)?(?P<name>.+)-\w+\.(?P<region>[a-z]+(-[a-z]+)+-\d)\.elb\.amazonaws\.com(\.cn)?)"
)
"""A balancer's DNS name begins with its name, and contains the Region (User Guide for Application Load Balancers)."""


def described_tags(aws: Aws, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the tags of resources of Elastic Load Balancing, by ARN; tags that the bulk read lacks are read here."""

    def read(missing: Sequence[str]) -> dict[str, dict[str, str]]:
        # DescribeTags takes twenty at once
        answers = [aws.client("elbv2").describe_tags(ResourceArns=some) for some in batches(missing, 20)]
        return {item["ResourceArn"]: tag_map(item["Tags"]) for one in answers for item in one["TagDescriptions"]}

    return aws.tags_of_all(arns, read)


def _settings(aws: Aws, arn: str) -> dict[str, str]:
    """Return a load balancer's attributes, which lists do not show."""
    return tag_map(aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])


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


def owner_of(aws: Aws, dns_name: str) -> str:
    """Return a phrase for the other stack whose load balancer has a DNS name; empty if none in this account has it."""
    if (parts := DNS_NAME.fullmatch(dns_name)) is None:
        return ""
    elb = aws.client("elbv2", parts["region"])
    with IgnoreNotFound():
        for balancer in elb.describe_load_balancers(Names=[parts["name"]])["LoadBalancers"]:
            if balancer.get("DNSName", "").lower() == parts["host"]:
                (shown,) = elb.describe_tags(ResourceArns=[balancer["LoadBalancerArn"]])["TagDescriptions"]
                return aws.other_owner(tag_map(shown["Tags"]))
    return ""


@dataclass(frozen=True)
class LoadBalancer(Resource):
    """An application load balancer; it logs its requests if `access_logs_bucket` names a bucket of its Region."""

    load_balancer_name: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    scheme: str = "internet-facing"
    drop_invalid_header_fields: bool = True
    idle_timeout: int = 60
    deletion_protection: bool = False
    access_logs_bucket: str | None = None

    type_name = "load_balancer"
    api = API
    takes = Takes(ready=(durations.LOAD_BALANCER_CREATE,), released=(durations.LOAD_BALANCER_RELEASE,))
    arn = "loadbalancer/app/{load_balancer_name}/*"
    permissions = (
        *TAGGED,
        *grants("elasticloadbalancing", "DescribeTags", use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("elasticloadbalancing", "DescribeLoadBalancerAttributes DescribeLoadBalancers"),
        *grants("elasticloadbalancing", "CreateLoadBalancer", OWN, conditions=ASKED),
        *grants("elasticloadbalancing", "ModifyLoadBalancerAttributes DeleteLoadBalancer", OWN),
        *grants("elasticloadbalancing", "SetSecurityGroups SetSubnets", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("load_balancer_name",)
    outputs = ("dns_name", "canonical_hosted_zone_id", "arn_suffix")
    create_only = frozenset({"load_balancer_name", "scheme"})
    protection = "deletion_protection"
    unordered = frozenset({"subnets", "security_groups"})
    update_when_ready = True
    create_timeout = 900
    poll_interval = 5

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield hourly("a load balancer", "alb.hour")
        yield by_load("load balancer capacity units", "alb.lcu", "lcu_hours")
        if settings.get("scheme") != "internal":
            yield public_addresses(len(settings.get("subnets") or ()))
            # to CloudFront an internal one sends for nothing (CloudFront pricing, origin fetches)
            yield by_load("data to the internet", "out.gb", "out_gb")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["load_balancer_name"] for fields in known}
        found = {b["LoadBalancerArn"]: b for b in aws.pages("elbv2", "describe_load_balancers", "LoadBalancers")}
        tags = described_tags(aws, list(found))
        for arn, balancer in found.items():
            if aws.owns(tags.get(arn, {})) or balancer["LoadBalancerName"] in names:
                yield cls._live(aws, balancer, _settings(aws, arn), tags.get(arn, {}))

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        for arn in ids:
            with IgnoreNotFound():
                (balancer,) = aws.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
                # while it is being created nothing is compared: AWS's defaults are enough, as in the create call's
                # answer
                made = balancer["State"]["Code"] != "provisioning"
                yield cls._live(aws, balancer, _settings(aws, arn) if made else {}, described_tags(aws, [arn])[arn])

    @staticmethod
    def _live(aws: Aws, balancer: Mapping[str, Any], settings: Mapping[str, str], tags: Mapping[str, str]) -> Observed:
        attributes = {
            "load_balancer_name": balancer["LoadBalancerName"],
            "subnets": sorted(zone["SubnetId"] for zone in balancer["AvailabilityZones"]),
            "security_groups": sorted(balancer.get("SecurityGroups", ())),
            "scheme": balancer.get("Scheme"),
            # a new balancer has AWS's defaults, and the create call does not return them
            "drop_invalid_header_fields": settings.get(ATTRIBUTES["drop_invalid_header_fields"]) == "true",
            "idle_timeout": int(settings.get(ATTRIBUTES["idle_timeout"], 60)),
            "deletion_protection": settings.get(ATTRIBUTES["deletion_protection"]) == "true",
            "access_logs_bucket": settings.get(f"{LOGS}.bucket") if settings.get(f"{LOGS}.enabled") == "true" else None,
        }
        # another owner's gateway load balancer of the same name has neither of the first two
        outputs = members.shown({"dns_name": "DNSName", "canonical_hosted_zone_id": "CanonicalHostedZoneId"}, balancer)
        outputs["arn_suffix"] = balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
        status = because(balancer["State"]["Code"], balancer["State"].get("Reason"))
        return observed(aws, balancer["LoadBalancerArn"], attributes, tags, outputs, status=status)

    def create(self, aws: Aws, token: str) -> Observed:
        balancer = aws.client("elbv2").create_load_balancer(
            Name=self.load_balancer_name,
            Type="application",
            IpAddressType="ipv4",
            Scheme=self.scheme,
            Subnets=self.subnets,
            SecurityGroups=self.security_groups,
            Tags=aws.tag_list(self.address),
        )["LoadBalancers"][0]
        return self._live(aws, balancer, {}, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        elb = aws.client("elbv2")
        if "subnets" in changes:
            elb.set_subnets(LoadBalancerArn=live.id, Subnets=self.subnets)
            if {*changes["subnets"].old} - {*self.subnets}:
                # wait before other resources change, above all routes: clients may still use the removed subnets'
                # addresses
                aws.pace.sleep(DNS_TTL)
        if "security_groups" in changes:
            elb.set_security_groups(LoadBalancerArn=live.id, SecurityGroups=self.security_groups)
        settings = {key: str(value).lower() for key, value in members.changed(ATTRIBUTES, changes).items()}
        if "access_logs_bucket" in changes:
            settings[f"{LOGS}.enabled"] = str(bool(self.access_logs_bucket)).lower()
            settings |= {f"{LOGS}.bucket": self.access_logs_bucket} if self.access_logs_bucket else {}
        if settings:
            elb.modify_load_balancer_attributes(LoadBalancerArn=live.id, Attributes=tag_pairs(settings))

    def widened(self, before: Mapping[str, Any], live: Observed) -> LoadBalancer:
        """Keep the former subnets: targets in a zone without one get no requests (TargetHealth, Target.NotInUse)."""
        wider = self.shifted(before, live)
        return replace(wider, subnets=kept(self.subnets, before.get("subnets"), live.attributes["subnets"]))

    def shifted(self, before: Mapping[str, Any], live: Observed) -> LoadBalancer:
        groups = kept(self.security_groups, before.get("security_groups"), live.attributes["security_groups"])
        return replace(self, security_groups=groups)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        elb = aws.client("elbv2")
        if cls.protected(live.attributes):
            lifted = tag_pairs({ATTRIBUTES["deletion_protection"]: "false"})
            elb.modify_load_balancer_attributes(LoadBalancerArn=live.id, Attributes=lifted)
        elb.delete_load_balancer(LoadBalancerArn=live.id)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        code = live.status.partition(":")[0]
        if code == "failed":
            raise Failed(f"load balancer {live.id} could not be created: {live.status}")
        return code if code == "provisioning" else None

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("elbv2").describe_load_balancers(LoadBalancerArns=[live.id])["LoadBalancers"]
        state = shown["State"]
        status_text = f"it is {state['Code']}{since(shown.get('CreatedTime'))}"
        return "; ".join(filter(None, [status_text, state.get("Reason", ""), cls.blockers(aws, live)]))

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "description", f"ELB {live.id.partition(':loadbalancer/')[2]}")


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
