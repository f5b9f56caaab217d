"""Notices about changes between HTTP and HTTPS that some clients do not follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.engine import words
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.listeners import Listener
from provisioner.resources.route53.records import RecordSet

if TYPE_CHECKING:
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack


def notices(stack: Stack, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield the clients that lose the stack if HTTP becomes a redirect, or if HTTPS ends with the domain."""
    config = stack.config
    recorded = [record for record in records.values() if record.type == Listener.type_name]
    listeners = {record.arguments.get("protocol"): record for record in recorded}
    if not config.public or not listeners:
        return
    if config.https and not config.load_balancer.http and _answers(listeners.get("HTTP")):
        balancers = (record for record in records.values() if record.type == LoadBalancer.type_name)
        own = words.names([f"http://{one.outputs['dns_name']}" for one in balancers if one.outputs.get("dns_name")])
        yield (
            f"{own} redirects to https://{config.address} at the end of `up`: clients that follow no redirects lose "
            "it, and a POST becomes a GET (301). To keep it for a while, write load_balancer.http = true"
        )
    if not config.https and "HTTPS" in listeners:
        urls = [f"https://{one.arguments['record_name']}" for one in records.values() if _is_public_name(one)]
        yield (
            f"without dns.domain HTTPS ends: {words.names(urls) or 'its URL'} will not answer any more, and browsers "
            "that were told to use HTTPS only (HSTS) do not come by HTTP"
        )


def _answers(listener: Record | None) -> bool:
    """Return whether a recorded listener answers by itself, instead of redirecting."""
    actions = listener.arguments.get("default_actions", ()) if listener else ()
    return any(action.get("Type") != "redirect" for action in actions)


def _is_public_name(record: Record) -> bool:
    return record.type == RecordSet.type_name and record.arguments.get("type") == "A"
