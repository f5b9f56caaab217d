"""Security groups: decide whether they let traffic through, by rules for groups or for address ranges."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import ip_address, ip_network
from typing import Any


def allow_tcp(
    ec2: Any,
    senders: Collection[str],
    receivers: Collection[str],
    port: int,
    *,
    sent_from: str = "",
    sent_to: str = "",
) -> bool:
    """Return whether the senders' groups let TCP to this port out to the receivers, and the receivers' let it in.

    Args:
        sent_from, sent_to: the addresses of sender and receiver, which a rule for a range has to contain; empty if
            they are not known: then every range counts.
    """
    out = (rule for group in _groups(ec2, senders) for rule in group.egress_rules)
    into = (rule for group in _groups(ec2, receivers) for rule in group.ingress_rules)
    return _any(out, receivers, port, sent_to) and _any(into, senders, port, sent_from)


def _groups(ec2: Any, ids: Collection[str]) -> list[Any]:
    found = [ec2.get_security_group_from_id(one) for one in ids]
    return [group for group in found if group is not None]


def _any(rules: Iterable[Any], others: Collection[str], port: int, address: str) -> bool:
    return any(
        _allows(rule, port) and (_holds(rule.ip_range, address) or rule.source_group.get("GroupId") in others)
        for rule in rules
    )


def _holds(ip_range: Any, address: str) -> bool:
    """Return whether the range of a rule contains an IPv4 address, or any at all if the address is not known."""
    if not address:
        return bool(ip_range)
    block = (ip_range or {}).get("CidrIp")
    return block is not None and ip_address(address) in ip_network(block)


def _allows(rule: Any, port: int) -> bool:
    if rule.ip_protocol == "-1":
        return True
    return rule.ip_protocol == "tcp" and int(rule.from_port) <= port <= int(rule.to_port)


def sends_out(ec2: Any, senders: Collection[str], port: int, *, lists: bool = False) -> bool:
    """Return whether the senders' groups let TCP to this port out to all addresses, or to a prefix list."""
    out = (rule for group in _groups(ec2, senders) for rule in group.egress_rules)
    return any(
        _allows(rule, port)
        and ((rule.ip_range or {}).get("CidrIp") == "0.0.0.0/0" or (lists and bool(rule.prefix_list_id)))
        for rule in out
    )


def admit(ec2: Any, receivers: Collection[str], port: int) -> bool:
    """Return whether the receivers' groups let TCP to this port in from any addresses, or a prefix list."""
    into = (rule for group in _groups(ec2, receivers) for rule in group.ingress_rules)
    return any(_allows(rule, port) and (rule.ip_range or rule.prefix_list_id) for rule in into)
