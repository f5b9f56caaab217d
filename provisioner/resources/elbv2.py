"""Elastic Load Balancing: the application load balancer, its target groups, listeners and rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from provisioner.aws.client import Aws, batches, tag_map
from provisioner.aws.errors import IfThere
from provisioner.engine.clock import since
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.ec2_network import interfaces

Action = Mapping[str, Any]
"""What a listener or rule does, as AWS spells it, in the form of `normal_action`."""

PROTECTION = "deletion_protection.enabled"
"""The attribute with which DeleteLoadBalancer is refused (OperationNotPermitted)."""
LOGS = "access_logs.s3"
"""How the names of the attributes begin that say whether requests are logged, and to which bucket."""
DELAY = "deregistration_delay.timeout_seconds"
DEFAULT_DELAY = 300
"""AWS's own, which CreateTargetGroup does not return."""

DNS_NAME = re.compile(
    r"(dualstack\.)?(?P<host>(internal-)?(?P<name>.+)-\w+\.(?P<region>[a-z]+(-[a-z]+)+-\d)\.elb\.amazonaws\.com(\.cn)?)"
)
"""A balancer's DNS name begins with its own, and with the Region (User Guide for Application Load Balancers)."""

REDIRECT_TO_HTTPS: Action = {
    "Type": "redirect",
    "RedirectConfig": {
        "Protocol": "HTTPS",
        "Port": "443",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        "StatusCode": "HTTP_301",
    },
}


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
        tags: dict[str, dict[str, str]] = {}
        # DescribeTags takes twenty at once
        for group in batches(missing, 20):
            found = aws.client("elbv2").describe_tags(ResourceArns=group)["TagDescriptions"]
            tags |= {item["ResourceArn"]: tag_map(item["Tags"]) for item in found}
        return tags

    return aws.tags_of_all(arns, read)


def _settings(aws: Aws, arn: str) -> dict[str, str]:
    """Return a load balancer's attributes, which no list tells."""
    return tag_map(aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])


