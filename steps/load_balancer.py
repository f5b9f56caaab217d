"""The public entrance: a load balancer that sends each path to its public service, by HTTPS if there is a domain."""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioner import Handle, Network, SecurityGroups, Stack, ready, step
from provisioner.config import protocols
from provisioner.config.deployment import alternate
from provisioner.config.facts import ExistingListener, balancer_of
from provisioner.config.host_names import title
from provisioner.config.services import Service
from provisioner.config.short_names import TARGET_GROUP, shortened
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.target_groups import TargetGroup
from provisioner.resources.policies import policy
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.s3 import Bucket
from provisioner.resources.wafv2 import WebAclAssociation
from provisioner.steps.buckets import by_tls
from provisioner.steps.certificate import Certified
from provisioner.steps.dns import Dns
from provisioner.steps.routes import Entrance, routes
from provisioner.steps.service_roles import ServiceRoles
from provisioner.steps.service_secrets import ServiceSecrets
from provisioner.steps.shared_routes import shared_routes


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
        arn: the load balancer's ARN, which is known once it is active; None if there is none.
        alternates: by service whose traffic ECS shifts, its second target group's name in CloudWatch.
    """

    target_groups: dict[str, str]
    routes: dict[str, Handle]
    dns_name: str | None
    name: str | None = None
    targets: dict[str, str] = field(default_factory=dict)
    alternates: dict[str, str] = field(default_factory=dict)
    shifts: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    arn: str | None = None


@step
def load_balancer(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    service_roles: ServiceRoles,
    dns: Dns,
    certificate: Certified,
    service_secrets: ServiceSecrets,
) -> LoadBalancing:
    """Declare the load balancer, a target group and a route for each public service, and the public names.

    With `load_balancer.listener` the load balancer and its listener are another's, and only used.
    """
    public = stack.config.public
    if not public:
        return LoadBalancing({}, {}, None)
    entrance = _shared(stack.facts.listener) if stack.facts.listener else None
    entrance = entrance or _own(stack, network, security_groups, service_roles)
    targets = {
        name: stack.ensure(_target_group(stack, name, service, network.vpc_id), keys=_keys(name))
        for name, service in public.items()
    }
    groups = {name: target.id for name, target in targets.items()}
    seconds = {
        name: stack.ensure(_target_group(stack, alternate(name), service, network.vpc_id), keys=_keys(name))
        for name, service in public.items()
        if service.deployment.shifts
    }
    others = {name: target.id for name, target in seconds.items()}
    if listener := stack.facts.listener:
        found = shared_routes(stack, listener, groups, others, service_secrets)
    else:
        found = routes(stack, entrance, certificate, groups, others, service_secrets)
    if dns.zones:
        alias = {"HostedZoneId": entrance.zone, "DNSName": entrance.dns_name, "EvaluateTargetHealth": False}
        for name, (zone, _) in dns.zones.items():
            record = RecordSet(title(name), zone, name, "A", alias_target=alias, at_listener=stack.config.listener)
            # at a listener of others the rules show that a name is the stack's
            stack.ensure(record, after=[*found.routes.values()] if listener else [])
    return LoadBalancing(
        groups,
        found.routes,
        entrance.dns_name,
        entrance.arn_suffix,
        {name: target.arn_suffix for name, target in targets.items()},
        {name: target.arn_suffix for name, target in seconds.items()},
        {name: (target.id, found.routes[name].id, found.tried.get(name)) for name, target in seconds.items()},
        entrance.active_arn,
    )


def _shared(listener: ExistingListener) -> Entrance:
    """Return the load balancer of an existing listener, which is used as it is."""
    return Entrance(balancer_of(listener.arn), listener.dns_name, listener.zone, listener.arn_suffix)


def _own(stack: Stack, network: Network, security_groups: SecurityGroups, service_roles: ServiceRoles) -> Entrance:
    """Declare the load balancer, the bucket of its log, and the association with a web ACL."""
    settings, distributed = stack.config.load_balancer, stack.config.distributed
    logs = stack.ensure(_log_bucket(stack)) if settings.access_logs else None
    # AWS refuses an internet-facing load balancer until the gateway is attached
    balancer = stack.ensure(
        LoadBalancer(
            "main",
            stack.name,
            network.private if distributed else network.public,
            [*filter(None, [security_groups.load_balancer])],
            "internal" if distributed else "internet-facing",
            idle_timeout=settings.idle_timeout,
            deletion_protection=stack.config.protect,
            # a ready bucket also has its policy
            access_logs_bucket=ready(logs).id if logs else None,
        ),
        after=[*filter(None, [network.gateway and ready(network.gateway), service_roles.load_balancing])],
        keys={"scheme": "cloudfront"},
    )
    if settings.waf_acl:
        # WAF does not find a load balancer that is still being set up (aws-load-balancer-controller#2022)
        stack.ensure(WebAclAssociation("main", ready(balancer).id, settings.waf_acl))
    active = ready(balancer).id
    return Entrance(balancer.id, balancer.dns_name, balancer.canonical_hosted_zone_id, balancer.arn_suffix, active)


def _target_group(stack: Stack, name: str, service: Service, vpc_id: str) -> TargetGroup:
    health = service.health
    protocol = "HTTPS" if service.tls else "HTTP"
    return TargetGroup(
        name,
        shortened(f"{stack.name}-{name}", TARGET_GROUP),
        vpc_id,
        protocols.path(service.protocol, health),
        protocol,
        deregistration_delay=service.deregistration_delay,
        stickiness=service.sticky or 0,
        health_check_interval_seconds=health.interval,
        health_check_timeout_seconds=health.timeout,
        healthy_threshold_count=health.healthy,
        unhealthy_threshold_count=health.unhealthy,
        matcher=protocols.codes(service.protocol, health),
        protocol_version=protocols.VERSIONS[service.protocol],
        health_check_protocol=protocol,
    )


def _keys(service: str) -> dict[str, str]:
    """Return the keys of `stack.toml` behind the fields of a target group that AWS cannot change in place."""
    return {"protocol": f"services.{service}.tls", "protocol_version": f"services.{service}.protocol"}


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
    days = stack.config.logs.retention_days
    return Bucket("access-logs", name, policy(deliver, by_tls(arn)), days, deletion_protection=stack.config.protect)
