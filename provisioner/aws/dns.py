"""DNS lookups: the name servers that a domain is delegated to, and the authorities that may issue its certificates."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

TIMEOUT = 2.0
"""Seconds for one question."""
LIFETIME = 6.0
"""Seconds for all questions together."""


def nameservers(domain: str, resolver: str | None = None, port: int = 53) -> set[str] | None:
    """Return the names of the servers that the parent zone delegates a domain to; empty if it does not delegate it.

    Args:
        domain: the domain, with or without its final dot.
        resolver: the address of a server to ask instead of the parent zone's own servers, which the system's resolver
            finds.
        port: the port of `resolver`.

    Returns:
        The names in lower case without their final dots, or None if no server answered, which proves nothing.
    """
    name, deadline = dns.name.from_text(domain), time.monotonic() + LIFETIME
    for server in [resolver] if resolver else _parent_servers(name):
        if time.monotonic() > deadline:
            break
        if (answer := _ask(name, server, port)) is not None:
            return answer
    return None


def addresses(servers: Iterable[str], resolver: str | None = None, port: int = 53) -> set[str]:
    """Return the IPv4 addresses of name servers, as many as can be found.

    Args:
        servers: their names.
        resolver: the address of a server to ask instead of the system's resolver.
        port: the port of `resolver`.
    """
    deadline, found = time.monotonic() + LIFETIME, set[str]()
    if (client := _resolver(resolver, port)) is None:
        return found
    for server in servers:
        if (left := deadline - time.monotonic()) <= 0:
            break
        try:
            found |= {address.to_text() for address in client.resolve(f"{server}.", "A", lifetime=min(left, TIMEOUT))}
        except (dns.exception.DNSException, OSError):
            continue
    return found


def _parent_servers(name: dns.name.Name) -> Iterator[str]:
    """Yield the addresses of the parent zone's name servers; none if the system's resolver cannot find them."""
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver()
        resolver.timeout, resolver.lifetime = TIMEOUT, LIFETIME
        parent = dns.resolver.zone_for_name(name.parent(), resolver=resolver, lifetime=LIFETIME)
        for server in resolver.resolve(parent, "NS"):
            yield from (address.to_text() for address in resolver.resolve(server.target, "A"))
    except (dns.exception.DNSException, OSError):
        return


def _ask(name: dns.name.Name, server: str, port: int) -> set[str] | None:
    """Ask one server for the domain's name servers, in its answer or its referral; None without a usable answer."""
    query = dns.message.make_query(name, dns.rdatatype.NS)
    query.flags &= ~dns.flags.RD
    try:
        reply, _ = dns.query.udp_with_fallback(query, server, TIMEOUT, port)
    except (dns.exception.DNSException, OSError):
        return None
    if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    found = [rrset for rrset in (*reply.answer, *reply.authority) if rrset.name == name]
    records = [record for rrset in found if rrset.rdtype == dns.rdatatype.NS for record in rrset]
    return {record.target.to_text().rstrip(".").lower() for record in records}


def caa(name: str, resolver: str | None = None, port: int = 53) -> tuple[str, list[tuple[str, str]]] | None:
    """Return the CAA records that apply to a name: its own, or the ones of the nearest parent name that has any.

    Args:
        name: the name on the wanted certificate.
        resolver: the address of a server to ask instead of the system's resolver.
        port: the port of `resolver`.

    Returns:
        The name that has the records, and tag and value of each in lower case, the value without its parameters. An
            empty
        name and no records if no name up to the root has any. None if no server answered.
    """
    import dns.resolver

    client, deadline = _resolver(resolver, port), time.monotonic() + LIFETIME
    at = dns.name.from_text(name)
    while client and at != dns.name.root:
        try:
            answer = client.resolve(at, "CAA", raise_on_no_answer=False, lifetime=max(deadline - time.monotonic(), 0.1))
        except dns.resolver.NXDOMAIN:
            answer = None
        except (dns.exception.DNSException, OSError):
            return None
        if answer is not None and answer.rrset:
            records = [(r.tag.decode().lower(), r.value.decode().partition(";")[0].strip().lower()) for r in answer]
            return at.to_text(omit_final_dot=True), records
        at = at.parent()
    return ("", []) if client else None


def _resolver(server: str | None, port: int) -> dns.resolver.Resolver | None:
    """Return a resolver that asks one server, or the system's; None if the system has none."""
    import dns.resolver

    try:
        client = dns.resolver.Resolver(configure=server is None)
    except dns.exception.DNSException:
        return None
    if server:
        client.nameservers, client.port = [server], port
    return client
