"""The listeners of the load balancer, and the rules that send each path to its public service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from zlib import crc32

from provisioner import Handle, Stack, ready
from provisioner.config import path_patterns
from provisioner.config.path_patterns import ALL
from provisioner.config.services import Service
from provisioner.config.together import in_clear, on_trial
from provisioner.engine import words
from provisioner.resources.elbv2.listeners import (
    Action,
    Listener,
    ListenerRule,
    answer,
    forward,
    forward_by_ecs,
    path,
    redirect_to,
)
from provisioner.steps.certificate import Certified

NOT_FOUND = answer("404", "not found")
LAST_PRIORITY = 50_000
BAND = LAST_PRIORITY // 130
"""The number of priorities for all paths of one length; there are 128 lengths."""


@dataclass(frozen=True)
class Routes:
    """The listener or rule that leads to each public service.

    Attributes:
        routes: by service, of the HTTPS listener if there is one. tried: by service, the ARN of its rule for tests.
    """

    routes: dict[str, Handle]
    tried: dict[str, str]


def routes(
    stack: Stack, balancer_arn: str, certificate: Certified, groups: Mapping[str, str], seconds: Mapping[str, str]
) -> Routes:
    """Declare the listeners, and a rule for each public service that the default action does not take.

    Args:
        groups: by public service, the ARN of its target group.
        seconds: by service whose traffic ECS shifts, the ARN of its second target group.
    """
    public, http = stack.config.public, stack.config.load_balancer.http
    # ECS changes the weights of a rule; paths without a rule of their own fall to the listener's default action
    whole = next((name for name, service in public.items() if service.path == (ALL,) and name not in seconds), None)
    rest = forward(groups[whole]) if whole else NOT_FOUND
    listeners: list[tuple[Handle, Callable[[str], str]]] = []
    # clients may come by another name, such as the load balancer's own, for which there is no certificate
    clear = rest if http or not certificate.certificate else redirect_to(stack.config.fqdn)
    first = stack.ensure(Listener("http", balancer_arn, 80, "HTTP", [clear]))
    if clear == rest:
        listeners.append((first, in_clear))
    tests: dict[int, Handle] = {}
    if certificate.certificate:
        shown = ready(certificate.certificate).id
        listeners.append((stack.ensure(_https(stack, "https", balancer_arn, 443, rest, shown)), str))
        for port in stack.config.test_ports:
            tests[port] = stack.ensure(_https(stack, f"test-{port}", balancer_arn, port, NOT_FOUND, shown))
    elif not http:
        _notice_clear(stack)
    found = Routes({whole: listeners[-1][0]} if whole else {}, {})
    others = {name: service for name, service in public.items() if name != whole}
    for name, priority in priorities(others, stack.facts.priorities).items():
        by_ecs = name in seconds
        to: Action = forward_by_ecs(groups[name], seconds[name]) if by_ecs else forward(groups[name])
        conditions = [path(*others[name].path)]
        for listener, title in listeners:
            # no rule can move to another listener
            rule = ListenerRule(title(name), listener.id, priority, conditions, [to], by_ecs)
            found.routes[name] = stack.ensure(rule)
        if test_port := others[name].deployment.test_port:
            rule = ListenerRule(on_trial(name), tests[test_port].id, priority, conditions, [to], by_ecs, at_once=True)
            found.tried[name] = stack.ensure(rule).id
    return found


def _https(stack: Stack, name: str, balancer_arn: str, port: int, default: Action, certificate_arn: str) -> Listener:
    policy = stack.config.load_balancer.tls_policy
    return Listener(name, balancer_arn, port, "HTTPS", [default], policy, certificate_arn)


def _notice_clear(stack: Stack) -> None:
    """Tell the user that requests cross the internet in clear, and from where they may come."""
    who = words.names(stack.facts.allow)
    stack.notice(
        f"without dns.domain there is no HTTPS: {who} may send requests by HTTP, in clear, to the load balancer's own "
        "name, which is another one whenever the load balancer is created again"
    )


def priorities(services: Mapping[str, Service], standing: Mapping[str, int] = MappingProxyType({})) -> dict[str, int]:
    """Return a priority for each service's rule: longer paths first; a standing rule keeps its own.

    Paths of one length share a band of priorities. In it, each path takes the place of its checksum, or the next free
    one. A list has one rule, with the place of its longest path.

    Args:
        standing: the priorities of the recorded rules, by service. One that is given up is free for others only in the
            next run: until traffic moves, the rule keeps it.
    """
    taken = {standing[name]: name for name in services if name in standing}
    found: dict[str, int] = {}
    for name, service in sorted(services.items()):
        longest = path_patterns.longest(service.path)
        first = (128 - path_patterns.length(longest)) * BAND + 1
        stands = standing.get(name, 0)
        if stands in range(first, first + BAND) and taken[stands] == name:
            found[name] = stands
            continue
        places = (first + (crc32(longest.encode()) + number) % BAND for number in range(BAND))
        found[name] = next(place for place in places if place not in taken)
        taken[found[name]] = name
    return found