def owner_of(aws: Aws, dns_name: str) -> str:
    """Return in words which other stack has the load balancer of a DNS name; empty if none in this account has it."""
    parts = DNS_NAME.fullmatch(dns_name)
    if parts is None:
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

    service: ClassVar[str] = "elbv2"
    identity: ClassVar[Sequence[str]] = ("load_balancer_name",)
    outputs: ClassVar[Sequence[str]] = ("dns_name", "canonical_hosted_zone_id")
    create_only: ClassVar[frozenset[str]] = frozenset({"load_balancer_name", "scheme"})
    protection: ClassVar[str] = "deletion_protection"
    unordered: ClassVar[frozenset[str]] = frozenset({"subnets", "security_groups"})
    update_when_ready: ClassVar[bool] = True
    create_timeout: ClassVar[float] = 900
    poll_interval: ClassVar[float] = 5

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
            "drop_invalid_header_fields": settings.get("routing.http.drop_invalid_header_fields.enabled") == "true",
            "idle_timeout": int(settings.get("idle_timeout.timeout_seconds", 60)),
            "deletion_protection": settings.get(PROTECTION) == "true",
            "access_logs_bucket": settings.get(f"{LOGS}.bucket") if settings.get(f"{LOGS}.enabled") == "true" else None,
        }
        # a foreign gateway load balancer under the name has neither
        outputs = {
            "dns_name": balancer.get("DNSName"),
            "canonical_hosted_zone_id": balancer.get("CanonicalHostedZoneId"),
        }
        state = balancer["State"]
        status = state["Code"] + (f": {state['Reason']}" if state.get("Reason") else "")
        address = aws.address_in(tags)
        return Observed(balancer["LoadBalancerArn"], attributes, outputs, address, owned=aws.owns(tags), status=status)

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
        settings = {
            "routing.http.drop_invalid_header_fields.enabled": str(self.drop_invalid_header_fields).lower(),
            "idle_timeout.timeout_seconds": str(self.idle_timeout),
            PROTECTION: str(self.deletion_protection).lower(),
        }
        if "access_logs_bucket" in changes:
            settings[f"{LOGS}.enabled"] = str(bool(self.access_logs_bucket)).lower()
            settings |= {f"{LOGS}.bucket": self.access_logs_bucket} if self.access_logs_bucket else {}
        if changes.keys() & {"drop_invalid_header_fields", "idle_timeout", "deletion_protection", "access_logs_bucket"}:
            attributes = [{"Key": key, "Value": value} for key, value in settings.items()]
            elb.modify_load_balancer_attributes(LoadBalancerArn=live.id, Attributes=attributes)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        elb = aws.client("elbv2")
        if cls.protected(live.attributes):
            lifted = {"Key": PROTECTION, "Value": "false"}
            elb.modify_load_balancer_attributes(LoadBalancerArn=live.id, Attributes=[lifted])
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

    service: ClassVar[str] = "elbv2"
    identity: ClassVar[Sequence[str]] = ("target_group_name",)
    create_only: ClassVar[frozenset[str]] = frozenset(
        {"target_group_name", "vpc_id", "protocol", "port", "target_type"}
    )

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["target_group_name"] for fields in known}
        found = {g["TargetGroupArn"]: g for g in aws.pages("elbv2", "describe_target_groups", "TargetGroups")}
        tags = _described_tags(aws, list(found))
        arns = {g["TargetGroupName"]: arn for arn, g in found.items() if aws.owns(tags.get(arn, {}))}
        arns |= {g["TargetGroupName"]: arn for arn, g in found.items() if g["TargetGroupName"] in names}

        def delay(name: str) -> int:
            answer = aws.client("elbv2").describe_target_group_attributes(TargetGroupArn=arns[name])
            return int(tag_map(answer["Attributes"]).get(DELAY, DEFAULT_DELAY))

        delays = aws.read_each(cls, "deregistration_delay", list(arns), delay)
        for name, arn in arns.items():
            yield cls._live(aws, found[arn], delays[name], tags.get(arn, {}))

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any], deregistration_delay: int, tags: Mapping[str, str]) -> Observed:
        attributes = {
            "target_group_name": group["TargetGroupName"],
            "vpc_id": group.get("VpcId"),
            "health_check_path": group.get("HealthCheckPath"),
            "protocol": group.get("Protocol"),
            "port": group.get("Port"),
            "target_type": group["TargetType"],
            "deregistration_delay": deregistration_delay,
            "health_check_interval_seconds": group.get("HealthCheckIntervalSeconds"),
            "health_check_timeout_seconds": group.get("HealthCheckTimeoutSeconds"),
            "healthy_threshold_count": group.get("HealthyThresholdCount"),
            "unhealthy_threshold_count": group.get("UnhealthyThresholdCount"),
            "matcher": group.get("Matcher", {}).get("HttpCode"),
        }
        return Observed(group["TargetGroupArn"], attributes, address=aws.address_in(tags), owned=aws.owns(tags))

    def create(self, aws: Aws, token: str) -> Observed:
        group = aws.client("elbv2").create_target_group(
            Name=self.target_group_name,
            Protocol=self.protocol,
            Port=self.port,
            VpcId=self.vpc_id,
            TargetType=self.target_type,
            Tags=aws.tag_list(self.address),
            **self._health_check(),
        )["TargetGroups"][0]
        return self._live(aws, group, DEFAULT_DELAY, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        elb = aws.client("elbv2")
        if changes.keys() - {"deregistration_delay"}:
            elb.modify_target_group(TargetGroupArn=live.id, **self._health_check())
        if "deregistration_delay" in changes:
            delay = {"Key": DELAY, "Value": str(self.deregistration_delay)}
            elb.modify_target_group_attributes(TargetGroupArn=live.id, Attributes=[delay])

    def _health_check(self) -> dict[str, Any]:
        return {
            "HealthCheckPath": self.health_check_path,
            "HealthCheckIntervalSeconds": self.health_check_interval_seconds,
            "HealthCheckTimeoutSeconds": self.health_check_timeout_seconds,
            "HealthyThresholdCount": self.healthy_threshold_count,
            "UnhealthyThresholdCount": self.unhealthy_threshold_count,
            "Matcher": {"HttpCode": self.matcher},
        }

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

    service: ClassVar[str] = "elbv2"
    identity: ClassVar[Sequence[str]] = ("load_balancer_arn", "port")
    has_parent: ClassVar[bool] = True
    create_only: ClassVar[frozenset[str]] = frozenset({"load_balancer_arn", "port"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for balancer in aws.live(LoadBalancer):
            for listener in _parts(aws, "describe_listeners", "Listeners", LoadBalancerArn=balancer.id):
                yield cls._live(listener, owned=balancer.owned)

    @staticmethod
    def _live(listener: Mapping[str, Any], *, owned: bool = True) -> Observed:
        certificates = [certificate["CertificateArn"] for certificate in listener.get("Certificates") or ()]
        attributes = {
            "load_balancer_arn": listener["LoadBalancerArn"],
            "port": listener.get("Port"),
            "protocol": listener.get("Protocol"),
            "default_actions": [normal_action(action) for action in listener.get("DefaultActions", ())],
            "ssl_policy": listener.get("SslPolicy"),
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
        if self.certificate_arn:
            certificates = [{"CertificateArn": self.certificate_arn}]
            return settings | {"SslPolicy": self.ssl_policy, "Certificates": certificates}
        return settings

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

    service: ClassVar[str] = "elbv2"
    identity: ClassVar[Sequence[str]] = ("listener_arn", "priority")
    has_parent: ClassVar[bool] = True
    create_only: ClassVar[frozenset[str]] = frozenset({"listener_arn"})

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
            ListenerArn=self.listener_arn,
            Priority=self.priority,
            Conditions=self.conditions,
            Actions=self.actions,
            Tags=aws.tag_list(self.address),
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
