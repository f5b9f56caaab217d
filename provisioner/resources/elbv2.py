"""Elastic Load Balancing: the application load balancer, its target groups, listeners and rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.errors import IfThere
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.clock import since
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources import members
from provisioner.resources.ec2 import interfaces
from provisioner.resources.phrases import because

Action = Mapping[str, Any]
"""What a listener or rule does, as AWS spells it, in the form of `normal_action`."""
ATTRIBUTES = {
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "idle_timeout": "idle_timeout.timeout_seconds",
    # with it DeleteLoadBalancer is refused (OperationNotPermitted)
    "deletion_protection": "deletion_protection.enabled",
}
"""What of a load balancer's fields is one of its attributes, which no list tells."""
LOGS = "access_logs.s3"
"""How the names of the attributes begin that say whether requests are logged, and to which bucket."""
DELAY = "deregistration_delay.timeout_seconds"
DEFAULT_DELAY = 300
"""AWS's own, which CreateTargetGroup does not return."""
TARGETS = {"vpc_id": "VpcId", "protocol": "Protocol", "port": "Port", "target_type": "TargetType"}
HEALTH_CHECK = {
    "health_check_path": "HealthCheckPath",
    "health_check_interval_seconds": "HealthCheckIntervalSeconds",
    "health_check_timeout_seconds": "HealthCheckTimeoutSeconds",
    "healthy_threshold_count": "HealthyThresholdCount",
    "unhealthy_threshold_count": "UnhealthyThresholdCount",
}
"""What a target group's calls and answers call the fields: those for good, and those that can be changed."""
RULE = {"listener_arn": "ListenerArn", "priority": "Priority", "conditions": "Conditions", "actions": "Actions"}
LISTENER = {"load_balancer_arn": "LoadBalancerArn", "port": "Port", "protocol": "Protocol", "ssl_policy": "SslPolicy"}
"""What the calls for rules, and the answers for listeners, call their fields."""
DNS_NAME = re.compile(
    r"(dualstack\.)?(?P<host>(internal-)?(?P<name>.+)-\w+\.(?P<region>[a-z]+(-[a-z]+)+-\d)\.elb\.amazonaws\.com(\.cn)?)"
)
"""A balancer's DNS name begins with its own, and with the Region (User Guide for Application Load Balancers)."""
_HTTPS = {"Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}
REDIRECT_TO_HTTPS: Action = {"Type": "redirect", "RedirectConfig": {**_HTTPS, "StatusCode": "HTTP_301"}}


def forward(target_group_arn: str) -> Action:
    """Return the action that hands requests to a target group."""
    return {"Type": "forward", "TargetGroupArn": target_group_arn}


def answer(status_code: str, text: str) -> Action:
    """Return the action that answers by itself, with this text."""
    fixed = {"StatusCode": status_code, "ContentType": "text/plain", "MessageBody": text}
    return {"Type": "fixed-response", "FixedResponseConfig": fixed}


def path(*patterns: str) -> Mapping[str, Any]:
    """Return the condition that a request's path has one of these patterns."""
    return {"Field": "path-pattern", "Values": list(patterns)}


def normal_action(action: Action) -> dict[str, Any]:
    """Return an action without its order, and a forward to one target group without the longer form that AWS adds."""
    said = {key: value for key, value in action.items() if key != "Order"}
    if len(said.get("ForwardConfig", {}).get("TargetGroups", ())) == 1:
        return {"Type": said["Type"], "TargetGroupArn": said["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"]}
    return said


def _parts(aws: Aws, operation: str, key: str, **parent: str) -> Iterator[Any]:
    """Yield the parts of a balancer or listener; none if it was removed since it was listed."""
    with IfThere():
        yield from aws.pages("elbv2", operation, key, **parent)


def _described_tags(aws: Aws, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    def read(missing: Sequence[str]) -> dict[str, dict[str, str]]:
        # DescribeTags takes twenty at once
        answers = [aws.client("elbv2").describe_tags(ResourceArns=some) for some in batches(missing, 20)]
        return {item["ResourceArn"]: tag_map(item["Tags"]) for one in answers for item in one["TagDescriptions"]}

    return aws.tags_of_all(arns, read)


def _settings(aws: Aws, arn: str) -> dict[str, str]:
    """Return a load balancer's attributes, which no list tells."""
    return tag_map(aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])


def owner_of(aws: Aws, dns_name: str) -> str:
    """Return in words which other stack has the load balancer of a DNS name; empty if none in this account has it."""
    if (parts := DNS_NAME.fullmatch(dns_name)) is None:
        return ""
    elb = aws.client("elbv2", parts["region"])
    with IfThere():
        for balancer in elb.describe_load_balancers(Names=[parts["name"]])["LoadBalancers"]:
            if balancer.get("DNSName", "").lower() == parts["host"]:
                (shown,) = elb.describe_tags(ResourceArns=[balancer["LoadBalancerArn"]])["TagDescriptions"]
                return aws.other_owner(tag_map(shown["Tags"]))
    return ""


@dataclass(frozen=True)
class LoadBalancer(Resource):
    """An application load balancer, which logs its requests if `access_logs_bucket` names a bucket of its Region."""

    load_balancer_name: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    scheme: str = "internet-facing"
    drop_invalid_header_fields: bool = True
    idle_timeout: int = 60
    deletion_protection: bool = False
    access_logs_bucket: str | None = None

    service = "elbv2"
    identity = ("load_balancer_name",)
    outputs = ("dns_name", "canonical_hosted_zone_id")
    create_only = frozenset({"load_balancer_name", "scheme"})
    protection = "deletion_protection"
    unordered = frozenset({"subnets", "security_groups"})
    update_when_ready = True
    create_timeout = 900
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["load_balancer_name"] for fields in known}
        found = {b["LoadBalancerArn"]: b for b in aws.pages("elbv2", "describe_load_balancers", "LoadBalancers")}
        tags = _described_tags(aws, list(found))
        for arn, balancer in found.items():
            if aws.owns(tags.get(arn, {})) or balancer["LoadBalancerName"] in names:
                yield cls._live(aws, balancer, _settings(aws, arn), tags.get(arn, {}))

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        for arn in ids:
            with IfThere():
                (balancer,) = aws.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
                # while it is made nothing is compared: AWS's defaults will do, as in the create call's answer
                made = balancer["State"]["Code"] != "provisioning"
                yield cls._live(aws, balancer, _settings(aws, arn) if made else {}, _described_tags(aws, [arn])[arn])

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
        # a foreign gateway load balancer under the name has neither
        outputs = members.shown({"dns_name": "DNSName", "canonical_hosted_zone_id": "CanonicalHostedZoneId"}, balancer)
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
        if "security_groups" in changes:
            elb.set_security_groups(LoadBalancerArn=live.id, SecurityGroups=self.security_groups)
        settings = {key: str(value).lower() for key, value in members.changed(ATTRIBUTES, changes).items()}
        if "access_logs_bucket" in changes:
            settings[f"{LOGS}.enabled"] = str(bool(self.access_logs_bucket)).lower()
            settings |= {f"{LOGS}.bucket": self.access_logs_bucket} if self.access_logs_bucket else {}
        if settings:
            elb.modify_load_balancer_attributes(LoadBalancerArn=live.id, Attributes=tag_pairs(settings))

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
        said = f"it is {state['Code']}{since(shown.get('CreatedTime'))}"
        return "; ".join(filter(None, [said, state.get("Reason", ""), cls.blockers(aws, live)]))

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "description", f"ELB {live.id.partition(':loadbalancer/')[2]}")


