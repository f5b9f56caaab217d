"""The listeners of the load balancer, and the rules that send each path to its public service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from provisioner import Handle, Stack
from provisioner.config.path_patterns import ALL
from provisioner.config.together import in_clear, on_trial
from provisioner.engine import words
from provisioner.resources.elbv2.actions import Action, answer, forward, forward_by_ecs, redirect_to
from provisioner.resources.elbv2.conditions import host
from provisioner.resources.elbv2.listener_certificates import ListenerCertificate
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.steps.certificate import Certified
from provisioner.steps.rules import priorities, rules
from provisioner.steps.service_secrets import ServiceSecrets
from provisioner.steps.sign_in import notice_callbacks, sign_in_of

NOT_FOUND = answer("404", "not found")
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Entrance:
    """The load balancer before the public services: the stack's own, or another's.

    Attributes:
        arn, dns_name: its ARN and its own name. zone: the hosted zone of aliases to it.
        arn_suffix: its name in CloudWatch.
        active_arn: its ARN, which is known once it is active; None if it is another's.
    """

    arn: str
    dns_name: str
    zone: str
    arn_suffix: str
    active_arn: str | None = None


@dataclass(frozen=True)
class Routes:
    """The listener or rule that leads to each public service.

    Attributes:
        routes: by service, of the HTTPS listener if there is one. tried: by service, the ARN of its rule for tests.
    """

    routes: dict[str, Handle]
    tried: dict[str, str]


def routes(
    stack: Stack,
    balancer: Entrance,
    certificate: Certified,
    groups: Mapping[str, str],
    seconds: Mapping[str, str],
    secrets: ServiceSecrets,
) -> Routes:
    """Declare the listeners, and a rule for each public service that the default action does not take.

    Args:
        groups: by public service, the ARN of its target group.
        seconds: by service whose traffic ECS shifts, the ARN of its second target group.
        secrets: where the client secrets of sign-ins are kept.
    """
    public, http = stack.config.public, stack.config.load_balancer.http
    # ECS changes the weights of a rule; paths without a rule of their own fall to the listener's default action
    bare = {name: service for name, service in public.items() if not service.hosts and name not in seconds}
    whole = next((name for name, service in bare.items() if service.path == (ALL,)), None)
    rest = forward(groups[whole]) if whole else NOT_FOUND
    # clients may come by another name, such as the load balancer's own, for which there is no certificate
    clear = rest if http or not certificate.default else redirect_to(stack.config.address or "#{host}")
    first = stack.ensure(Listener("http", balancer.arn, 80, "HTTP", [clear]))
    secure, tests = None, dict[int, Handle]()
    if certificate.default:
        signed = sign_in_of(stack, secrets, whole) if whole else {}
        secure = _https(stack, "https", balancer.arn, 443, rest, certificate, signed)
        for port in stack.config.test_ports:
            tests[port] = _https(stack, f"test-{port}", balancer.arn, port, NOT_FOUND, certificate)
    elif not http and not stack.config.distributed:
        _notice_clear(stack)
    found = Routes({whole: secure or first} if whole else {}, {})
    wanted = rules(stack.config, whole)
    for name, priority in priorities(wanted, stack.facts.priorities).items():
        rule = wanted[name]
        by_ecs = rule.service in seconds
        group = groups[rule.service]
        to: Action = forward_by_ecs(group, seconds[rule.service]) if by_ecs else forward(group)
        if clear == rest:
            # clients come by the load balancer's own name as well; no rule can move to another listener
            asked = replace(rule, hosts=(*rule.hosts, balancer.dns_name)) if rule.hosts and not rule.own else rule
            made = ListenerRule(
                in_clear(name), first.id, priority, asked.conditions, [to], by_ecs, transforms=rule.transforms
            )
            found.routes[rule.service] = stack.ensure(made)
        elif rule.own and not rule.open:
            # other names than the stack's lead to themselves
            away = [redirect_to("#{host}")]
            stack.ensure(ListenerRule(in_clear(name), first.id, priority, [host(*rule.hosts)], away))
        if secure:
            signed = {} if rule.open else sign_in_of(stack, secrets, rule.service)
            made = ListenerRule(
                name, secure.id, priority, rule.conditions, [to], by_ecs, transforms=rule.transforms, **signed
            )
            route = stack.ensure(made)
            if not rule.open:
                found.routes[rule.service] = route
        if test_port := public[rule.service].deployment.test_port:
            tested = tests[test_port].id
            made = ListenerRule(
                on_trial(name),
                tested,
                priority,
                rule.conditions,
                [to],
                by_ecs,
                at_once=True,
                transforms=rule.transforms,
            )
            found.tried[rule.service] = stack.ensure(made).id
    notice_callbacks(stack, balancer.dns_name)
    return found


def _https(
    stack: Stack,
    name: str,
    balancer_arn: str,
    port: int,
    default: Action,
    certificate: Certified,
    signed: Mapping[str, Any] = NOTHING,
) -> Handle:
    """Declare an HTTPS listener with all certificates.

    Args:
        signed: the fields of the sign-in before its default action; none without one.
    """
    policy = stack.config.load_balancer.tls_policy
    made = Listener(name, balancer_arn, port, "HTTPS", [default], policy, certificate.default, **signed)
    listener = stack.ensure(made)
    for title, arn in certificate.further.items():
        stack.ensure(ListenerCertificate(title if port == 443 else f"{name}-{title}", listener.id, arn))
    return listener


def _notice_clear(stack: Stack) -> None:
    """Tell the user that requests cross the internet in clear, and from where they may come."""
    who = words.names(stack.facts.allow)
    stack.notice(
        f"without dns.domain there is no HTTPS: {who} may send requests by HTTP, in clear, to the load balancer's own "
        "name, which is another one whenever the load balancer is created again"
    )
