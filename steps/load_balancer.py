"""The public entrance: a load balancer with HTTPS that sends each path to its public service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zlib import crc32

from provisioner import Handle, Network, SecurityGroups, Stack, ready, step
from provisioner.config.deployment import alternate
from provisioner.config.services import Service
from provisioner.config.together import on_trial
from provisioner.resources.elbv2.balancer import LoadBalancer, TargetGroup
from provisioner.resources.elbv2.listeners import (
    REDIRECT_TO_HTTPS,
    Action,
    Listener,
    ListenerRule,
    answer,
    forward,
    forward_by_ecs,
    path,
)
from provisioner.resources.policies import policy
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.s3 import Bucket
from provisioner.resources.wafv2 import WebAclAssociation
from provisioner.steps.certificate import Certified
from provisioner.steps.dns import Dns
from provisioner.steps.service_roles import ServiceRoles

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3 and 1.2 with forward secrecy, and post-quantum key exchange for clients that support it.

It is the default of AWS's console (Application Load Balancer user guide, "Security policies").
"""
NOT_FOUND = answer("404", "not found")
LAST_PRIORITY = 50_000
BAND = LAST_PRIORITY // 130
"""The number of priorities for all paths of one length; there are 128 lengths."""


@dataclass(frozen=True)
class LoadBalancing:
    """The parts of the load balancer that services and alarms need.

    Attributes:
        target_groups: the ARN of each public service's target group.
        shifts: by service whose traffic ECS shifts, the ARNs of its second target group, of the rule that leads to both
            groups, and of the rule at its test port, if it has one.
        routes: by public service, the listener or rule that uses its target group: without one ECS refuses the service.
        dns_name: the load balancer's own name; None without a public service, when there is no load balancer.
        name: the load balancer's name in CloudWatch; None if there is none.
        targets: by public service, its target group's name in CloudWatch.
        alternates: by service whose traffic ECS shifts, its second target group's name in CloudWatch.
    """

    target_groups: dict[str, str]
    routes: dict[str, Handle]
    dns_name: str | None
    name: str | None = None
    targets: dict[str, str] = field(default_factory=dict)
    alternates: dict[str, str] = field(default_factory=dict)
    shifts: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)


@step
def load_balancer(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    service_roles: ServiceRoles,
    dns: Dns,
    certificate: Certified,
) -> LoadBalancing:
    """Declare the load balancer, a target group and a route for each public service, and the public name."""
    certified, group, role = certificate.certificate, security_groups.load_balancer, service_roles.load_balancing
    if certified is None or group is None or role is None or dns.public_zone_id is None:
        return LoadBalancing({}, {}, None)
    logs = stack.ensure(_log_bucket(stack)) if stack.config.load_balancer.access_logs else None
    # AWS refuses an internet-facing load balancer until the gateway is attached
    balancer = stack.ensure(
        LoadBalancer(
            "main",
            stack.name,
            network.public,
            [group],
            deletion_protection=stack.config.protect,
            # a ready bucket also has its policy
            access_logs_bucket=ready(logs).id if logs else None,
        ),
        after=[*([ready(network.gateway)] if network.gateway else []), role],
    )
    if acl := stack.config.load_balancer.waf_acl:
        # WAF does not find a load balancer that is still being set up (aws-load-balancer-controller#2022)
        stack.ensure(WebAclAssociation("main", ready(balancer).id, acl))
    public = stack.config.public
    targets = {
        name: stack.ensure(_target_group(stack, name, service, network.vpc_id)) for name, service in public.items()
    }
    groups = {name: target.id for name, target in targets.items()}
    seconds = {
        name: stack.ensure(_target_group(stack, alternate(name), service, network.vpc_id))
        for name, service in public.items()
        if service.deployment.shifts
    }
    # ECS changes the weights of a rule; paths without a rule of their own fall to the listener's default action
    whole = next((name for name, service in public.items() if service.path == "/*" and name not in seconds), None)
    rest = forward(groups[whole]) if whole else NOT_FOUND
    stack.ensure(Listener("http", balancer.id, 80, "HTTP", [REDIRECT_TO_HTTPS]))
    https = stack.ensure(Listener("https", balancer.id, 443, "HTTPS", [rest], TLS_POLICY, ready(certified).id))
    tests = {
        port: stack.ensure(
            Listener(f"test-{port}", balancer.id, port, "HTTPS", [NOT_FOUND], TLS_POLICY, ready(certified).id)
        )
        for port in stack.config.test_ports
    }
    tried: dict[str, str] = {}
    others = {name: service for name, service in public.items() if name != whole}
    routes = {whole: https} if whole else {}
    for name, priority in priorities(others).items():
        by_ecs = name in seconds
        to: Action = forward_by_ecs(groups[name], seconds[name].id) if by_ecs else forward(groups[name])
        conditions = [path(others[name].path)]
        routes[name] = stack.ensure(ListenerRule(name, https.id, priority, conditions, [to], by_ecs))
        if port := others[name].deployment.test_port:
            tried[name] = stack.ensure(
                ListenerRule(on_trial(name), tests[port].id, priority, conditions, [to], by_ecs)
            ).id
    alias = {
        "HostedZoneId": balancer.canonical_hosted_zone_id,
        "DNSName": balancer.dns_name,
        "EvaluateTargetHealth": False,
    }
    stack.ensure(RecordSet(stack.config.fqdn, dns.public_zone_id, stack.config.fqdn, "A", alias_target=alias))
    return LoadBalancing(
        groups,
        routes,
        balancer.dns_name,
        balancer.arn_suffix,
        {name: target.arn_suffix for name, target in targets.items()},
        {name: target.arn_suffix for name, target in seconds.items()},
        {name: (target.id, routes[name].id, tried.get(name)) for name, target in seconds.items()},
    )


def _target_group(stack: Stack, name: str, service: Service, vpc_id: str) -> TargetGroup:
    health = service.health
    return TargetGroup(
        name,
        f"{stack.name}-{name}",
        vpc_id,
        health.path,
        deregistration_delay=service.deregistration_delay,
        health_check_interval_seconds=health.interval,
        health_check_timeout_seconds=health.timeout,
        healthy_threshold_count=health.healthy,
        unhealthy_threshold_count=health.unhealthy,
        matcher=health.codes,
    )


def _log_bucket(stack: Stack) -> Bucket:
    """Return the bucket of the access logs; Elastic Load Balancing may write logs of this account's balancers into it.

    Load balancers encrypt their logs with S3's own keys only (Application Load Balancer guide, enable-access-logging).
    """
    facts = stack.facts
    name = f"{stack.name}-{facts.account}-{facts.region}-logs"
    arn = f"arn:{facts.partition}:s3:::{name}"
    balancers = f"arn:{facts.partition}:elasticloadbalancing:{facts.region}:{facts.account}:loadbalancer/*"
    deliver = {
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{arn}/AWSLogs/{facts.account}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": balancers}},
    }
    plain = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    days = stack.config.logs.retention_days
    return Bucket("access-logs", name, policy(deliver, plain), days, deletion_protection=stack.config.protect)


def priorities(services: Mapping[str, Service]) -> dict[str, int]:
    """Return a priority for each service's path: longer paths first, and stable when other paths are added.

    Paths of one length share a band of priorities. In it, each path takes the place of its checksum, or the next free
    one.
    """
    taken: dict[int, str] = {}
    for name, service in sorted(services.items()):
        first = (128 - len(service.path.rstrip("*"))) * BAND + 1
        place = next(p for i in range(BAND) if (p := first + (crc32(service.path.encode()) + i) % BAND) not in taken)
        taken[place] = name
    return {name: place for place, name in taken.items()}
