"""Outages of URLs: the name, the listener's certificate and rules, the target groups and the targets.

A URL is a protocol, a public name, and the path pattern of a rule. The load balancer's own name is one, by HTTP only,
as no certificate can have it; that of an internal one is none. A distribution of CloudFront leads from HTTPS under its
own name to the HTTP listener. Clients follow redirects. An action that forwards to several target groups gives each its
share by weight. The share of a group without a usable target gets 503: no other group takes it (Application Load
Balancer user guide, "Weighted target groups").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ecs_emulator.ecs.probes import target_state
from ecs_emulator.ecs.records import Task
from ecs_emulator.ecs.store import Store, stores
from ecs_emulator.forwarding import fits, hosts, patterns, rule_for, shares
from ecs_emulator.outages import distributions, network
from ecs_emulator.security_groups import sends_out
from ecs_emulator.services.elbv2 import sign_in

INSIDE = "~"
"""The text in a request's path in place of a pattern's wildcards."""
PROVIDERS_PORT = 443
"""The port at which a load balancer asks a provider for tokens (load balancer guide, "Authenticate users")."""


class Url(NamedTuple):
    """A URL: a name, a path pattern, and the protocol of its listener."""

    name: str
    pattern: str
    protocol: str = "HTTPS"

    def __str__(self) -> str:
        return f"{self.protocol.lower()}://{self.name}{self.pattern}"

    @property
    def path(self) -> str:
        """An example of a path that the pattern takes."""
        return self.pattern.replace("*", INSIDE).replace("?", INSIDE)


class Condition(NamedTuple):
    """A URL's condition: why it does not answer (empty if it does), and the ARN of the service with most requests."""

    why: str
    service: str = ""


def conditions() -> dict[Url, Condition]:
    """Return the present condition of each URL for which a listener of the cloud has a rule that forwards."""
    found = {
        Url(name, pattern, protocol): None
        for kept, balancer, listener in _listeners()
        for known, protocol in _called(kept, balancer, listener)
        for rule in kept.elbv2.describe_rules(listener.arn, None)
        if rule.actions[-1].data.get("Type") == "forward"
        for name in _taken(known, hosts(rule))
        for pattern in patterns(rule)
    }
    return {url: condition(url) for url in found}


def of_patterns(patterns: Iterable[str]) -> dict[Url, Condition]:
    """Return the present condition of each pattern under every name, also of patterns for which there is no rule.

    Names that redirect are left out, as those without a rule that forwards are in `conditions`.

    Args:
        patterns: a name before a pattern means this name alone.
    """
    asked = [(name, f"/{rest}") for name, _, rest in (one.partition("/") for one in patterns)]
    found = {
        Url(name, pattern, protocol): None
        for kept, balancer, listener in _listeners()
        for name, protocol in _called(kept, balancer, listener)
        for only, pattern in asked
        if only in ("", name)
    }
    return {url: one for url in found if isinstance(one := _at(url), Condition)}


def condition(url: Url) -> Condition:
    """Return the present condition of a URL, for clients that follow redirects."""
    asked = [url]
    while True:
        found = _at(asked[-1])
        if isinstance(found, Condition):
            led = f"it redirects to {asked[-1]}: " if found.why and len(asked) > 1 else ""
            return Condition(f"{led}{found.why}", found.service)
        if found in asked:
            return Condition("it redirects in a circle")
        asked.append(found)


def _at(url: Url) -> Condition | Url:
    """Return the present condition of a URL, or the URL that it redirects to."""
    called = [
        ((kept, one), [*_names(kept, one), *distributions.names(kept.account, one.dns_name)])
        for kept, one in _balancers()
    ]
    # a wildcard is for names without a record of their own (RFC 4592)
    led = [pair for pair, names in called if url.name in names]
    led = led or [pair for pair, names in called if any(_leads(name, url.name) for name in names)]
    if not led:
        return Condition("there is no DNS record of this name")
    kept, balancer = led[0]
    balancer.activate()
    if balancer.state != "active":
        return Condition(f"its load balancer is {balancer.state}")
    distributed = distributions.leads(kept.account, url.name)
    protocol = "HTTP" if distributed else url.protocol
    listeners = [one for one in balancer.listeners.values() if one.protocol == protocol]
    port = network.PORTS[protocol]
    # other ports are for tests of new tasks, without users
    listener = min(listeners, key=lambda one: int(one.port) != port, default=None)
    if listener is None:
        return Condition(f"its load balancer has no {protocol} listener")
    certified = (one for shown in _certificates(kept, listener) for one in shown)
    if protocol == "HTTPS" and not any(_covers(one, url.name) for one in certified):
        return Condition("the listener has no certificate for this name")
    way = distributions.shut(kept.account, kept.ec2, balancer, url.name) if distributed else ""
    if why := way or ("" if distributed else network.shut(kept, balancer, port)):
        return Condition(why)
    rule = rule_for(kept.elbv2, listener.arn, url.name, url.path)
    action = rule.actions[-1].data if rule else {}
    if action.get("Type") == "redirect":
        return _redirected(url, action["RedirectConfig"])
    # a redirect to the provider is an answer: whether the targets behind it answer is what is watched
    if rule and sign_in.of(rule.actions) and not sends_out(kept.ec2, balancer.security_groups, PROVIDERS_PORT):
        return Condition("no security group lets its load balancer out to the provider, so that nobody can sign in")
    return _answered(kept, balancer, action)