@dataclass(frozen=True)
class TargetGroup(Resource):
    """Where a load balancer sends requests: the addresses of tasks, which ECS puts in, and how their health is told.

    `port` counts only for targets that are put in without one of their own, and health is asked for on a target's own.
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

    service = "elbv2"
    identity = ("target_group_name",)
    create_only = frozenset({"target_group_name", *TARGETS})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["target_group_name"] for fields in known}
        found = {g["TargetGroupArn"]: g for g in aws.pages("elbv2", "describe_target_groups", "TargetGroups")}
        tags = _described_tags(aws, list(found))
        named = {g["TargetGroupName"]: arn for arn, g in found.items()}
        arns = {name: arn for name, arn in named.items() if name in names or aws.owns(tags.get(arn, {}))}

        def delay(name: str) -> int:
            answer = aws.client("elbv2").describe_target_group_attributes(TargetGroupArn=arns[name])
            return int(tag_map(answer["Attributes"]).get(DELAY, DEFAULT_DELAY))

        delays = aws.read_each(cls, "deregistration_delay", list(arns), delay)
        for name, arn in arns.items():
            yield cls._live(aws, found[arn], delays[name], tags.get(arn, {}))

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], deregistration_delay: int, tags: Mapping[str, str]) -> Observed:
        attributes = members.shown(TARGETS | HEALTH_CHECK, group) | {
            "target_group_name": group["TargetGroupName"],
            "deregistration_delay": deregistration_delay,
            "matcher": group.get("Matcher", {}).get("HttpCode"),
        }
        return observed(aws, group["TargetGroupArn"], attributes, tags)

    def create(self, aws: Aws, token: str) -> Observed:
        group = aws.client("elbv2").create_target_group(
            Name=self.target_group_name,
            **members.arguments(TARGETS | HEALTH_CHECK, self.fields()),
            Matcher={"HttpCode": self.matcher},
            Tags=aws.tag_list(self.address),
        )["TargetGroups"][0]
        return self._live(aws, group, DEFAULT_DELAY, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        elb = aws.client("elbv2")
        if changes.keys() - {"deregistration_delay"}:
            health = members.arguments(HEALTH_CHECK, self.fields())
            elb.modify_target_group(TargetGroupArn=live.id, **health, Matcher={"HttpCode": self.matcher})
        if "deregistration_delay" in changes:
            delay = tag_pairs({DELAY: str(self.deregistration_delay)})
            elb.modify_target_group_attributes(TargetGroupArn=live.id, Attributes=delay)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("elbv2").delete_target_group(TargetGroupArn=live.id)


@dataclass(frozen=True)
class Listener(Resource):
    """A port, and what is done with requests that no rule takes. HTTPS wants a policy and a certificate."""

    load_balancer_arn: str
    port: int
    protocol: str
    default_actions: Sequence[Action]
    ssl_policy: str | None = None
    certificate_arn: str | None = None

    service = "elbv2"
    identity = ("load_balancer_arn", "port")
    has_parent = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for balancer in aws.live(LoadBalancer):
            for listener in _parts(aws, "describe_listeners", "Listeners", LoadBalancerArn=balancer.id):
                yield cls._live(listener, owned=balancer.owned)

    @staticmethod
    def _live(listener: Mapping[str, Any], *, owned: bool = True) -> Observed:
        certificates = [certificate["CertificateArn"] for certificate in listener.get("Certificates") or ()]
        attributes = members.shown(LISTENER, listener) | {
            "default_actions": [normal_action(action) for action in listener.get("DefaultActions", ())],
            "certificate_arn": certificates[0] if certificates else None,
        }
        return Observed(listener["ListenerArn"], attributes, owned=owned)

    def create(self, aws: Aws, token: str) -> Observed:
        listener = aws.client("elbv2").create_listener(
            LoadBalancerArn=self.load_balancer_arn, Tags=aws.tag_list(self.address), **self._settings()
        )["Listeners"][0]
        return self._live(listener)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("elbv2").modify_listener(ListenerArn=live.id, **self._settings())

    def _settings(self) -> dict[str, Any]:
        settings = {"Protocol": self.protocol, "Port": self.port, "DefaultActions": self.default_actions}
        tls = {"SslPolicy": self.ssl_policy, "Certificates": [{"CertificateArn": self.certificate_arn}]}
        return settings | tls if self.certificate_arn else settings

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("elbv2").delete_listener(ListenerArn=live.id)


@dataclass(frozen=True)
class ListenerRule(Resource):
    """What a listener does with requests that meet the conditions; the lowest priority is asked first."""

    listener_arn: str
    priority: int
    conditions: Sequence[Mapping[str, Any]]
    actions: Sequence[Action]

    service = "elbv2"
    identity = ("listener_arn", "priority")
    has_parent = True
    create_only = frozenset({"listener_arn"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        listeners = aws.live(Listener)
        found = aws.each(lambda listener: [*_parts(aws, "describe_rules", "Rules", ListenerArn=listener.id)], listeners)
        for listener, rules in zip(listeners, found, strict=True):
            yield from (cls._live(listener.id, rule, owned=listener.owned) for rule in rules if not rule["IsDefault"])

    @staticmethod
    def _live(listener_arn: str, rule: Mapping[str, Any], *, owned: bool = True) -> Observed:
        attributes = {
            "listener_arn": listener_arn,
            "priority": int(rule["Priority"]),
            "conditions": [_normal_condition(condition) for condition in rule.get("Conditions", ())],
            "actions": [normal_action(action) for action in rule.get("Actions", ())],
        }
        return Observed(rule["RuleArn"], attributes, owned=owned)

    def create(self, aws: Aws, token: str) -> Observed:
        rule = aws.client("elbv2").create_rule(
            **members.arguments(RULE, self.fields()), Tags=aws.tag_list(self.address)
        )["Rules"][0]
        return self._live(self.listener_arn, rule)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        elb = aws.client("elbv2")
        if "priority" in changes:
            elb.set_rule_priorities(RulePriorities=[{"RuleArn": live.id, "Priority": self.priority}])
        if changes.keys() - {"priority"}:
            elb.modify_rule(RuleArn=live.id, Conditions=self.conditions, Actions=self.actions)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("elbv2").delete_rule(RuleArn=live.id)


def _normal_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a condition on paths in its short form, of which AWS shows both; one by regular expressions has none."""
    values = condition.get("Values") or condition.get("PathPatternConfig", {}).get("Values")
    if condition.get("Field") == "path-pattern" and values:
        return {"Field": "path-pattern", "Values": list(values)}
    return dict(condition)
