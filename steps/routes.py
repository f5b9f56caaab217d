"""The listeners of the load balancer, and the rules that send each path to its public service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zlib import crc32

from provisioner import Handle, Stack
from provisioner.config.services import Service
from provisioner.config.together import in_clear, on_trial
from provisioner.engine import words
from provisioner.resources.elbv2.listener_certificates import ListenerCertificate
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

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3 and 1.2 with forward secrecy, and post-quantum key exchange for clients that support it.

It is the default of AWS's console (Application Load Balancer user guide, "Security policies").
"""
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
    whole = next((name for name, service in public.items() if service.path == "/*" and name not in seconds), None)
    rest = forward(groups[whole]) if whole else NOT_FOUND
    listeners: list[tuple[Handle, Callable[[str], str]]] = []
    # clients may come by another name, such as the load balancer's own, for which there is no certificate
    clear = rest if http or not certificate.default else redirect_to(stack.config.fqdn)
    first = stack.ensure(Listener("http", balancer_arn, 80, "HTTP", [clear]))
    if clear == rest:
        listeners.append((first, in_clear))
    tests: dict[int, Handle] = {}
    if certificate.default:
        listeners.append((_https(stack, "https", balancer_arn, 443, rest, certificate), str))
        for port in stack.config.test_ports:
            tests[port] = _https(stack, f"test-{port}", balancer_arn, port, NOT_FOUND, certificate)
    elif not http:
        _notice_clear(stack)
    found = Routes({whole: listeners[-1][0]} if whole else {}, {})
    others = {name: service for name, service in public.items() if name != whole}
    for name, priority in priorities(others).items():
        by_ecs = name in seconds
        to: Action = forward_by_ecs(groups[name], seconds[name]) if by_ecs else forward(groups[name])
        conditions = [path(others[name].path)]
        for listener, title in listeners:
            # no rule can move to another listener
            rule = ListenerRule(title(name), listener.id, priority, conditions, [to], by_ecs)
            found.routes[name] = stack.ensure(rule)
        if test_port := others[name].deployment.test_port:
            rule = ListenerRule(on_trial(name), tests[test_port].id, priority, conditions, [to], by_ecs)
            found.tried[name] = stack.ensure(rule).id
    return found


def _https(stack: Stack, name: str, balancer_arn: str, port: int, default: Action, certificate: Certified) -> Handle:
    """Declare an HTTPS listener with all certificates."""
    made = Listener(name, balancer_arn, port, "HTTPS", [default], TLS_POLICY, certificate.default)
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