def _taken(known: str, patterns: list[str]) -> Iterator[str]:
    """Yield examples of the names that a DNS record leads here and that a rule with these host patterns takes."""
    example = known.replace("*", INSIDE)
    if not patterns or any(fits(pattern, example) for pattern in patterns):
        yield example
    yield from (one for one in patterns if "*" not in one and one != example and _leads(known, one))


def _leads(known: str, name: str) -> bool:
    """Return whether a DNS record's name is this one, or has a wildcard for its first labels."""
    return known == name or (known.startswith("*.") and name.endswith(known[1:]))


def _redirected(url: Url, to: dict[str, Any]) -> Url:
    """Return the URL that a redirect leads to; parts that it does not name stay (ELBv2, RedirectActionConfig)."""
    host = to.get("Host", "#{host}").replace("#{host}", url.name)
    path = to.get("Path", "/#{path}").replace("#{path}", url.pattern.removeprefix("/"))
    return Url(host, path, to.get("Protocol", "#{protocol}").replace("#{protocol}", url.protocol))


def _answered(kept: Store, balancer: Any, action: dict[str, Any]) -> Condition:
    """Return the condition of a URL with this action."""
    if action.get("Type") == "fixed-response":
        return Condition(f"the listener answers {action['FixedResponseConfig']['StatusCode']}")
    if action.get("Type") != "forward":
        return Condition("")
    parts = shares(action)
    if not parts:
        return Condition("503: all target groups of its rule have weight 0")
    most = max(parts, key=lambda arn: parts[arn])
    service = next((task.service for task in _registered(kept, most)), "")
    arn = next((one.arn for one in kept.services.values() if service and one.name == service), "")
    for group, weight in parts.items():
        if why := _lacking(kept, balancer, group):
            return Condition(f"{_share(weight, sum(parts.values()))}{why}", arn)
    return Condition("", arn)


def _share(weight: int, total: int) -> str:
    return "" if weight == total else f"{100 * weight // total} % of its requests: "


def _lacking(kept: Store, balancer: Any, group: str) -> str:
    """Return the reason why requests to a target group are not answered; empty if they are."""
    tasks = _registered(kept, group)
    if not tasks:
        return "none of its running tasks is registered in its target group"
    usable = [task for task in tasks if network.enabled(balancer, task)]
    if not usable:
        return "its tasks are in Availability Zones that its load balancer has left"
    # if no target is healthy, all get requests (user guide, "Target group health")
    asked = [task for task in usable if target_state(task) in ("", "healthy")] or usable
    port_of = {task.id: _port(kept, group, task) for task in asked}
    shut = [task for task in asked if not network.let_in(kept, balancer, task, port_of[task.id])]
    if shut:
        which = "its running tasks" if len(shut) == len(asked) else "some of its running tasks"
        return f"no security groups let its load balancer reach {which}"
    return ""


def _registered(kept: Store, group: str) -> list[Task]:
    """Return the running tasks in a target group."""
    there = kept.elbv2.target_groups.get(group)
    return (
        []
        if there is None
        else [t for t in kept.tasks.values() if t.status == "RUNNING" and t.address in there.targets]
    )


def _port(kept: Store, group: str, task: Task) -> int:
    return int(kept.elbv2.target_groups[group].targets[task.address]["Port"])


def _balancers() -> Iterator[tuple[Store, Any]]:
    for kept in stores():
        for balancer in list(kept.elbv2.load_balancers.values()):
            yield kept, balancer


def _listeners() -> Iterator[tuple[Store, Any, Any]]:
    for kept, balancer in _balancers():
        for listener in balancer.listeners.values():
            if listener.protocol in network.PORTS:
                yield kept, balancer, listener


def _covers(certified: str, name: str) -> bool:
    """Return whether a name in a certificate is this one, or has a wildcard instead of its first label."""
    return certified in (name, f"*.{name.partition('.')[2]}")


def _called(kept: Store, balancer: Any, listener: Any) -> Iterator[tuple[str, str]]:
    """Yield the names by which clients come to a listener, each with their protocol."""
    yield from ((name, listener.protocol) for name in _names(kept, balancer))
    if listener.protocol == "HTTP":
        yield from ((name, "HTTPS") for name in distributions.names(kept.account, balancer.dns_name))


def _names(kept: Store, balancer: Any) -> Iterator[str]:
    """Yield the names that lead to a load balancer: its own, and aliases in delegated public zones."""
    if balancer.scheme == "internet-facing":
        yield from _public_names(kept.account, balancer.dns_name)


def _public_names(account: str, target: str) -> Iterator[str]:
    from moto.route53.models import route53_backends

    from ecs_emulator.domains import is_delegated, normal

    yield normal(target)
    for zone in route53_backends[account]["aws"].zones.values():
        if not zone.private_zone and is_delegated(zone.name):
            for record in zone.rrsets:
                alias = normal((record.alias_target or {}).get("DNSName", ""))
                if record.type == "A" and alias.removeprefix("dualstack.") == normal(target):
                    yield normal(record.name).replace("\\052", "*")


def _certificates(kept: Store, listener: Any) -> Iterator[list[str]]:
    """Yield the names of each certificate of a listener that ACM has issued."""
    from moto.acm.models import acm_backends

    known = acm_backends[kept.account][kept.region]._certificates
    for arn in dict.fromkeys([listener.certificate, *listener.certificates]):
        if (bundle := known.get(arn)) is not None and bundle.status == "ISSUED":
            yield [bundle.common_name, *(getattr(bundle, "names", None) or bundle.sans)]
